"""Payout runs: drafted by one person, approved by another, then filed (``run_file``) or cancelled.

A run has in it what was due when it was drafted. What is released later is left for the next; what was taken back since
makes the line another amount than was approved, and such a line is held out when the run is filed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.creators.tables import Creator
from groundswell.earnings.balances import DueTo, due_currencies, dues_in, holding, judged_all
from groundswell.earnings.payables import SamePerson, conflicts
from groundswell.earnings.schemas import CreatorName
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, Invalid, NotFound
from groundswell.platform.settings import Settings

from .payees import gaps_of, payees_of
from .rails import RAILS
from .schemas import NewPayoutRun, PayoutItemOut, PayoutRunOut
from .tables import PayoutItem, PayoutRun

MOST_LINES = 20_000
"""Of a run, as of what a bank's file may tell (``bank_messages``), so that one file can answer it; whoever else is due
something is in the next one."""
AT_ONCE = 500
"""How many lines are drafted and paid by the same statements."""

LATEST = timedelta(days=90)
ON_THEIR_WAY = 10


class RunUnknown(NotFound):
    code, title = "run_unknown", "There is no such payout run."


class RunLineUnknown(NotFound):
    code, title = "run_line_unknown", "This run has no such line."


class NothingPayable(Conflict):
    code, title = "nothing_to_pay", "Nobody can be paid in this currency now."


class RunNotOpen(Conflict):
    code, title = "run_not_open", "This is not what a run in this state is open to."


class ExecutionDayImpossible(Invalid):
    code, title = "execution_day_impossible", "A bank pays today or later, and within 90 days."


async def draft(session: AsyncSession, new: NewPayoutRun, by: str) -> PayoutRun:
    """Draft a run of everybody who can be paid in a currency and is in no other run that waits.

    Raises:
        ExecutionDayImpossible, NothingPayable: as they say.
    """
    now = utc_now()
    day = new.execution_on or now.date() + timedelta(days=1)
    if not now.date() <= day <= now.date() + LATEST:
        raise ExecutionDayImpossible()
    run = PayoutRun(
        id=uuid7(), currency=new.currency, rail=new.rail, execution_on=day, status="draft", drafted_by=by,
        drafted_at=now,
    )  # fmt: skip
    session.add(run)
    await session.flush()
    if not await _fill(session, run):
        raise NothingPayable()
    await session.refresh(run)
    return run


async def _fill(session: AsyncSession, run: PayoutRun) -> int:
    """Put everybody in who can be paid, whoever is due more and cannot; returns how many."""
    count, last = 0, None
    while count < MOST_LINES:
        dues = await holding(session, run.currency, AT_ONCE, last)
        count += await _add_lines(session, run, dues, MOST_LINES - count)
        if len(dues) < AT_ONCE:
            break
        last = dues[-1]
    return count


async def _add_lines(session: AsyncSession, run: PayoutRun, dues: Sequence[DueTo], most: int) -> int:
    gaps = await gaps_of(session, [due.creator.id for due in dues])
    more = await RAILS[run.rail].gaps(session, list(gaps))
    rows = await payees_of(session, list(gaps))
    able = [due for due in dues if not gaps[due.creator.id] and not more.get(due.creator.id)]
    whole = await judged_all(session, able)
    lines = [
        {
            "id": uuid7(), "run_id": run.id, "creator_id": due.creator.id, "amount_minor": due.payable_minor,
            "currency": run.currency, "payee_version": rows[due.creator.id].version, "status": "waiting", "code": "",
            "changed_at": run.drafted_at,
        }
        for due in whole if due.payable
    ][:most]  # fmt: skip
    if not lines:
        return 0
    made = insert(PayoutItem).values(lines).on_conflict_do_nothing().returning(PayoutItem.id)
    return len((await session.scalars(made)).all())


async def approve(session: AsyncSession, run_id: UUID, by: str) -> PayoutRun:
    """Approve a draft, by somebody who did not draft it, funded nothing of it, and is not paid by it.

    Raises:
        RunUnknown, RunNotOpen, SamePerson: as they say.
    """
    run = await _locked(session, run_id, "draft")
    if run.drafted_by == by:
        raise SamePerson("Whoever drafted a run does not approve it; somebody else does.")
    creators = [item.creator_id for item in await items_waiting(session, run.id)]
    if by in {actor_of(viewer) for viewer in await _viewers(session, creators)}:
        raise SamePerson("Nobody approves a run that pays them.")
    for refusal in (await conflicts(session, creators, run.currency, by, run.drafted_at)).values():
        raise refusal
    run.status, run.approved_by, run.approved_at = "approved", by, utc_now()
    await session.flush()
    return run


async def _viewers(session: AsyncSession, creators: Collection[UUID]) -> Sequence[UUID]:
    return (await session.scalars(select(Creator.viewer_id).where(among(Creator.id, set(creators))))).all()


async def ask_for_file(session: AsyncSession, settings: Settings, run_id: UUID, by: str) -> PayoutRun:
    """Note that an approved run is to be filed; a job does it. Asked again, nothing changes.

    Raises:
        RunUnknown, RunNotOpen, and what its rail refuses (``rails``): as they say.
    """
    run = await session.get(PayoutRun, run_id, with_for_update=True)
    if run is None:
        raise RunUnknown()
    if run.status not in {"approved", "filed"}:
        raise RunNotOpen(f"A run is filed once it is approved; this one is {run.status}.", state=run.status)
    RAILS[run.rail].check(settings, run.currency)
    run.filing_by = run.filing_by or by
    return run


async def cancel(session: AsyncSession, run_id: UUID, by: str, reason: str) -> PayoutRun:
    """Cancel a run that was not filed: nothing was paid by it, and everybody in it is due again.

    Raises:
        RunUnknown, RunNotOpen: as they say.
    """
    run = await _locked(session, run_id, "draft", "approved")
    if run.filing_by is not None:
        raise RunNotOpen("Its file is being made.")
    waiting = update(PayoutItem).where(PayoutItem.run_id == run.id, PayoutItem.status == "waiting")
    await session.execute(waiting.values(status="cancelled", changed_at=utc_now()))
    run.status, run.cancelled_by, run.cancelled_at, run.cancel_reason = "cancelled", by, utc_now(), reason
    await session.flush()
    return run


async def leave_out(session: AsyncSession, run_id: UUID, item_id: UUID) -> PayoutItem:
    """Hold a line out of a run that was not filed; it is due in the next.

    Raises:
        RunUnknown, RunNotOpen, RunLineUnknown: as they say.
    """
    run = await _locked(session, run_id, "draft", "approved")
    item = await session.get(PayoutItem, item_id, with_for_update=True)
    if item is None or item.run_id != run.id:
        raise RunLineUnknown()
    if run.filing_by is not None or item.status != "waiting":
        raise RunNotOpen("This line is not open any more.")
    item.status, item.code, item.changed_at = "held_out", "left_out", utc_now()
    await session.flush()
    return item


async def _locked(session: AsyncSession, run_id: UUID, *states: str) -> PayoutRun:
    run = await session.get(PayoutRun, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise RunUnknown()
    if run.status not in states:
        raise RunNotOpen(f"This run is {run.status}.", state=run.status)
    return run


async def items_waiting(session: AsyncSession, run_id: UUID) -> Sequence[PayoutItem]:
    """A run's lines that are to be paid, in the order in which accounts are held."""
    query = select(PayoutItem).filter_by(run_id=run_id, status="waiting").order_by(PayoutItem.creator_id)
    return (await session.scalars(query.with_for_update())).all()


