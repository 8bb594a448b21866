"""What finance asks of the books for its pages: who is due how much, and how far a pool's posting has come."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators.tables import Creator
from groundswell.earnings.rules import minimum_payout
from groundswell.earnings.tables import LedgerAccount, Pool, Statement

REASONS = {
    "pool_funded": "Pool funded",
    "pool_share": "Share of a pool",
    "payout": "Paid out",
    "clawback": "Taken back",
    "clawback_owed": "Taken back, still owed",
    "recovery": "Debt recovered",
}
"""What each kind of posting is called on pages."""

KINDS = {
    "funding": "Own funds",
    "pool": "Pool",
    "creator": "Due to creator",
    "receivable": "Owed by creator",
    "paid": "Paid out",
}
"""What each kind of account is called on pages."""


@dataclass(frozen=True)
class DueTo:
    """What one creator's account holds in one currency; ``statement`` is the newest that is not paid."""

    creator: Creator
    currency: str
    due_minor: int
    account_id: UUID
    statement_id: UUID | None

    @property
    def minimum_minor(self) -> int:
        return minimum_payout(self.currency)

    @property
    def payable(self) -> bool:
        return self.statement_id is not None and self.due_minor >= self.minimum_minor


async def due_to_creators(session: AsyncSession, limit: int) -> list[DueTo]:
    """Creators' accounts that hold something, the largest first."""
    balance = LedgerAccount.credits_minor - LedgerAccount.debits_minor
    newest = (
        select(Statement.id)
        .join(Pool, Pool.id == Statement.pool_id)
        .where(Statement.creator_id == Creator.id, Pool.currency == LedgerAccount.currency)
        .where(Statement.payout_id.is_(None), Statement.posted_at.is_not(None))
        .order_by(Pool.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Creator, LedgerAccount.currency, balance, LedgerAccount.id, newest)
        .join(LedgerAccount, LedgerAccount.owner == cast(Creator.id, String))
        .where(LedgerAccount.kind == "creator", balance > 0)
        .order_by(balance.desc(), LedgerAccount.id)
        .limit(limit)
    )
    return [DueTo(*row) for row in await session.execute(query)]


async def posted_statements(session: AsyncSession, pool_id: UUID) -> int:
    """How many of a pool's statements have been posted."""
    query = select(func.count()).where(Statement.pool_id == pool_id, Statement.posted_at.is_not(None))
    return await session.scalar(query) or 0


async def names_of(session: AsyncSession, owners: set[str]) -> dict[str, str]:
    """What account owners are called on pages: creators by handle, pools by their month; others by themselves."""
    creators = select(cast(Creator.id, String), "@" + Creator.handle).where(cast(Creator.id, String).in_(owners))
    pools = select(cast(Pool.id, String), Pool.period + " pool").where(cast(Pool.id, String).in_(owners))
    found = {owner: name for query in (creators, pools) for owner, name in await session.execute(query)}
    return {owner: found.get(owner, owner) for owner in owners}
