"""What finance asks of the books for its pages: who is due how much, and how far a pool's posting has come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, String, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Campaign
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import NotFound

from .payables import Payable, payables, refusals
from .tables import LedgerAccount, Pool, PostingRow, Statement

REASONS = {
    "pool_funded": "Pool funded",
    "pool_share": "Share of a pool",
    "payout": "Paid out",
    "clawback": "Taken back",
    "clawback_owed": "Taken back, still owed",
    "recovery": "Debt recovered",
    "pool_rest": "Beyond the caps, given back",
    "pool_cancelled": "Pool cancelled",
    "pool_cancelled_owed": "Pool cancelled, still owed",
    "payout_returned": "Payout came back",
    "reversal": "Reversed",
    "reversal_owed": "Reversed, still owed",
    "reversal_given": "Reversed, given back",
    "campaign_funded": "Campaign funded",
    "campaign_earned": "Earned by a campaign",
    "campaign_taken_back": "Campaign, taken back",
    "campaign_taken_back_owed": "Campaign, taken back, still owed",
    "campaign_settled": "Campaign settled, rest returned",
}
"""What each kind of posting is called on pages."""

KINDS = {
    "funding": "Own funds",
    "pool": "Pool",
    "campaign": "Campaign budget",
    "creator": "Due to creator",
    "receivable": "Owed by creator",
    "paid": "Paid out",
}
"""What each kind of account is called on pages."""

_BALANCE = LedgerAccount.credits_minor - LedgerAccount.debits_minor


@dataclass(frozen=True)
class DueTo:
    """What one creator's account holds in one currency; ``statement_id`` is the newest that is not
    paid and no longer held: none where all of it came from campaigns."""

    creator: Creator
    currency: str
    due_minor: int
    account_id: UUID
    statement_id: UUID | None
    payable_now: Payable | None = None
    reason_code: str | None = None

    @property
    def minimum_minor(self) -> int:
        return self.payable_now.floor_minor if self.payable_now else 0

    @property
    def payable_minor(self) -> int:
        return self.payable_now.payable_minor if self.payable_now else 0

    @property
    def held_minor(self) -> int:
        return self.payable_now.held_minor if self.payable_now else 0

    @property
    def held_until(self) -> datetime | None:
        return self.payable_now.held_until if self.payable_now else None

    @property
    def payable(self) -> bool:
        return self.reason_code is None


async def due_to_creators(session: AsyncSession, limit: int) -> list[DueTo]:
    """Creators' accounts that hold something, the largest first."""
    query = _accounts().where(_BALANCE > 0).order_by(_BALANCE.desc(), LedgerAccount.id).limit(limit)
    return await judged_all(session, [DueTo(*row) for row in await session.execute(query)])


async def dues_in(session: AsyncSession, currency: str, limit: int) -> list[DueTo]:
    """Creators' accounts in one currency that hold something, the largest first."""
    return await judged_all(session, await holding(session, currency, limit))


async def holding(session: AsyncSession, currency: str, limit: int, after: DueTo | None = None) -> list[DueTo]:
    """As ``dues_in``, without how much of it may leave (``judged_all``); ``after`` is the last of the page before."""
    query = _accounts().where(_BALANCE > 0, LedgerAccount.currency == currency)
    if after is not None:
        later = or_(after.due_minor > _BALANCE, LedgerAccount.id > after.account_id)
        query = query.where(after.due_minor >= _BALANCE, later)
    rows = await session.execute(query.order_by(_BALANCE.desc(), LedgerAccount.id).limit(limit))
    return [DueTo(*row) for row in rows]


async def due_currencies(session: AsyncSession) -> Sequence[str]:
    """The currencies in which creators' accounts hold something."""
    query = select(LedgerAccount.currency).where(LedgerAccount.kind == "creator", _BALANCE > 0)
    return (await session.scalars(query.distinct().order_by(LedgerAccount.currency))).all()


async def due_to(session: AsyncSession, creator_id: UUID, currency: str) -> DueTo:
    """A creator's account in one currency, whatever it holds.

    Raises:
        NotFound: they never had anything in it.
    """
    query = _accounts().where(Creator.id == creator_id, LedgerAccount.currency == currency)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"This creator has no account in {currency}.")
    return (await judged_all(session, [DueTo(*row)]))[0]


def _accounts() -> Select[Creator, str, int, UUID, UUID]:
    newest = (
        select(Statement.id)
        .join(Pool, Pool.id == Statement.pool_id)
        .where(Statement.creator_id == Creator.id, Pool.currency == LedgerAccount.currency)
        .where(Statement.payout_id.is_(None), Statement.posted_at.is_not(None), Statement.cancelled_at.is_(None))
        .where(or_(Statement.held_until.is_(None), Statement.held_until <= utc_now()))
        .order_by(Pool.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(Creator, LedgerAccount.currency, _BALANCE, LedgerAccount.id, newest)
    return query.join(LedgerAccount, LedgerAccount.owner == cast(Creator.id, String)).where(
        LedgerAccount.kind == "creator"
    )


async def judged_all(session: AsyncSession, dues: Sequence[DueTo]) -> list[DueTo]:
    """What accounts hold, with how much of it may leave now, and why nothing may."""
    found: dict[UUID, DueTo] = {}
    for currency in {due.currency for due in dues}:
        theirs = {due.creator.id: due for due in dues if due.currency == currency}
        may = await payables(session, currency, {id: due.due_minor for id, due in theirs.items()})
        why = await refusals(session, currency, may)
        for id, due in theirs.items():
            code = why[id].code if id in why else None
            found[due.account_id] = replace(due, payable_now=may[id], reason_code=code)
    return [found[due.account_id] for due in dues]


async def posted_statements(session: AsyncSession, pool_id: UUID) -> int:
    """How many of a pool's statements have been posted."""
    query = select(func.count()).where(Statement.pool_id == pool_id, Statement.posted_at.is_not(None))
    return await session.scalar(query) or 0


async def names_of(session: AsyncSession, owners: set[str]) -> dict[str, str]:
    """What account owners are called on pages: creators by handle, pools by month, campaigns by name; others as is."""
    creators = select(cast(Creator.id, String), "@" + Creator.handle).where(among(cast(Creator.id, String), owners))
    pools = select(cast(Pool.id, String), Pool.period + " pool").where(among(cast(Pool.id, String), owners))
    campaigns = select(cast(Campaign.id, String), Campaign.name).where(among(cast(Campaign.id, String), owners))
    found = {owner: name for query in (creators, pools, campaigns) for owner, name in await session.execute(query)}
    return {owner: found.get(owner, owner) for owner in owners}


async def account(session: AsyncSession, account_id: UUID) -> LedgerAccount | None:
    """The account of that id; None when there is none."""
    return await session.get(LedgerAccount, account_id)


async def periods(session: AsyncSession) -> Sequence[str]:
    """The months that anything was posted for, newest first."""
    return (await session.scalars(select(PostingRow.period).distinct().order_by(PostingRow.period.desc()))).all()


async def posting_and_sides(session: AsyncSession, posting_id: UUID) -> tuple[PostingRow, list[LedgerAccount]]:
    """One posting, and the accounts that it debits and credits.

    Raises:
        NotFound: there is no such posting.
    """
    posting = await session.get(PostingRow, posting_id)
    if posting is None:
        raise NotFound("There is no such posting.")
    ids = posting.debit_account_id, posting.credit_account_id
    return posting, [await session.get_one(LedgerAccount, id) for id in ids]
