"""Statements as people read them: from a total down to each thing that was counted."""

from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.creators.tables import Creator
from groundswell.moments.tables import Moment
from groundswell.platform.problems import NotFound

from . import counting, payouts
from .ledger import account_id, balance
from .receivables import owed_back
from .rules import BASES, minimum_payout
from .schemas import CreatorName, Due, EvidenceOut, LineOut, PayoutOut, PoolOut, StatementDetail, StatementOut
from .tables import Payout, Pool, Statement, StatementLine

Found = tuple[Statement, Pool, Creator, Payout | None]


def _all() -> Select[Statement, Pool, Creator, Payout]:
    return (
        select(Statement, Pool, Creator, Payout)
        .join(Pool, Pool.id == Statement.pool_id)
        .join(Creator, Creator.id == Statement.creator_id)
        .outerjoin(Payout, Payout.id == Statement.payout_id)
    )


async def of_creator(session: AsyncSession, creator_id: UUID, after: UUID | None, limit: int) -> list[StatementOut]:
    """A creator's statements, newest pool first; ``after`` is the last one of the page before."""
    query = _all().where(Statement.creator_id == creator_id).order_by(Pool.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Pool.id < select(Statement.pool_id).where(Statement.id == after).scalar_subquery())
    return [_statement(*row) for row in await session.execute(query)]


async def of_pool(session: AsyncSession, pool_id: UUID, after: UUID | None, limit: int) -> list[StatementOut]:
    """A pool's statements, the largest first."""
    query = _all().where(Statement.pool_id == pool_id).order_by(Statement.amount_minor.desc(), Statement.id)
    if after is not None:
        amount = select(Statement.amount_minor).where(Statement.id == after).scalar_subquery()
        query = query.where(
            or_(Statement.amount_minor < amount, and_(Statement.amount_minor == amount, Statement.id > after))
        )
    return [_statement(*row) for row in await session.execute(query.limit(limit))]


def _statement(statement: Statement, pool: Pool, creator: Creator, payout: Payout | None) -> StatementOut:
    basis = BASES[pool.basis]
    posted = statement.posted_at is not None
    return StatementOut.model_validate(
        {
            "id": statement.id,
            "creator": creator_name(creator),
            "pool_id": pool.id,
            "period": pool.period,
            "basis": pool.basis,
            "counts": basis.counts,
            "unit": basis.unit,
            "weight": statement.weight,
            "pool_weight": pool.weight,
            "pool_amount_minor": pool.amount_minor,
            "amount_minor": statement.amount_minor,
            "currency": pool.currency,
            "status": "paid" if payout else "due" if posted else "posting",
            "posting_id": statement.id if posted and statement.amount_minor else None,
            "payout_id": statement.payout_id,
            "paid_at": payout.created_at if payout else None,
            "counted_at": pool.counted_at,
            "created_at": statement.created_at,
        }
    )


async def detail(session: AsyncSession, statement_id: UUID, *, creator_viewer: UUID | None = None) -> StatementDetail:
    """One statement with its lines, the largest first.

    Args:
        creator_viewer: only if it is this viewer's own.

    Raises:
        NotFound: no such statement, or somebody else's.
    """
    statement, pool, creator, payout = await _one(session, statement_id, creator_viewer)
    lines = await session.execute(
        select(StatementLine, Moment, Title.name)
        .join(Moment, Moment.id == StatementLine.moment_id)
        .join(Title, Title.id == Moment.title_id)
        .where(StatementLine.statement_id == statement.id)
        .order_by(StatementLine.amount_minor.desc(), StatementLine.moment_id)
    )
    shown = _statement(statement, pool, creator, payout)
    return StatementDetail(**shown.model_dump(), lines=[_line(*row) for row in lines])


def _line(line: StatementLine, moment: Moment, title: str) -> LineOut:
    return LineOut(
        moment_id=moment.id,
        moment_code=moment.code,
        caption=moment.caption,
        title=title,
        start_us=moment.start_us,
        end_us=moment.end_us,
        weight=line.weight,
        amount_minor=line.amount_minor,
        evidence_url=f"/v1/statements/{line.statement_id}/evidence?moment={moment.id}",
    )


async def _one(session: AsyncSession, statement_id: UUID, creator_viewer: UUID | None) -> Found:
    row = (await session.execute(_all().where(Statement.id == statement_id))).one_or_none()
    if row is None or creator_viewer not in {None, row[2].viewer_id}:
        raise NotFound("There is no such statement.")
    return row[0], row[1], row[2], row[3]


async def evidence(
    session: AsyncSession,
    statement_id: UUID,
    *,
    moment_id: UUID | None,
    after: UUID | None,
    limit: int,
    creator_viewer: UUID | None = None,
) -> list[EvidenceOut]:
    """What was counted for a statement, one by one: counted again, by the same rules, over the same rows.

    Raises:
        NotFound: no such statement, or somebody else's.
    """
    statement, pool, *_ = await _one(session, statement_id, creator_viewer)
    found = await counting.views(session, pool, statement.creator_id, moment_id, after, limit)
    kind = BASES[pool.basis].evidence
    return [EvidenceOut(id=view.id, kind=kind, at=view.at, weight=view.weight) for view in found]


async def due(session: AsyncSession, creator_id: UUID) -> list[Due]:
    """What a creator's accounts hold, by currency."""
    return [
        Due(
            currency=currency,
            due_minor=amount,
            owed_back_minor=await owed_back(session, creator_id, currency),
            minimum_minor=minimum_payout(currency),
            payable=amount >= minimum_payout(currency),
        )
        for currency, amount in (await payouts.due(session, creator_id)).items()
    ]


async def pools(session: AsyncSession, period: str | None, after: UUID | None, limit: int) -> list[PoolOut]:
    """Pools, newest first."""
    query = select(Pool).order_by(Pool.id.desc()).limit(limit)
    if period is not None:
        query = query.where(Pool.period == period)
    if after is not None:
        query = query.where(Pool.id < after)
    return [await shown_pool(session, pool) for pool in await session.scalars(query)]


async def shown_pool(session: AsyncSession, pool: Pool) -> PoolOut:
    count = select(func.count()).select_from(Statement).where(Statement.pool_id == pool.id)
    columns = {name: getattr(pool, name) for name in PoolOut.model_fields if hasattr(pool, name)}
    return PoolOut(
        **columns,
        counts=BASES[pool.basis].counts,
        unit=BASES[pool.basis].unit,
        left_minor=await balance(session, account_id("pool", pool.id, pool.currency)),
        statements=await session.scalar(count) or 0,
    )


async def shown_payout(session: AsyncSession, payout: Payout) -> PayoutOut:
    creator = await session.get_one(Creator, payout.creator_id)
    covered = select(Statement.id).where(Statement.payout_id == payout.id).order_by(Statement.id)
    return PayoutOut(
        id=payout.id,
        creator=creator_name(creator),
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        reference=payout.reference,
        paid_by=payout.paid_by,
        created_at=payout.created_at,
        statements=list(await session.scalars(covered)),
    )


def creator_name(creator: Creator) -> CreatorName:
    return CreatorName(id=creator.id, handle=creator.handle, display_name=creator.display_name)
