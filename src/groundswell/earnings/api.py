"""Money over HTTP: pools, statements, payouts, and the books behind them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from groundswell.accounts.access import Caller, SignedIn, staff
from groundswell.creators.profiles import named, own
from groundswell.platform.attachment import attachment
from groundswell.platform.body_bounds import MIB, body_at_most
from groundswell.platform.jobs import defer
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import Invalid, NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import (
    campaign_api,
    corrections,
    jobs,
    months_api,
    payouts,
    pools,
    rate_import,
    rates,
    statements,
    thresholds,
    trial_balance,
)
from .rules import PoolTerms
from .schemas import (
    Correction,
    Currency,
    NewPayout,
    NewPool,
    NewRate,
    PayoutOut,
    Period,
    PoolOut,
    PostingOut,
    RateOut,
    RatesImported,
    StatementDetail,
    StatementEvidenceOut,
    StatementOut,
    Statements,
    ThresholdIn,
    ThresholdOut,
    TrialBalance,
)
from .tables import Payout, Pool

v1 = APIRouter(prefix="/v1", tags=["earnings"], route_class=TransactionalRoute)

Finance = Annotated[Caller, Depends(staff("money.manage"))]


RATES_FILE_MOST = 4 * MIB


class HoldTooShort(Invalid):
    code, title = "hold_too_short", "Earnings are held at least for as long as sales may be refunded."


def terms_of(request: Request, new: NewPool) -> PoolTerms:
    """The terms of a new pool.

    Raises:
        HoldTooShort: they hold it for less than the refund window (``refund_window_days``).
    """
    window: int = services_of(request).settings.refund_window_days
    days = window if new.hold_days is None else new.hold_days
    if days < window:
        raise HoldTooShort(f"Earnings are held {window} days or more, for as long as sales may be refunded.")
    return PoolTerms(days, new.floor_minor, new.creator_cap_minor, new.person_cap, new.tax_ppm)


@v1.post("/pools", status_code=201)
async def fund_pool(new: NewPool, request: Request, session: DbSession, caller: Finance) -> PoolOut:
    """Set revenue aside for a month, to be divided over what creators' moments brought. A month has one pool of each
    basis and currency."""
    stream = new.model_dump(include={"period", "amount_minor", "currency", "basis"})
    pool = await pools.fund(session, **stream, created_by=caller.actor, terms=terms_of(request, new))
    return await statements.shown_pool(session, pool)


@v1.get("/pools")
async def list_pools(
    session: DbSession, caller: Finance, period: Period | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[PoolOut]:
    """Pools, newest first."""
    rows = await statements.pools(session, period, decode_cursor(cursor), limit)
    return Page[PoolOut](items=rows, next=next_cursor(rows, limit))


@v1.get("/pools/{pool_id}")
async def read_pool(pool_id: UUID, session: DbSession, caller: Finance) -> PoolOut:
    """One pool: what is counted, how far it has come, what is left."""
    return await statements.shown_pool(session, await _pool(session, pool_id))


@v1.post("/pools/{pool_id}/run", status_code=202)
async def run_pool(pool_id: UUID, session: DbSession, caller: Finance) -> PoolOut:
    """Count and divide a pool in the background, after its month has ended. Running it again changes nothing that was
    done."""
    pool = await pools.check_runnable(session, pool_id, caller.actor)
    await defer(session, jobs.divide_pool, once=f"pool/{pool_id}", pool_id=str(pool_id))
    return await statements.shown_pool(session, pool)


@v1.post("/pools/{pool_id}/cancel")
async def cancel_pool(pool_id: UUID, why: Correction, session: DbSession, caller: Finance) -> PoolOut:
    """Cancel a pool of which nothing has been paid: what it gave is taken back, what it holds goes back to the service,
    each by a posting. The month may then have another."""
    pool = await corrections.cancel(session, pool_id, caller.actor, why.reason)
    return await statements.shown_pool(session, pool)


@v1.get("/pools/{pool_id}/statements")
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


@v1.get("/creators/me/statements")
async def list_my_statements(
    session: DbSession, caller: SignedIn, cursor: Cursor = None, limit: Limit = 50
) -> Statements:
    """My statements, newest first, and what is due to me."""
    creator = await own(session, caller.id)
    rows = await statements.of_creator(session, creator.id, decode_cursor(cursor), limit)
    return Statements(items=rows, next=next_cursor(rows, limit), due=await statements.due(session, creator.id))


@v1.get("/creators/me/payout-thresholds")
async def list_my_thresholds(session: DbSession, caller: SignedIn) -> list[ThresholdOut]:
    """From how much on I want to be paid, by currency; of others, as soon as there is enough to pay out."""
    creator = await own(session, caller.id)
    return [ThresholdOut.model_validate(row) for row in await thresholds.chosen(session, creator.id)]


@v1.put("/creators/me/payout-thresholds/{currency}", status_code=204)
async def choose_threshold(currency: Currency, wish: ThresholdIn, session: DbSession, caller: SignedIn) -> None:
    """Be paid in a currency once so much is due; less is carried over."""
    creator = await own(session, caller.id)
    await thresholds.choose(session, creator.id, currency, wish.least_minor)


@v1.delete("/creators/me/payout-thresholds/{currency}", status_code=204)
async def drop_threshold(currency: Currency, session: DbSession, caller: SignedIn) -> None:
    """Be paid as soon as there is enough to pay out."""
    creator = await own(session, caller.id)
    await thresholds.choose(session, creator.id, currency, None)


@v1.get("/statements/{statement_id}")
async def read_statement(statement_id: UUID, session: DbSession, caller: SignedIn) -> StatementDetail:
    """A statement with a line for each moment; for its creator and for finance."""
    return await statements.detail(session, statement_id, creator_viewer=_only(caller))


PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}


@v1.get("/statements/{statement_id}/document.pdf", response_class=Response, responses=PDF)
async def download_document(statement_id: UUID, session: DbSession, caller: SignedIn) -> Response:
    """A statement as the numbered document that was issued: the same bytes each time."""
    return pdf_file(*await statements.document(session, statement_id, creator_viewer=_only(caller)))


def pdf_file(number: str, document: bytes) -> Response:
    """A document to download."""
    headers = attachment(f"statement-{number}.pdf") | {"Cache-Control": "no-store"}
    return Response(document, headers=headers, media_type="application/pdf")


@v1.get("/statements/{statement_id}/evidence")
async def list_evidence(
    statement_id: UUID,
    session: DbSession,
    caller: SignedIn,
    moment: UUID | None = None,
    period: Period | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[StatementEvidenceOut]:
    """What was counted, one by one; counted again now, by the same rules over the same rows."""
    rows = await statements.evidence(
        session,
        statement_id,
        moment_id=moment,
        after=decode_cursor(cursor),
        limit=limit,
        creator_viewer=_only(caller),
        period=period,
    )
    return Page[StatementEvidenceOut](items=rows, next=next_cursor(rows, limit))


def _only(caller: Caller) -> UUID | None:
    """Whose statements the caller may read: None is everybody's."""
    return None if caller.roles & {"finance", "admin"} else caller.id


