"""How people who work here want the console shown to them."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import StaffPreference


async def chosen_zone(session: AsyncSession, viewer_id: UUID) -> str | None:
    """The time zone that they chose; None while the service's own is theirs."""
    zone: str | None = await session.scalar(select(StaffPreference.time_zone).filter_by(viewer_id=viewer_id))
    return zone


async def choose_zone(session: AsyncSession, viewer_id: UUID, zone: str | None) -> None:
    """Choose a time zone by its name (``clock.zone_name``); None: the service's own."""
    if zone is None:
        await session.execute(delete(StaffPreference).filter_by(viewer_id=viewer_id))
        return
    row = insert(StaffPreference).values(viewer_id=viewer_id, time_zone=zone)
    await session.execute(row.on_conflict_do_update(index_elements=["viewer_id"], set_={"time_zone": zone}))
