"""Sorting out a group of batches of which some cannot simply be copied: repeats, contradictions, bad values."""

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog
from psycopg import errors

from groundswell.events.event import COLUMNS, COPY
from groundswell.platform.problems import Invalid, Problem

log = structlog.get_logger(__name__)

Settlement = Problem | None
"""What becomes of one batch: None when it is committed, else why it is refused."""

STAGE = "CREATE TEMPORARY TABLE IF NOT EXISTS staged (LIKE events INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
COPY_STAGED = f"COPY staged ({COLUMNS}) FROM STDIN"


def insert_from(rows: str) -> str:
    """SQL: log the events among ``rows``, which have a writer's columns; what is there already stays as it is."""
    return f"INSERT INTO events ({COLUMNS}) SELECT {COLUMNS} FROM {rows} ON CONFLICT DO NOTHING"  # noqa: S608


INSERT = insert_from("staged")
FACTS = "kind, share_id, moment_id, title_id, viewer_id, channel, amount_minor, currency"
CONTRADICTED = f"""
SELECT DISTINCT staged.id FROM staged JOIN events USING (at, id)
WHERE ({", ".join("staged." + name for name in FACTS.split(", "))})
    IS DISTINCT FROM ({", ".join("events." + name for name in FACTS.split(", "))})
"""  # noqa: S608


async def stage(connection: psycopg.AsyncConnection[Any], lines: bytes) -> None:
    """Write ``lines`` in the connection's transaction, by COPY; what is there already stays as it is."""
    async with connection.cursor() as cursor:
        await cursor.execute(STAGE)
        await cursor.execute("DELETE FROM staged")  # of an earlier call in this transaction
        async with cursor.copy(COPY_STAGED) as copy:
            await copy.write(lines)
        await cursor.execute(INSERT)


class EventConflict(Problem):
    status, code, title = 409, "event_conflict", "An event of this id and instant is there with other content."


async def settle(connection: psycopg.AsyncConnection[Any], batches: Sequence[bytes]) -> list[Settlement]:
    """Commit what can be of ``batches``, in order; says for each why not, when not.

    Events that are there already with the same facts count as committed: a verdict or a visitor may differ, as a
    repeat can come by another way. One that is there with other facts refuses its batch. Halves that can simply be
    copied are, so that one who repeats does not cost all others a commit each.

    Raises:
        psycopg.OperationalError: the connection is gone; the same call may be made again.
    """
    if len(batches) == 1:
        return [await _settle_one(connection, batches[0])]
    middle = len(batches) // 2
    return [
        outcome
        for half in (batches[:middle], batches[middle:])
        for outcome in await _copy(connection, half) or await settle(connection, half)
    ]


async def _copy(connection: psycopg.AsyncConnection[Any], batches: Sequence[bytes]) -> list[Settlement]:
    """All are committed; or nothing is, and nothing is said."""
    try:
        async with connection.transaction(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for lines in batches:
                await copy.write(lines)
    except (errors.IntegrityError, errors.DataError):
        return []
    return [None] * len(batches)


async def _settle_one(connection: psycopg.AsyncConnection[Any], lines: bytes) -> Settlement:
    try:
        async with connection.transaction(), connection.cursor() as cursor:
            await stage(connection, lines)
            await cursor.execute(CONTRADICTED)
            if contradicted := [str(row[0]) for row in await cursor.fetchall()]:
                raise EventConflict(f"{len(contradicted)} differ, such as {contradicted[0]}.", events=contradicted)
    except EventConflict as conflict:
        return conflict
    except (errors.IntegrityError, errors.DataError) as error:
        log.warning("event_batch_unstorable", error=str(error).split("\n", 1)[0])
        return Invalid("A value cannot be stored: " + str(error).split("\n", 1)[0])
    return None
