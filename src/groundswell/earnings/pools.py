"""Pools: funded, counted and drawn up in one transaction, then posted in batches.

Once drawn up, every amount is fixed and every posting has an id made from the pool and the creator. So a run that is
killed anywhere is finished by the next one: what was posted is recognised, what was not is posted.
"""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, Invalid, NotFound

from . import counting
from .clawback import wait_for_refunds
from .division import divide
from .ledger import Posting, account_id, open_account, open_accounts, post, post_all, posting_id
from .receivables import recover
from .rules import RULES, period_bounds
from .tables import Pool, Statement, StatementLine

BATCH = 500
SERVICE = "service"


class PoolNotBegun(Conflict):
    code, title = "pool_not_begun", "The pool's month has not begun; there is nothing to count."


class PoolDivided(Conflict):
    code, title = "pool_divided", "This pool has been divided."


class PoolConflict(Conflict):
    code, title = "pool_conflict", "Another pool has this id."


class PeriodInvalid(Invalid):
    code, title = "period_invalid", "A period is a month, written YYYY-MM, not after the next one."


async def fund(
    session: AsyncSession,
    *,
    period: str,
    basis: str,
    amount_minor: int,
    currency: str,
    created_by: str,
    id: UUID | None = None,
) -> Pool:
    """Set money aside for a month.

    Args:
        id: the same for the same pool, so that asking twice funds it once.

    Raises:
        PeriodInvalid: not a month, or too far ahead.
        PoolConflict: the id belongs to another pool.
    """
    _check_period(period)
    asked = {"period": period, "basis": basis, "amount_minor": amount_minor, "currency": currency}
    values = asked | {"id": id or uuid7(), "rules": RULES, "created_by": created_by}
    await session.execute(insert(Pool).values(values).on_conflict_do_nothing())
    pool = await session.get_one(Pool, values["id"])
    if any(getattr(pool, name) != value for name, value in asked.items()):
        raise PoolConflict()
    source = await open_account(session, "funding", SERVICE, currency)
    target = await open_account(session, "pool", pool.id, currency)
    evidence = {"pool": str(pool.id), "by": pool.created_by}
    identity = posting_id("pool", pool.id, "funded")
    await post(session, Posting(identity, source, target, amount_minor, currency, period, "pool_funded", evidence))
    return pool


def _check_period(period: str) -> None:
    try:
        begin, _ = period_bounds(period)
    except ValueError:
        raise PeriodInvalid() from None
    if (begin - utc_now()).days > 31 or begin.year < 2000:
        raise PeriodInvalid()


async def check_runnable(session: AsyncSession, pool_id: UUID) -> Pool:
    """The pool, if dividing it makes sense now.

    Raises:
        NotFound: there is no such pool.
        PoolNotBegun, PoolDivided: as they say.
    """
    pool = await session.get(Pool, pool_id)
    if pool is None:
        raise NotFound("There is no such pool.")
    if pool.status == "divided":
        raise PoolDivided()
    if period_bounds(pool.period)[0] > utc_now():
        raise PoolNotBegun()
    return pool


async def run(database: Database, pool_id: UUID, batch: int = BATCH) -> None:
    """Divide a pool, from wherever an earlier run was interrupted to the end. Repeating it changes nothing."""
    async with database.transaction() as session:
        await draw_up(session, pool_id)
    posting = True
    while posting:
        async with database.transaction() as session:
            posting = await post_some(session, pool_id, batch)


async def _held(session: AsyncSession, pool_id: UUID) -> Pool:
    query = select(Pool).where(Pool.id == pool_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def draw_up(session: AsyncSession, pool_id: UUID) -> None:
    """Count, divide, and write every statement; nothing is posted yet."""
    pool = await _held(session, pool_id)
    if pool.status not in {"funded", "nothing_eligible"}:
        return
    await _take_turn(session, pool)
    found = await counting.weights(session, pool)
    totals = {creator: sum(moments.values()) for creator, moments in found.items()}
    pool.weight = sum(totals.values())
    pool.status = "dividing" if pool.weight else "nothing_eligible"
    if not pool.weight:
        return
    amounts = divide(pool.amount_minor, totals)
    statements, lines = [], []
    for creator, amount in amounts.items():
        id = posting_id("pool", pool.id, "creator", creator)
        row = {"id": id, "pool_id": pool.id, "creator_id": creator, "weight": totals[creator], "amount_minor": amount}
        statements.append(row)
        for moment, part in divide(amount, found[creator]).items():
            weight = found[creator][moment]
            lines.append({"statement_id": id, "moment_id": moment, "weight": weight, "amount_minor": part})
    await session.execute(insert(Statement), statements)
    await session.execute(insert(StatementLine), lines)


async def _take_turn(session: AsyncSession, pool: Pool) -> None:
    """Fix what this pool counts: pools of one stream one after the other, each from where the last one stopped."""
    stream = f"pool/{pool.period}/{pool.basis}/{pool.currency}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:stream, 0))"), {"stream": stream})
    if pool.basis == "conversions":
        await wait_for_refunds(session)
    last = await session.scalar(
        select(Pool.snapshot)
        .filter_by(period=pool.period, basis=pool.basis, currency=pool.currency)
        .where(Pool.status.in_(["dividing", "divided"]))
        .order_by(Pool.counted_at.desc())
        .limit(1)
    )
    pool.after_snapshot = last or counting.EMPTY_SNAPSHOT
    pool.snapshot = await session.scalar(text("SELECT pg_current_snapshot()::text"))
    pool.counted_at = utc_now()
    pool.rules = RULES


async def post_some(session: AsyncSession, pool_id: UUID, batch: int) -> bool:
    """Post the next statements of a pool; False when none are left."""
    pool = await _held(session, pool_id)
    if pool.status != "dividing":
        return False
    waiting = select(Statement).filter_by(pool_id=pool.id, posted_at=None).order_by(Statement.id).limit(batch)
    statements = (await session.scalars(waiting)).all()
    if not statements:
        pool.status, pool.divided_at = "divided", utc_now()
        return False
    earners = [statement.creator_id for statement in statements if statement.amount_minor > 0]
    await open_accounts(session, "creator", earners, pool.currency)
    await post_all(session, [_share(pool, statement) for statement in statements if statement.amount_minor > 0])
    await recover(session, statements, pool)
    for statement in statements:
        statement.posted_at = utc_now()
    return True


def _share(pool: Pool, statement: Statement) -> Posting:
    return Posting(
        statement.id,
        account_id("pool", pool.id, pool.currency),
        account_id("creator", statement.creator_id, pool.currency),
        statement.amount_minor,
        pool.currency,
        pool.period,
        "pool_share",
        {"pool": str(pool.id), "statement": str(statement.id)},
    )
