"""Whom to partner with, for people: each figure opens its rows, and whoever is chosen is invited from here."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.attribution.campaigns import find_campaign
from groundswell.attribution.tables import Campaign
from groundswell.campaigns import membership
from groundswell.campaigns.brief import open_briefs
from groundswell.campaigns.shortlist import COUNTS, ShortlistQuery, partner_names, shares_behind, shortlist
from groundswell.catalog import directory
from groundswell.catalog.titles import find_title
from groundswell.creators import invitations
from groundswell.creators.profiles import CreatorUnknown, handles_of
from groundswell.earnings.campaign_results import earnings
from groundswell.earnings.statements import of_creator
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import channel_name
from groundswell.web.console.filters import FilterInvalid, asked_period
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.period import Period, presets
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .campaign_pay import TERMS
from .campaigns import CampaignMaker

router = APIRouter(prefix="/console/shortlist", route_class=ConsoleRoute)
PATH = "/console/shortlist"
PAGE = 50
MOST = 100
Typed = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class Narrowing:
    """The period and what the figures are narrowed to, as the address has it."""

    period: Period
    channel: str | None
    territory: str | None

    def query(self) -> ShortlistQuery:
        return ShortlistQuery(self.period.begin, self.period.end, self.channel, self.territory)

    def address(self, path: str, **more: str | None) -> str:
        """``path`` for the same figures."""
        return self.period.address(path, channel=self.channel, territory=self.territory, **more)


def narrowing(
    zone: ReaderZone,
    period: str | None = None,
    channel: Typed = "",
    territory: Typed = "",
    first: Annotated[str | None, Query(alias="from")] = None,
    last: Annotated[str | None, Query(alias="to")] = None,
) -> Narrowing:
    """A dependency: what the address asks for."""
    there = territory.strip().upper()
    if there and not (len(there) == 2 and there.isascii() and there.isalpha()):
        raise FilterInvalid("territory has two letters, such as DE.")
    return Narrowing(asked_period(period, first, last, zone), channel.replace("\0", "") or None, there or None)


Narrowed = Annotated[Narrowing, Depends(narrowing)]


@router.get("")
async def read_shortlist(
    request: Request,
    session: DbSession,
    caller: CampaignMaker,
    narrowed: Narrowed,
    zone: ReaderZone,
    title: Typed = "",
    campaign: Typed = "",
    invited: Annotated[int | None, Query(ge=0, le=MOST)] = None,
) -> Response:
    """Those who are surely worth most, first."""
    found = await find_campaign(session, campaign) if campaign else None
    titles = [(await find_title(session, title)).id] if title else found.titles or [] if found else []
    asked = narrowed.query()
    partners = await shortlist(session, ShortlistQuery(asked.begin, asked.end, asked.channel, asked.territory, titles))
    creators = [one.creator.id for one in partners if one.creator]
    named = names_for(request, caller)
    return page(
        request,
        "console/loop/shortlist.html",
        caller=caller,
        partners=[(one, named.of(one.viewer_id, one.name)) for one in partners],
        parts=await membership.statuses(session, found.id, creators) if found else {},
        invitations=await invitations.states(session, [one.viewer_id for one in partners]),
        narrowed=narrowed,
        presets=[(each, each.address(PATH)) for each in presets(day_of(utc_now(), zone), zone)],
        title=title,
        campaign=campaign,
        campaigns=[each for each, brief in await open_briefs(session) if brief.paused_at is None],
        titles=await directory.names_by_slug(session),
        counts=COUNTS,
        channel_name=channel_name,
        saved=None
        if invited is None
        else f"{invited} invited. Whoever was before, or has declined, is not asked again.",
    )


@router.post("/invitations")
async def invite(
    session: DbSession,
    caller: CampaignMaker,
    who: Annotated[list[UUID], Form(max_length=MOST)] = [],  # noqa: B006 - FastAPI copies it
    campaign: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Invite those who were chosen: creators to a campaign, and who is none yet, to become one."""
    if not who:
        raise Invalid("Choose whom to invite.")
    handles = await handles_of(session, who)
    count = await _to_campaign(session, campaign, sorted(handles.values()), caller)
    count += await invitations.invite(session, [id for id in who if id not in handles], caller.actor)
    chosen = f"campaign={campaign}&" if campaign else ""
    return see_other(f"{PATH}?{chosen}invited={count}")


async def _to_campaign(session: AsyncSession, key: str, handles: list[str], caller: Caller) -> int:
    if not handles:
        return 0
    if not key:
        raise Invalid("Choose the campaign to which creators are invited.")
    campaign: Campaign = await find_campaign(session, key)
    return await membership.invite(session, campaign, handles, caller.actor)


@router.get("/{viewer_id}")
async def read_partner(
    request: Request,
    session: DbSession,
    caller: CampaignMaker,
    narrowed: Narrowed,
    viewer_id: UUID,
    cursor: str | None = None,
) -> Response:
    """The rows behind somebody's figures: their shares with what each brought, and what they earned."""
    found = await partner_names(session, viewer_id)
    if found is None:
        raise CreatorUnknown()
    name, creator = found
    rows = await shares_behind(session, narrowed.query(), viewer_id, PAGE, decode_cursor(cursor))
    after = next_cursor(rows, PAGE)
    return page(
        request,
        "console/loop/partner.html",
        caller=caller,
        name=names_for(request, caller).of(viewer_id, name),
        viewer_id=viewer_id,
        creator=creator,
        rows=rows,
        older_shares=after and narrowed.address(f"{PATH}/{viewer_id}", cursor=after),
        narrowed=narrowed,
        earned=await earnings(session, PAGE, creator_id=creator.id) if creator else [],
        statements=await of_creator(session, creator.id, None, PAGE) if creator else [],
        term_names=TERMS,
        channel_name=channel_name,
        may_pay=bool(caller.roles & {"finance", "admin"}),
    )
