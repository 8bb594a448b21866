"""Which conversions campaigns are to look at, noted in the transaction that gave a reason to."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.campaigns import converted_by
from groundswell.attribution.signals import Credited, Rejudged
from groundswell.attribution.tables import Campaign, Conversion, Touch
from groundswell.campaigns.signals import SubmissionAccepted
from groundswell.platform.database import among
from groundswell.platform.signals import on
from groundswell.shares.tables import Share

from .tables import CampaignBudget, CampaignRecount

PAID_KINDS = ("sign_up", "subscription", "renewal")


@on(Credited)
async def note_conversion(session: AsyncSession, credited: Credited) -> None:
    """Note a conversion, or the sale that a refund is of. Renewals are noted without credit too: they may belong to a
    subscription that a campaign brought."""
    conversion = credited.conversion
    id = conversion.original_id if conversion.kind == "refund" else conversion.id
    counts = conversion.kind == "refund" or conversion.kind == "renewal" or bool(credited.credits)
    if id is not None and counts and conversion.kind in {*PAID_KINDS, "refund"} and await _any_budget(session):
        await note(session, [id])


@on(Rejudged)
async def note_rejudged(session: AsyncSession, rejudged: Rejudged) -> None:
    """Note what a visit led to, when its verdict changes either way."""
    if await _any_budget(session):
        came = select(Touch.viewer_id).where(Touch.event_id == rejudged.event_id)
        query = select(Conversion.id).where(Conversion.viewer_id.in_(came), Conversion.kind.in_(PAID_KINDS))
        await note(session, list(await session.scalars(query.where(Conversion.at >= rejudged.at))))


@on(SubmissionAccepted)
async def note_accepted(session: AsyncSession, accepted: SubmissionAccepted) -> None:
    """Note what a post's moment has led to already."""
    came = select(Touch.viewer_id).join(Share, Share.id == Touch.share_id)
    came = came.where(Share.moment_id == accepted.submission.moment_id)
    await note_campaign(session, accepted.campaign, Conversion.viewer_id.in_(came))


async def note_campaign(session: AsyncSession, campaign: Campaign, *narrowed: ColumnElement[bool]) -> None:
    """Note everything that may be a campaign's already."""
    own = select(Conversion.id).where(*converted_by(campaign), Conversion.kind.in_(PAID_KINDS), *narrowed)
    await session.execute(_kept(insert(CampaignRecount).from_select(["conversion_id"], own.order_by(Conversion.id))))


async def note(session: AsyncSession, conversions: list[UUID]) -> None:
    """Note ``conversions``; those that are noted already stay so."""
    if conversions:
        rows = [{"conversion_id": id} for id in sorted(set(conversions))]
        await session.execute(_kept(insert(CampaignRecount).values(rows)))


def _kept(made: Insert) -> Insert:
    """With what is on the list already held until this transaction ends: whoever took it off before could not see what
    it is noted for."""
    return made.on_conflict_do_update(index_elements=["conversion_id"], set_={"queued_at": CampaignRecount.queued_at})


async def take(session: AsyncSession, batch: int) -> list[UUID]:
    """Take the conversions that were noted first off the list; they are back on it when this transaction fails."""
    first = select(CampaignRecount.conversion_id).order_by(CampaignRecount.queued_at, CampaignRecount.conversion_id)
    mine = list(await session.scalars(first.limit(batch).with_for_update(skip_locked=True)))
    if mine:
        await session.execute(delete(CampaignRecount).where(among(CampaignRecount.conversion_id, mine)))
    return mine


async def waiting(session: AsyncSession, campaign: Campaign) -> bool:
    """Whether anything that may be a campaign's waits to be looked at."""
    own = select(Conversion.id).where(*converted_by(campaign), Conversion.id == CampaignRecount.conversion_id)
    return bool(await session.scalar(select(CampaignRecount.conversion_id).where(own.exists()).limit(1)))


async def _any_budget(session: AsyncSession) -> bool:
    return bool(await session.scalar(select(CampaignBudget.campaign_id).limit(1)))
