"""What a viewer's moments brought over a period, counted from the event log and the credits."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.tables import JudgedCredit
from groundswell.catalog.tables import Title
from groundswell.moments.tables import Moment
from groundswell.platform.clock import in_utc, utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import Invalid

from .schemas import ChannelResult, MomentResult, Numbers, Results, RevenueAmount

LONGEST = timedelta(days=366)
MOST_MOMENTS = 500
COUNTS = {
    "shares": "Shares of the moments, by anybody, re-shares included.",
    "unfurls": "Fetches of the shares' pages by link-preview robots. Never clicks.",
    "clicks": "Visits by people to the shares: one per visitor, share and UTC day.",
    "plays": "Plays by people: one per visitor, moment and UTC day, the maker's own left out.",
    "sign_ups_millionths": "Sign-ups credited to the shares and to the code, in millionths of one.",
    "subscriptions_millionths": "First subscriptions credited to the shares and to the code, in millionths of one.",
    "revenue": "What subscriptions and renewals brought less refunds, as credited to shares and code, in minor units.",
}


class PeriodImpossible(Invalid):
    code, title = "period_impossible", "A period begins before it ends and is at most 366 days long."


def period(begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """The period asked for, in UTC (instants without a zone are UTC); the last 30 days by default.

    Raises:
        PeriodImpossible: as it says.
    """
    try:
        end = in_utc(end) if end else utc_now()
        begin = in_utc(begin) if begin else end - timedelta(days=30)
    except ValueError:
        raise PeriodImpossible() from None
    if not timedelta() < end - begin <= LONGEST:
        raise PeriodImpossible()
    return begin, end


EVENTS = text(
    """
    SELECT moment_id, kind, count(*) FROM (
        SELECT DISTINCT e.moment_id, e.kind,
            CASE WHEN e.kind = 'play' THEN NULL ELSE e.share_id END,
            CASE WHEN e.kind IN ('click', 'play') THEN (e.at AT TIME ZONE 'UTC')::date END,
            CASE WHEN e.kind IN ('click', 'play') THEN coalesce(e.visitor, e.viewer_id::text, e.id::text)
                 ELSE e.id::text END
        FROM judged_events e JOIN published_moments m ON m.id = e.moment_id
        WHERE e.at >= :begin AND e.at < :end AND m.id = ANY(:moments)
            AND ((e.kind IN ('click', 'play') AND e.verdict = 'human') OR (e.kind = 'unfurl' AND e.verdict = 'unfurl')
                OR (e.kind = 'share' AND coalesce(e.verdict, 'human') = 'human'))
            AND (e.kind <> 'play' OR e.viewer_id IS NULL OR e.viewer_id <> m.viewer_id)
    ) counted GROUP BY moment_id, kind
    """
)

SUMS = (
    func.sum(case((JudgedCredit.kind == "sign_up", JudgedCredit.weight_ppm), else_=0)).label("sign_ups"),
    func.sum(case((JudgedCredit.kind == "subscription", JudgedCredit.weight_ppm), else_=0)).label("subscriptions"),
    func.sum(func.coalesce(JudgedCredit.amount_minor, 0)).label("amount_minor"),
    JudgedCredit.currency,
)
CREDITS = select(JudgedCredit.moment_id, *SUMS).group_by(JudgedCredit.moment_id, JudgedCredit.currency)
BY_CHANNEL = select(JudgedCredit.channel, *SUMS).group_by(JudgedCredit.channel, JudgedCredit.currency)


async def of_viewer(session: AsyncSession, viewer_id: UUID, begin: datetime, end: datetime) -> Results:
    """What a viewer's moments brought from ``begin`` to ``end`` (exclusive), each and in all."""
    mine = select(Moment, Title.name).join(Title, Title.id == Moment.title_id).where(Moment.viewer_id == viewer_id)
    rows = (await session.execute(mine.order_by(Moment.id.desc()).limit(MOST_MOMENTS))).all()
    counted = await _counted(session, [moment.id for moment, _ in rows], begin, end)
    by_code = Numbers(**await _by_code(session, viewer_id, begin, end))
    moments = [_result(moment, title, counted[moment.id]) for moment, title in rows]
    return Results(
        begin=begin,
        end=end,
        as_of=utc_now(),
        model=f"{DEFAULT_MODEL}, version {MODELS_VERSION}",
        counts=COUNTS,
        total=_total([*moments, by_code]),
        by_code=by_code,
        channels=await of_channels(session, viewer_id, begin, end),
        moments=moments,
    )


