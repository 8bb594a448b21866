"""What campaigns pay for, found: conversions that were noted, posts that were accepted, plays that we counted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.campaign_credit import credit_for
from groundswell.attribution.tables import Conversion
from groundswell.campaigns.tables import CampaignMember, CampaignSubmission
from groundswell.campaigns.terms import MONTH_DAYS, CampaignTerm, Sale, for_plays, for_sale
from groundswell.creators.tables import Creator
from groundswell.events.ingest.parser import WATCHED_LEAST_MS
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.trust.decisions import active_among

from .campaign_accrual import Worth, accrue, hold
from .campaign_budgets import Funded, funded
from .campaign_recounts import take
from .tables import CampaignEarning

BATCH = 500
PLAYS = "plays"
POST = "post"
HIDE = ("hide",)

COUNTED_PLAYS = text("""
    SELECT moment_id, count(*) FROM (
        SELECT DISTINCT e.moment_id, (e.at AT TIME ZONE 'UTC')::date, coalesce(e.visitor, e.viewer_id::text)
        FROM judged_events e JOIN published_moments m ON m.id = e.moment_id
        WHERE e.moment_id = ANY(:moments) AND e.at >= :begin AND e.at < :end AND e.kind = 'play'
            AND e.verdict = 'human' AND (e.inputs ->> 'watched_ms')::bigint >= :watched_least
            AND (e.viewer_id IS NULL OR e.viewer_id <> m.viewer_id)
            AND coalesce(e.visitor, e.viewer_id::text) IS NOT NULL
    ) counted GROUP BY moment_id
""")


@dataclass(frozen=True)
class _Earners:
    """Whose moments and codes earn by a campaign: creators by moment, and by viewer."""

    moments: Mapping[UUID, UUID]
    viewers: Mapping[UUID, UUID]
    viewer_of: Mapping[UUID, UUID]


async def settle_noted(database: Database, batch: int = BATCH) -> int:
    """Reckon what was noted first, all in one transaction; returns how many conversions.

    What sales are worth is found before anybody is held up: whatever would change that notes the conversion again, and
    waits for this transaction to do so. What renewals are worth depends on what others may be paying just then, and is
    found while nobody does.
    """
    async with database.transaction() as session:
        noted = await take(session, batch)
        if noted:
            campaigns = await funded(session)
            rows = await _rows(session, noted)
            valued = [await _worths_now(session, each, _sales(rows)) for each in campaigns]
            await hold(session, campaigns)
            await funded(session)  # as they are now: one may have been settled meanwhile
            for each, worths in zip(campaigns, valued, strict=True):
                await accrue(session, each, worths)
                await _settle_renewals(session, each, rows)
        return len(noted)


async def _settle_renewals(session: AsyncSession, each: Funded, rows: Sequence[Conversion]) -> int:
    renewals = [row for row in rows if row.kind == "renewal"]
    return await accrue(session, each, await _worths_now(session, each, renewals)) if renewals else 0


def _sales(rows: Sequence[Conversion]) -> list[Conversion]:
    return [row for row in rows if row.kind != "renewal"]


async def worths_of(session: AsyncSession, each: Funded, conversions: Iterable[UUID]) -> list[Worth]:
    """What ``conversions`` are worth to a campaign's creators now; nothing is paid by it."""
    rows = await _rows(session, conversions)
    return await _worths_now(session, each, rows)


async def _rows(session: AsyncSession, conversions: Iterable[UUID]) -> Sequence[Conversion]:
    query = select(Conversion).where(among(Conversion.id, set(conversions)))
    return (await session.scalars(query.order_by(Conversion.at, Conversion.id))).all()


async def _worths_now(session: AsyncSession, each: Funded, rows: Sequence[Conversion]) -> list[Worth]:
    renewals = [row for row in rows if row.kind == "renewal"]
    sales = _sales(rows)
    weights = {
        **(await _weights(session, each, await _earners(session, each), sales) if sales else {}),
        **await _inherited(session, each, renewals),
    }
    return _worths(each, rows, weights, await _refunded(session, [row.id for row in rows]))


Weights = Mapping[UUID, Mapping[UUID, int]]
"""Conversion → creator → part of it in millionths; creators with 0 had a part before."""


def _worths(each: Funded, rows: Sequence[Conversion], weights: Weights, refunded: Mapping[UUID, int]) -> list[Worth]:
    found = []
    for row in rows:
        for creator, weight in sorted(weights.get(row.id, {}).items()):
            same = row.currency == each.budget.currency
            sale = Sale(row.kind, weight, row.amount_minor or 0, refunded.get(row.id, 0), same)
            for term in each.terms:
                if _pays_for(term, row.kind):
                    wanted = for_sale(term, sale)
                    found.append(Worth(creator, term, f"conversion/{row.id}", wanted, weight, row.at, row.at, row.id))
    return found


def _pays_for(term: CampaignTerm, kind: str) -> bool:
    return term.kind == kind or (term.kind == "revenue" and kind in {"subscription", "renewal"})


async def _earners(session: AsyncSession, each: Funded) -> _Earners:
    """Creators whose posts were accepted, and those who take part (their code earns)."""
    posts = select(CampaignSubmission.moment_id, CampaignSubmission.creator_id)
    posts = posts.where(CampaignSubmission.campaign_id == each.campaign.id, CampaignSubmission.status == "accepted")
    parts = select(Creator.viewer_id, Creator.id).join(CampaignMember, CampaignMember.creator_id == Creator.id)
    parts = parts.where(CampaignMember.campaign_id == each.campaign.id, CampaignMember.status.in_(["accepted", "left"]))
    viewers = {viewer: creator for viewer, creator in await session.execute(parts)}  # noqa: C416 - rows are no pairs
    moments = {moment: creator for moment, creator in await session.execute(posts)}  # noqa: C416 - rows are no pairs
    return _Earners(moments, viewers, {creator: viewer for viewer, creator in viewers.items()})


