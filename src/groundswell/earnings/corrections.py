"""Undoing what was posted, by postings with a reason: a pool is cancelled, a payout comes back, a posting is reversed.

Nothing is ever changed or removed. What a correction takes from a creator or gives them is a line of their next
statement. Each correction says in ``UNDO`` what undoes it in turn.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound
from groundswell.platform.signals import send

from .clawback import APPEAL, wait_for_reversals
from .eligible_views import follower
from .ledger import (
    Posting,
    account_id,
    hold_balance,
    hold_balances,
    open_account,
    open_accounts,
    post,
    post_all,
    posting_id,
)
from .pools import PoolCancelled, give_back
from .receivables import Repayment, pay_off, take_back
from .rules import period_of
from .signals import PayoutsCameBack
from .tables import Adjustment, CampaignEarning, Payout, Pool, PostingRow, Statement

UNDO = {
    "cancel": "A cancelled pool stays cancelled. Fund another for the same month: it counts the month again.",
    "return": "The statements are due again. Pay them again once you know where to.",
    "reverse": "A reversal is a posting like any other: reverse it in turn.",
}
"""What undoes each kind of correction, in words for pages."""

TAKEN = {"clawback", "clawback_owed", "reversal", "reversal_owed"}
"""Reasons of postings that take from a creator."""

GIVEN = {"pool_share", "reversal_given"}
"""Reasons of postings that give to a creator."""


class PoolPaid(Conflict):
    code, title = "pool_paid", "Statements of this pool have been paid; record those payouts as returned first."


class PoolFollowed(Conflict):
    code = "pool_followed"
    title = "A later pool counted what was left by this one; cancel that first."


class PoolDividing(Conflict):
    code, title = "pool_dividing", "This pool is being divided; try again when that is done."


class PayoutReturned(Conflict):
    code, title = "payout_returned", "This payout has been returned already."


class PostingReversed(Conflict):
    code, title = "posting_reversed", "This posting has been reversed already."


class PostingNotReversible(Conflict):
    code = "posting_not_reversible"
    title = "This posting is undone otherwise: cancel its pool, or record its payout as returned."


class NothingLeft(Conflict):
    code, title = "nothing_left", "All of it has been taken back already."


async def cancel(session: AsyncSession, pool_id: UUID, by: str, reason: str) -> Pool:
    """Cancel a pool: what it gave is taken back from every creator, what it holds goes back to the service, and the
    month may have another. The last of a stream first: what a later one counted is what this one had not.

    Raises:
        NotFound, PoolCancelled, PoolDividing, PoolFollowed, PoolPaid: as they say.
    """
    query = select(Pool).where(Pool.id == pool_id).with_for_update()
    pool = await session.scalar(query.execution_options(populate_existing=True))
    if pool is None:
        raise NotFound("There is no such pool.")
    if pool.status == "cancelled":
        raise PoolCancelled()
    if pool.status == "dividing":
        raise PoolDividing()
    await lock(session, Lock.POOL, f"{pool.basis}/{pool.currency}")
    await wait_for_reversals(session)
    if pool.snapshot is not None and (later := await follower(session, pool)) is not None:
        raise PoolFollowed(pool=str(later))
    told = {"pool": str(pool.id), "by": by, "reason": reason}
    for statement in await _unpaid_statements(session, pool):
        await _cancel_statement(session, pool, statement, told)
    await give_back(session, pool, "pool_cancelled", told)
    pool.status, pool.cancelled_at, pool.cancelled_by, pool.cancel_reason = "cancelled", utc_now(), by, reason
    await session.flush()
    return pool


async def _unpaid_statements(session: AsyncSession, pool: Pool) -> list[Statement]:
    """A pool's statements, their creators' accounts held so that none is paid meanwhile."""
    creators = await session.scalars(select(Statement.creator_id).filter_by(pool_id=pool.id))
    await hold_balances(session, await open_accounts(session, "creator", creators.all(), pool.currency))
    query = select(Statement).filter_by(pool_id=pool.id).order_by(Statement.creator_id)
    statements = list(await session.scalars(query.execution_options(populate_existing=True)))
    if any(statement.payout_id for statement in statements):
        raise PoolPaid()
    return statements


async def _cancel_statement(session: AsyncSession, pool: Pool, statement: Statement, told: Mapping[str, Any]) -> None:
    """Take back what a statement still stands for. Lines that it showed of earlier ones go to the next."""
    if left := statement.amount_minor + await _adjusted(session, statement.id):
        identity = posting_id("cancelled", statement.id)
        evidence = {**told, "statement": str(statement.id)}
        period = period_of(utc_now())
        await take_back(
            session, statement.creator_id, left, pool.currency, period, evidence, identity, "pool_cancelled"
        )
    statement.cancelled_at = utc_now()
    shown = update(Adjustment).where(Adjustment.shown_on == statement.id)
    await session.execute(shown.values(shown_on=None))


async def _adjusted(session: AsyncSession, statement_id: UUID) -> int:
    """What has been taken back of a statement (negative) and given back, in all."""
    query = select(func.coalesce(func.sum(Adjustment.amount_minor), 0)).filter_by(statement_id=statement_id)
    return int(await session.scalar(query) or 0)


async def return_payout(session: AsyncSession, payout_id: UUID, by: str, reason: str) -> Payout:
    """Record that a payout came back: its statements are due again, less what the creator owes by now.

    Raises:
        NotFound, PayoutReturned: as they say.
    """
    payout = await session.get(Payout, payout_id, with_for_update=True)
    if payout is None:
        raise NotFound("There is no such payout.")
    if payout.returned_at is not None:
        raise PayoutReturned()
    await return_payouts(session, {payout_id: reason}, by)
    return payout


async def return_payouts(session: AsyncSession, reasons: Mapping[UUID, str], by: str) -> Sequence[Payout]:
    """Record that payouts came back, each with the reason why; those that had before stay as they are. Many are
    recorded in as many statements as one.

    Returns:
        those that came back now.
    """
    query = select(Payout).where(among(Payout.id, reasons), Payout.returned_at.is_(None)).order_by(Payout.id)
    payouts = (await session.scalars(query.with_for_update().execution_options(populate_existing=True))).all()
    if not payouts:
        return payouts
    accounts = await _open_all(session, payouts)
    await hold_balances(session, accounts.values())
    now = utc_now()
    for payout in payouts:
        payout.returned_at, payout.returned_by, payout.return_reason = now, by, reasons[payout.id]
    await session.flush()
    for currency in sorted({payout.currency for payout in payouts}):
        await _give_back(session, [each for each in payouts if each.currency == currency], currency, accounts)
    ids, creators = [payout.id for payout in payouts], {payout.creator_id for payout in payouts}
    again = update(Statement).where(among(Statement.creator_id, creators), among(Statement.payout_id, ids))
    await session.execute(again.values(payout_id=None))
    brought = update(CampaignEarning).where(among(CampaignEarning.payout_id, ids))
    await session.execute(brought.values(payout_id=None))
    await send(session, PayoutsCameBack(payouts))
    return payouts


async def _open_all(session: AsyncSession, payouts: Sequence[Payout]) -> dict[UUID, UUID]:
    """The account from which each payout went."""
    found: dict[UUID, UUID] = {}
    for currency in sorted({payout.currency for payout in payouts}):
        theirs = [payout for payout in payouts if payout.currency == currency]
        owners = [payout.creator_id for payout in theirs]
        await open_accounts(session, "creator", owners, currency)
        found |= {payout.id: account_id("creator", payout.creator_id, currency) for payout in theirs}
    return found


async def _give_back(
    session: AsyncSession, payouts: Sequence[Payout], currency: str, accounts: Mapping[UUID, UUID]
) -> None:
    """Post payouts of one currency back to whom they went from, who pay from it what they owe by now."""
    paid, period = await open_account(session, "paid", "service", currency), period_of(utc_now())
    postings, repayments = [], {}
    for payout in payouts:
        told = {"payout": str(payout.id), "by": payout.returned_by, "reason": payout.return_reason}
        identity = posting_id("returned", payout.id)
        postings.append(
            Posting(identity, paid, accounts[payout.id], payout.amount_minor, currency, period, "payout_returned", told)
        )
        repayments[payout.creator_id] = Repayment(payout.creator_id, told, posting_id("recovery", identity))
    await post_all(session, postings)
    await pay_off(session, currency, period, list(repayments.values()))


async def reverse(session: AsyncSession, posting_id_: UUID, by: str, reason: str) -> PostingRow:
    """Reverse what a posting took from a creator, or gave them, with a line of their next statement that says so.

    Returns:
        the posting that reverses it.

    Raises:
        NotFound, PostingReversed, PostingNotReversible, NothingLeft: as they say.
    """
    posting = await session.get(PostingRow, posting_id_)
    if posting is None:
        raise NotFound("There is no such posting.")
    if posting.reason not in TAKEN | GIVEN:
        raise PostingNotReversible()
    statement = await session.get(Statement, UUID(posting.evidence["statement"]))
    if statement is None or statement.cancelled_at is not None:
        raise PostingNotReversible("Its pool was cancelled, which undid it.")
    await wait_for_reversals(session)
    creator = await open_account(session, "creator", statement.creator_id, posting.currency)
    await hold_balance(session, creator)
    made = await (_give if posting.reason in TAKEN else _take)(session, posting, statement, by, reason)
    return await session.get_one(PostingRow, made)


def _evidence(posting: PostingRow, by: str, reason: str) -> dict[str, Any]:
    """What led to the posting stays with its reversal, so that nothing is taken twice for it, nor lost."""
    kept = {name: value for name, value in posting.evidence.items() if name not in {"by", "reason"}}
    return kept | {"reverses": str(posting.id), "by": by, "reason": reason}


async def _give(session: AsyncSession, posting: PostingRow, statement: Statement, by: str, reason: str) -> UUID:
    identity, now = posting_id("reversal", posting.id), utc_now()
    funding = await open_account(session, "funding", "service", posting.currency)
    creator = await open_account(session, "creator", statement.creator_id, posting.currency)
    evidence, period = _evidence(posting, by, reason), period_of(now)
    if await session.get(PostingRow, identity) is not None:
        raise PostingReversed()
    given = Posting(
        identity, funding, creator, posting.amount_minor, posting.currency, period, "reversal_given", evidence
    )
    await post(session, given)
    again = Repayment(statement.creator_id, evidence, posting_id("recovery", identity))
    await pay_off(session, posting.currency, period, [again])
    await _tell(session, identity, statement, posting.amount_minor, posting.currency, reason, evidence)
    return identity


async def _take(session: AsyncSession, posting: PostingRow, statement: Statement, by: str, reason: str) -> UUID:
    identity = posting_id("reversal", posting.id)
    evidence = _evidence(posting, by, reason)
    amount = min(posting.amount_minor, statement.amount_minor + await _adjusted(session, statement.id))
    covered, owed = posting_id(identity, "covered"), posting_id(identity, "owed")
    if await session.get(Adjustment, identity) is not None:
        raise PostingReversed()
    if amount <= 0:
        raise NothingLeft()
    period = period_of(utc_now())
    await take_back(session, statement.creator_id, amount, posting.currency, period, evidence, identity, "reversal")
    await _tell(session, identity, statement, -amount, posting.currency, reason, evidence)
    return covered if await session.get(PostingRow, covered) else owed


async def _tell(
    session: AsyncSession,
    identity: UUID,
    statement: Statement,
    amount: int,
    currency: str,
    reason: str,
    evidence: dict[str, Any],
) -> None:
    """The line of the creator's next statement."""
    moment = evidence.get("moment")
    session.add(
        Adjustment(
            id=identity,
            creator_id=statement.creator_id,
            statement_id=statement.id,
            moment_id=UUID(moment) if moment else None,
            amount_minor=amount,
            currency=currency,
            reason_code="correction",
            explanation=reason,
            appeal=APPEAL,
            evidence=evidence,
            created_at=utc_now(),
        )
    )
    await session.flush()


async def is_reversible(session: AsyncSession, posting: PostingRow) -> bool:
    """Whether ``reverse`` has something to do."""
    reversed_ = select(Adjustment.id).where(Adjustment.id == posting_id("reversal", posting.id))
    if posting.reason not in TAKEN | GIVEN or await session.scalar(reversed_) is not None:
        return False
    statement = await session.get(Statement, UUID(posting.evidence["statement"]))
    return statement is not None and statement.cancelled_at is None
