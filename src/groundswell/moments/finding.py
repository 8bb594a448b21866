"""From what a request names to a moment."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.titles import as_uuid
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
