"""Finance: the books at a glance, and pools from funding to the last statement."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.earnings import books, jobs, pools, statements
from groundswell.earnings.rules import BASES
from groundswell.earnings.schemas import NewPool, PoolOut, PostingOut
from groundswell.earnings.tables import Payout, Pool
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.jobs import defer
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute, csv_file, see_other, staff_page
from .console_dues import KINDS, REASONS, due_to_creators, names_of, posted_statements
from .console_forms import Unreadable, parse_amount

router = APIRouter(prefix="/console/finance", route_class=ConsoleRoute)

Finance = Annotated[Caller, Depends(staff_page("finance"))]

GLANCE = 8
PAGE = 50
DONE = {"divided", "nothing_eligible"}


@router.get("")
async def overview(request: Request, session: DbSession, caller: Finance) -> Response:
    """Trial balance, pools, what is due, the newest postings."""
    return page(request, "console/finance.html", caller=caller, **await _at_a_glance(session))


async def _at_a_glance(session: AsyncSession) -> dict[str, Any]:
    newest = select(Pool).order_by(Pool.id.desc()).limit(PAGE)
    paid = select(Payout).order_by(Payout.id.desc()).limit(GLANCE)
    postings = await books.postings(session, books.Filter(), limit=GLANCE)
    return {
        "balance": await books.trial_balance(session),
        "pools": [await statements.shown_pool(session, pool) for pool in await session.scalars(newest)],
        "postings": postings,
        "names": await names_of(session, owners_of(postings)),
        "dues": await due_to_creators(session, PAGE),
        "payouts": [await statements.shown_payout(session, payout) for payout in await session.scalars(paid)],
        "reasons": REASONS,
        "kinds": KINDS,
        "bases": BASES.values(),
        "months": _months(utc_now().date()),
        "form": {"id": uuid7(), "currency": "EUR", "amount": "", "basis": "plays", "period": f"{utc_now():%Y-%m}"},
        "errors": {},
        "problem": None,
    }


def owners_of(postings: list[PostingOut]) -> set[str]:
    """The owners of both sides of ``postings``."""
    return {side.owner for posting in postings for side in (posting.debit, posting.credit)}


def _months(today: date) -> list[str]:
    """This month and the five before it, newest first."""
    months, first = [], today.replace(day=1)
    for _ in range(6):
        months.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return months


@router.post("/pools")
async def fund_pool(
    request: Request,
    session: DbSession,
    caller: Finance,
    id: Annotated[UUID, Form()],
    period: Annotated[str, Form()] = "",
    amount: Annotated[str, Form()] = "",
    currency: Annotated[str, Form()] = "EUR",
    basis: Annotated[str, Form()] = "plays",
) -> Response:
    """Set money aside for a month: once for one form, however often it is sent."""
    errors, problem = {}, None
    try:
        currency = currency.strip().upper()
        new = NewPool.model_validate(
            {"period": period, "amount_minor": parse_amount(amount, currency), "currency": currency, "basis": basis}
        )
        pool = await pools.fund(session, id=id, **new.model_dump(), created_by=caller.viewer.subject)
        return see_other(f"/console/finance/pools/{pool.id}?saved=funded")
    except Unreadable as unreadable:
        errors = {"amount": str(unreadable)}
    except ValidationError as invalid:
        errors = {str(error["loc"][0]): error["msg"].removeprefix("Value error, ") for error in invalid.errors()}
    except Problem as refused:
        problem = refused
    shown = await _at_a_glance(session)
    shown |= {"errors": errors, "problem": problem}
    shown["form"] = {"id": id, "period": period, "amount": amount, "currency": currency, "basis": basis}
    return page(request, "console/finance.html", status=422, caller=caller, **shown)


@router.get("/pools/{pool_id}")
async def read_pool(
    request: Request,
    pool_id: UUID,
    session: DbSession,
    caller: Finance,
    cursor: str | None = None,
    saved: str | None = None,
) -> Response:
    """One pool: how it was counted, how far its division has come, every creator's part."""
    # Statements first: they are committed together with the pool's weight, so a pool read after them has it.
    rows = await statements.of_pool(session, pool_id, decode_cursor(cursor), PAGE)
    pool = await _shown(session, pool_id)
    running = (saved == "running" and pool.status not in DONE) or pool.status == "dividing"
    return page(
        request,
        "console/pool.html",
        caller=caller,
        pool=pool,
        rows=rows,
        next=next_cursor(rows, PAGE),
        complete=len(rows) == pool.statements,
        running=running,
        saved=saved,
        posted=await posted_statements(session, pool_id),
        runnable=pool.status in {"funded", "nothing_eligible"} and not running,
    )


async def _shown(session: AsyncSession, pool_id: UUID) -> PoolOut:
    pool = await session.get(Pool, pool_id)
    if pool is None:
        raise NotFound("There is no such pool.")
    return await statements.shown_pool(session, pool)


@router.post("/pools/{pool_id}/run")
async def run_pool(pool_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Count and divide, in the background; the page shows how far it has come."""
    await pools.check_runnable(session, pool_id)
    await defer(session, jobs.divide_pool, once=f"pool/{pool_id}", pool_id=str(pool_id))
    return see_other(f"/console/finance/pools/{pool_id}?saved=running")


@router.get("/pools/{pool_id}/statements.csv")
async def download_statements(pool_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Every creator's part of a pool."""
    pool = await _shown(session, pool_id)
    header = ("statement", "creator", "handle", "period", "weight", "unit", "amount_minor", "currency", "status")
    rows = await statements.of_pool(session, pool_id, None, 1_000_000)
    return csv_file(
        f"pool-{pool.period}-statements",
        header,
        (
            (
                r.id,
                r.creator.display_name,
                r.creator.handle,
                r.period,
                r.weight,
                r.unit,
                r.amount_minor,
                r.currency,
                r.status,
            )
            for r in rows
        ),
    )
