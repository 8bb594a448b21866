"""Pools: funded, counted and drawn up in one transaction, then posted in batches.

Once drawn up, every amount is fixed and every posting has an id made from the pool and the creator. So a run that is
killed anywhere is finished by the next one: what was posted is recognised, what was not is posted.
"""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.positions import EMPTY_SNAPSHOT
from groundswell.platform.problems import Conflict, Invalid, NotFound
from groundswell.platform.signals import send

from . import documents, eligible_views
from .clawback import show_adjustments, wait_for_reversals
from .division import divide
from .ledger import Posting, account_id, balance, open_account, open_accounts, post, post_all, posting_id
from .receivables import recover
from .rules import RULES, PoolTerms, period_bounds
from .signals import StatementPosted
from .tables import Pool, Statement, StatementLine

BATCH = 500
SERVICE = "service"
LATEST = timedelta(days=400)
"""How long after a month what happened in it may still arrive: no event is taken that is older."""


class PoolNotBegun(Conflict):
    code, title = "pool_not_begun", "The pool's month has not begun; there is nothing to count."


class PoolNotEnded(Conflict):
    code, title = "pool_not_ended", "The pool's month has not ended; it is divided once, when everything is in."


class PoolDivided(Conflict):
    code, title = "pool_divided", "This pool has been divided."


class PoolCancelled(Conflict):
    code, title = "pool_cancelled", "This pool was cancelled."


class PoolConflict(Conflict):
    code, title = "pool_conflict", "Another pool has this id."


class PoolExists(Conflict):
    code, title = (
        "pool_exists",
        "The month has a pool of this kind and currency; what comes late is in the next month's.",
    )


class MonthInvalid(Invalid):
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
    terms: PoolTerms | None = None,
) -> Pool:
    """Set money aside for a month.

    Args:
        id: the same for the same pool, so that asking twice funds it once.

    Raises:
        MonthInvalid: not a month, or too far ahead.
        PoolConflict: the id belongs to another pool.
        PoolExists: the month has one of this basis and currency already.
    """
    _check_period(period)
    stream = {"period": period, "basis": basis, "currency": currency}
    said = stream | asdict(terms or PoolTerms()) | {"amount_minor": amount_minor}
    asked = said | asdict((terms or PoolTerms()).of(basis))
    values = asked | {"id": id or uuid7(), "rules": RULES, "created_by": created_by}
    await session.execute(insert(Pool).values(values).on_conflict_do_nothing())
    pool = await session.get(Pool, values["id"])
    if pool is None:
        standing = select(Pool.id).filter_by(**stream).where(Pool.status != "cancelled").limit(1)
        raise PoolExists(pool=str(await session.scalar(standing)))
    if any(getattr(pool, name) not in (value, said[name]) for name, value in asked.items()):  # one from before has none
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
        raise MonthInvalid() from None
    if (begin - utc_now()).days > 31 or begin.year < 2000:
        raise MonthInvalid()


async def check_runnable(session: AsyncSession, pool_id: UUID, run_by: str) -> Pool:
    """The pool, if it may be divided now; it keeps who had it run.

    Raises:
        NotFound: there is no such pool.
        PoolNotBegun, PoolNotEnded, PoolDivided, PoolCancelled: as they say.
    """
    pool = await session.get(Pool, pool_id, with_for_update=True)
    if pool is None:
        raise NotFound("There is no such pool.")
    if pool.status == "divided":
        raise PoolDivided()
    if pool.status == "cancelled":
        raise PoolCancelled()
    if period_bounds(pool.period)[0] > utc_now():
        raise PoolNotBegun()
    if period_bounds(pool.period)[1] > utc_now():
        raise PoolNotEnded()
    if pool.status != "dividing":  # whoever had it drawn up stays the one who ran it
        pool.run_by = run_by
    return pool


async def run(database: Database, pool_id: UUID, batch: int = BATCH, payer: str = SERVICE) -> None:
    """Divide a pool, from wherever an earlier run was interrupted to the end. Repeating it changes nothing.

    Args:
        payer: who pays, as its documents name them.
    """
    async with database.transaction() as session:
        await draw_up(session, pool_id, payer)
    posting = True
    while posting:
        async with database.transaction() as session:
            posting = await post_some(session, pool_id, batch)