CHANNEL_EVENTS = text(
    """
    SELECT channel, kind, count(*) FROM (
        SELECT DISTINCT s.channel, e.kind, e.share_id,
            CASE WHEN e.kind IN ('click', 'play') THEN (e.at AT TIME ZONE 'UTC')::date END,
            CASE WHEN e.kind IN ('click', 'play') THEN coalesce(e.visitor, e.viewer_id::text, e.id::text)
                 ELSE e.id::text END
        FROM judged_events e JOIN published_shares s ON s.id = e.share_id
        WHERE e.at >= :begin AND e.at < :end AND s.viewer_id = :viewer AND s.channel <> 'page'
            AND ((e.kind IN ('click', 'play') AND e.verdict = 'human') OR (e.kind = 'unfurl' AND e.verdict = 'unfurl')
                OR (e.kind = 'share' AND coalesce(e.verdict, 'human') = 'human'))
            AND (e.kind <> 'play' OR e.viewer_id IS NULL OR e.viewer_id <> s.viewer_id)
    ) counted GROUP BY channel, kind
    """
)


async def of_channels(session: AsyncSession, viewer_id: UUID, begin: datetime, end: datetime) -> list[ChannelResult]:
    """What the links that a viewer made themselves brought, and their code, by where they were sent; the most clicks
    first."""
    counted: dict[str, dict[str, Any]] = defaultdict(dict)
    named = {"viewer": viewer_id, "begin": begin, "end": end}
    for channel, kind, count in await session.execute(CHANNEL_EVENTS, named):
        counted[channel][f"{kind}s"] = count
    credited = BY_CHANNEL.where(
        JudgedCredit.sharer_id == viewer_id,
        JudgedCredit.at >= begin,
        JudgedCredit.at < end,
        JudgedCredit.model == DEFAULT_MODEL,
        JudgedCredit.model_version == MODELS_VERSION,
    )
    for channel, sign_ups, subscriptions, amount, currency in await session.execute(credited):
        _add(counted[channel], int(sign_ups), int(subscriptions), int(amount), currency)
    found = [ChannelResult(channel=channel, **numbers) for channel, numbers in counted.items()]
    return sorted(found, key=lambda each: (-each.clicks, each.channel))


async def _counted(
    session: AsyncSession, moments: Sequence[UUID], begin: datetime, end: datetime
) -> dict[UUID, dict[str, Any]]:
    counted: dict[UUID, dict[str, Any]] = defaultdict(dict)
    named = {"moments": list(moments), "begin": begin, "end": end}
    for moment, kind, count in await session.execute(EVENTS, named):
        counted[moment][f"{kind}s"] = count
    credited = CREDITS.where(
        among(JudgedCredit.moment_id, moments),
        JudgedCredit.at >= begin,
        JudgedCredit.at < end,
        JudgedCredit.model == DEFAULT_MODEL,
        JudgedCredit.model_version == MODELS_VERSION,
    )
    for moment, sign_ups, subscriptions, amount, currency in await session.execute(credited):
        _add(counted[moment], int(sign_ups), int(subscriptions), int(amount), currency)
    return counted


async def _by_code(session: AsyncSession, viewer_id: UUID, begin: datetime, end: datetime) -> dict[str, Any]:
    """What the viewer's own code brought as a creator, which is of no moment."""
    counted: dict[str, Any] = {}
    credited = CREDITS.where(
        JudgedCredit.moment_id.is_(None),
        JudgedCredit.sharer_id == viewer_id,
        JudgedCredit.at >= begin,
        JudgedCredit.at < end,
        JudgedCredit.model == DEFAULT_MODEL,
        JudgedCredit.model_version == MODELS_VERSION,
    )
    for _, sign_ups, subscriptions, amount, currency in await session.execute(credited):
        _add(counted, int(sign_ups), int(subscriptions), int(amount), currency)
    return counted


def _add(counted: dict[str, Any], sign_ups: int, subscriptions: int, amount_minor: int, currency: str | None) -> None:
    counted["sign_ups_millionths"] = counted.get("sign_ups_millionths", 0) + sign_ups
    counted["subscriptions_millionths"] = counted.get("subscriptions_millionths", 0) + subscriptions
    if currency is not None:
        counted.setdefault("revenue", []).append(RevenueAmount(amount_minor=amount_minor, currency=currency))


def _result(moment: Moment, title: str, counted: dict[str, Any]) -> MomentResult:
    return MomentResult(
        moment_id=moment.id,
        moment_code=moment.code,
        url=f"/m/{moment.code}",
        title=title,
        caption=moment.caption,
        visibility=moment.visibility,
        start_us=moment.start_us,
        end_us=moment.end_us,
        **counted,
    )


def _total(results: Sequence[Numbers]) -> Numbers:
    revenue: dict[str, int] = defaultdict(int)
    for money in (money for result in results for money in result.revenue):
        revenue[money.currency] += money.amount_minor
    names = [name for name in Numbers.model_fields if name != "revenue"]
    sums = {name: sum(getattr(result, name) for result in results) for name in names}
    return Numbers(**sums, revenue=[RevenueAmount(amount_minor=revenue[c], currency=c) for c in sorted(revenue)])
