"""Finance: the books at a glance, and pools from funding to the last statement."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.earnings import corrections, jobs, pools, statements, trial_balance
from groundswell.earnings.api import terms_of
from groundswell.earnings.balances import KINDS, REASONS, due_to_creators, names_of, posted_statements
from groundswell.earnings.rules import BASES
from groundswell.earnings.schemas import NewPool, PostingOut
from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_file
from groundswell.platform.ids import uuid7
from groundswell.platform.jobs import defer
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.console.forms import Unreadable, parse_amount, parse_days, parse_ppm, parse_reason
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/console/finance", route_class=ConsoleRoute)

Finance = Annotated[Caller, Depends(staff_page("money.manage"))]

GLANCE = 8
PAGE = 50
DONE = {"divided", "nothing_eligible", "cancelled"}
LIMITS = ("floor", "creator_cap")
EMPTY = {"amount": "", "basis": "revenue", "hold": "", "floor": "", "creator_cap": "", "person_cap": "", "tax": ""}


@router.get("")
async def overview(request: Request, session: DbSession, caller: Finance) -> Response:
    """Trial balance, pools, what is due, the newest postings."""
    return page(request, "console/finance/overview.html", caller=caller, **await _at_a_glance(session))


async def _at_a_glance(session: AsyncSession) -> dict[str, Any]:
    postings = await trial_balance.postings(session, trial_balance.Filter(), limit=GLANCE)
    return {
        "balance": await trial_balance.trial_balance(session),
        "pools": await statements.pools(session, None, None, PAGE),
        "postings": postings,
        "names": await names_of(session, owners_of(postings)),
        "dues": await due_to_creators(session, PAGE),
        "payouts": await statements.newest_payouts(session, GLANCE),
        "reasons": REASONS,
        "kinds": KINDS,
        "bases": BASES.values(),
        "months": _months(utc_now().date()),
        "form": EMPTY | {"id": uuid7(), "currency": "EUR", "period": f"{utc_now():%Y-%m}"},
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
    basis: Annotated[str, Form()] = "revenue",
    hold: Annotated[str, Form()] = "",
    floor: Annotated[str, Form()] = "",
    creator_cap: Annotated[str, Form()] = "",
    person_cap: Annotated[str, Form()] = "",
    tax: Annotated[str, Form()] = "",
) -> Response:
    """Set money aside for a month: once for one form, however often it is sent."""
    currency = currency.strip().upper()
    form = {"period": period, "amount": amount, "currency": currency, "basis": basis, "hold": hold, "floor": floor}
    form |= {"creator_cap": creator_cap, "person_cap": person_cap, "tax": tax}
    values, errors = _read(form)
    problem = None
    try:
        if not errors:
            new = NewPool.model_validate(values)
            stream = new.model_dump(include={"period", "amount_minor", "currency", "basis"})
            terms = terms_of(request, new)
            pool = await pools.fund(session, id=id, **stream, created_by=caller.actor, terms=terms)
            return see_other(f"/console/finance/pools/{pool.id}?saved=funded")
    except ValidationError as invalid:
        errors = {
            str(error["loc"][0]).removesuffix("_minor"): error["msg"].removeprefix("Value error, ")
            for error in invalid.errors()
        }
    except Problem as refused:
        problem = refused
    shown = await _at_a_glance(session) | {"errors": errors, "problem": problem, "form": form | {"id": id}}
    return page(request, "console/finance/overview.html", status=422, caller=caller, **shown)


def _read(form: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed for a new pool, as ``NewPool`` takes it; and what cannot be read, by field."""
    values: dict[str, Any] = {name: form[name] for name in ("period", "currency", "basis")}
    errors: dict[str, str] = {}

    def read(name: str, field: str, parsed: Callable[[str], Any], *, needed: bool = False) -> None:
        if not needed and not form[name].strip():
            return
        try:
            values[field] = parsed(form[name])
        except Unreadable as unreadable:
            errors[name] = str(unreadable)

    def amount(text: str) -> int:
        return parse_amount(text, form["currency"])

    read("amount", "amount_minor", amount, needed=True)
    for name in LIMITS:
        read(name, f"{name}_minor", amount)
    read("person_cap", "person_cap", amount if form["basis"] == "revenue" else parse_days)
    read("hold", "hold_days", parse_days)
    read("tax", "tax_ppm", parse_ppm)
    return values, errors


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
    pool = await statements.one_pool(session, pool_id)
    running = (saved == "running" and pool.status not in DONE) or pool.status == "dividing"
    return page(
        request,
        "console/finance/pool.html",
        caller=caller,
        pool=pool,
        rows=rows,
        next=next_cursor(rows, PAGE),
        complete=len(rows) == pool.statements,
        running=running,
        saved=saved,
        posted=await posted_statements(session, pool_id),
        runnable=pool.status in {"funded", "nothing_eligible"} and not running,
        cancellable=pool.status not in {"dividing", "cancelled"} and not running,
        undo=corrections.UNDO,
    )


@router.post("/pools/{pool_id}/cancel")
async def cancel_pool(
    pool_id: UUID, session: DbSession, caller: Finance, reason: Annotated[str, Form()] = ""
) -> Response:
    """Cancel a pool of which nothing has been paid."""
    await corrections.cancel(session, pool_id, caller.actor, parse_reason(reason))
    return see_other(f"/console/finance/pools/{pool_id}?saved=cancelled")


@router.post("/pools/{pool_id}/run")
async def run_pool(pool_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Count and divide, in the background; the page shows how far it has come."""
    await pools.check_runnable(session, pool_id, caller.actor)
    await defer(session, jobs.divide_pool, once=f"pool/{pool_id}", pool_id=str(pool_id))
    return see_other(f"/console/finance/pools/{pool_id}?saved=running")


@router.get("/pools/{pool_id}/statements.csv")
async def download_statements(pool_id: UUID, session: DbSession, caller: Finance) -> Response:
    """Every creator's part of a pool."""
    pool = await statements.one_pool(session, pool_id)
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
