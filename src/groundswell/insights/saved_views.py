"""Saved views: an address of the console under a name, which all who work here see and only its owner changes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict

from .tables import SavedView

MOST = 50


class ViewsFull(Conflict):
    code, title = "views_full", f"One person keeps {MOST} saved views at most; forget one first."


async def saved_views(session: AsyncSession) -> Sequence[Row[SavedView, str]]:
    """All saved views by name, each with the name of who saved it."""
    query = select(SavedView, Viewer.name).join(Viewer, Viewer.id == SavedView.made_by).order_by(SavedView.name)
    return (await session.execute(query)).all()


async def save_view(session: AsyncSession, name: str, address: str, made_by: UUID) -> None:
    """Keep an address under a name of theirs; the same name again names the new address.

    Raises:
        ViewsFull: see there.
    """
    others = select(func.count()).where(SavedView.made_by == made_by, SavedView.name != name)
    if (await session.scalar(others) or 0) >= MOST:
        raise ViewsFull()
    row = {"id": uuid7(), "name": name, "address": address, "made_by": made_by}
    new = insert(SavedView).values(row)
    await session.execute(new.on_conflict_do_update(index_elements=["made_by", "name"], set_={"address": address}))


async def forget_view(session: AsyncSession, view_id: UUID, owner: UUID) -> bool:
    """Forget a view of theirs; False when it is another's. Forgetting twice is forgetting once."""
    made_by = await session.scalar(select(SavedView.made_by).filter_by(id=view_id))
    if made_by not in (None, owner):
        return False
    await session.execute(delete(SavedView).where(SavedView.id == view_id))
    return True
