"""What a bank's file says, carried out: payouts are confirmed or come back; the rest waits for somebody to look.

The same file twice is read once, and the same news in two files does once what it says: by the state of each line.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.earnings.corrections import PayoutReturned, return_payout
from groundswell.earnings.tables import Payout
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound

from .bank_messages import BankMessage, BankNotice, read_message
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

OUR_OWN_FAULT = frozenset({"AM", "AG", "CU", "DT", "DU", "FF", "TM"})
"""How reasons (ISO 20022, external codes) begin that say nothing against the payee's account: amounts and funds, the
agreement with the bank, dates, duplicates, the file."""


class ExceptionUnknown(NotFound):
    code, title = "exception_unknown", "There is no such exception."


class ExceptionResolved(Conflict):
    code, title = "exception_resolved", "Somebody has looked at this already."


async def take_in(session: AsyncSession, content: bytes, by: str) -> BankFileOut:
    """Read a file and do what it says.

    Raises:
        BankFileUnreadable: it is none that is read.
    """
    message = await asyncio.to_thread(read_message, content)
    return await _take(session, message, hashlib.sha256(content).hexdigest(), by)


async def carry_out(session: AsyncSession, message: BankMessage, by: str) -> BankFileOut:
    """Do what a message says that came by other ways than a file: once, by its kind and id."""
    named = f"{message.kind}/{message.message_id}".encode()
    return await _take(session, message, hashlib.sha256(named).hexdigest(), by)


async def _take(session: AsyncSession, message: BankMessage, sha256: str, by: str) -> BankFileOut:
    await lock(session, Lock.BANK_FILE)  # one after the other: two may tell of one payout
    row = {"id": uuid7(), "sha256": sha256, "kind": message.kind, "message_id": message.message_id, "read_by": by}
    made = insert(BankFile).values(row).on_conflict_do_nothing().returning(BankFile)
    file = (await session.scalars(made)).one_or_none()
    if file is None:
        known = (await session.scalars(select(BankFile).filter_by(sha256=row["sha256"]))).one()
        return (await _shown(session, [known]))[0].model_copy(update={"again": True})
    for number, line in enumerate(await _each(session, message), 1):
        await _carry_out(session, file, number, line)
    await session.flush()
    return (await _shown(session, [file]))[0]


async def _each(session: AsyncSession, message: BankMessage) -> Sequence[BankNotice]:
    """The lines; one that is about a whole run stands for a line of each payment in it."""
    found: list[BankNotice] = []
    for line in message.lines:
        found += await _of_run(session, line) if line.message_id and not line.end_to_end_id else [line]
    return found


async def _of_run(session: AsyncSession, line: BankNotice) -> list[BankNotice]:
    run_id = UUID(line.message_id)
    query = select(PayoutItem).where(PayoutItem.run_id == run_id, PayoutItem.status.in_(PAID)).order_by(PayoutItem.id)
    items = (await session.scalars(query)).all()
    total = sum(item.amount_minor for item in items)
    if not items or (line.amount_minor is not None and line.amount_minor != total):
        return [line]
    return [
        BankNotice(
            line.said, item.id.hex, "", line.bank_reference, item.amount_minor, item.currency, line.booked_on,
            line.bank_code,
        )
        for item in items
    ]  # fmt: skip


async def _carry_out(session: AsyncSession, file: BankFile, number: int, line: BankNotice) -> None:
    item = await session.get(PayoutItem, UUID(line.end_to_end_id), with_for_update=True) if line.end_to_end_id else None
    problem = await _problem(session, file.kind, line, item)
    outcome = "exception" if problem else await _done(session, file, line, item)
    session.add(
        BankLine(
            id=uuid7(), file_id=file.id, number=number, said=line.said, end_to_end_id=line.end_to_end_id,
            bank_reference=line.bank_reference, amount_minor=line.amount_minor, currency=line.currency,
            booked_on=line.booked_on, bank_code=line.bank_code, item_id=item.id if item else None, outcome=outcome,
            problem=problem,
        )
    )  # fmt: skip


async def _problem(session: AsyncSession, kind: str, line: BankNotice, item: PayoutItem | None) -> str:
    """Why a line cannot be carried out; empty when it can. What was booked says how much."""
    if line.said == "accepted":
        return ""
    if item is None:
        known = await session.get(PayoutRun, UUID(line.message_id)) if line.message_id else None
        return "reference_unknown" if known is None else "total_differs"
    if item.status not in PAID:
        return "not_sent"
    if line.said in {"booked", "returned"} and kind != "pain.002":
        if line.amount_minor is None:
            return "amount_unreadable"
        if (line.amount_minor, line.currency) != (item.amount_minor, item.currency):
            return "amount_differs"
    return ""


async def _done(session: AsyncSession, file: BankFile, line: BankNotice, item: PayoutItem | None) -> str:
    if item is None or line.said in {"accepted", "other"}:
        return "noted"
    if line.said == "booked":
        return _confirm(line, item)
    if item.status == "returned":
        return "again"
    item.code, item.changed_at = line.bank_code or line.said, utc_now()
    await session.flush()
    words = f"The bank says {line.said} ({line.bank_code or 'no reason'}) in {file.kind}."
    try:
        await return_payout(session, item.id, file.read_by, words)
    except PayoutReturned:  # recorded by hand before this rule was there
        item.status = "returned"
    return "done"


def _confirm(line: BankNotice, item: PayoutItem) -> str:
    """The bank has booked it. What has come back since stays so: it is booked first, whatever is read first."""
    known = item.status == "confirmed" or item.settled_on is not None
    item.bank_reference = item.bank_reference or line.bank_reference or None
    item.settled_on = item.settled_on or line.booked_on
    if item.status == "sent":
        item.status, item.changed_at = "confirmed", utc_now()
        return "done"
    return "again" if known else "noted"


async def came_back(session: AsyncSession, payout: Payout) -> None:
    """A payout came back, however that was heard: so did its line, and its payee has to look at their account."""
    item = await session.get(PayoutItem, payout.id, with_for_update=True)
    if item is None:
        return
    item.status, item.changed_at = "returned", utc_now()
    row = await session.get(Payee, item.creator_id, with_for_update=True)
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
