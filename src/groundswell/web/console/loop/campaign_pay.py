"""A campaign's work for people: its brief, who takes part, the review queue, and where the budget goes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.attribution.campaigns import find_campaign
from groundswell.attribution.tables import Campaign
from groundswell.campaigns import brief as briefs
from groundswell.campaigns import membership, submissions
from groundswell.campaigns.lifecycle import shown
from groundswell.campaigns.results import campaign_report
from groundswell.campaigns.schemas import BriefOut, NewBrief
from groundswell.catalog import directory
from groundswell.discovery.feed import discover
from groundswell.discovery.ranking import Gate
from groundswell.discovery.schemas import SceneOut
from groundswell.earnings import campaign_budgets
from groundswell.earnings.campaign_results import earnings, spending
from groundswell.earnings.schemas import BudgetOut
from groundswell.moments.availability import Audience
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.evidence.conversion import Marketer
from groundswell.web.console.forms import Unreadable, parse_amount, parse_days, parse_ppm, parse_reason
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .campaigns import CampaignMaker, Typed, state_of

Finance = Annotated[Caller, Depends(staff_page("money.manage"))]
router = APIRouter(prefix="/console/campaigns/{key}", route_class=ConsoleRoute)

ROWS = 50
SUGGESTED = 6
PER_ONE = {"post": "First accepted post", "sign_up": "Sign-up", "subscription": "Paid subscription"}
TERMS = PER_ONE | {"revenue": "Part of revenue", "plays": "Thousand plays"}
CUTS = {"budget": "the budget", "creator_cap": "the creator's cap", "day_cap": "the day's cap"}


@router.get("/pay")
async def read(request: Request, session: DbSession, caller: Marketer, zone: ReaderZone, key: str) -> Response:
    """The brief (or the form that publishes one), the budget, the review queue, and who takes part."""
    campaign = await find_campaign(session, key)
    (about,) = await shown(session, [campaign])
    brief = await _brief(session, campaign)
    report = await campaign_report(services_of(request).runtime, campaign, "title", zone)
    return page(
        request,
        "console/loop/campaign_pay.html",
        caller=caller,
        campaign=campaign,
        about=about,
        state=state_of(campaign),
        brief=brief,
        budget=await _budget(session, campaign),
        claimed=report.count("subscription"),
        waiting=await submissions.of_campaign(session, campaign.id, ROWS, status="waiting"),
        decided=[
            row for row in await submissions.of_campaign(session, campaign.id, ROWS) if row[0].status != "waiting"
        ],
        members=await membership.members(session, campaign.id, ROWS),
        suggested=[] if brief else await _suggested(request, session, caller, campaign),
        titles=await directory.names_by_slug(session),
        per_one=PER_ONE,
        term_names=TERMS,
        window=services_of(request).settings.refund_window_days,
        may_manage=bool(caller.roles & {"marketer", "admin"}),
        may_pay=bool(caller.roles & {"finance", "admin"}),
    )


async def _brief(session: AsyncSession, campaign: Campaign) -> BriefOut | None:
    try:
        return briefs.shown_brief(campaign, await briefs.brief_of(session, campaign.id))
    except briefs.BriefMissing:
        return None


async def _budget(session: AsyncSession, campaign: Campaign) -> BudgetOut | None:
    try:
        return await spending(session, campaign)
    except campaign_budgets.BudgetUnknown:
        return None


async def _suggested(request: Request, session: AsyncSession, caller: Caller, campaign: Campaign) -> list[SceneOut]:
    """The hottest scenes of what the campaign is about."""
    audience, gate = Audience.of(caller, request), Gate.of(services_of(request).settings)
    found: list[SceneOut] = []
    for title in campaign.titles[:SUGGESTED] if campaign.titles else [None]:
        found += (await discover(session, audience=audience, gate=gate, limit=SUGGESTED, title_id=title)).items
    return sorted(found, key=lambda scene: -scene.heat)[:SUGGESTED]


@router.post("/brief")
async def publish(
    request: Request,
    session: DbSession,
    caller: CampaignMaker,
    key: str,
    about: Typed,
    entry: Typed = "open",
    dos: Typed = "",
    donts: Typed = "",
    captions: Typed = "",
    scene: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    post: Typed = "",
    sign_up: Typed = "",
    subscription: Typed = "",
    plays: Typed = "",
    revenue: Typed = "",
    months: Typed = "",
    creator_cap: Typed = "",
    day_cap: Typed = "",
    hold: Typed = "",
    review_hours: Typed = "72",
) -> Response:
    """Publish the brief from the page's form: a line for each do, don't and caption; amounts as people write them."""
    campaign = await find_campaign(session, key)
    amounts = {"post": post, "sign_up": sign_up, "subscription": subscription, "plays": plays}
    caps = {"creator_cap_minor": creator_cap, "day_cap_minor": day_cap}
    try:
        given: dict[str, Any] = {
            "about": about,
            "entry": entry,
            "dos": _lines(dos),
            "donts": _lines(donts),
            "captions": _lines(captions),
            "scenes": [_scene(each) for each in scene],
            "terms": _terms(amounts, revenue, months, campaign.currency or ""),
            "hold_days": parse_days(hold),
            "review_hours": parse_days(review_hours),
        }
        given |= {name: parse_amount(text, campaign.currency or "EUR") for name, text in caps.items() if text.strip()}
        new = NewBrief.model_validate(given)
    except (Unreadable, ValidationError) as error:
        words = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise Invalid(words.removeprefix("Value error, ")) from None
    await briefs.publish(session, services_of(request).settings, campaign, new, caller.actor)
    return see_other(f"/console/campaigns/{key}/pay")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _scene(text: str) -> dict[str, Any]:
    """``slug start end``, as the page's boxes have it."""
    try:
        slug, start, end = text.split(" ")
        return {"title": slug, "start_us": int(start), "end_us": int(end)}
    except ValueError:
        raise Unreadable("Choose scenes from the list.") from None


