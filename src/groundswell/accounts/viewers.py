"""What people are called, for pages that name them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among

from .tables import Viewer

PREFIX = "viewer:"


async def names_of(session: AsyncSession, principals: Iterable[str]) -> dict[str, str]:
    """The names of people recorded as ``viewer:<id>``; others stand for themselves."""
    principals = list(principals)
    ids = [id for id in map(_id, principals) if id is not None]
    query = select(Viewer.id, Viewer.name).where(among(Viewer.id, ids))
    names = {f"{PREFIX}{row.id}": row.name for row in await session.execute(query)}
    return {who: names.get(who, who) for who in principals}


def _id(principal: str) -> UUID | None:
    try:
        return UUID(principal.removeprefix(PREFIX))
    except ValueError:
        return None


async def find_viewer(session: AsyncSession, issuer: str, subject: str) -> UUID | None:
    """The id of the viewer whom an issuer calls ``subject``; None when we never saw them."""
    found: UUID | None = await session.scalar(select(Viewer.id).filter_by(issuer=issuer, subject=subject))
    return found


async def viewers_among(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Viewer]:
    """Those of the viewers ``ids`` that there are, by id."""
    found = await session.scalars(select(Viewer).where(among(Viewer.id, set(ids))))
    return {viewer.id: viewer for viewer in found}
