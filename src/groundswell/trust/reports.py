"""What people report: taken from anyone, gathered in one review a thing, closed by a decision or dismissed by staff.

A notice says more: that something is against the law, with what DSA Art. 16 and 17 USC 512(c)(3) ask for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import NotFound, Problem, TooManyRequests
from groundswell.platform.signals import send

from . import reviews
from .decisions import decide
from .grounds import SEVERE, lane_of
from .signals import ReportsAnswered, ReportTakenIn
from .tables import Report

WINDOW = timedelta(hours=1)
MOST_IN_WINDOW = 20

Reported = Literal["moment", "comment", "collection", "viewer"]


class NoticeIncomplete(Problem):
    status, code, title = (
        422,
        "notice_incomplete",
        "A notice says who gives it, why, and that it is in good faith.",
    )


@dataclass(frozen=True)
class NoticeFields:
    """What a notice says beside the reason and the words.

    Args:
        url: where it is.
        law: by which law, where the notifier says so.
        work: the work that is infringed, and where it can be seen.
        sworn: under penalty of perjury, they may act for its owner.
        language: in which they are written to (BCP 47).
    """

    url: str | None
    name: str | None
    email: str | None
    law: str | None = None
    work: str | None = None
    sworn: bool = False
    language: str = "en"


async def report(
    session: AsyncSession,
    *,
    reason_code: str,
    text: str,
    reporter: str,
    moment_id: UUID | None = None,
    comment_id: UUID | None = None,
    collection_id: UUID | None = None,
    person_id: UUID | None = None,
    notice: NoticeFields | None = None,
) -> Report:
    """Take a report about a moment, a comment below it, a collection or a person; with ``notice``, a notice. While one
    of the same sort by the same person about the same is open, that one stands.

    Raises:
        TooManyRequests: this person has reported twenty times within the hour.
    """
    await _refuse_flood(session, reporter)
    about = {
        "moment_id": moment_id,
        "comment_id": comment_id,
        "collection_id": collection_id,
        "person_id": person_id,
        "kind": "report" if notice is None else "notice",
        "reporter": reporter,
    }
    still_open = Report.closed_at.is_(None)
    row = about | {"id": uuid7(), "reason_code": reason_code, "text": text} | (vars(notice) if notice else {})
    taken = insert(Report).values(row).on_conflict_do_nothing(index_elements=list(about), index_where=still_open)
    made = (await session.scalars(taken.returning(Report))).one_or_none()
    if made is None:
        same = [getattr(Report, name).is_not_distinct_from(value) for name, value in about.items()]
        return (await session.scalars(select(Report).where(still_open, *same))).one()
    kind, subject = subject_of(made)
    lane = lane_of(reason_code, notice=notice is not None)
    made.review_id = await reviews.open_review(session, kind, subject, lane, reason_code)
    await session.flush()
    await send(session, ReportTakenIn(made))
    return made


def subject_of(report: Report) -> tuple[Reported, UUID]:
    """What a report is about: its kind, and its id."""
    if report.comment_id is not None:
        return "comment", report.comment_id
    if report.moment_id is not None:
        return "moment", report.moment_id
    if report.collection_id is not None:
        return "collection", report.collection_id
    assert report.person_id is not None
    return "viewer", report.person_id


async def _refuse_flood(session: AsyncSession, reporter: str) -> None:
    await lock(session, Lock.REPORTING, reporter)
    recent = select(func.count(), func.min(Report.created_at)).where(
        Report.reporter == reporter, Report.created_at > utc_now() - WINDOW
    )
    count, first = (await session.execute(recent)).one()
    if count >= MOST_IN_WINDOW:
        seconds = max(1, round((first + WINDOW - utc_now()).total_seconds()))
        raise TooManyRequests("You have reported a lot within the hour.", headers={"Retry-After": str(seconds)})


async def dismiss(session: AsyncSession, report_id: UUID, closed_by: str, *, severe: bool = True) -> Report:
    """Close a report without a restriction. A closed one stays as it is. With the last one of a review, that is closed
    too, and it is on record that nothing was found.

    Args:
        severe: whoever does it has the power for severe ones.

    Raises:
        NotFound: no such report.
    """
    found = await session.get(Report, report_id, with_for_update=True)
    if found is None or (found.reason_code in SEVERE and not severe):
        raise NotFound("There is no such report.")
    if found.closed_at is None:
        found.closed_at, found.closed_by = utc_now(), closed_by
        await session.flush()
        await _keep_when_last(session, found)
    return found


async def _keep_when_last(session: AsyncSession, dismissed: Report) -> None:
    if dismissed.review_id is None:
        return
    review = await reviews.find_review(session, dismissed.review_id, severe=True, held=True)
    others = select(Report.id).filter_by(review_id=review.id).where(Report.closed_at.is_(None)).limit(1)
    if review.closed_at is not None or review.lane == "held" or await session.scalar(others) is not None:
        return
    kind, subject = subject_of(dismissed)
    kept = await decide(
        session,
        kind=kind,
        subject_id=subject,
        action="keep",
        reason_code=dismissed.reason_code,
        explanation=KEPT,
        decided_by=dismissed.closed_by or "staff",
        source="notice" if dismissed.kind == "notice" else "report",
    )
    if dismissed.email is not None:
        await session.execute(update(Report).filter_by(id=dismissed.id).values(decision_id=kept.id))
        await send(session, ReportsAnswered(kept))


KEPT = "It was looked at, and nothing was found that is against the law or our terms."


PLAIN = (Report.reason_code.not_in(SEVERE),)
"""What staff without the power for severe reports see."""


async def newest_open(session: AsyncSession, limit: int) -> Sequence[Report]:
    """Open reports about moments, newest first."""
    query = select(Report).where(Report.closed_at.is_(None), Report.comment_id.is_(None), *PLAIN)
    query = query.where(Report.moment_id.is_not(None))
    return (await session.scalars(query.order_by(Report.created_at.desc()).limit(limit))).all()


async def open_about_comments(session: AsyncSession, limit: int) -> Sequence[Report]:
    """Open reports about comments, oldest first."""
    query = select(Report).where(Report.closed_at.is_(None), Report.comment_id.is_not(None), *PLAIN)
    return (await session.scalars(query.order_by(Report.created_at).limit(limit))).all()


async def about(session: AsyncSession, moment_id: UUID) -> Sequence[Report]:
    """Every report about a moment, newest first."""
    query = select(Report).filter_by(moment_id=moment_id).where(*PLAIN)
    return (await session.scalars(query.order_by(Report.id.desc()))).all()


async def counts(session: AsyncSession) -> dict[str, int]:
    """How many reports are ``open``, and how many moments they are about (``reported``)."""
    columns = func.count(), func.count(Report.moment_id.distinct())
    opened, moments = (await session.execute(select(*columns).where(Report.closed_at.is_(None)))).one()
    return {"open": opened, "reported": moments}
