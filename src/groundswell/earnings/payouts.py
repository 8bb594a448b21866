"""Paying creators: everything due in one currency that is no longer held, at once, from a minimum on; by somebody who
neither funded nor ran the pools, nor funded the campaigns, that it comes from. Many are paid in as many statements as
one is; what may leave, and why nothing may, is in ``payables``."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send

from .ledger import Posting, account_id, balance, hold_balance, hold_balances, open_account, open_accounts, post_all
from .payables import EarningsHeld, conflicts, payables, refusals, released, released_earnings
from .rules import period_of
from .signals import PayoutsMade
from .tables import CampaignEarning, LedgerAccount, Payout, Pool, Statement


class StatementPaid(Conflict):
    code, title = "statement_paid", "This statement has been paid."


class StatementNotPosted(Conflict):
    code, title = "statement_not_posted", "This statement is still being posted; try again in a moment."


class AmountChanged(Conflict):
    code, title = "amount_changed", "What is due is another amount than the one that was approved."


class StatementCancelled(Conflict):
    code, title = "statement_cancelled", "This statement's pool was cancelled."


@dataclass(frozen=True)
class PayoutLine:
    """One creator who is to be paid.

    Args:
        id: of the payout, for whoever has to know it before.
        exactly: the minor units that were approved; another amount is refused.
    """

    creator_id: UUID
    id: UUID
    reference: str = ""
    exactly: int | None = None


async def pay(session: AsyncSession, statement_id: UUID, paid_by: str, reference: str = "") -> Payout:
    """Pay a statement's creator everything payable in its currency: this statement and those carried over before.

    Raises:
        NotFound, StatementPaid, StatementNotPosted, StatementCancelled, EarningsHeld, BelowMinimum, EarningsWithheld,
            CreatorErased, SamePerson: as they say.
    """
    found = await session.execute(
        select(Statement, Pool.currency).join(Pool, Pool.id == Statement.pool_id).where(Statement.id == statement_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such statement.")
    statement, currency = row
    await hold_balance(session, await open_account(session, "creator", statement.creator_id, currency))
    await session.refresh(statement)
    _check_open(statement)
    return await pay_creator(session, statement.creator_id, currency, paid_by, reference)


async def pay_creator(
    session: AsyncSession, creator_id: UUID, currency: str, paid_by: str, reference: str = ""
) -> Payout:
    """Pay a creator everything payable in one currency: by pools and by campaigns.

    Raises:
        EarningsHeld, BelowMinimum, EarningsWithheld, CreatorErased, SamePerson: as they say.
    """
    line = PayoutLine(creator_id, uuid7(), reference)
    made, refused = await pay_creators(session, [line], currency, paid_by)
    if refused:
        raise refused[creator_id]
    return made[creator_id]


async def pay_creators(
    session: AsyncSession, lines: Sequence[PayoutLine], currency: str, paid_by: str, as_of: datetime | None = None
) -> tuple[dict[UUID, Payout], dict[UUID, Problem]]:
    """Pay those creators of whom that is possible; of the others, why not.

    Args:
        lines: one of each creator.
        as_of: what is no longer held since then is left for the next payout.
    """
    at = utc_now() if as_of is None else as_of
    dues = await hold_dues(session, [line.creator_id for line in lines], currency)
    found = await payables(session, currency, dues, at)
    same = await conflicts(session, dues, currency, paid_by, at)
    refused: dict[UUID, Problem] = {**await refusals(session, currency, found), **same}
    for line in lines:
        amount = found[line.creator_id].payable_minor
        if line.creator_id not in refused and line.exactly not in {None, amount}:
            refused[line.creator_id] = AmountChanged(due_minor=amount, approved_minor=line.exactly)
    now = utc_now()
    made = {
        line.creator_id: Payout(
            id=line.id, creator_id=line.creator_id, amount_minor=found[line.creator_id].payable_minor,
            currency=currency, reference=line.reference, paid_by=paid_by, created_at=now,
        )
        for line in lines if line.creator_id not in refused
    }  # fmt: skip
    if made:
        await _pay(session, made, currency, at)
    return made, refused


async def hold_dues(session: AsyncSession, creators: Sequence[UUID], currency: str) -> dict[UUID, int]:
    """What is due to creators, in minor units; until this transaction ends nobody else pays them. Whoever pays them in
    several steps holds all of them first, so that no two who do so wait for each other."""
    accounts = await open_accounts(session, "creator", creators, currency)
    held = await hold_balances(session, accounts)
    return {creator: held[account] for creator, account in zip(creators, accounts, strict=True)}


def _check_open(statement: Statement) -> None:
    """Refuse a statement that is not to be paid, or not yet."""
    if statement.cancelled_at is not None:
        raise StatementCancelled()
    if statement.posted_at is None:
        raise StatementNotPosted()
    if statement.payout_id is not None:
        raise StatementPaid(payout=str(statement.payout_id))
    if statement.held_until is not None and statement.held_until > utc_now():
        raise EarningsHeld(
            f"Held until {statement.held_until:%Y-%m-%d %H:%M} UTC, for as long as sales may still be refunded.",
            held_until=statement.held_until.isoformat(),
        )


async def _pay(session: AsyncSession, payouts: Mapping[UUID, Payout], currency: str, at: datetime) -> None:
    session.add_all(payouts.values())
    await session.flush()
    of = among(Payout.id, [payout.id for payout in payouts.values()])
    unpaid = update(Statement).where(*released(payouts, currency, at), Payout.creator_id == Statement.creator_id, of)
    covered: defaultdict[UUID, list[str]] = defaultdict(list)
    rows = await session.execute(unpaid.values(payout_id=Payout.id).returning(Statement.creator_id, Statement.id))
    for creator, statement in rows:
        covered[creator].append(str(statement))
    brought = update(CampaignEarning).where(*released_earnings(payouts, currency, at), of)
    brought = brought.where(Payout.creator_id == CampaignEarning.creator_id).values(payout_id=Payout.id)
    earnings: defaultdict[UUID, int] = defaultdict(int)
    for creator in await session.scalars(brought.returning(CampaignEarning.creator_id)):
        earnings[creator] += 1
    target = await open_account(session, "paid", "service", currency)
    told = [_posting(each, target, sorted(covered[id]), earnings[id]) for id, each in payouts.items()]
    await post_all(session, told)
    await send(session, PayoutsMade(list(payouts.values())))


def _posting(payout: Payout, target: UUID, statements: Sequence[str], earnings: int) -> Posting:
    evidence: dict[str, Any] = {
        "payout": str(payout.id),
        "statements": statements,
        "campaign_earnings": earnings,
        "reference": payout.reference,
        "by": payout.paid_by,
    }
    account, period = account_id("creator", payout.creator_id, payout.currency), period_of(payout.created_at)
    return Posting(payout.id, account, target, payout.amount_minor, payout.currency, period, "payout", evidence)


async def due(session: AsyncSession, creator_id: UUID) -> dict[str, int]:
    """What each currency's account holds for a creator, in minor units."""
    theirs = select(LedgerAccount.currency).where(LedgerAccount.kind == "creator")
    query = theirs.where(LedgerAccount.owner == str(creator_id)).order_by(LedgerAccount.currency)
    found = (await session.scalars(query)).all()
    return {currency: await balance(session, account_id("creator", creator_id, currency)) for currency in found}
