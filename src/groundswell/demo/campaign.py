"""The demo's campaign: two of its titles over three weeks, credited by position within fourteen days; its brief, its
budget, two creators who take part, and what their posts brought.

Safe to be begun again: a campaign of this key stays as it was made.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.campaigns import find_campaign
from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.tables import Campaign
from groundswell.campaigns.tables import CampaignBrief, CampaignMember, CampaignSubmission
from groundswell.catalog.tables import Title
from groundswell.creators.tables import Creator
from groundswell.earnings import campaign_budgets, campaign_sources
from groundswell.earnings.tables import CampaignBudget
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.runtime import Runtime

from .history import identity
from .membership import CURRENCY

KEY = "autumn-scenes"
BEGAN, LASTS = timedelta(days=21), timedelta(days=28)
TITLES = 2
POSTS = 4
TERMS = [
    {"kind": "post", "amount_minor": 2_000, "share_ppm": 0, "months": 0},
    {"kind": "subscription", "amount_minor": 400, "share_ppm": 0, "months": 0},
    {"kind": "revenue", "amount_minor": 0, "share_ppm": 100_000, "months": 3},
    {"kind": "plays", "amount_minor": 500, "share_ppm": 0, "months": 0},
]


async def make_campaign(runtime: Runtime, until: datetime) -> None:
    """Make it as if it had been made before it began, three weeks before ``until``."""
    begins_at = (until - BEGAN).replace(hour=0, minute=0, second=0, microsecond=0)
    async with runtime.database.transaction() as session:
        titles = (await session.scalars(select(Title.id).order_by(Title.slug).limit(TITLES))).all()
        row = {
            "id": identity("campaign", KEY, begins_at), "key": KEY, "name": "Autumn scenes", "titles": sorted(titles),
            "begins_at": begins_at, "ends_at": begins_at + LASTS, "model": "position",
            "model_version": MODELS_VERSION, "attribution_window_days": 14, "budget_minor": 150_000,
            "currency": CURRENCY, "created_at": begins_at - timedelta(days=2),
            "terms": "Scenes of the two films, in the creators' own words. No endings.",
        }  # fmt: skip
        await session.execute(insert(Campaign).values(row).on_conflict_do_nothing())
    await brief_creators(runtime, begins_at)


async def brief_creators(runtime: Runtime, begins_at: datetime) -> None:
    """Publish the brief, take creators and their posts in, fund the budget, and pay what they have brought by now."""
    async with runtime.database.transaction() as session:
        campaign = await find_campaign(session, KEY)
        if await session.get(CampaignBudget, campaign.id) is not None:
            return
        slugs = (await session.scalars(select(Title.slug).where(among(Title.id, campaign.titles or [])))).all()
        brief = {
            "campaign_id": campaign.id, "entry": "open", "hold_days": 14, "review_hours": 72, "terms": TERMS,
            "about": "Two films for long evenings. Show the scene that made you stay, and say why in a sentence.",
            "dos": ["Let the scene speak first.", "Say where to watch it."], "donts": ["No endings.", "No insults."],
            "captions": ["This is where I stopped looking at my phone."], "creator_cap_minor": 60_000,
            "scenes": [{"title": slug, "start_us": 8_000_000, "end_us": 20_000_000, "note": ""} for slug in slugs],
            "published_by": "mira", "published_at": begins_at,
        }  # fmt: skip
        await session.execute(insert(CampaignBrief).values(brief).on_conflict_do_nothing())
        await _take_in(session, campaign, begins_at)
        await campaign_budgets.fund(session, campaign, "Lumen finance")
    while await campaign_sources.settle_noted(runtime.database):
        pass
    async with runtime.database.transaction() as session:
        (funded,) = await campaign_budgets.funded(session, campaign.id)
        await campaign_sources.settle_posts(session, funded)
        await campaign_sources.settle_plays(session, funded)


async def _take_in(session: AsyncSession, campaign: Campaign, begins_at: datetime) -> None:
    """Creators with moments of the campaign's titles, the first posts of each accepted and their newest in review."""
    moments = select(Moment, Creator).join(Creator, Creator.viewer_id == Moment.viewer_id)
    moments = moments.where(among(Moment.title_id, campaign.titles or []), Moment.deleted_at.is_(None))
    theirs: dict[Creator, list[Moment]] = {}
    for moment, creator in await session.execute(moments.order_by(Moment.created_at, Moment.id)):
        theirs.setdefault(creator, []).append(moment)
    now = utc_now()
    for creator, own in theirs.items():
        row = {"id": identity("member", creator.handle, begins_at), "campaign_id": campaign.id, "note": ""}
        member = row | {"creator_id": creator.id, "status": "accepted", "agreed_at": begins_at, "reason": ""}
        await session.execute(insert(CampaignMember).values(member).on_conflict_do_nothing())
        for number, moment in enumerate(own[:POSTS]):
            waits = number and number == len(own[:POSTS]) - 1
            post = {
                "id": identity("post", f"{creator.handle}/{number}", begins_at), "campaign_id": campaign.id,
                "creator_id": creator.id, "moment_id": moment.id, "mark": creator.code, "check_code": "link",
                "url": f"https://clips.example/@{creator.handle}/{moment.code}", "checked_at": begins_at, "reason": "",
                "status": "waiting" if waits else "accepted", "due_at": now + timedelta(days=2),
                "decided_by": None if waits else "mira", "decided_at": None if waits else begins_at,
            }  # fmt: skip
            await session.execute(insert(CampaignSubmission).values(post).on_conflict_do_nothing())
