"""Exchange rates: what sales in other currencies count as, entered by day and never changed."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_names
from groundswell.earnings import rate_import, rates
from groundswell.earnings.api import RATES_FILE_MOST
from groundswell.earnings.schemas import NewRate
from groundswell.platform.body_bounds import KIB, body_at_most
from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_file
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.console.forms import Unreadable, parse_rate
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .overview import PAGE, Finance

router = APIRouter(prefix="/console/finance/rates", route_class=ConsoleRoute)

EVERY = 1_000_000
HEADER = ("currency", "into", "valid_from", "rate", "entered_by", "entered_at")


@router.get("")
async def list_rates(
    request: Request,
    session: DbSession,
    caller: Finance,
    cursor: str | None = None,
    saved: str | None = None,
    entered: int = 0,
    known: int = 0,
    other: int = 0,
) -> Response:
    """Rates, those entered last first, and the forms that enter one or many."""
    shown = await _shown(session, cursor, saved) | {"imported": (entered, known, other)}
    return page(request, "console/finance/rates.html", caller=caller, **shown)


async def _shown(session: AsyncSession, cursor: str | None = None, saved: str | None = None) -> dict[str, Any]:
    rows = await rates.newest(session, PAGE, decode_cursor(cursor))
    return {
        "rows": rows,
        "people": await actor_names(session, [row.entered_by for row in rows]),
        "next": next_cursor(rows, PAGE),
        "saved": saved,
        "form": {"currency": "", "into": "EUR", "valid_from": utc_now().date().isoformat(), "rate": ""},
        "errors": {},
        "problem": None,
        "imported": (0, 0, 0),
    }


@router.post("")
async def enter_rate(
    request: Request,
    session: DbSession,
    caller: Finance,
    currency: Annotated[str, Form()] = "",
    into: Annotated[str, Form()] = "",
    valid_from: Annotated[str, Form()] = "",
    rate: Annotated[str, Form()] = "",
) -> Response:
    """Enter a rate; what cannot be is said beside its field, and nothing typed is lost."""
    form = {"currency": currency.strip().upper(), "into": into.strip().upper(), "valid_from": valid_from, "rate": rate}
    new, errors = _read(form)
    problem: Problem | None = None
    if new is not None:
        try:
            await rates.enter(session, **new.model_dump(), entered_by=caller.actor)
            return see_other("/console/finance/rates?saved=entered")
        except Problem as refused:
            problem = refused
    shown = await _shown(session) | {"form": form, "errors": errors, "problem": problem}
    return page(request, "console/finance/rates.html", status=422, caller=caller, **shown)


@router.post("/import")
@body_at_most(RATES_FILE_MOST + 16 * KIB)
async def import_rates(
    request: Request, session: DbSession, caller: Finance, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Enter the rates of a file that are not there yet."""
    try:
        content = b"" if file is None else await file.read()
        made = await rate_import.import_rates(session, content, caller.actor)
    except rate_import.RatesUnreadable as refused:
        shown = await _shown(session) | {"problem": refused}
        return page(request, "console/finance/rates.html", status=422, caller=caller, **shown)
    counts = urlencode({"entered": made.entered, "known": made.known, "other": made.other})
    return see_other(f"/console/finance/rates?saved=imported&{counts}")


def _read(form: dict[str, str]) -> tuple[NewRate | None, dict[str, str]]:
    """The rate as typed; or what cannot be read, by field."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {name: form[name] for name in ("currency", "into")}
    try:
        values["rate"] = parse_rate(form["rate"])
    except Unreadable as unreadable:
        errors["rate"] = str(unreadable)
    try:
        values["valid_from"] = date.fromisoformat(form["valid_from"])
    except ValueError:
        errors["valid_from"] = "Write a day such as 2026-11-28."
    try:
        return NewRate.model_validate(values), errors
    except ValidationError as invalid:
        found = {str(error["loc"][0]): error["msg"].removeprefix("Value error, ") for error in invalid.errors()}
        return None, found | errors


@router.get(".csv")
async def download_rates(session: DbSession, caller: Finance) -> Response:
    """Every rate."""
    rows = await rates.newest(session, EVERY)
    people = await actor_names(session, [row.entered_by for row in rows])
    return csv_file(
        "exchange-rates",
        HEADER,
        (
            (row.currency, row.into, row.valid_from, row.rate, people[row.entered_by], row.created_at.isoformat())
            for row in rows
        ),
    )
