"""Taking over a lake that was sealed where this database lived before: after a dump was restored elsewhere.

Nothing does so by itself: that a database was copied does not say that the copy is now the one to seal.
"""

from typing import Any

import psycopg
from psycopg import sql

from groundswell.events.log.partitions import partition
from groundswell.platform.locks import Lock, taking
from groundswell.platform.positions import homes
from groundswell.platform.settings import Settings

from .delta import EVENTS, SEALED, SealedTable, lake_url, open_delta
from .sealer import LakeOfAnotherDatabase


class LakeAhead(RuntimeError):
    """The lake holds rows that this database does not: it was sealed after the dump was taken."""


def adopt(url: str, settings: Settings) -> list[str]:
    """Make the lake this database's, all tables or none; returns the names of those that were not.

    Args:
        url: of the database.

    Raises:
        LakeOfAnotherDatabase: it was sealed from a database in which this one's rows never lived.
        LakeAhead: as it says. Nothing is changed.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(*taking(Lock.SEALING))
        lived = homes(connection)
        foreign = []
        for table in SEALED.values():
            delta = open_delta(settings, table)
            if delta is None or delta.metadata().description == lived[-1]:
                continue
            if delta.metadata().description not in lived:
                raise LakeOfAnotherDatabase(f"{lake_url(settings, table)} was sealed from another database")
            _check_not_ahead(connection, settings, table)
            foreign.append((table.name, delta))
        for _, delta in foreign:
            delta.alter.set_table_description(lived[-1])
        return [name for name, _ in foreign]


def _check_not_ahead(connection: psycopg.Connection[Any], settings: Settings, table: SealedTable) -> None:
    delta = open_delta(settings, table)
    assert delta is not None
    days = delta.to_pyarrow_table(columns=["day"]).column("day").value_counts().to_pylist()
    for count in sorted(days, key=lambda count: str(count["values"])):
        day, sealed = count["values"], count["counts"]
        if table.name == EVENTS.name:
            there = connection.execute("SELECT to_regclass(%s)", [partition(day)]).fetchone()
            if there == (None,):
                continue  # dropped after it was sealed
        query = sql.SQL(
            "SELECT count(*) FROM {} WHERE at >= %s::date::timestamp AT TIME ZONE 'UTC' "
            "AND at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'"
        )
        row = connection.execute(query.format(sql.Identifier(table.name)), [day, day]).fetchone()
        if row is not None and sealed > int(str(row[0])):
            raise LakeAhead(
                f"of {day}, {lake_url(settings, table)} holds {sealed} {table.name} and the database {row[0]}: it was "
                "sealed after the dump was taken. Restore a later dump, or name another place with GROUNDSWELL_LAKE_URL"
                + (f"; groundswell restore --from-lake --first {day} brings these back" if table is EVENTS else "")
            )
