"""Rules and facts out of the database, in policy's own terms."""

from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import RightsRule, Source, Title

from .rules import BlockedRange, Rule, RuleBook, TitleFacts, Total


def facts_of(title: Title, source: Source) -> TitleFacts:
    """What policy needs to know of ``title``; ``source`` is its ready version."""
    return TitleFacts(
        id=title.id,
        duration_us=source.duration_us or 0,
        series_id=title.series_id,
        season=title.season,
        released_on=title.released_on,
        rating=title.rating,
        live=title.live,
        captioned=title.captioned,
    )


async def rulebook(session: AsyncSession, title: TitleFacts | None = None) -> RuleBook:
    """Every rule; or those that speak of ``title``, in any territory."""
    query = select(RightsRule)
    if title is not None:
        query = query.where(tuple_(RightsRule.scope, RightsRule.scope_key).in_(title.places))
    return RuleBook(rule_of(row) for row in await session.scalars(query))


def rule_of(row: RightsRule) -> Rule:
    """One row in policy's own terms."""
    return Rule(
        id=row.id,
        scope=row.scope,
        scope_key=row.scope_key,
        territory=row.territory,
        speaks_from=row.speaks_from,
        speaks_until=row.speaks_until,
        sharing=row.sharing,
        min_clip_us=row.min_clip_us,
        max_clip_us=row.max_clip_us,
        viewer_total=_total(row.viewer_total_us, row.viewer_total_percent),
        title_total=_total(row.title_total_us, row.title_total_percent),
        ending_percent=row.ending_percent,
        ending_days=row.ending_days,
        kids=row.kids,
        kids_ratings=_set(row.kids_ratings),
        ratings_off=_set(row.ratings_off),
        ad_tier=row.ad_tier,
        live=row.live,
        public_playback=row.public_playback,
        download=row.download,
        targets=_set(row.targets),
        captions=row.captions,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        blocked_ranges=_ranges(row.blocked_ranges),
    )


def _total(us: int | None, percent: int | None) -> Total | None:
    if us is not None:
        return Total(us=us)
    return None if percent is None else Total(percent=percent)


def _ranges(ranges: list[Any] | None) -> tuple[BlockedRange, ...] | None:
    return None if ranges is None else tuple(BlockedRange(**each) for each in ranges)


def _set(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
