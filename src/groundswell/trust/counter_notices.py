"""Counter-notices against takedowns for copyright, and their clock (17 USC 512(g)).

What was taken down is put back not less than 10, nor more than 14, business days after the counter-notice came, unless
whoever gave the notice has told us meanwhile that they have gone to court.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound
from groundswell.platform.signals import send

from .appeals import DecisionUnknown, decision_for
from .business_days import after_business_days
from .decisions import decide, lift
from .grounds import COPYRIGHT
from .signals import CounterNoticeMade
from .tables import CounterNotice, Decision

FROM_DAYS, BY_DAYS = 10, 14
AT_ONCE = 100


class CounterNoticeUnknown(NotFound):
    code, title = "counter_notice_unknown", "There is no such counter-notice."


class NotForCopyright(Conflict):
    code, title = "not_for_copyright", "A counter-notice answers what was taken down for copyright."


class CounterNoticeMadeAlready(Conflict):
    code, title = "counter_notice_made_already", "A counter-notice was given already."


class CounterNoticeClosed(Conflict):
    code, title = "counter_notice_closed", "This counter-notice waits no longer."


def may_counter(decision: Decision) -> bool:
    """Whether a counter-notice can answer a decision: it took something down for copyright, and stands."""
    return decision.reason_code in COPYRIGHT and decision.action in {"hide", "hold"} and decision.lifted_at is None


async def counter(
    session: AsyncSession, viewer_id: UUID, decision_id: UUID, *, name: str, address: str, email: str, words: str
) -> CounterNotice:
    """Say, under penalty of perjury, that something of one's own was taken down by mistake.

    Raises:
        DecisionUnknown, NotForCopyright, CounterNoticeMadeAlready: as they say.
    """
    decision = await decision_for(session, viewer_id, decision_id, held=True)
    if decision.person_id != viewer_id:
        raise DecisionUnknown()
    if not may_counter(decision):
        raise NotForCopyright()
    now = utc_now()
    row = {
        "id": uuid7(),
        "decision_id": decision.id,
        "viewer_id": viewer_id,
        "name": name,
        "address": address,
        "email": email,
        "text": words,
        "created_at": now,
        "restore_from": after_business_days(now, FROM_DAYS),
        "restore_by": after_business_days(now, BY_DAYS),
    }
    taken = insert(CounterNotice).values(row).on_conflict_do_nothing(index_elements=["decision_id"])
    made = (await session.scalars(taken.returning(CounterNotice))).one_or_none()
    if made is None:
        raise CounterNoticeMadeAlready()
    await send(session, CounterNoticeMade(made))
    return made


async def of_decision(session: AsyncSession, decision_id: UUID) -> CounterNotice | None:
    """The counter-notice against a decision."""
    found: CounterNotice | None = await session.scalar(select(CounterNotice).filter_by(decision_id=decision_id))
    return found


async def newest(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[CounterNotice]:
    """Counter-notices, newest first; ``after`` is the last one of the page before."""
    query = select(CounterNotice).order_by(CounterNotice.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(CounterNotice.id < after))).all()


async def stop(session: AsyncSession, notice_id: UUID, court_action: str, by: str) -> CounterNotice:
    """Record that whoever gave the notice has gone to court: what was taken down stays so.

    Raises:
        CounterNoticeUnknown, CounterNoticeClosed: as they say.
    """
    found = await session.get(CounterNotice, notice_id, with_for_update=True)
    if found is None:
        raise CounterNoticeUnknown()
    if found.state != "waiting":
        raise CounterNoticeClosed()
    found.state, found.court_action, found.closed_at, found.closed_by = "stopped", court_action, utc_now(), by
    decision = await session.get_one(Decision, found.decision_id)
    await _verdict(session, decision, "confirm", "Who gave the notice has gone to court about it.", by, found)
    await session.flush()
    return found


async def restore_due(session: AsyncSession, now: datetime) -> int:
    """Put back what has waited for its ten business days; returns how many. One that two do at once is done once."""
    due = select(CounterNotice).filter_by(state="waiting").where(CounterNotice.restore_from <= now)
    rows = (
        await session.scalars(due.order_by(CounterNotice.restore_from).limit(AT_ONCE).with_for_update(skip_locked=True))
    ).all()
    for notice in rows:
        notice.state, notice.closed_at, notice.closed_by = "restored", now, "rule"
        decision = await session.get_one(Decision, notice.decision_id, with_for_update=True)
        if decision.lifted_at is not None:
            continue  # an appeal, or staff, put it back before
        words = f"A counter-notice was given, and nobody went to court within {FROM_DAYS} business days."
        await _verdict(session, decision, "restore", words, "rule", notice)
        await lift(session, decision.id, "rule")
    await session.flush()
    return len(rows)


async def _verdict(
    session: AsyncSession, decision: Decision, action: str, words: str, by: str, notice: CounterNotice
) -> None:
    await decide(
        session,
        kind=decision.subject_kind,
        subject_id=decision.subject_id,
        action=action,
        reason_code=decision.reason_code,
        explanation=words,
        decided_by=by,
        rule="counter_notice",
        source="rule" if by == "rule" else "own",
        about_id=decision.id,
        evidence={"counter_notice": str(notice.id)},
    )