@v1.post("/payouts", status_code=201)
async def pay_out(new: NewPayout, session: DbSession, caller: Finance) -> PayoutOut:
    """Record that a creator was paid everything due to them in a currency that is no longer held, by somebody who
    neither funded nor ran the pools, nor funded the campaigns, that it comes from."""
    if new.statement is not None:
        payout = await payouts.pay(session, new.statement, caller.actor, new.reference)
    else:
        creator = await named(session, new.creator or "")
        payout = await payouts.pay_creator(session, creator.id, new.currency or "", caller.actor, new.reference)
    return await statements.shown_payout(session, payout)


@v1.get("/payouts")
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


@v1.post("/payouts/{payout_id}/return")
async def return_payout(payout_id: UUID, why: Correction, session: DbSession, caller: Finance) -> PayoutOut:
    """Record that a payout came back: its statements are due again."""
    payout = await corrections.return_payout(session, payout_id, caller.actor, why.reason)
    return await statements.shown_payout(session, payout)


@v1.post("/ledger/postings/{posting_id}/reverse", status_code=201)
async def reverse_posting(posting_id: UUID, why: Correction, session: DbSession, caller: Finance) -> PostingOut:
    """Reverse what a posting gave a creator or took from them, by another and a line of their next statement."""
    made = await corrections.reverse(session, posting_id, caller.actor, why.reason)
    return await trial_balance.posting(session, made.id)


@v1.post("/exchange-rates", status_code=201)
async def enter_rate(new: NewRate, session: DbSession, caller: Finance) -> RateOut:
    """Enter what a currency was worth in another from a day on. Sales count in pools of that currency at the rate of
    their day; a rate that was entered is never changed."""
    rate = await rates.enter(session, **new.model_dump(), entered_by=caller.actor)
    return RateOut.model_validate(rate)


@v1.post(
    "/exchange-rates/import",
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
@body_at_most(RATES_FILE_MOST)
async def import_rates(request: Request, session: DbSession, caller: Finance) -> RatesImported:
    """Enter the rates of a CSV file: the European Central Bank's reference rates as it publishes them, or our own
    export. A rate that is there stays as it is."""
    made = await rate_import.import_rates(session, await request.body(), caller.actor)
    return RatesImported.model_validate(made)


@v1.get("/exchange-rates")
async def list_rates(session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50) -> Page[RateOut]:
    """Exchange rates, those entered last first."""
    rows = await rates.newest(session, limit, decode_cursor(cursor))
    return Page[RateOut](items=[RateOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@v1.get("/ledger/trial-balance")
async def read_trial_balance(session: DbSession, caller: Finance) -> TrialBalance:
    """Every kind of account, with the proof that debits equal credits and totals equal the sum of postings."""
    return await trial_balance.trial_balance(session)


@v1.get("/ledger/trial-balance.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def download_trial_balance(session: DbSession, caller: Finance) -> Response:
    """The trial balance as CSV."""
    return trial_balance.as_csv("trial-balance", list((await trial_balance.trial_balance(session)).rows))


PostingFilter = Annotated[trial_balance.Filter, Depends()]


@v1.get("/ledger/postings")
async def list_postings(
    session: DbSession, caller: Finance, chosen: PostingFilter, cursor: Cursor = None, limit: Limit = 50
) -> Page[PostingOut]:
    """Postings, newest first."""
    rows = await trial_balance.postings(session, chosen, before=decode_cursor(cursor), limit=limit)
    return Page[PostingOut](items=rows, next=next_cursor(rows, limit))


@v1.get("/ledger/postings.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def download_postings(session: DbSession, caller: Finance, chosen: PostingFilter) -> Response:
    """The newest 100,000 postings as CSV."""
    return trial_balance.as_csv("postings", await trial_balance.postings(session, chosen, limit=100_000))


router = APIRouter()
router.include_router(v1)
router.include_router(campaign_api.router)
router.include_router(months_api.router)
