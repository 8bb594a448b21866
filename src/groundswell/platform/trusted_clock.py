"""The time for whatever destroys by age: believed only when the clocks agree and it did not jump.

One server whose clock is wrong must not make the old out of the new. So what destroys by age asks here: PostgreSQL's
clock and this process's must agree, and time must not have gone back, or on by more than ``JUMP``, since somebody last
asked; when nobody has, since the newest data. A jump is believed once an operator says so (``groundswell
accept-clock``), as after a long stop.
"""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy.orm import Mapped, mapped_column

from .clock import utc_now
from .database import Base, Database

log = structlog.get_logger(__name__)

DIFFER = timedelta(minutes=10)
JUMP = timedelta(days=30)


class ClockMark(Base):
    """The latest time that was believed; one row."""

    __tablename__ = "clock_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime]


class ClockDoubtful(Exception):
    """The time is not to be trusted with destroying anything; the message says why."""


def judged(here: datetime, database: datetime, seen: datetime | None) -> datetime:
    """The time, from this process's clock, PostgreSQL's, and the latest that was believed before. Pure.

    Raises:
        ClockDoubtful: they do not fit together.
    """
    if abs(here - database) > DIFFER:
        raise ClockDoubtful(f"this machine says {here:%Y-%m-%d %H:%M}, PostgreSQL {database:%Y-%m-%d %H:%M}")
    if seen is not None and database < seen - DIFFER:
        raise ClockDoubtful(f"it was {seen:%Y-%m-%d %H:%M} before, and is {database:%Y-%m-%d %H:%M} now")
    if seen is not None and database > seen + JUMP:
        raise ClockDoubtful(
            f"it jumped from {seen:%Y-%m-%d %H:%M} to {database:%Y-%m-%d %H:%M}; "
            "if that is right, say so with: groundswell accept-clock"
        )
    return min(here, database)


async def trusted_now(connection: psycopg.AsyncConnection[Any], newest: datetime | None = None) -> datetime:
    """The time, remembered as believed.

    Args:
        connection: in autocommit.
        newest: how old the newest data is, where nobody has asked before.

    Raises:
        ClockDoubtful: nothing may be destroyed by it.
    """
    cursor = await connection.execute("SELECT now(), (SELECT seen_at FROM clock_marks)")
    row = await cursor.fetchone()
    assert row is not None
    now = judged(utc_now(), row[0], row[1] or newest)
    await connection.execute(
        "INSERT INTO clock_marks (id, seen_at) VALUES (1, %s) "
        "ON CONFLICT (id) DO UPDATE SET seen_at = greatest(clock_marks.seen_at, excluded.seen_at)",
        [now],
    )
    return now


async def time_to_destroy(database: Database, what: str) -> datetime | None:
    """The time for a job that destroys ``what`` by age; None when it cannot be trusted, which is said: the job then
    destroys nothing."""
    try:
        async with await database.connect(autocommit=True) as connection:
            return await trusted_now(connection)
    except ClockDoubtful as doubt:
        log.error("clock_doubtful", why=str(doubt), kept=what)
        return None


async def has_believed(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether any time has been believed before."""
    row = await (await connection.execute("SELECT EXISTS (SELECT FROM clock_marks)")).fetchone()
    return row is not None and bool(row[0])


async def accept_clock(connection: psycopg.AsyncConnection[Any]) -> datetime:
    """Believe PostgreSQL's clock from now on; returns it."""
    cursor = await connection.execute(
        "INSERT INTO clock_marks (id, seen_at) VALUES (1, now()) "
        "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at RETURNING seen_at"
    )
    row = await cursor.fetchone()
    assert row is not None
    seen: datetime = row[0]
    return seen
