"""Campaigns for people: what each brought by its own rule, from every number to the rows behind it."""

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.attribution.campaign_credit import Place, credit_of, newest_credit, totals_of
from groundswell.attribution.campaigns import find_campaign
from groundswell.attribution.models import PPM
from groundswell.attribution.tables import Campaign, Credit
from groundswell.campaigns.lifecycle import end, make, recent, shown
from groundswell.campaigns.results import campaign_report, days_of
from groundswell.campaigns.schemas import NewCampaign
from groundswell.catalog import directory
from groundswell.earnings.schemas import known_currency
from groundswell.insights.experiments.experiment import incremental
from groundswell.insights.reports.credit_rows import converted_names
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.insights.reports.event_rows import COUNTED
from groundswell.insights.reports.labels import named_for
from groundswell.insights.reports.wording import LABELS
from groundswell.platform.clock import day_begin, day_end, day_of, utc_now
from groundswell.platform.csv_response import by_currency
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.channels import channel_name
from groundswell.web.console.downloads import table_file
from groundswell.web.console.evidence.conversion import KINDS, MODELS, Marketer
from groundswell.web.console.filters import one_of, read_place
from groundswell.web.console.forms import parse_amount
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.period import Period
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .explore import place

CampaignMaker = Annotated[Caller, Depends(staff_page("campaigns.manage"))]
router = APIRouter(prefix="/console/campaigns", route_class=ConsoleRoute)

PAGE = 20
ROWS = 500
STEPS = ("share", "unfurl", "click", "play", "sign_up", "subscription")
HEADS = {"unfurl": "Previews"}
By = Annotated[str, Query(max_length=20)]
Kind = Annotated[str, Query(max_length=20)]
Typed = Annotated[str, Form(max_length=10_000)]


@router.get("")
async def list_campaigns(
    request: Request, session: DbSession, caller: Marketer, zone: ReaderZone, cursor: str | None = None
) -> Response:
    """Campaigns, newest first, with what each brought, and the form that makes one."""
    rows = await recent(session, PAGE, decode_cursor(cursor))
    runtime = services_of(request).runtime
    today = day_of(utc_now(), zone)
    return page(
        request,
        "console/loop/campaigns.html",
        caller=caller,
        campaigns=[(row, await campaign_report(runtime, row, zone=zone)) for row in rows],
        state=state_of,
        rows_of=lambda campaign, *about: rows_of(campaign, zone, *about),
        older=_older(next_cursor(rows, PAGE)),
        titles=[(title.slug, title.name) for title, _ in await directory.choices(session)],
        window=services_of(request).settings.attribution_window_days,
        suggested=(today.isoformat(), (today + timedelta(days=27)).isoformat()),
        **_words(),
    )


def _older(cursor: str | None) -> str | None:
    return None if cursor is None else f"/console/campaigns?cursor={cursor}"


def _words() -> dict[str, Any]:
    return {"models": MODELS, "steps": [(step, HEADS.get(step, LABELS[step])) for step in STEPS]}


def state_of(campaign: Campaign) -> tuple[str, str]:
    """Whether it runs, and the tone in which that is said."""
    now = utc_now()
    if now < campaign.begins_at and campaign.until > campaign.begins_at:
        return "Not begun", ""
    return ("Running", "good") if now < campaign.until else ("Over", "")


@router.post("")
async def make_one(
    request: Request,
    session: DbSession,
    caller: CampaignMaker,
    zone: ReaderZone,
    key: Typed,
    name: Typed,
    first: Annotated[date, Form(alias="from")],
    last: Annotated[date, Form(alias="to")],
    model: Typed = "",
    window: Annotated[int | None, Form()] = None,
    title: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    creators: Typed = "",
    territories: Typed = "",
    terms: Typed = "",
    budget: Typed = "",
    currency: Typed = "EUR",
) -> Response:
    """Make a campaign from the page's form: whole days of its reader's zone; lists are parted by commas or spaces."""
    given = {
        "key": key,
        "name": name,
        "begins_at": day_begin(first, zone),
        "ends_at": day_end(last, zone),
        "titles": [each for each in title if each] or None,
        "creators": _listed(creators) or None,
        "territories": _listed(territories.upper()) or None,
        "model": model or None,
        "attribution_window_days": window,
        "terms": terms,
    }
    try:
        if budget.strip():
            code = known_currency(currency.strip().upper())
            given["budget"] = {"minor": parse_amount(budget, code), "currency": code}
        wish = NewCampaign.model_validate(given)
    except ValidationError as error:
        raise Invalid("; ".join(str(error).splitlines()[1:3])) from None
    except ValueError as unreadable:
        raise Invalid(str(unreadable)) from None
    await make(session, services_of(request).settings, wish, caller.id)
    return see_other(f"/console/campaigns/{key}")


def _listed(text: str) -> list[str]:
    return text.replace(",", " ").split()


