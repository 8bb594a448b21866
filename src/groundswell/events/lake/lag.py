"""How far the lake is behind the database: what reports do not know yet."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import LakeSeal

from .delta import SEALED

LATE = timedelta(minutes=1)
"""Behind by more, people are told."""


async def lake_lag(session: AsyncSession) -> timedelta:
    """How long the oldest row that is not in the lake has waited, to about a sealing's interval; nothing when there is
    none."""
    seals = {seal.name: seal for seal in await session.scalars(select(LakeSeal).where(LakeSeal.name.in_(SEALED)))}
    now = await session.scalar(select(func.now()))
    assert now is not None
    waiting = timedelta(0)
    for name in SEALED:
        seal = seals.get(name)
        as_of = datetime.min.replace(tzinfo=UTC) if seal is None else seal.as_of
        if now - as_of > max(waiting, LATE) and (oldest := await _oldest(session, name, seal)) is not None:
            waiting = max(waiting, now - max(as_of, oldest))
    return waiting


async def _oldest(session: AsyncSession, name: str, seal: LakeSeal | None) -> datetime | None:
    """About when the first row that is not sealed was written: the first by its position."""
    written = "received_at" if "received_at" in SEALED[name].columns else "created_at"
    query = f"SELECT {written} FROM {name} WHERE xid >= CAST(:position AS xid8) ORDER BY xid LIMIT 1"  # noqa: S608
    found = await session.scalar(text(query), {"position": str(0 if seal is None else seal.position)})
    assert found is None or isinstance(found, datetime)
    return found
