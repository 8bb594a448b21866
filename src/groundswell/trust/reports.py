"""People's reports about moments and comments: taken from anyone, closed by a decision or dismissed by staff."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import NotFound, TooManyRequests

from .tables import Report

WINDOW = timedelta(hours=1)
MOST_IN_WINDOW = 20


async def report(
    session: AsyncSession,
    *,
    moment_id: UUID,
    reason_code: str,
    text: str,
    reporter: str,
    comment_id: UUID | None = None,
) -> Report:
    """Take a report about a moment, or about a comment below it. While one by the same person about the same is open,
    that one stands.

    Raises:
        TooManyRequests: this person has reported twenty times within the hour.
    """
    await _refuse_flood(session, reporter)
    row = {"id": uuid7(), "moment_id": moment_id, "reason_code": reason_code, "text": text, "reporter": reporter}
    row["comment_id"] = comment_id
    still_open = Report.closed_at.is_(None)
    one_open = ["moment_id", "comment_id", "reporter"]
    taken = insert(Report).values(row).on_conflict_do_nothing(index_elements=one_open, index_where=still_open)
    made = (await session.scalars(taken.returning(Report))).one_or_none()
    if made is not None:
        return made
    standing = select(Report).where(still_open, Report.comment_id.is_not_distinct_from(comment_id))
    standing = standing.filter_by(moment_id=moment_id, reporter=reporter)
    return (await session.scalars(standing)).one()


async def _refuse_flood(session: AsyncSession, reporter: str) -> None:
    recent = select(func.count(), func.min(Report.created_at)).where(
        Report.reporter == reporter, Report.created_at > utc_now() - WINDOW
    )
    count, first = (await session.execute(recent)).one()
    if count >= MOST_IN_WINDOW:
        seconds = max(1, round((first + WINDOW - utc_now()).total_seconds()))
        raise TooManyRequests("You have reported a lot within the hour.", headers={"Retry-After": str(seconds)})


async def dismiss(session: AsyncSession, report_id: UUID, closed_by: str) -> Report:
    """Close a report without a decision. A closed one stays as it is.

    Raises:
        NotFound: no such report.
    """
    found = await session.get(Report, report_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such report.")
    if found.closed_at is None:
        found.closed_at, found.closed_by = utc_now(), closed_by
    return found


async def newest_open(session: AsyncSession, limit: int) -> Sequence[Report]:
    """Open reports about moments, newest first."""
    query = select(Report).where(Report.closed_at.is_(None), Report.comment_id.is_(None))
    return (await session.scalars(query.order_by(Report.created_at.desc()).limit(limit))).all()


async def open_about_comments(session: AsyncSession, limit: int) -> Sequence[Report]:
    """Open reports about comments, oldest first."""
    query = select(Report).where(Report.closed_at.is_(None), Report.comment_id.is_not(None))
    return (await session.scalars(query.order_by(Report.created_at).limit(limit))).all()


async def about(session: AsyncSession, moment_id: UUID) -> Sequence[Report]:
    """Every report about a moment, newest first."""
    return (await session.scalars(select(Report).filter_by(moment_id=moment_id).order_by(Report.id.desc()))).all()


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many reports are ``open``, and how many moments they are about (``reported``)."""
    columns = func.count(), func.count(Report.moment_id.distinct())
    opened, moments = (await session.execute(select(*columns).where(Report.closed_at.is_(None)))).one()
    return {"open": opened, "reported": moments}
