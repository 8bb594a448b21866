"""Tables of one transaction, in which what is new is put together: made, and emptied, each time by one statement. A
refresh has dozens of statements, and what each waits for the other side is most of what it costs.
"""

from sqlalchemy import TextClause, text


def temporary_tables(**columns: str) -> TextClause:
    """What makes tables, of these columns as SQL has them, where this connection has them not yet. They are empty when
    the transaction ends."""
    made = " ".join(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({each}) ON COMMIT DELETE ROWS;"
        for table, each in columns.items()
    )
    there = " AND ".join(f"to_regclass('pg_temp.{table}') IS NOT NULL" for table in columns)
    return text(f"DO $$ BEGIN IF NOT ({there}) THEN {made} END IF; END $$")


def emptied(*tables: str) -> TextClause:
    """What empties such tables."""
    *others, last = tables
    gone = ", ".join(f"{table}_gone AS (DELETE FROM {table})" for table in others)  # noqa: S608 - names of ours
    return text(f"WITH {gone} DELETE FROM {last}")  # noqa: S608
