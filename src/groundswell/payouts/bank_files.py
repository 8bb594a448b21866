"""What a bank's file says, carried out: payouts are confirmed or come back; the rest waits for somebody to look.

The same file twice is read once, and the same news in two files does once what it says: by the state of each line. A
file is carried out in one transaction, by a few statements however long it is: a process that is killed has done
nothing of it, and the file is sent again.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.earnings.corrections import return_payouts
from groundswell.earnings.tables import Payout
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound

from .bank_messages import MOST_LINES, BankFileUnreadable, BankMessage, BankNotice, read_message
from .schemas import BankExceptionOut, BankFileOut
from .tables import BankFile, BankLine, Payee, PayoutItem, PayoutRun

PAID = frozenset({"sent", "confirmed", "returned"})
PROBLEMS = {
    "reference_unknown": "It names no payout of ours.",
    "amount_differs": "It is another amount than was sent.",
    "amount_unreadable": "Its amount is none that the currency has.",
    "not_sent": "It names a line that no run has sent.",
    "total_differs": "It books a run as a whole, with another total than was sent.",
}
"""Why somebody has to look at a line."""

MOST_NOTICES = 5 * MOST_LINES
"""Payments that one file tells of, in lines of their own or in lines that are about whole runs."""

OUR_OWN_FAULT = frozenset({"AM", "AG", "CU", "DT", "DU", "FF", "TM"})
"""How reasons (ISO 20022, external codes) begin that say nothing against the payee's account: amounts and funds, the
agreement with the bank, dates, duplicates, the file."""


class ExceptionUnknown(NotFound):
    code, title = "exception_unknown", "There is no such exception."


class TooMuchTold(BankFileUnreadable):
    title = f"A file tells of at most {MOST_NOTICES:,} payments here; ask the bank to divide it."


class ExceptionResolved(Conflict):
    code, title = "exception_resolved", "Somebody has looked at this already."


async def take_in(session: AsyncSession, content: bytes, by: str) -> BankFileOut:
    """Read a file and do what it says.

    Raises:
        BankFileUnreadable, TooMuchTold: it is none that is read.
    """
    message = await asyncio.to_thread(read_message, content)
    return await _take(session, message, hashlib.sha256(content).hexdigest(), by)


async def carry_out(session: AsyncSession, message: BankMessage, by: str) -> BankFileOut:
    """Do what a message says that came by other ways than a file: once, by its kind and id."""
    named = f"{message.kind}/{message.message_id}".encode()
    return await _take(session, message, hashlib.sha256(named).hexdigest(), by)


async def _take(session: AsyncSession, message: BankMessage, sha256: str, by: str) -> BankFileOut:
    await lock(session, Lock.BANK_FILE)  # one after the other: two may tell of one payout
    known = await session.scalar(select(BankFile).filter_by(sha256=sha256))
    if known is not None:
        return (await _shown(session, [known]))[0].model_copy(update={"again": True})
    reading = await _begin(session, message)
    notices = reading.each(message.lines)
    file = BankFile(id=uuid7(), sha256=sha256, kind=message.kind, message_id=message.message_id, read_by=by)
    session.add(file)
    for notice in notices:
        reading.carry_out(notice)
    await session.flush()
    await _keep(session, file, reading)
    return (await _shown(session, [file]))[0]


@dataclass
class _Line:
    """A line of a run, as it is while a file is read."""

    id: UUID
    run_id: UUID
    amount_minor: int
    currency: str
    status: str
    code: str
    bank_reference: str | None
    settled_on: date | None

    def __post_init__(self) -> None:
        self.before = self.told()

    def told(self) -> tuple[object, ...]:
        """What a bank can change."""
        return self.status, self.code, self.bank_reference, self.settled_on


STATE = (
    PayoutItem.id,
    PayoutItem.run_id,
    PayoutItem.amount_minor,
    PayoutItem.currency,
    PayoutItem.status,
    PayoutItem.code,
    PayoutItem.bank_reference,
    PayoutItem.settled_on,
)


@dataclass
class _Reading:
    """A file while its lines are carried out, one after the other: what they are about as they leave it, what came
    back and why, and what is kept of each."""

    kind: str
    runs: frozenset[UUID]
    lines: dict[UUID, _Line]
    back: dict[UUID, str] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def each(self, notices: Iterable[BankNotice]) -> list[BankNotice]:
        """The notices; one that is about a whole run stands for a notice of each payment in it.

        Raises:
            TooMuchTold: as it says.
        """
        paid: defaultdict[UUID, list[_Line]] = defaultdict(list)
        for line in self.lines.values():
            if line.status in PAID:
                paid[line.run_id].append(line)
        totals = {run: sum(line.amount_minor for line in lines) for run, lines in paid.items()}
        found: list[BankNotice] = []
        for notice in notices:
            run = UUID(notice.message_id) if _is_of_run(notice) else None
            if run in totals and notice.amount_minor in {None, totals[run]}:
                found += [_of_line(notice, line) for line in paid[run]]
            else:
                found.append(notice)
            if len(found) > MOST_NOTICES:
                raise TooMuchTold()
        return found

    def carry_out(self, notice: BankNotice) -> None:
        line = self.lines.get(UUID(notice.end_to_end_id)) if notice.end_to_end_id else None
        problem = self._problem(notice, line)
        outcome = "exception" if problem else self._done(notice, line)
        self.kept.append(
            {
                "id": uuid7(), "number": len(self.kept) + 1, "said": notice.said, "end_to_end_id": notice.end_to_end_id,
                "bank_reference": notice.bank_reference, "amount_minor": notice.amount_minor,
                "currency": notice.currency, "booked_on": notice.booked_on, "bank_code": notice.bank_code,
                "item_id": line.id if line else None, "outcome": outcome, "problem": problem,
            }
        )  # fmt: skip

    def _problem(self, notice: BankNotice, line: _Line | None) -> str:
        """Why a notice cannot be carried out; empty when it can. What was booked says how much."""
        if notice.said == "accepted":
            return ""
        if line is None:
            known = bool(notice.message_id) and UUID(notice.message_id) in self.runs
            return "total_differs" if known else "reference_unknown"
        if line.status not in PAID:
            return "not_sent"
        if notice.said in {"booked", "returned"} and self.kind != "pain.002":
            if notice.amount_minor is None:
                return "amount_unreadable"
            if (notice.amount_minor, notice.currency) != (line.amount_minor, line.currency):
                return "amount_differs"
        return ""

    def _done(self, notice: BankNotice, line: _Line | None) -> str:
        if line is None or notice.said in {"accepted", "other"}:
            return "noted"
        if notice.said == "booked":
            return _confirm(notice, line)
        if line.status == "returned":
            return "again"
        line.status, line.code = "returned", notice.bank_code or notice.said
        self.back[line.id] = f"The bank says {notice.said} ({notice.bank_code or 'no reason'}) in {self.kind}."
        return "done"


def _is_of_run(notice: BankNotice) -> bool:
    return bool(notice.message_id) and not notice.end_to_end_id


def _of_line(notice: BankNotice, line: _Line) -> BankNotice:
    return BankNotice(
        notice.said, line.id.hex, "", notice.bank_reference, line.amount_minor, line.currency, notice.booked_on,
        notice.bank_code,
    )  # fmt: skip


def _confirm(notice: BankNotice, line: _Line) -> str:
    """The bank has booked it. What has come back since stays so: it is booked first, whatever is read first."""
    known = line.status == "confirmed" or line.settled_on is not None
    line.bank_reference = line.bank_reference or notice.bank_reference or None
    line.settled_on = line.settled_on or notice.booked_on
    if line.status == "sent":
        line.status = "confirmed"
        return "done"
    return "again" if known else "noted"


async def _begin(session: AsyncSession, message: BankMessage) -> _Reading:
    """What a file is about. Who holds a payout holds the line that was paid by it: as whoever returns one by hand."""
    named = {UUID(notice.end_to_end_id) for notice in message.lines if notice.end_to_end_id}
    whole = {UUID(notice.message_id) for notice in message.lines if _is_of_run(notice)}
    told = {UUID(notice.message_id) for notice in message.lines if notice.message_id}
    about = or_(among(PayoutItem.id, named), among(PayoutItem.run_id, whole))
    paid = select(PayoutItem.payout_id).where(about).limit(MOST_NOTICES + 1)
    await session.execute(select(Payout.id).where(Payout.id.in_(paid)).order_by(Payout.id).with_for_update())
    rows = (await session.execute(select(*STATE).where(about).order_by(PayoutItem.id).limit(MOST_NOTICES + 1))).all()
    if len(rows) > MOST_NOTICES:
        raise TooMuchTold()
    runs = await session.scalars(select(PayoutRun.id).where(among(PayoutRun.id, told)))
    return _Reading(message.kind, frozenset(runs), {row.id: _Line(*row) for row in rows})


async def _keep(session: AsyncSession, file: BankFile, reading: _Reading) -> None:
    """Keep what a file said and what became of it; what came back is due again."""
    now = utc_now()
    changes = [
        {"id": each.id, "status": each.status, "code": each.code, "bank_reference": each.bank_reference,
         "settled_on": each.settled_on, "changed_at": now}
        for each in reading.lines.values() if each.told() != each.before
    ]  # fmt: skip
    if changes:
        await session.execute(update(PayoutItem), changes)
    await return_payouts(session, reading.back, file.read_by)
    if reading.kept:
        await session.execute(insert(BankLine), [{"file_id": file.id} | each for each in reading.kept])


async def came_back(session: AsyncSession, payouts: Sequence[Payout]) -> None:
    """Payouts came back, however that was heard: so did their lines, and their payees have to look at where they are
    paid."""
    ids = [payout.id for payout in payouts]
    query = select(PayoutItem).where(among(PayoutItem.id, ids)).order_by(PayoutItem.id)
    held = {"populate_existing": True}
    items = (await session.scalars(query.with_for_update().execution_options(**held))).all()
    creators = {item.creator_id for item in items}
    theirs = select(Payee).where(among(Payee.creator_id, creators)).order_by(Payee.creator_id).with_for_update()
    payees = {row.creator_id: row for row in await session.scalars(theirs.execution_options(**held))}
    for item in items:
        item.status, item.changed_at = "returned", utc_now()
        row = payees.get(item.creator_id)
        not_theirs = item.code[:2] in OUR_OWN_FAULT
        if row is not None and row.version == item.payee_version and not not_theirs:
            row.returned_version = row.version
    await session.flush()


async def files(session: AsyncSession, limit: int, after: UUID | None = None) -> list[BankFileOut]:
    """Files that were read, newest first."""
    query = select(BankFile).order_by(BankFile.id.desc()).limit(limit)
    rows = (await session.scalars(query if after is None else query.where(BankFile.id < after))).all()
    return await _shown(session, rows)


async def _shown(session: AsyncSession, rows: Sequence[BankFile]) -> list[BankFileOut]:
    query = select(BankLine.file_id, BankLine.outcome, func.count()).group_by(BankLine.file_id, BankLine.outcome)
    counts: dict[UUID, dict[str, int]] = {}
    for file, outcome, count in await session.execute(query.where(among(BankLine.file_id, [row.id for row in rows]))):
        counts.setdefault(file, {})[outcome] = count
    return [_file_out(row, counts.get(row.id, {})) for row in rows]


def _file_out(row: BankFile, counts: dict[str, int]) -> BankFileOut:
    return BankFileOut(
        id=row.id, kind=row.kind, message_id=row.message_id, read_by=row.read_by, read_at=row.read_at,
        done=counts.get("done", 0), known=counts.get("again", 0), noted=counts.get("noted", 0),
        exceptions=counts.get("exception", 0),
    )  # fmt: skip


async def exceptions(session: AsyncSession, limit: int, after: UUID | None = None) -> list[BankExceptionOut]:
    """Lines that somebody has to look at, newest first."""
    query = select(BankLine, BankFile.read_at).join(BankFile, BankFile.id == BankLine.file_id)
    query = query.where(BankLine.outcome == "exception", BankLine.resolved_at.is_(None))
    query = query if after is None else query.where(BankLine.id < after)
    rows = await session.execute(query.order_by(BankLine.id.desc()).limit(limit))
    return [exception_out(line, read_at) for line, read_at in rows]


def exception_out(line: BankLine, read_at: object) -> BankExceptionOut:
    """A line as it is shown."""
    plain = {name: getattr(line, name) for name in BankExceptionOut.model_fields if name != "read_at"}
    return BankExceptionOut.model_validate(plain | {"read_at": read_at})


async def open_exceptions(session: AsyncSession) -> int:
    """How many lines somebody has to look at."""
    query = select(func.count()).where(BankLine.outcome == "exception", BankLine.resolved_at.is_(None))
    return await session.scalar(query) or 0


async def resolve(session: AsyncSession, line_id: UUID, by: str, reason: str) -> BankExceptionOut:
    """Note that somebody has looked at a line, and what they found. Nothing else follows.

    Raises:
        ExceptionUnknown, ExceptionResolved: as they say.
    """
    line = await session.get(BankLine, line_id, with_for_update=True)
    if line is None or line.outcome != "exception":
        raise ExceptionUnknown()
    if line.resolved_at is not None:
        raise ExceptionResolved()
    line.resolved_at, line.resolved_by, line.resolution = utc_now(), by, reason
    await session.flush()
    return exception_out(line, (await session.get_one(BankFile, line.file_id)).read_at)
