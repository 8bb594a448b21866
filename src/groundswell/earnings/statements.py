"""Statements as people read them: from a total down to each thing that was counted."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from groundswell.catalog.tables import Title
from groundswell.creators.tables import Creator
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import NotFound

from . import documents, eligible_views, payables, payouts
from .ledger import account_id, balance
from .receivables import owed_back
from .rules import BASES
from .schemas import (
    AdjustmentOut,
    CreatorName,
    Due,
    PayoutOut,
    PoolOut,
    StatementDetail,
    StatementEvidenceOut,
    StatementLineOut,
    StatementOut,
)
from .tables import Adjustment, Payout, Pool, PostingRow, Statement, StatementDocument, StatementLine

Found = tuple[Statement, Pool, Creator, Payout | None, StatementDocument | None]


def _all() -> Select[Statement, Pool, Creator, Payout, StatementDocument]:
    return (
        select(Statement, Pool, Creator, Payout, StatementDocument)
        .join(Pool, Pool.id == Statement.pool_id)
        .join(Creator, Creator.id == Statement.creator_id)
        .outerjoin(Payout, Payout.id == Statement.payout_id)
        .outerjoin(StatementDocument, StatementDocument.statement_id == Statement.id)
        .options(defer(StatementDocument.pdf))
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


def _status(statement: Statement) -> str:
    if statement.cancelled_at is not None:
        return "cancelled"
    if statement.payout_id is not None:
        return "paid"
    if statement.posted_at is None:
        return "posting"
    return "held" if statement.held_until is not None and statement.held_until > utc_now() else "due"


def _statement(
    statement: Statement, pool: Pool, creator: Creator, payout: Payout | None, document: StatementDocument | None
) -> StatementOut:
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
            "status": _status(statement),
            "held_until": statement.held_until,
            "number": document and document.number,
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
    statement, pool, creator, payout, document = await _one(session, statement_id, creator_viewer)
    lines = await session.execute(
        select(StatementLine, Moment, Title.name)
        .outerjoin(Moment, Moment.id == StatementLine.moment_id)
        .outerjoin(Title, Title.id == Moment.title_id)
        .where(StatementLine.statement_id == statement.id)
        .order_by(StatementLine.period.desc(), StatementLine.amount_minor.desc(), StatementLine.moment_id)
    )
    shown = _statement(statement, pool, creator, payout, document)
    issued = {(line["moment"], line["period"]): line for line in document.document["lines"]} if document else {}
    theirs = select(Adjustment).filter_by(shown_on=statement.id).order_by(Adjustment.created_at, Adjustment.id)
    taken = [AdjustmentOut.model_validate(row) for row in await session.scalars(theirs)]
    return StatementDetail(**shown.model_dump(), lines=[_line(*row, issued) for row in lines], adjustments=taken)


def _line(
    line: StatementLine, moment: Moment | None, title: str | None, issued: Mapping[tuple[str | None, str], Any]
) -> StatementLineOut:
    """As it was issued; as it is now, on statements that are older than documents."""
    evidence = f"/v1/statements/{line.statement_id}/evidence?period={line.period}"
    was = issued.get((str(line.moment_id) if line.moment_id else None, line.period))
    return StatementLineOut(
        moment_id=moment and moment.id,
        moment_code=moment and moment.code,
        caption=was["caption"] if was else moment.caption if moment else documents.BY_CODE,
        title=was["title"] if was else title or "",
        start_us=was["start_us"] if was else moment and moment.start_us,
        end_us=was["end_us"] if was else moment and moment.end_us,
        period=line.period,
        weight=line.weight,
        amount_minor=line.amount_minor,
        evidence_url=f"{evidence}&moment={moment.id if moment else eligible_views.WITHOUT_MOMENT}",
    )


async def _one(session: AsyncSession, statement_id: UUID, creator_viewer: UUID | None) -> Found:
    row = (await session.execute(_all().where(Statement.id == statement_id))).one_or_none()
    if row is None or creator_viewer not in {None, row[2].viewer_id}:
        raise NotFound("There is no such statement.")
    return row[0], row[1], row[2], row[3], row[4]


async def evidence(
    session: AsyncSession,
    statement_id: UUID,
    *,
    moment_id: UUID | None,
    after: UUID | None,
    limit: int,
    creator_viewer: UUID | None = None,
    period: str | None = None,
) -> list[StatementEvidenceOut]:
    """What was counted for a statement, one by one: counted again, by the same rules, over the same rows.

    Raises:
        NotFound: no such statement, or somebody else's.
    """
    statement, pool, *_ = await _one(session, statement_id, creator_viewer)
    found = await eligible_views.views(session, pool, statement.creator_id, moment_id, after, limit, period)
    kind = BASES[pool.basis].evidence
    return [StatementEvidenceOut(id=view.id, kind=kind, at=view.at, weight=view.weight) for view in found]


async def due(session: AsyncSession, creator_id: UUID) -> list[Due]:
    """What a creator's accounts hold, by currency."""
    found = []
    for currency, amount in (await payouts.due(session, creator_id)).items():
        payable = await payables.payable_of(session, creator_id, currency, amount)
        why = await payables.why_unpayable(session, creator_id, currency, payable)
        found.append(
            Due(
                currency=currency,
                due_minor=amount,
                held_minor=payable.held_minor,
                held_until=payable.held_until,
                payable_minor=payable.payable_minor,
                owed_back_minor=await owed_back(session, creator_id, currency),
                minimum_minor=payable.floor_minor,
                payable=why is None,
                reason_code=why and why.code,
            )
        )
    return found