async def _held(session: AsyncSession, pool_id: UUID) -> Pool:
    query = select(Pool).where(Pool.id == pool_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def draw_up(session: AsyncSession, pool_id: UUID, payer: str = SERVICE) -> None:
    """Count, divide, and write every statement and its document; nothing is posted yet."""
    pool = await _held(session, pool_id)
    if pool.status not in {"funded", "nothing_eligible"}:
        return
    await _take_turn(session, pool)
    found = await eligible_views.weights(session, pool)
    totals = {creator: sum(moments.values()) for creator, moments in found.items()}
    pool.weight = sum(totals.values())
    pool.status = "dividing" if pool.weight else "nothing_eligible"
    if not pool.weight:
        return
    await _write(session, pool, found, totals)
    await show_adjustments(session, pool)
    await documents.issue(session, pool, payer)


async def _write(
    session: AsyncSession, pool: Pool, found: dict[UUID, dict[eligible_views.Line, int]], totals: dict[UUID, int]
) -> None:
    """The statements and their lines. A creator's cap cuts off what is beyond it; it is nobody else's."""
    cap = pool.creator_cap_minor or pool.amount_minor
    same = {"pool_id": pool.id, "held_until": (pool.counted_at or utc_now()) + timedelta(days=pool.hold_days)}
    statements, lines = [], []
    for creator, whole in divide(pool.amount_minor, totals).items():
        id, amount = posting_id("pool", pool.id, "creator", creator), min(whole, cap)
        row = {"id": id, "creator_id": creator, "weight": totals[creator], "amount_minor": amount}
        statements.append(row | same)
        for (moment, period), part in divide(amount, found[creator]).items():
            weight, of = found[creator][moment, period], None if moment == eligible_views.WITHOUT_MOMENT else moment
            line = {"statement_id": id, "moment_id": of, "period": period, "weight": weight, "amount_minor": part}
            lines.append(line)
    await session.execute(insert(Statement), statements)
    await session.execute(insert(StatementLine), lines)


async def _take_turn(session: AsyncSession, pool: Pool) -> None:
    """Fix what this pool counts: pools of one stream one after the other, each month from where it was last counted."""
    await lock(session, Lock.POOL, f"{pool.basis}/{pool.currency}")
    await wait_for_reversals(session)
    begin = period_bounds(pool.period)[0]
    earliest = f"{begin - LATEST:%Y-%m}"
    stream = select(Pool).filter_by(basis=pool.basis, currency=pool.currency)
    divided = stream.where(Pool.status.in_(["dividing", "divided"]), Pool.period >= earliest)
    last: dict[str, str] = {}
    for other in await session.scalars(divided.order_by(Pool.counted_at, Pool.id)):
        last |= dict.fromkeys(eligible_views.spans(other), other.snapshot or "")
    pool.after_snapshot = last.get(pool.period, EMPTY_SNAPSHOT)
    pool.carried = {month: last[month] for month in sorted(last) if earliest <= month < pool.period}
    pool.snapshot = await session.scalar(text("SELECT log_snapshot()::text"))
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
        await give_back(session, pool, "pool_rest", {})
        pool.status, pool.divided_at = "divided", utc_now()
        return False
    earners = [statement.creator_id for statement in statements if statement.amount_minor > 0]
    await open_accounts(session, "creator", earners, pool.currency)
    await post_all(session, [_share(pool, statement) for statement in statements if statement.amount_minor > 0])
    await recover(session, statements, pool)
    for statement in statements:
        statement.posted_at = utc_now()
    await session.flush()
    for statement in statements:
        await send(session, StatementPosted(statement, pool))
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


async def give_back(session: AsyncSession, pool: Pool, reason: str, evidence: dict[str, str]) -> None:
    """Post what the pool's account still holds back to the service."""
    source = account_id("pool", pool.id, pool.currency)
    if rest := await balance(session, source):
        target = await open_account(session, "funding", SERVICE, pool.currency)
        told = evidence | {"pool": str(pool.id)}
        identity = posting_id("pool", pool.id, reason)
        await post(session, Posting(identity, source, target, rest, pool.currency, pool.period, reason, told))