@dataclass(frozen=True)
class RunCandidate:
    """Who is due something in a currency, and what keeps them out of the next run: codes, none when nothing does."""

    due: DueTo
    missing: list[str]


async def candidates(session: AsyncSession, limit: int) -> dict[str, list[RunCandidate]]:
    """Who could be in the next run of each currency."""
    found: dict[str, list[RunCandidate]] = {}
    for currency in await due_currencies(session):
        dues = await dues_in(session, currency, limit)
        gaps = await gaps_of(session, [due.creator.id for due in dues])
        waits = await _in_a_run(session, currency)
        found[currency] = [RunCandidate(due, _why_not(due, gaps[due.creator.id], waits)) for due in dues]
    return found


def _why_not(due: DueTo, gaps: list[str], waits: frozenset[UUID]) -> list[str]:
    return [
        *([due.reason_code] if due.reason_code else []),
        *gaps,
        *(["in_a_run"] if due.creator.id in waits else []),
    ]


async def _in_a_run(session: AsyncSession, currency: str) -> frozenset[UUID]:
    query = select(PayoutItem.creator_id).filter_by(currency=currency, status="waiting")
    return frozenset((await session.scalars(query)).all())


COUNTED = select(
    PayoutItem.run_id,
    func.count().label("lines"),
    func.coalesce(func.sum(PayoutItem.amount_minor).filter(PayoutItem.status.not_in(["held_out", "cancelled"])), 0),
    func.count().filter(PayoutItem.status == "held_out"),
    func.count().filter(PayoutItem.status == "confirmed"),
    func.count().filter(PayoutItem.status == "returned"),
).group_by(PayoutItem.run_id)


