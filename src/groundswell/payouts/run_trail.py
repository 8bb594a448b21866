"""What the audit page learns of runs: the line that a payout left by, and whose payout a bank's reference is."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.titles import as_uuid
from groundswell.earnings.providers import RunLine, payout_of_reference, run_line_of

from .bank_messages import _OURS
from .tables import BankLine, PayoutItem, PayoutRun


@run_line_of.answer
async def line_of_payout(session: AsyncSession, payout_id: UUID) -> RunLine | None:
    """The line of a run by which a payout left."""
    item = await session.get(PayoutItem, payout_id)
    if item is None:
        return None
    run = await session.get_one(PayoutRun, item.run_id)
    words = f"Line of payout run {run.number}, {item.status}"
    if item.bank_reference:
        words += f", bank reference {item.bank_reference}"
    return RunLine(run.id, words, run.filed_at, item.amount_minor, item.currency)


@payout_of_reference.answer
async def payout_of(session: AsyncSession, reference: str) -> UUID | None:
    """The payout that a bank's reference, or an end-to-end id, stands for."""
    if _OURS.fullmatch(reference) and (id := as_uuid(reference)) is not None:
        item = await session.get(PayoutItem, id)
        return None if item is None else item.payout_id
    named = select(PayoutItem.payout_id).where(PayoutItem.bank_reference == reference)
    found = await session.scalar(named.where(PayoutItem.payout_id.is_not(None)).limit(1))
    if found is None:
        heard = select(PayoutItem.payout_id).join(BankLine, BankLine.item_id == PayoutItem.id)
        found = await session.scalar(heard.where(BankLine.bank_reference == reference).limit(1))
    return found
