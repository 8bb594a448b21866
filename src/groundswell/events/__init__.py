"""What happened: ingest, robot verdicts, the event log, sealing into the lake."""
