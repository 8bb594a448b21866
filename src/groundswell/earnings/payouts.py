"""Paying creators: everything due in one currency at once, from a minimum on."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.trust.decisions import active, active_among

from .ledger import Posting, account_id, balance, hold_balance, open_account, post
from .rules import minimum_payout, period_of
from .tables import Payout, Pool, Statement

WITHHOLD = ("withhold",)


class StatementPaid(Conflict):
    code, title = "statement_paid", "This statement has been paid."


class StatementNotPosted(Conflict):
    code, title = "statement_not_posted", "This statement is still being posted; try again in a moment."


class BelowMinimum(Conflict):
    code, title = "below_minimum", "Less than the minimum is due; it is carried over to the next payout."


class EarningsWithheld(Problem):
    status, code, title = 403, "earnings_withheld", "A decision withholds this creator's money."


async def pay(session: AsyncSession, statement_id: UUID, paid_by: str, reference: str = "") -> Payout:
    """Pay a statement's creator everything due in its currency: this statement and those carried over before.

    Raises:
        NotFound, StatementPaid, StatementNotPosted, BelowMinimum, EarningsWithheld: as they say.
    """
    found = await session.execute(
        select(Statement, Pool.currency).join(Pool, Pool.id == Statement.pool_id).where(Statement.id == statement_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such statement.")
    statement, currency = row
    creator = await open_account(session, "creator", statement.creator_id, currency)
    due = await hold_balance(session, creator)  # from here on, one payout at a time
    await session.refresh(statement)
    if statement.posted_at is None:
        raise StatementNotPosted()
    if statement.payout_id is not None:
        raise StatementPaid(payout=str(statement.payout_id))
    await _check_not_withheld(session, statement.creator_id, currency)
    minimum = minimum_payout(currency)
    if due < minimum:
        raise BelowMinimum(due_minor=due, minimum_minor=minimum, currency=currency)
    return await _pay(session, statement.creator_id, creator, due, currency, paid_by, reference)


async def _pay(
    session: AsyncSession, creator_id: UUID, account: UUID, due: int, currency: str, paid_by: str, reference: str
) -> Payout:
    payout = Payout(
        id=uuid7(),
        creator_id=creator_id,
        amount_minor=due,
        currency=currency,
        reference=reference,
        paid_by=paid_by,
        created_at=utc_now(),
    )
    session.add(payout)
    await session.flush()
    unpaid = update(Statement).where(*_unpaid(creator_id, currency))
    covered = (await session.scalars(unpaid.values(payout_id=payout.id).returning(Statement.id))).all()
    target = await open_account(session, "paid", "service", currency)
    evidence: dict[str, Any] = {
        "payout": str(payout.id),
        "statements": sorted(str(id) for id in covered),
        "reference": reference,
        "by": paid_by,
    }
    period = period_of(payout.created_at)
    await post(session, Posting(payout.id, account, target, due, currency, period, "payout", evidence))
    return payout


async def _check_not_withheld(session: AsyncSession, creator_id: UUID, currency: str) -> None:
    creator = await session.get_one(Creator, creator_id)
    decision = await active(session, "viewer", creator.viewer_id, WITHHOLD)
    if decision is None:
        unpaid = list(await session.scalars(select(Statement.id).where(*_unpaid(creator_id, currency))))
        standing = await active_among(session, "earning", unpaid, WITHHOLD)
        decision = next(iter(standing.values()), None)
    if decision is not None:
        raise EarningsWithheld(decision.explanation, decision=str(decision.id))


def _unpaid(creator_id: UUID, currency: str) -> list[ColumnElement[bool]]:
    """A creator's statements in one currency that are in their account."""
    return [
        Statement.creator_id == creator_id,
        Statement.payout_id.is_(None),
        Statement.posted_at.is_not(None),
        Statement.pool_id.in_(select(Pool.id).where(Pool.currency == currency)),
    ]


async def due(session: AsyncSession, creator_id: UUID) -> dict[str, int]:
    """What each currency's account holds for a creator, in minor units."""
    currencies = select(Pool.currency).join(Statement, Statement.pool_id == Pool.id)
    query = currencies.where(Statement.creator_id == creator_id).distinct().order_by(Pool.currency)
    found = (await session.scalars(query)).all()
    return {currency: await balance(session, account_id("creator", creator_id, currency)) for currency in found}
