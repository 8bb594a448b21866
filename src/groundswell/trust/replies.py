"""Words that staff give for the same thing again and again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound

from .tables import SavedReply

MOST = 100
"""As many as forms offer."""


class ReplyNameTaken(Conflict):
    code, title = "reply_name_taken", "There is a saved reply of this name."


class RepliesFull(Conflict):
    code, title = "replies_full", f"There are {MOST} saved replies already; drop one first."


class ReplyUnknown(NotFound):
    code, title = "reply_unknown", "There is no such saved reply."


async def newest(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[SavedReply]:
    """Saved replies, newest first; ``after`` is the last one of the page before."""
    query = select(SavedReply).order_by(SavedReply.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(SavedReply.id < after))).all()


async def every(session: AsyncSession) -> Sequence[SavedReply]:
    """Those that forms offer, by name."""
    return (await session.scalars(select(SavedReply).order_by(SavedReply.name).limit(MOST))).all()


async def save(session: AsyncSession, name: str, reason_code: str, text: str, by: str) -> SavedReply:
    """Keep words for the next time.

    Raises:
        RepliesFull, ReplyNameTaken: see there.
    """
    if (await session.scalar(select(func.count()).select_from(SavedReply)) or 0) >= MOST:
        raise RepliesFull()
    row = {"id": uuid7(), "name": name, "reason_code": reason_code, "text": text, "made_by": by}
    kept = insert(SavedReply).values(row).on_conflict_do_nothing(index_elements=["name"]).returning(SavedReply)
    made = (await session.scalars(kept)).one_or_none()
    if made is None:
        raise ReplyNameTaken()
    return made


async def drop(session: AsyncSession, reply_id: UUID) -> None:
    """Keep a reply no longer.

    Raises:
        ReplyUnknown: see there.
    """
    found = await session.get(SavedReply, reply_id)
    if found is None:
        raise ReplyUnknown()
    await session.delete(found)
    await session.flush()
