"""Paying creators: everything due in one currency that is no longer held, at once, from a minimum on; by somebody who
neither funded nor ran the pools, nor funded the campaigns, that it comes from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.erasure import ERASED
from groundswell.accounts.tables import Viewer
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send
from groundswell.trust.decisions import active, active_among
from groundswell.trust.tables import Decision

from . import thresholds
from .ledger import Posting, account_id, balance, hold_balance, open_account, post
from .rules import minimum_payout, period_of
from .signals import PayoutMade
from .tables import Adjustment, CampaignBudget, CampaignEarning, LedgerAccount, Payout, Pool, Statement

WITHHOLD = ("withhold",)


class StatementPaid(Conflict):
    code, title = "statement_paid", "This statement has been paid."


class StatementNotPosted(Conflict):
    code, title = "statement_not_posted", "This statement is still being posted; try again in a moment."


class BelowMinimum(Conflict):
    code, title = "below_minimum", "Less than the minimum is due; it is carried over to the next payout."


class CreatorErased(Conflict):
    code, title = "creator_erased", "This creator was erased; what is owed to them is kept."


class SamePerson(Problem):
    status, code, title = (
        403,
        "same_person",
        "Whoever funded a pool or campaign, or had it run, does not pay from it; somebody else does.",
    )


class AmountChanged(Conflict):
    code, title = "amount_changed", "What is due is another amount than the one that was approved."


class EarningsHeld(Conflict):
    code, title = "earnings_held", "This is held for as long as sales may still be refunded."


class StatementCancelled(Conflict):
    code, title = "statement_cancelled", "This statement's pool was cancelled."


class EarningsWithheld(Problem):
    status, code, title = 403, "earnings_withheld", "A decision withholds this creator's money."


@dataclass(frozen=True)
class Payable:
    """What one currency's account holds for a creator, and how much of it may leave.

    Args:
        held_minor: what statements that are still held have in it; ``held_until`` is when the first of them is not.
        floor_minor: the least that is paid out at once: by the terms of the pools that it comes from, or what the
            creator chose, if that is more.
    """

    due_minor: int
    held_minor: int
    held_until: datetime | None
    floor_minor: int

    @property
    def payable_minor(self) -> int:
        return max(self.due_minor - self.held_minor, 0)


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
    session: AsyncSession,
    creator_id: UUID,
    currency: str,
    paid_by: str,
    reference: str = "",
    *,
    as_of: datetime | None = None,
    id: UUID | None = None,
    exactly: int | None = None,
) -> Payout:
    """Pay a creator everything payable in one currency: by pools and by campaigns.

    Args:
        as_of: what is no longer held since then is left for the next payout.
        id: of the payout, for whoever has to know it before.
        exactly: the minor units that were approved; another amount is refused.

    Raises:
        EarningsHeld, BelowMinimum, EarningsWithheld, CreatorErased, SamePerson, AmountChanged: as they say.
    """
    creator = await open_account(session, "creator", creator_id, currency)
    due = await hold_balance(session, creator)  # from here on, one payout at a time
    at = utc_now() if as_of is None else as_of
    await check_same_person(session, creator_id, currency, paid_by, at)
    payable = await payable_of(session, creator_id, currency, due, at)
    if (refusal := await why_unpayable(session, creator_id, currency, payable)) is not None:
        raise refusal
    if exactly is not None and payable.payable_minor != exactly:
        raise AmountChanged(due_minor=payable.payable_minor, approved_minor=exactly)
    payout = Payout(
        id=id or uuid7(), creator_id=creator_id, amount_minor=payable.payable_minor, currency=currency,
        reference=reference, paid_by=paid_by, created_at=utc_now(),
    )  # fmt: skip
    return await _pay(session, payout, creator, at)


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


async def _pay(session: AsyncSession, payout: Payout, account: UUID, at: datetime) -> Payout:
    creator_id, currency = payout.creator_id, payout.currency
    session.add(payout)
    await session.flush()
    unpaid = update(Statement).where(*_released(creator_id, currency, at))
    covered = (await session.scalars(unpaid.values(payout_id=payout.id).returning(Statement.id))).all()
    brought = update(CampaignEarning).where(*_released_by_campaigns(creator_id, currency, at))
    earnings = (await session.scalars(brought.values(payout_id=payout.id).returning(CampaignEarning.id))).all()
    target = await open_account(session, "paid", "service", currency)
    evidence: dict[str, Any] = {
        "payout": str(payout.id),
        "statements": sorted(str(id) for id in covered),
        "campaign_earnings": len(earnings),
        "reference": payout.reference,
        "by": payout.paid_by,
    }
    period = period_of(payout.created_at)
    await post(session, Posting(payout.id, account, target, payout.amount_minor, currency, period, "payout", evidence))
    await send(session, PayoutMade(payout))
    return payout


async def check_same_person(session: AsyncSession, creator_id: UUID, currency: str, paid_by: str, at: datetime) -> None:
    """Return when ``paid_by`` may pay what a creator is due.

    Raises:
        SamePerson: they funded or ran a pool, or funded a campaign, that it comes from.
    """
    pools = select(Pool.id).join(Statement, Statement.pool_id == Pool.id).where(*_released(creator_id, currency, at))
    own = pools.where(or_(Pool.created_by == paid_by, Pool.run_by == paid_by))
    if (pool := await session.scalar(own.limit(1))) is not None:
        raise SamePerson(pool=str(pool))
    campaigns = select(CampaignEarning.campaign_id).where(*_released_by_campaigns(creator_id, currency, at))
    funded = select(CampaignBudget.campaign_id).where(
        CampaignBudget.campaign_id.in_(campaigns), CampaignBudget.funded_by == paid_by
    )
    if (campaign := await session.scalar(funded.limit(1))) is not None:
        raise SamePerson(campaign=str(campaign))


async def payable_of(
    session: AsyncSession, creator_id: UUID, currency: str, due: int, at: datetime | None = None
) -> Payable:
    """How much of the ``due`` minor units in a creator's account may leave: now, or of what was released at ``at``."""
    at = utc_now() if at is None else at
    back = select(func.coalesce(func.sum(Adjustment.amount_minor), 0)).where(Adjustment.statement_id == Statement.id)
    left = func.greatest(Statement.amount_minor + back.scalar_subquery(), 0)
    held = select(func.coalesce(func.sum(left), 0), func.min(Statement.held_until))
    held = held.where(*_unpaid(creator_id, currency), Statement.held_until > at, Statement.amount_minor > 0)
    amount, until = (await session.execute(held)).one()
    brought, released = await _held_by_campaigns(session, creator_id, currency, at)
    until = min((each for each in (until, released) if each is not None), default=None)
    floors = select(func.max(func.coalesce(Pool.floor_minor, minimum_payout(currency))))
    floors = floors.join(Statement, Statement.pool_id == Pool.id).where(*_released(creator_id, currency, at))
    floor = await session.scalar(floors)
    floor = minimum_payout(currency) if floor is None else int(floor)
    floor = max(floor, await thresholds.least(session, creator_id, currency))
    return Payable(due, int(amount) + brought, until, floor)