async def _weights(session: AsyncSession, each: Funded, earners: _Earners, sales: Sequence[Conversion]) -> Weights:
    """What each creator is credited with of each sale by the campaign's own rule; nobody for their own. What is hidden
    earns nothing new; what it earned before stays."""
    ids = [sale.id for sale in sales]
    buyers = {sale.id: sale.viewer_id for sale in sales}
    found: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
    standing: set[tuple[UUID, UUID]] = set()
    for conversion, earned in await session.execute(_had(each, ids)):
        if conversion is not None:
            found[conversion][earned] = 0
            standing.add((conversion, earned))
    hidden = await active_among(session, "moment", list(earners.moments), HIDE)
    for credit in await credit_for(session, each.campaign, ids):
        creator = _earner(credit.moment_id, credit.sharer_id, earners)
        if credit.kind == "refund" or creator is None or earners.viewer_of.get(creator) == buyers[credit.conversion_id]:
            continue
        if credit.moment_id in hidden and (credit.conversion_id, creator) not in standing:
            continue
        theirs = found[credit.conversion_id]
        theirs[creator] = theirs.get(creator, 0) + credit.weight_ppm
    return found


def _earner(moment_id: UUID | None, sharer_id: UUID | None, earners: _Earners) -> UUID | None:
    """The maker of the moment, whoever passed it on; for a code, the creator whose it is."""
    if moment_id is not None:
        return earners.moments.get(moment_id)
    return None if sharer_id is None else earners.viewers.get(sharer_id)


def _had(each: Funded, conversions: Sequence[UUID]) -> Select[UUID | None, UUID]:
    had = select(CampaignEarning.conversion_id, CampaignEarning.creator_id).distinct()
    return had.where(CampaignEarning.campaign_id == each.campaign.id, among(CampaignEarning.conversion_id, conversions))


async def _inherited(session: AsyncSession, each: Funded, renewals: Sequence[Conversion]) -> Weights:
    """Whose each renewal is: theirs who brought the subscription, for as many months as the terms say."""
    months = max((term.months for term in each.terms if term.kind == "revenue"), default=0)
    if not renewals or not months:
        return {}
    first = select(Conversion.viewer_id, Conversion.at, CampaignEarning.creator_id, CampaignEarning.counted).join(
        Conversion, Conversion.id == CampaignEarning.conversion_id
    )
    first = first.where(CampaignEarning.campaign_id == each.campaign.id, CampaignEarning.term == "revenue")
    first = first.where(Conversion.kind == "subscription", among(Conversion.viewer_id, {r.viewer_id for r in renewals}))
    newest: dict[tuple[UUID, UUID], tuple[datetime, int]] = {}
    for viewer, at, creator, counted in await session.execute(first.order_by(Conversion.at, CampaignEarning.number)):
        newest[viewer, creator] = (at, counted)
    found: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
    for renewal in renewals:
        for (viewer, creator), (at, counted) in newest.items():
            if viewer == renewal.viewer_id:
                within = at <= renewal.at < at + timedelta(days=months * MONTH_DAYS)
                found[renewal.id][creator] = counted if within else 0
    return found


async def _refunded(session: AsyncSession, sales: Sequence[UUID]) -> Mapping[UUID, int]:
    query = select(Conversion.original_id, func.coalesce(func.sum(Conversion.amount_minor), 0))
    query = query.where(among(Conversion.original_id, sales), Conversion.kind == "refund")
    rows = await session.execute(query.group_by(Conversion.original_id))
    return {sale: int(amount or 0) for sale, amount in rows if sale is not None}


async def settle_posts(session: AsyncSession, each: Funded) -> int:
    """Pay for first posts that were accepted."""
    term = next((term for term in each.terms if term.kind == "post"), None)
    if term is None:
        return 0
    await hold(session, [each])
    had = select(CampaignEarning.id).where(
        CampaignEarning.campaign_id == each.campaign.id,
        CampaignEarning.creator_id == CampaignSubmission.creator_id,
        CampaignEarning.source == POST,
    )
    first = select(CampaignSubmission.creator_id, func.min(CampaignSubmission.decided_at))
    first = first.where(CampaignSubmission.campaign_id == each.campaign.id, CampaignSubmission.status == "accepted")
    first = first.where(~had.exists()).group_by(CampaignSubmission.creator_id)
    rows = (await session.execute(first)).all()
    worths = [Worth(creator, term, POST, term.amount_minor, 1, at, at) for creator, at in rows if at is not None]
    return await accrue(session, each, sorted(worths, key=lambda worth: (worth.at, worth.creator_id)))


async def settle_plays(session: AsyncSession, each: Funded) -> int:
    """Pay for plays of accepted posts' moments; those that turned out to be nobody's are taken back."""
    term = next((term for term in each.terms if term.kind == PLAYS), None)
    if term is None:
        return 0
    await hold(session, [each])
    earners, now = await _earners(session, each), utc_now()
    named = {"moments": list(earners.moments), "begin": each.campaign.begins_at, "end": each.campaign.until}
    plays: defaultdict[UUID, int] = defaultdict(int)
    for moment, count in await session.execute(COUNTED_PLAYS, named | {"watched_least": WATCHED_LEAST_MS}):
        plays[earners.moments[moment]] += count
    found = [
        Worth(creator, term, PLAYS, for_plays(term, count), count, now, now) for creator, count in sorted(plays.items())
    ]
    return await accrue(session, each, found)
