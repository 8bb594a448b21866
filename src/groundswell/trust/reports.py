"""People's reports about moments: taken from anyone, closed by a decision or dismissed by staff."""

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


async def report(session: AsyncSession, *, moment_id: UUID, reason_code: str, text: str, reporter: str) -> Report:
    """Take a report. While one by the same person about the same moment is open, that one stands.

    Raises:
        TooManyRequests: this person has reported twenty times within the hour.
    """
    await _refuse_flood(session, reporter)
    row = {"id": uuid7(), "moment_id": moment_id, "reason_code": reason_code, "text": text, "reporter": reporter}
    still_open = Report.closed_at.is_(None)
    one_open = ["moment_id", "reporter"]
    taken = insert(Report).values(row).on_conflict_do_nothing(index_elements=one_open, index_where=still_open)
    made = (await session.scalars(taken.returning(Report))).one_or_none()
    if made is not None:
        return made
    standing = select(Report).where(still_open).filter_by(moment_id=moment_id, reporter=reporter)
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
