"""The lake: every committed row of the log, exactly once, as Delta tables of Parquet."""
