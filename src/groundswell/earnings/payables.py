"""How much of what creators' accounts hold may leave, why nothing may, and who may not be the one to let it: for many
creators at once, in as many statements as for one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.erasure import ERASED
from groundswell.accounts.tables import Viewer
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import Conflict, Problem
from groundswell.trust.decisions import active_among
from groundswell.trust.tables import Decision

from . import thresholds
from .rules import minimum_payout
from .tables import Adjustment, CampaignBudget, CampaignEarning, Pool, Statement

WITHHOLD = ("withhold",)


class BelowMinimum(Conflict):
    code, title = "below_minimum", "Less than the minimum is due; it is carried over to the next payout."


class CreatorErased(Conflict):
    code, title = "creator_erased", "This creator was erased; what is owed to them is kept."


class EarningsHeld(Conflict):
    code, title = "earnings_held", "This is held for as long as sales may still be refunded."


class EarningsWithheld(Problem):
    status, code, title = 403, "earnings_withheld", "A decision withholds this creator's money."


class SamePerson(Problem):
    status, code, title = (
        403,
        "same_person",
        "Whoever funded a pool or campaign, or had it run, does not pay from it; somebody else does.",
    )


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


async def payables(
    session: AsyncSession, currency: str, dues: Mapping[UUID, int], at: datetime | None = None
) -> dict[UUID, Payable]:
    """How much of the minor units that are ``dues`` in creators' accounts may leave: now, or of what was released at
    ``at``."""
    at = utc_now() if at is None else at
    held = _sums(await session.execute(_held_statements(dues, currency, at)))
    brought = _sums(await session.execute(_held_earnings(dues, currency, at)))
    floors = select(Statement.creator_id, func.max(func.coalesce(Pool.floor_minor, minimum_payout(currency))))
    floors = floors.join(Pool, Pool.id == Statement.pool_id).where(*released(dues, currency, at))
    rows = (await session.execute(floors.group_by(Statement.creator_id))).all()
    floor = {creator: int(least) for creator, least in rows}
    chosen = await thresholds.least_of(session, dues, currency)
    found = {}
    for creator, due in dues.items():
        amount, until = held.get(creator, (0, None))
        more, released_at = brought.get(creator, (0, None))
        released_at = released_at if more > 0 else None
        first = min((each for each in (until, released_at) if each is not None), default=None)
        least = max(floor.get(creator, minimum_payout(currency)), chosen.get(creator, 0))
        found[creator] = Payable(due, amount + max(more, 0), first, least)
    return found


Held = tuple[int, datetime | None]
"""How many minor units are held, and when the first of them are not."""


def _sums(rows: Iterable[Any]) -> dict[UUID, Held]:
    return {creator: (int(amount), until) for creator, amount, until in rows}


def _held_statements(creators: Collection[UUID], currency: str, at: datetime) -> Select[UUID, Any, Any]:
    back = select(func.coalesce(func.sum(Adjustment.amount_minor), 0)).where(Adjustment.statement_id == Statement.id)
    left = func.greatest(Statement.amount_minor + back.scalar_subquery(), 0)
    held = select(Statement.creator_id, func.sum(left), func.min(Statement.held_until))
    held = held.where(*unpaid(creators, currency), Statement.held_until > at, Statement.amount_minor > 0)
    return held.group_by(Statement.creator_id)


def _held_earnings(creators: Collection[UUID], currency: str, at: datetime) -> Select[UUID, Any, Any]:
    """What campaigns brought that is still held."""
    query = select(
        CampaignEarning.creator_id, func.sum(CampaignEarning.amount_minor), func.min(CampaignEarning.held_until)
    )
    query = query.where(among(CampaignEarning.creator_id, creators), CampaignEarning.currency == currency)
    return query.where(CampaignEarning.held_until > at).group_by(CampaignEarning.creator_id)


async def payable_of(
    session: AsyncSession, creator_id: UUID, currency: str, due: int, at: datetime | None = None
) -> Payable:
    """``payables`` of one."""
    return (await payables(session, currency, {creator_id: due}, at))[creator_id]


async def refusals(session: AsyncSession, currency: str, found: Mapping[UUID, Payable]) -> dict[UUID, Problem]:
    """Why what creators are due cannot be paid now; those of whom something can are left out.

    What an erased creator is owed stays on their account: nobody is left whom it could be paid to.
    """
    query = select(Creator.id, Creator.viewer_id, Viewer.subject).join(Viewer, Viewer.id == Creator.viewer_id)
    rows = (await session.execute(query.where(among(Creator.id, found)))).all()
    viewers = {id: viewer for id, viewer, _ in rows}
    erased = {id for id, _, subject in rows if subject.startswith(ERASED)}
    withheld = await _withheld(session, viewers, currency)
    refused: dict[UUID, Problem] = {}
    for creator, payable in found.items():
        if creator in erased:
            refused[creator] = CreatorErased()
        elif (decision := withheld.get(creator)) is not None:
            refused[creator] = EarningsWithheld(decision.explanation, decision=str(decision.id))
        elif (why := _too_little(payable, currency)) is not None:
            refused[creator] = why
    return refused


def _too_little(payable: Payable, currency: str) -> Problem | None:
    amount, floor = payable.payable_minor, payable.floor_minor
    if amount >= floor and amount > 0:
        return None
    if payable.held_until is not None and payable.due_minor >= floor:
        return EarningsHeld(held_until=payable.held_until.isoformat())
    return BelowMinimum(due_minor=amount, minimum_minor=floor, currency=currency)


async def _withheld(session: AsyncSession, viewers: Mapping[UUID, UUID], currency: str) -> dict[UUID, Decision]:
    """The decisions that withhold creators' money: all of it, or that of a statement not paid yet."""
    of_all = await active_among(session, "viewer", list(viewers.values()), WITHHOLD)
    found = {creator: of_all[viewer] for creator, viewer in viewers.items() if viewer in of_all}
    rows = await session.execute(select(Statement.id, Statement.creator_id).where(*unpaid(viewers, currency)))
    owners = {id: creator for id, creator in rows if creator not in found}
    standing = await active_among(session, "earning", list(owners), WITHHOLD)
    for statement, decision in standing.items():
        found.setdefault(owners[statement], decision)
    return found