async def runs(session: AsyncSession, limit: int, after: UUID | None = None) -> list[PayoutRunOut]:
    """Runs, newest first; ``after`` is the last of the page before."""
    query = select(PayoutRun).order_by(PayoutRun.id.desc()).limit(limit)
    rows = (await session.scalars(query if after is None else query.where(PayoutRun.id < after))).all()
    return await _shown(session, rows)


async def one_run(session: AsyncSession, run_id: UUID) -> PayoutRunOut:
    """One run.

    Raises:
        RunUnknown.
    """
    run = await session.get(PayoutRun, run_id)
    if run is None:
        raise RunUnknown()
    return (await _shown(session, [run]))[0]


async def _shown(session: AsyncSession, rows: Sequence[PayoutRun]) -> list[PayoutRunOut]:
    found = await session.execute(COUNTED.where(among(PayoutItem.run_id, [row.id for row in rows])))
    counts = {row[0]: row[1:] for row in found}
    return [_out(row, *counts.get(row.id, (0, 0, 0, 0, 0))) for row in rows]


def _out(row: PayoutRun, lines: int, amount: int, held_out: int, confirmed: int, returned: int) -> PayoutRunOut:
    plain = {name: getattr(row, name) for name in PayoutRunOut.model_fields if hasattr(row, name)}
    return PayoutRunOut(
        **plain,
        being_filed=row.filing_by is not None and row.status == "approved",
        lines=lines,
        amount_minor=int(amount),
        held_out=held_out,
        confirmed=confirmed,
        returned=returned,
        has_file=row.file is not None,
    )


async def lines_of(session: AsyncSession, run_id: UUID, limit: int, after: UUID | None = None) -> list[PayoutItemOut]:
    """A run's lines."""
    query = select(PayoutItem, Creator).join(Creator, Creator.id == PayoutItem.creator_id)
    query = query.where(PayoutItem.run_id == run_id).order_by(PayoutItem.id).limit(limit)
    rows = await session.execute(query if after is None else query.where(PayoutItem.id > after))
    return [line_out(*row) for row in rows]


def line_out(item: PayoutItem, creator: Creator) -> PayoutItemOut:
    """A line as it is shown."""
    plain = {name: getattr(item, name) for name in PayoutItemOut.model_fields if name != "creator"}
    who = CreatorName(id=creator.id, handle=creator.handle, display_name=creator.display_name)
    return PayoutItemOut(**plain, creator=who)


async def on_their_way(session: AsyncSession, creator_id: UUID) -> list[tuple[PayoutItem, PayoutRun]]:
    """A creator's lines that wait in a run, or have left and were not heard of since; the oldest first."""
    query = select(PayoutItem, PayoutRun).join(PayoutRun, PayoutRun.id == PayoutItem.run_id)
    query = query.where(PayoutItem.creator_id == creator_id, PayoutItem.status.in_(["waiting", "sent"]))
    return [(item, run) for item, run in await session.execute(query.order_by(PayoutItem.id).limit(ON_THEIR_WAY))]


async def held_out(session: AsyncSession, limit: int, since: date) -> list[PayoutItemOut]:
    """Lines that runs did not pay, newest first."""
    query = select(PayoutItem, Creator).join(Creator, Creator.id == PayoutItem.creator_id)
    query = query.where(PayoutItem.status == "held_out", func.date(PayoutItem.changed_at) >= since)
    return [line_out(*row) for row in await session.execute(query.order_by(PayoutItem.id.desc()).limit(limit))]