def _terms(amounts: dict[str, str], revenue: str, months: str, currency: str) -> list[dict[str, Any]]:
    typed = {kind: text for kind, text in amounts.items() if text.strip()}
    if (typed or revenue.strip()) and not currency:
        raise Unreadable("A campaign that pays has a budget, named when it is made.")
    found: list[dict[str, Any]] = [
        {"kind": kind, "amount_minor": parse_amount(text, currency)} for kind, text in typed.items()
    ]
    if revenue.strip():
        found.append({"kind": "revenue", "share_ppm": parse_ppm(revenue), "months": parse_days(months) or 0})
    return found


@router.post("/pause")
async def pause(session: DbSession, caller: CampaignMaker, key: str, paused: Typed = "yes") -> Response:
    """Take in nobody and no post for the time being, or again."""
    await briefs.pause(session, await find_campaign(session, key), paused=paused == "yes")
    return see_other(f"/console/campaigns/{key}/pay")


@router.post("/invitations")
async def invite(session: DbSession, caller: CampaignMaker, key: str, creators: Typed = "") -> Response:
    """Invite creators by handle, one or many."""
    handles = creators.replace(",", " ").replace("\0", " ").split()
    await membership.invite(session, await find_campaign(session, key), handles[:ROWS], caller.actor)
    return see_other(f"/console/campaigns/{key}/pay#creators")


@router.post("/members/{handle}")
async def decide_member(
    session: DbSession, caller: CampaignMaker, key: str, handle: str, accept: Typed = "", reason: Typed = ""
) -> Response:
    """Accept who has applied, or refuse them with a reason."""
    campaign, yes = await find_campaign(session, key), accept == "yes"
    why = "" if yes else parse_reason(reason)
    await membership.decide(session, campaign, handle, caller.actor, accept=yes, reason=why)
    return see_other(f"/console/campaigns/{key}/pay#creators")


@router.post("/submissions/{submission_id}")
async def decide_submission(
    session: DbSession, caller: CampaignMaker, key: str, submission_id: UUID, accept: Typed = "", reason: Typed = ""
) -> Response:
    """Accept a post, or refuse it with a reason."""
    campaign, yes = await find_campaign(session, key), accept == "yes"
    why = "" if yes else parse_reason(reason)
    await submissions.decide(session, campaign, submission_id, caller.actor, accept=yes, reason=why)
    return see_other(f"/console/campaigns/{key}/pay#review")


@router.post("/budget")
async def fund(session: DbSession, caller: Finance, key: str) -> Response:
    """Set the budget aside."""
    await campaign_budgets.fund(session, await find_campaign(session, key), caller.actor)
    return see_other(f"/console/campaigns/{key}/pay#budget")


@router.post("/settle")
async def settle(session: DbSession, caller: Finance, key: str, reason: Typed = "") -> Response:
    """Return what was not spent."""
    await campaign_budgets.settle(session, await find_campaign(session, key), caller.actor, parse_reason(reason))
    return see_other(f"/console/campaigns/{key}/pay#budget")


@router.get("/earnings")
async def list_earnings(
    request: Request, session: DbSession, caller: Marketer, key: str, cursor: str | None = None
) -> Response:
    """Each change of what the campaign brought its creators, newest first; each opens its posting and conversion."""
    campaign = await find_campaign(session, key)
    rows = await earnings(session, ROWS, decode_cursor(cursor), campaign_id=campaign.id)
    after = next_cursor(rows, ROWS)
    return page(
        request,
        "console/loop/campaign_earnings.html",
        caller=caller,
        campaign=campaign,
        rows=rows,
        older=after and f"/console/campaigns/{key}/earnings?cursor={after}",
        term_names=TERMS,
        cuts=CUTS,
        may_pay=bool(caller.roles & {"finance", "admin"}),
    )
