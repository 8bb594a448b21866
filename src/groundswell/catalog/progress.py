"""How far viewers have got, as the service or its player tells us."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem

from .tables import Progress, Title
from .titles import ready_source


class ViewerUnknown(Problem):
    status, code, title = 404, "viewer_unknown", "No viewer of this id has been seen here."


async def viewer_named(session: AsyncSession, issuer: str, subject: str) -> Viewer:
    """The viewer whom the service calls ``subject``.

    Raises:
        ViewerUnknown: they have never been seen here.
    """
    viewer = await session.scalar(select(Viewer).filter_by(issuer=issuer, subject=subject))
    if viewer is None:
        raise ViewerUnknown(f"No viewer {subject!r} has been seen here.")
    return viewer


async def advance(session: AsyncSession, viewer_id: UUID, title: Title, position_us: int) -> Progress:
    """Note that a viewer is at ``position_us``. Going back over what they have seen does not take it from them.

    A position past the end (players overshoot) is the end.
    """
    duration = (await ready_source(session, title)).duration_us or 0
    position_us = min(position_us, duration)
    row = {"viewer_id": viewer_id, "title_id": title.id, "position_us": position_us, "left_us": position_us}
    row["updated_at"] = utc_now()
    furthest = row | {"position_us": func.greatest(Progress.position_us, position_us)}
    statement = (
        insert(Progress)
        .values(row)
        .on_conflict_do_update(index_elements=[Progress.viewer_id, Progress.title_id], set_=furthest)
    )
    returning = statement.returning(Progress)
    return (await session.scalars(returning, execution_options={"populate_existing": True})).one()


BEGUN_US = 10_000_000
"""Whoever has seen less of a title has hardly begun."""
OVER_RATIO = 0.95
"""Whoever has seen more of it has reached its credits."""


def goes_on(left_us: int | None, duration_us: int) -> int | None:
    """Where somebody goes on who left a title at ``left_us``; None for its beginning."""
    begun = left_us is not None and BEGUN_US <= left_us < OVER_RATIO * duration_us
    return left_us if begun else None


async def left_by(session: AsyncSession, viewer_id: UUID, limit: int) -> dict[UUID, int]:
    """Where a viewer left titles, by id, the latest first."""
    query = select(Progress.title_id, Progress.left_us).filter_by(viewer_id=viewer_id)
    query = query.where(Progress.left_us.is_not(None)).order_by(Progress.updated_at.desc()).limit(limit)
    return {row.title_id: row.left_us for row in await session.execute(query)}
