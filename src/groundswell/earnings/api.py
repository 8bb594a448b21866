"""Money over HTTP: pools, statements, payouts, and the books behind them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from groundswell.accounts.access import Caller, SignedIn, staff
from groundswell.creators.profiles import own
from groundswell.platform.jobs import defer
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import books, jobs, payouts, pools, statements
from .schemas import (
    EvidenceOut,
    NewPayout,
    NewPool,
    PayoutOut,
    Period,
    PoolOut,
    PostingOut,
    StatementDetail,
    StatementOut,
    Statements,
    TrialBalance,
)
from .tables import Payout, Pool

router = APIRouter(prefix="/v1", tags=["earnings"], route_class=TransactionalRoute)

Finance = Annotated[Caller, Depends(staff("finance"))]


@router.post("/pools", status_code=201)
async def fund_pool(new: NewPool, session: DbSession, caller: Finance) -> PoolOut:
    """Set revenue aside for a month, to be divided over what creators' moments brought."""
    pool = await pools.fund(session, **new.model_dump(), created_by=caller.viewer.subject)
    return await statements.shown_pool(session, pool)


@router.get("/pools")
async def list_pools(
    session: DbSession, caller: Finance, period: Period | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[PoolOut]:
    """Pools, newest first."""
    rows = await statements.pools(session, period, decode_cursor(cursor), limit)
    return Page[PoolOut](items=rows, next=next_cursor(rows, limit))


@router.get("/pools/{pool_id}")
async def read_pool(pool_id: UUID, session: DbSession, caller: Finance) -> PoolOut:
    """One pool: what is counted, how far it has come, what is left."""
    return await statements.shown_pool(session, await _pool(session, pool_id))


@router.post("/pools/{pool_id}/run", status_code=202)
async def run_pool(pool_id: UUID, session: DbSession, caller: Finance) -> PoolOut:
    """Count and divide a pool in the background. Running it again changes nothing that was done."""
    pool = await pools.check_runnable(session, pool_id)
    await defer(session, jobs.divide_pool, once=f"pool/{pool_id}", pool_id=str(pool_id))
    return await statements.shown_pool(session, pool)


@router.get("/pools/{pool_id}/statements")
async def list_pool_statements(
    pool_id: UUID, session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[StatementOut]:
    """Every creator's part of a pool, the largest first."""
    await _pool(session, pool_id)
    rows = await statements.of_pool(session, pool_id, decode_cursor(cursor), limit)
    return Page[StatementOut](items=rows, next=next_cursor(rows, limit))


async def _pool(session: DbSession, pool_id: UUID) -> Pool:
    pool = await session.get(Pool, pool_id)
    if pool is None:
        raise NotFound("There is no such pool.")
    return pool


@router.get("/creators/me/statements")
async def list_my_statements(
    session: DbSession, caller: SignedIn, cursor: Cursor = None, limit: Limit = 50
) -> Statements:
    """My statements, newest first, and what is due to me."""
    creator = await own(session, caller.id)
    rows = await statements.of_creator(session, creator.id, decode_cursor(cursor), limit)
    return Statements(items=rows, next=next_cursor(rows, limit), due=await statements.due(session, creator.id))


@router.get("/statements/{statement_id}")
async def read_statement(statement_id: UUID, session: DbSession, caller: SignedIn) -> StatementDetail:
    """A statement with a line for each moment; for its creator and for finance."""
    return await statements.detail(session, statement_id, creator_viewer=_only(caller))


@router.get("/statements/{statement_id}/evidence")
async def list_evidence(
    statement_id: UUID,
    session: DbSession,
    caller: SignedIn,
    moment: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EvidenceOut]:
    """What was counted, one by one; counted again now, by the same rules over the same rows."""
    rows = await statements.evidence(
        session,
        statement_id,
        moment_id=moment,
        after=decode_cursor(cursor),
        limit=limit,
        creator_viewer=_only(caller),
    )
    return Page[EvidenceOut](items=rows, next=next_cursor(rows, limit))


def _only(caller: Caller) -> UUID | None:
    """Whose statements the caller may read: None is everybody's."""
    return None if caller.roles & {"finance", "admin"} else caller.id


@router.post("/payouts", status_code=201)
async def pay_out(new: NewPayout, session: DbSession, caller: Finance) -> PayoutOut:
    """Record that a statement's creator was paid everything due to them in its currency."""
    payout = await payouts.pay(session, new.statement, caller.viewer.subject, new.reference)
    return await statements.shown_payout(session, payout)


@router.get("/payouts")
async def list_payouts(
    session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[PayoutOut]:
    """Payouts, newest first."""
    query = select(Payout).order_by(Payout.id.desc()).limit(limit)
    if (last := decode_cursor(cursor)) is not None:
        query = query.where(Payout.id < last)
    rows = (await session.scalars(query)).all()
    shown = [await statements.shown_payout(session, payout) for payout in rows]
    return Page[PayoutOut](items=shown, next=next_cursor(rows, limit))


@router.get("/ledger/trial-balance")
async def read_trial_balance(session: DbSession, caller: Finance) -> TrialBalance:
    """Every kind of account, with the proof that debits equal credits and totals equal the sum of postings."""
    return await books.trial_balance(session)


@router.get("/ledger/trial-balance.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def download_trial_balance(session: DbSession, caller: Finance) -> Response:
    """The trial balance as CSV."""
    return books.as_csv("trial-balance", list((await books.trial_balance(session)).rows))


PostingFilter = Annotated[books.Filter, Depends()]


@router.get("/ledger/postings")
async def list_postings(
    session: DbSession, caller: Finance, chosen: PostingFilter, cursor: Cursor = None, limit: Limit = 50
) -> Page[PostingOut]:
    """Postings, newest first."""
    rows = await books.postings(session, chosen, before=decode_cursor(cursor), limit=limit)
    return Page[PostingOut](items=rows, next=next_cursor(rows, limit))


@router.get("/ledger/postings.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def download_postings(session: DbSession, caller: Finance, chosen: PostingFilter) -> Response:
    """The newest 100,000 postings as CSV."""
    return books.as_csv("postings", await books.postings(session, chosen, limit=100_000))