async def pools(session: AsyncSession, period: str | None, after: UUID | None, limit: int) -> list[PoolOut]:
    """Pools, newest first."""
    query = select(Pool).order_by(Pool.id.desc()).limit(limit)
    if period is not None:
        query = query.where(Pool.period == period)
    if after is not None:
        query = query.where(Pool.id < after)
    return [await shown_pool(session, pool) for pool in await session.scalars(query)]


async def one_pool(session: AsyncSession, pool_id: UUID) -> PoolOut:
    """One pool.

    Raises:
        NotFound: there is no such pool.
    """
    pool = await session.get(Pool, pool_id)
    if pool is None:
        raise NotFound("There is no such pool.")
    return await shown_pool(session, pool)


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


async def newest_payouts(session: AsyncSession, limit: int | None = None, after: UUID | None = None) -> list[PayoutOut]:
    """Payouts, newest first; ``after`` is the last one of the page before."""
    query = select(Payout).order_by(Payout.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Payout.id < after)
    return [await shown_payout(session, payout) for payout in (await session.scalars(query)).all()]


async def shown_payout(session: AsyncSession, payout: Payout) -> PayoutOut:
    creator = await session.get_one(Creator, payout.creator_id)
    posting = await session.get_one(PostingRow, payout.id)
    return PayoutOut(
        id=payout.id,
        creator=creator_name(creator),
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        reference=payout.reference,
        paid_by=payout.paid_by,
        created_at=payout.created_at,
        returned_at=payout.returned_at,
        return_reason=payout.return_reason,
        statements=[UUID(id) for id in posting.evidence["statements"]],
    )


def creator_name(creator: Creator) -> CreatorName:
    return CreatorName(id=creator.id, handle=creator.handle, display_name=creator.display_name)


async def document(
    session: AsyncSession, statement_id: UUID, *, creator_viewer: UUID | None = None
) -> tuple[str, bytes]:
    """The number of a statement's document, and the document as PDF.

    Raises:
        NotFound: no such statement, somebody else's, or one that is older than documents.
    """
    await _one(session, statement_id, creator_viewer)
    made = await documents.pdf_of(session, statement_id)
    if made is None:
        raise NotFound("This statement was drawn up before statements had documents.")
    return made