async def _held_by_campaigns(
    session: AsyncSession, creator_id: UUID, currency: str, at: datetime
) -> tuple[int, datetime | None]:
    """What campaigns brought that is still held, and when the first of it is not."""
    query = select(func.coalesce(func.sum(CampaignEarning.amount_minor), 0), func.min(CampaignEarning.held_until))
    query = query.where(CampaignEarning.creator_id == creator_id, CampaignEarning.currency == currency)
    amount, until = (await session.execute(query.where(CampaignEarning.held_until > at))).one()
    return max(int(amount), 0), until if amount > 0 else None


def _released_by_campaigns(creator_id: UUID, currency: str, at: datetime) -> list[ColumnElement[bool]]:
    """What campaigns brought that is no longer held, and not paid."""
    return [
        CampaignEarning.creator_id == creator_id,
        CampaignEarning.currency == currency,
        CampaignEarning.payout_id.is_(None),
        CampaignEarning.held_until <= at,
    ]


async def why_unpayable(session: AsyncSession, creator_id: UUID, currency: str, payable: Payable) -> Problem | None:
    """Why what a creator is due cannot be paid now; None when something can.

    What an erased creator is owed stays on their account: nobody is left whom it could be paid to.
    """
    creator = await session.get_one(Creator, creator_id)
    if (await session.get_one(Viewer, creator.viewer_id)).subject.startswith(ERASED):
        return CreatorErased()
    decision = await _withheld(session, creator, currency)
    if decision is not None:
        return EarningsWithheld(decision.explanation, decision=str(decision.id))
    amount, floor = payable.payable_minor, payable.floor_minor
    if amount >= floor and amount > 0:
        return None
    if payable.held_until is not None and payable.due_minor >= floor:
        return EarningsHeld(held_until=payable.held_until.isoformat())
    return BelowMinimum(due_minor=amount, minimum_minor=floor, currency=currency)


async def _withheld(session: AsyncSession, creator: Creator, currency: str) -> Decision | None:
    """The decision that withholds the creator's money: all of it, or that of a statement not paid yet."""
    decision = await active(session, "viewer", creator.viewer_id, WITHHOLD)
    if decision is None:
        unpaid = list(await session.scalars(select(Statement.id).where(*_unpaid(creator.id, currency))))
        standing = await active_among(session, "earning", unpaid, WITHHOLD)
        decision = next(iter(standing.values()), None)
    return decision


def _unpaid(creator_id: UUID, currency: str) -> list[ColumnElement[bool]]:
    """A creator's statements in one currency that are in their account."""
    return [
        Statement.creator_id == creator_id,
        Statement.payout_id.is_(None),
        Statement.posted_at.is_not(None),
        Statement.cancelled_at.is_(None),
        Statement.pool_id.in_(select(Pool.id).where(Pool.currency == currency)),
    ]


def _released(creator_id: UUID, currency: str, at: datetime) -> list[ColumnElement[bool]]:
    """Those of them that were no longer held at ``at``."""
    released = or_(Statement.held_until.is_(None), Statement.held_until <= at)
    return [*_unpaid(creator_id, currency), released]


async def due(session: AsyncSession, creator_id: UUID) -> dict[str, int]:
    """What each currency's account holds for a creator, in minor units."""
    theirs = select(LedgerAccount.currency).where(LedgerAccount.kind == "creator")
    query = theirs.where(LedgerAccount.owner == str(creator_id)).order_by(LedgerAccount.currency)
    found = (await session.scalars(query)).all()
    return {currency: await balance(session, account_id("creator", creator_id, currency)) for currency in found}
