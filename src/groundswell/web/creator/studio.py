"""Creators: the public page of one, and one's own: what my moments brought, what I am due, my code and links."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.creators import channels, imported_partners, invitations, profiles, results
from groundswell.creators.applications import ApplicationNeeded
from groundswell.creators.programme_files import PROGRAMMES
from groundswell.creators.schemas import CreatorChange, NewCreator
from groundswell.creators.tables import Creator
from groundswell.earnings import statements
from groundswell.earnings.api import pdf_file
from groundswell.moments.availability import Audience
from groundswell.payouts import payees, payout_runs
from groundswell.payouts.requirements import MISSING
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.csv_response import by_currency, csv_file
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.channels import SENT_TO, channel_name
from groundswell.shares.lifecycle import ChannelUnknown, ShareRequest, make_share
from groundswell.shares.limits import admit_viewer
from groundswell.shares.listing import live_links_of_viewer
from groundswell.trust import cases
from groundswell.web.page_auth import MaybeViewer, Member
from groundswell.web.page_route import PageRoute
from groundswell.web.period import Period, chosen_period, presets
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(route_class=PageRoute)

LINKS = 12
OTHERS_PAGES = frozenset({"native", "embed"})
"""Ways that are no place of their own: a phone's own sheet, and a player for others' pages."""
PAGE = 100


@router.get("/creators/{handle}")
async def read_creator(request: Request, handle: str, session: DbSession, caller: MaybeViewer) -> Response:
    """What everybody sees of a creator."""
    asked_by = caller.id if caller else None
    creator = await profiles.public_page(session, await profiles.named(session, handle, asked_by), caller)
    own = caller is not None and await profiles.is_of(session, creator.id, caller.id)
    elsewhere = await channels.verified(session, creator.id)
    return page(request, "creator/public.html", caller=caller, creator=creator, own=own, elsewhere=elsewhere)


@router.get("/creator")
async def read_own(
    request: Request,
    session: DbSession,
    caller: Member,
    period: str | None = None,
    first: str | None = None,
    last: str | None = None,
    saved: str | None = None,
) -> Response:
    """My own page; who is not a creator yet is told what it means and how to become one."""
    try:
        creator = await profiles.own(session, caller.id)
    except profiles.CreatorMissing:
        if _reviewed(request):
            return see_other("/creator/standing")
        return await _become_page(request, session, caller, {})
    zone = services_of(request).settings.time_zone
    today = day_of(utc_now(), zone)
    chosen = chosen_period(today, period, first, last, zone=zone)
    return page(
        request,
        "creator/own.html",
        caller=caller,
        creator=profiles.shown(creator),
        period=chosen,
        presets=presets(today, zone),
        saved=saved,
        channel=channel_name,
        places=[(name, channel_name(name)) for name in SENT_TO if name not in OTHERS_PAGES],
        **await _results(request, session, caller, creator, chosen),
    )


async def _results(
    request: Request, session: AsyncSession, caller: Caller, creator: Creator, period: Period
) -> dict[str, Any]:
    return {
        "results": await results.of_viewer(session, caller.id, period.begin, period.end),
        "statements": await statements.of_creator(session, creator.id, None, 24),
        "dues": await statements.due(session, creator.id),
        "missing": [MISSING[code] for code in await payees.missing_for(session, creator)],
        "coming": await payout_runs.on_their_way(session, creator.id),
        "notices": await cases.told(session, caller.id),
        "elsewhere": await imported_partners.recorded_for(session, creator.id),
        "programmes": PROGRAMMES,
        "links": await live_links_of_viewer(session, services_of(request).settings, caller.id, LINKS),
    }


async def _become_page(
    request: Request, session: AsyncSession, caller: Caller, shown: dict[str, Any], status: int = 200
) -> Response:
    form = {"handle": "", "display_name": caller.viewer.name, "bio": "", "code": ""}
    invited = await invitations.of_viewer(session, caller.id)
    context = {"form": form, "errors": {}, "problem": None, "invited": invited} | shown
    return page(request, "creator/become.html", status=status, caller=caller, **context)


@router.post("/creator/invitation/decline")
async def decline(session: DbSession, caller: Member) -> Response:
    """Decline the invitation to become a creator."""
    await invitations.decline(session, caller.id)
    return see_other("/creator")


@router.post("/creator")
async def become(
    request: Request,
    session: DbSession,
    caller: Member,
    handle: Annotated[str, Form()] = "",
    display_name: Annotated[str, Form()] = "",
    bio: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
) -> Response:
    """Become a creator."""
    if _reviewed(request):
        raise ApplicationNeeded()
    form = {"handle": handle, "display_name": display_name, "bio": bio, "code": code}
    try:
        await profiles.become(session, caller.id, NewCreator.model_validate(form | {"code": code.strip() or None}))
        return see_other("/creator?saved=became")
    except ValidationError as invalid:
        return await _become_page(request, session, caller, {"form": form, "errors": _errors(invalid)}, 422)
    except Problem as refused:
        return await _become_page(request, session, caller, {"form": form, "problem": refused}, refused.status)


def _reviewed(request: Request) -> bool:
    return services_of(request).settings.creator_entry == "review"


WORDS = {
    "handle": "2 to 30 letters a to z, digits and underscores, beginning with a letter or digit.",
    "code": "3 to 16 capital letters and digits.",
    "display_name": "1 to 60 characters that can be seen.",
    "bio": "At most 500 characters.",
}


def _errors(invalid: ValidationError) -> dict[str, str]:
    return {str(error["loc"][0]): WORDS[str(error["loc"][0])] for error in invalid.errors()}


@router.post("/creator/profile")
async def change_profile(
    session: DbSession,
    caller: Member,
    display_name: Annotated[str, Form()] = "",
    bio: Annotated[str, Form()] = "",
) -> Response:
    """Change how I am named and described."""
    creator = await profiles.own(session, caller.id)
    try:
        change = CreatorChange(display_name=display_name, bio=bio)
    except ValidationError:
        return see_other("/creator?saved=refused#profile")
    creator.display_name, creator.bio = change.display_name or creator.display_name, change.bio or ""
    return see_other("/creator?saved=profile#profile")


@router.post("/creator/links")
async def make_link(
    request: Request,
    session: DbSession,
    caller: Member,
    moment: Annotated[str, Form(max_length=64)] = "",
    channel: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """A link of mine for one channel, so that I see what came by it."""
    settings = services_of(request).settings
    await profiles.own(session, caller.id)
    if channel not in SENT_TO:
        raise ChannelUnknown()
    await admit_viewer(session, caller.id, settings.share_rate_per_minute)
    await make_share(session, settings, Audience.of(caller, request), ShareRequest(moment, None, channel))
    return see_other("/creator?saved=linked#links")


@router.post("/creator/cases/{case_id}/appeal")
async def object_to_case(
    case_id: UUID, session: DbSession, caller: Member, text: Annotated[str, Form()] = ""
) -> Response:
    """Object to what I was told; somebody looks at it again."""
    if not 3 <= len(text.strip()) <= 2000:
        return see_other("/creator?saved=refused#notices")
    await cases.appeal(session, case_id, caller.id, text.strip(), caller.actor)
    return see_other("/creator?saved=appealed#notices")


@router.get("/creator/moments.csv")
async def download_results(request: Request, session: DbSession, caller: Member, period: str | None = None) -> Response:
    """What each of my moments brought."""
    zone = services_of(request).settings.time_zone
    chosen = chosen_period(day_of(utc_now(), zone), period, None, None, zone=zone)
    found = await results.of_viewer(session, caller.id, chosen.begin, chosen.end)
    header = "moment title caption shares unfurls clicks plays sign_ups_millionths subscriptions_millionths"
    revenue = [{money.currency: money.amount_minor for money in each.revenue} for each in found.moments]
    columns, amounts = by_currency("revenue_minor", revenue)
    rows = (
        (
            *(each.moment_code, each.title, each.caption, each.shares, each.unfurls, each.clicks, each.plays),
            *(each.sign_ups_millionths, each.subscriptions_millionths),
            *brought,
        )
        for each, brought in zip(found.moments, amounts, strict=True)
    )
    return csv_file("my-moments", [*header.split(), *columns], rows)


@router.get("/creator/statements/{statement_id}")
async def read_statement(request: Request, statement_id: UUID, session: DbSession, caller: Member) -> Response:
    """My part of one pool, a line for each moment."""
    statement = await statements.detail(session, statement_id, creator_viewer=caller.id)
    return page(request, "creator/statement.html", caller=caller, statement=statement)


@router.get("/creator/statements/{statement_id}/document.pdf")
async def download_document(statement_id: UUID, session: DbSession, caller: Member) -> Response:
    """My statement as it was issued."""
    return pdf_file(*await statements.document(session, statement_id, creator_viewer=caller.id))


@router.get("/creator/statements/{statement_id}/evidence")
async def list_evidence(
    request: Request,
    statement_id: UUID,
    session: DbSession,
    caller: Member,
    moment: UUID | None = None,
    period: str | None = None,
    cursor: str | None = None,
) -> Response:
    """What was counted for my statement, one by one."""
    statement = await statements.detail(session, statement_id, creator_viewer=caller.id)
    rows = await statements.evidence(
        session,
        statement_id,
        moment_id=moment,
        after=decode_cursor(cursor),
        limit=PAGE,
        creator_viewer=caller.id,
        period=period,
    )
    line = next((line for line in statement.lines if line.moment_id == moment), None)
    shown: dict[str, Any] = {
        "statement": statement,
        "line": line,
        "moment": moment,
        "of": urlencode({"period": period or "", "moment": moment or ""} if moment or period else {}),
        "rows": rows,
        "next": next_cursor(rows, PAGE),
    }
    return page(request, "creator/statement_evidence.html", caller=caller, **shown)
