"""When a subscription that earned a creator money is refunded, that money is taken back.

The creator's line of the pool that counted the sale is looked up again. The sale's part of the line, for as much of
it as is refunded, is reversed by a posting; fractions of a minor unit are left with the creator.
"""

from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.signals import Credited
from groundswell.attribution.tables import Conversion, Credit
from groundswell.platform.signals import on

from . import counting
from .ledger import posting_id
from .receivables import take_back
from .rules import period_of
from .tables import Pool, Statement, StatementLine

REFUNDS = 0x726566756E6473  # "refunds": shared by refunds that look for pools, held alone by a pool that counts

Earned = tuple[Pool, Statement, StatementLine]


async def wait_for_refunds(session: AsyncSession) -> None:
    """Let refunds under way finish, and later ones wait: a pool sees a refund, or the refund sees the pool."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": REFUNDS})


@on(Credited)
async def reverse_refunded(session: AsyncSession, credited: Credited) -> None:
    """Take back what a refunded sale earned; nothing when no pool had counted it."""
    refund = credited.conversion
    if refund.kind != "refund" or not refund.original_id or not refund.amount_minor:
        return
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": REFUNDS})
    sale = await session.get_one(Conversion, refund.original_id)
    for pool, statement, line in await _lines(session, sale):
        await _reverse(session, refund, sale, pool, statement, line)


async def _lines(session: AsyncSession, sale: Conversion) -> list[Earned]:
    """The statement lines in which a sale may have been counted."""
    moments = select(Credit.moment_id).where(Credit.conversion_id == sale.id)
    query = (
        select(Pool, Statement, StatementLine)
        .join(Statement, Statement.pool_id == Pool.id)
        .join(StatementLine, StatementLine.statement_id == Statement.id)
        .where(Pool.basis == "conversions", Pool.period == period_of(sale.at), StatementLine.moment_id.in_(moments))
        .order_by(Statement.id, StatementLine.moment_id)
    )
    return [(pool, statement, line) for pool, statement, line in await session.execute(query)]


async def _reverse(
    session: AsyncSession, refund: Conversion, sale: Conversion, pool: Pool, statement: Statement, line: StatementLine
) -> None:
    weight = await counting.weight_of(session, pool, statement.creator_id, line.moment_id, sale.id)
    standing = (sale.amount_minor or 0) - await _refunded_before(session, sale.id, pool)
    if not weight or standing <= 0 or refund.amount_minor is None:
        return
    # In one division, so that only the last fraction is dropped.
    amount = line.amount_minor * weight * min(refund.amount_minor, standing) // (line.weight * standing)
    if amount:
        evidence = {
            "refund": str(refund.id),
            "conversion": str(sale.id),
            "statement": str(statement.id),
            "moment": str(line.moment_id),
        }
        identity = posting_id("clawback", refund.id, statement.id, line.moment_id)
        period = period_of(refund.at)
        await take_back(session, statement.creator_id, amount, pool.currency, period, evidence, identity)


async def _refunded_before(session: AsyncSession, sale_id: UUID, pool: Pool) -> int:
    """What had been refunded of a sale when the pool was counted, in minor units: by commit, not by any clock."""
    seen = select(Credit.id).where(
        Credit.conversion_id == Conversion.id,
        func.pg_visible_in_snapshot(Credit.xid, text("CAST(:snapshot AS pg_snapshot)")),
    )
    query = select(func.coalesce(func.sum(Conversion.amount_minor), 0)).where(
        Conversion.original_id == sale_id, seen.exists()
    )
    return int(await session.scalar(query, {"snapshot": pool.snapshot}) or 0)