@router.get("/{key}")
async def read(
    request: Request, session: DbSession, caller: Marketer, zone: ReaderZone, key: str, by: By = "title"
) -> Response:
    """One campaign: its funnel, told apart by anything, and the rule by which its credit is reckoned."""
    campaign = await find_campaign(session, key)
    by = one_of("by", by, DIMENSIONS, "title")
    report = await campaign_report(services_of(request).runtime, campaign, by, zone)
    report.rows = named_for(names_for(request, caller), by, report.rows)
    (about,) = await shown(session, [campaign])
    slugs, period = await directory.slugs(session), _period(campaign, zone)

    def row_of(step: str, by: str, key: str) -> str:
        return rows_of(campaign, zone, step, by, slugs.get(key, key))

    return page(
        request,
        "console/loop/campaign.html",
        caller=caller,
        campaign=campaign,
        about=about,
        state=state_of(campaign),
        report=report,
        by=by,
        dimensions=DIMENSIONS,
        rows_of=lambda campaign, *about: rows_of(campaign, zone, *about),
        row_of=row_of,
        loop=period.address("/console/loop", title=_only(about.titles)),
        titles=await directory.names_by_slug(session),
        incremental=await incremental(session, period.first, period.last, whole=False, zone=zone),
        **_words(),
    )


def _only(names: list[str] | None) -> str | None:
    return names[0] if names and len(names) == 1 else None


def _period(campaign: Campaign, zone: str) -> Period:
    return Period("custom", "Campaign", *days_of(campaign, utc_now(), zone), zone)


def rows_of(campaign: Campaign, zone: str, step: str, by: str | None = None, key: str | None = None) -> str:
    """The address of the rows behind a number of a campaign, or of one row of its table."""
    if step not in COUNTED:
        return f"/console/campaigns/{campaign.key}/credits?kind={step}"
    days = _period(campaign, zone).query
    mine = place(by, key) if by and key else {}
    asked = {**days, "campaign": campaign.key, "kind": step, "verdict": COUNTED[step], **mine}
    return f"/console/events?{urlencode({name: value for name, value in asked.items() if value})}"


@router.post("/{key}/end")
async def end_one(session: DbSession, caller: CampaignMaker, key: str) -> Response:
    """End it early."""
    await end(session, await find_campaign(session, key))
    return see_other(f"/console/campaigns/{key}")


@router.get("/{key}/results.{kind}")
async def download(
    request: Request, session: DbSession, caller: Marketer, zone: ReaderZone, key: str, kind: str, by: By = "title"
) -> Response:
    """The campaign's table as ``csv`` or ``parquet``; the first row is the whole."""
    by = one_of("by", by, DIMENSIONS, "title")
    report = await campaign_report(services_of(request).runtime, await find_campaign(session, key), by, zone)
    report.rows = named_for(names_for(request, caller), by, report.rows)
    whole = {each.step: each.count for each in report.steps}
    rows = [("", "all", whole, report.revenue)]
    rows += [(row.key, row.label, row.counts, row.revenue) for row in report.rows]
    columns, nets = by_currency("net_minor", [{each.currency: each.net_minor for each in row[3]} for row in rows])
    cells = [
        [key, label, *(float(counts.get(step, 0)) for step in LABELS), *net]
        for (key, label, counts, _), net in zip(rows, nets, strict=True)
    ]
    return table_file(f"campaign-{report.key}-by-{by}", kind, [by, "label", *LABELS, *columns], cells)


@router.get("/{key}/credits")
async def list_credits(
    request: Request, session: DbSession, caller: Marketer, key: str, kind: Kind = "", before: str | None = None
) -> Response:
    """The parts that the campaign is credited with, newest conversions first; each opens its evidence."""
    kind = one_of("kind", kind, KINDS, "")
    campaign, now = await find_campaign(session, key), utc_now()
    newest, older = await newest_credit(session, campaign, now, ROWS, kind=kind, before=read_place(before))
    totals = await totals_of(session, campaign, now, kind)
    return page(
        request,
        "console/loop/campaign_credits.html",
        caller=caller,
        campaign=campaign,
        credits=newest,
        older=None if older is None else _older_credits(campaign, kind, older),
        total=totals.weight_ppm / PPM,
        conversions=totals.conversions,
        names=await converted_names(session, {credit.conversion_id for credit in newest}, names_for(request, caller)),
        titles=await directory.names(session),
        kind=kind,
        kinds=KINDS,
        channel=channel_name,
        **_words(),
    )


def _older_credits(campaign: Campaign, kind: str, place: Place) -> str:
    at, id = place
    asked = {"kind": kind, "before": f"{at.isoformat()}_{id}"}
    return (
        f"/console/campaigns/{campaign.key}/credits?{urlencode({name: text for name, text in asked.items() if text})}"
    )


async def _credits(session: AsyncSession, key: str, kind: str) -> tuple[Campaign, list[Credit]]:
    kind = one_of("kind", kind, KINDS, "")
    campaign = await find_campaign(session, key)
    found = await credit_of(session, campaign, utc_now())
    return campaign, [credit for credit in reversed(found) if not kind or credit.kind == kind]


@router.get("/{key}/credits.{file}")
async def download_credits(session: DbSession, caller: Marketer, key: str, file: str, kind: Kind = "") -> Response:
    """The same as ``csv`` or ``parquet``."""
    names = (
        "at kind conversion_id touch_id share_id moment_id title_id sharer_id channel weight_ppm amount_minor currency"
    )
    _, credits = await _credits(session, key, kind)
    rows = ([getattr(credit, name) for name in names.split()] for credit in credits)
    return table_file(f"campaign-{key}-credits", file, names.split(), rows)
