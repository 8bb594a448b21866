"""The verdict that stands on a visit: the newest there is, or the one it was logged with."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import LoggedEvent, Reverdict

STANDING = """coalesce((
    SELECT v.kind FROM verdicts v WHERE v.at = e.at AND v.event_id = e.id
    ORDER BY v.created_at DESC, v.id DESC LIMIT 1
), e.verdict)"""
"""For SQL in which the event is called ``e``."""


def standing() -> ColumnElement[str | None]:
    """For queries of ``LoggedEvent``."""
    newest = (
        select(Reverdict.kind)
        .where(Reverdict.at == LoggedEvent.at, Reverdict.event_id == LoggedEvent.id)
        .order_by(Reverdict.created_at.desc(), Reverdict.id.desc())
        .limit(1)
        .correlate(LoggedEvent)
        .scalar_subquery()
    )
    return func.coalesce(newest, LoggedEvent.verdict)


async def later_verdicts(session: AsyncSession, events: Sequence[tuple[datetime, UUID]]) -> dict[UUID, Reverdict]:
    """The newest verdict on each of ``events`` (instant and id) that was judged again."""
    judged = select(Reverdict).where(tuple_(Reverdict.at, Reverdict.event_id).in_(events))
    rows = await session.scalars(judged.order_by(Reverdict.created_at, Reverdict.id))
    return {verdict.event_id: verdict for verdict in rows}
