"""What the law wants kept of severe things that were taken down, out of reach but for those with the power."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Base
from groundswell.platform.pages import encode_cursor

from .grounds import ground_of
from .subjects import SUBJECTS
from .tables import Decision, Preserved


async def preserve(session: AsyncSession, decision: Decision) -> None:
    """Keep the whole row of what a severe decision is about, as it is now, and no longer than the law says."""
    keep = ground_of(decision.reason_code).keep
    if keep is None:
        return
    table = Base.metadata.tables.get(SUBJECTS[decision.subject_kind][0])
    content: dict[str, Any] | None = None
    if table is not None:
        one = select(func.to_jsonb(table.table_valued())).where(table.c.id == decision.subject_id)
        content = await session.scalar(one)
    row = {"decision_id": decision.id, "content": content or {}, "keep_until": utc_now() + keep}
    await session.execute(insert(Preserved).values(row).on_conflict_do_nothing())


async def kept(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[Preserved]:
    """What is preserved, newest first; ``after`` is the last decision of the page before."""
    query = select(Preserved).order_by(Preserved.decision_id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(Preserved.decision_id < after))).all()


async def drop_due(session: AsyncSession, now: datetime) -> int:
    """Drop what need not be kept any longer; returns how many."""
    due = delete(Preserved).where(Preserved.keep_until <= now)
    return len((await session.scalars(due.returning(Preserved.decision_id))).all())


def next_page(rows: Sequence[Preserved], limit: int) -> str | None:
    """The cursor after ``rows`` when they fill the page."""
    return encode_cursor(rows[-1].decision_id) if len(rows) == limit else None
