"""From what a request names to a moment."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.titles import as_uuid
from groundswell.platform.database import among
from groundswell.platform.problems import Problem

from .tables import Moment


class MomentUnknown(Problem):
    status, code, title = 404, "moment_unknown", "There is no such moment."


async def find_moment(session: AsyncSession, name: str) -> Moment:
    """The moment of this id or code, deleted ones too.

    Raises:
        MomentUnknown: there is none.
    """
    id = as_uuid(name)
    by = select(Moment).filter_by(code=name) if id is None else select(Moment).filter_by(id=id)
    moment = await session.scalar(by)
    if moment is None:
        raise MomentUnknown()
    return moment


async def moment_by_id(session: AsyncSession, moment_id: UUID) -> Moment | None:
    """The moment of that id, a deleted one too; None when there is none."""
    return await session.get(Moment, moment_id)


async def makers_of(session: AsyncSession, moment_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Who made each of the moments: viewer by moment."""
    rows = await session.execute(select(Moment.id, Moment.viewer_id).where(among(Moment.id, set(moment_ids))))
    return {row.id: row.viewer_id for row in rows}


async def created_among(session: AsyncSession, moment_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When each of the moments was made."""
    rows = await session.execute(select(Moment.id, Moment.created_at).where(among(Moment.id, set(moment_ids))))
    return {row.id: row.created_at for row in rows}
