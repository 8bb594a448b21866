"""Taking back what turned out not to be earned: first from what the creator is still owed, the rest as their debt.

A creator's account never goes below zero. What it cannot cover becomes a receivable, which their next statements pay
off before anything is paid out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among

from .ledger import (
    Posting,
    account_id,
    balance,
    hold_balance,
    hold_balances,
    open_account,
    post,
    post_all,
    posting_id,
)
from .tables import LedgerAccount, Pool, PostingRow, Statement


async def take_back(
    session: AsyncSession,
    creator_id: UUID,
    amount_minor: int,
    currency: str,
    period: str,
    evidence: Mapping[str, Any],
    identity: UUID,
    reason: str = "clawback",
    giver: UUID | None = None,
) -> bool:
    """Reverse ``amount_minor`` of a creator's earnings; False when that had been done before.

    Args:
        identity: the same for the same reversal.
        reason: of the posting; that of what becomes a debt is ``<reason>_owed``.
        giver: the account that it goes back to; the service's own funds by default.
    """
    creator = await open_account(session, "creator", creator_id, currency)
    owed = await hold_balance(session, creator)
    if await _made(session, identity):
        return False
    debt = await open_account(session, "receivable", creator_id, currency)
    funding = giver or await open_account(session, "funding", "service", currency)
    covered = min(owed, amount_minor)
    if covered:
        await post(
            session,
            Posting(posting_id(identity, "covered"), creator, funding, covered, currency, period, reason, evidence),
        )
    if amount_minor > covered:
        rest = amount_minor - covered
        await post(
            session,
            Posting(posting_id(identity, "owed"), debt, funding, rest, currency, period, f"{reason}_owed", evidence),
        )
    return True


async def _made(session: AsyncSession, identity: UUID) -> bool:
    ids = [posting_id(identity, part) for part in ("covered", "owed")]
    return await session.scalar(select(PostingRow.id).where(among(PostingRow.id, ids)).limit(1)) is not None


async def recover(session: AsyncSession, statements: Sequence[Statement], pool: Pool) -> None:
    """Pay off creators' debts from statements that have just been posted."""
    repayments = [
        Repayment(each.creator_id, {"statement": str(each.id)}, posting_id("recovery", each.id))
        for each in statements if each.amount_minor > 0
    ]  # fmt: skip
    await pay_off(session, pool.currency, pool.period, repayments)


@dataclass(frozen=True)
class Repayment:
    """What a creator was given, from which they pay what they owe.

    Args:
        evidence: of the posting.
        identity: the posting's id.
    """

    creator_id: UUID
    evidence: Mapping[str, Any]
    identity: UUID


async def pay_off(session: AsyncSession, currency: str, period: str, repayments: Sequence[Repayment]) -> None:
    """Pay what creators owe from what is in their accounts, as far as that goes; one repayment of each. However many
    they are, it takes as many statements; of those who owe nothing, one."""
    debts = {account_id("receivable", each.creator_id, currency): each for each in repayments}
    owing = select(LedgerAccount.id).where(
        among(LedgerAccount.id, debts), LedgerAccount.debits_minor > LedgerAccount.credits_minor
    )
    debtors = {debt: account_id("creator", debts[debt].creator_id, currency) for debt in await session.scalars(owing)}
    if not debtors:
        return
    theirs = await hold_balances(session, debtors.values())
    postings = []
    for debt, held in (await hold_balances(session, debtors)).items():
        creator, each = debtors[debt], debts[debt]
        if (amount := min(theirs.get(creator, 0), -held)) > 0:
            postings.append(Posting(each.identity, creator, debt, amount, currency, period, "recovery", each.evidence))
    await post_all(session, postings)


async def owed_back(session: AsyncSession, creator_id: UUID, currency: str) -> int:
    """What a creator owes, in minor units."""
    return -await balance(session, account_id("receivable", creator_id, currency))