async def why_unpayable(session: AsyncSession, creator_id: UUID, currency: str, payable: Payable) -> Problem | None:
    """``refusals`` of one; None when something can be paid."""
    return (await refusals(session, currency, {creator_id: payable})).get(creator_id)


async def conflicts(
    session: AsyncSession, creators: Collection[UUID], currency: str, paid_by: str, at: datetime
) -> dict[UUID, SamePerson]:
    """Those of whom ``paid_by`` may not pay what they are due: they funded or ran a pool, or funded a campaign, that it
    comes from."""
    pools = select(Statement.creator_id, Pool.id).join(Pool, Pool.id == Statement.pool_id)
    own = pools.where(*released(creators, currency, at), or_(Pool.created_by == paid_by, Pool.run_by == paid_by))
    found = {creator: SamePerson(pool=str(pool)) for creator, pool in await session.execute(own.order_by(Pool.id))}
    campaigns = select(CampaignEarning.creator_id, CampaignEarning.campaign_id).distinct()
    campaigns = campaigns.join(CampaignBudget, CampaignBudget.campaign_id == CampaignEarning.campaign_id)
    funded = campaigns.where(*released_earnings(creators, currency, at), CampaignBudget.funded_by == paid_by)
    for creator, campaign in await session.execute(funded):
        found.setdefault(creator, SamePerson(campaign=str(campaign)))
    return found


def unpaid(creators: Collection[UUID], currency: str) -> Sequence[ColumnElement[bool]]:
    """Creators' statements in one currency that are in their accounts."""
    return [
        among(Statement.creator_id, creators),
        Statement.payout_id.is_(None),
        Statement.posted_at.is_not(None),
        Statement.cancelled_at.is_(None),
        Statement.pool_id.in_(select(Pool.id).where(Pool.currency == currency)),
    ]


def released(creators: Collection[UUID], currency: str, at: datetime) -> Sequence[ColumnElement[bool]]:
    """Those of them that were no longer held at ``at``."""
    return [*unpaid(creators, currency), or_(Statement.held_until.is_(None), Statement.held_until <= at)]


def released_earnings(creators: Collection[UUID], currency: str, at: datetime) -> Sequence[ColumnElement[bool]]:
    """What campaigns brought creators that was no longer held at ``at``, and is not paid."""
    return [
        among(CampaignEarning.creator_id, creators),
        CampaignEarning.currency == currency,
        CampaignEarning.payout_id.is_(None),
        CampaignEarning.held_until <= at,
    ]
