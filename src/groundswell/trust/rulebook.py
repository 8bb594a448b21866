"""Rules and facts out of the database, in policy's own terms."""

from collections import namedtuple
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import RightsRule, Source, Title
from groundswell.platform.database import PreparedStatement

from .rules import BlockedRange, Licence, Rule, RuleBook, TitleFacts, Total


def facts_of(title: Title, source: Source | None) -> TitleFacts:
    """What policy needs to know of ``title``; ``source`` is its ready version (None: it has none, and no length)."""
    return TitleFacts(
        id=title.id,
        duration_us=0 if source is None else source.duration_us or 0,
        series_id=title.series_id,
        season=title.season,
        released_on=title.released_on,
        rating=title.rating,
        live=title.live,
        captioned=title.captioned,
        licences=licences_of(title.licences),
    )


FACTS = (
    *(Title.id, Title.series_id, Title.season, Title.released_on, Title.rating, Title.live, Title.licences),
    *(Title.captioned.label("captioned"), Source.duration_us),
)
"""The columns of which ``facts_in`` reads, of a title and its ready version: for many titles, of which no more is
wanted than what policy needs."""


class FactsRow(NamedTuple):
    """What ``FACTS`` are of one title."""

    id: UUID
    series_id: UUID | None
    season: int | None
    released_on: date | None
    rating: str | None
    live: bool | None
    licences: list[Any] | None
    captioned: bool
    duration_us: int | None


def facts_in(row: "Row[Any] | FactsRow") -> TitleFacts:
    """What policy needs to know of a title, out of a row of ``FACTS``."""
    return TitleFacts(
        id=row.id,
        duration_us=row.duration_us or 0,
        series_id=row.series_id,
        season=row.season,
        released_on=row.released_on,
        rating=row.rating,
        live=row.live,
        captioned=row.captioned,
        licences=licences_of(row.licences),
    )


def licences_of(given: list[Any] | None) -> tuple[Licence, ...] | None:
    """A title's licences as its row has them, in policy's own terms."""
    return None if given is None else tuple(_licence(each) for each in given)


def _licence(given: dict[str, Any]) -> Licence:
    edges = (given.get("opens_at"), given.get("closes_at"))
    opens, closes = (None if edge is None else datetime.fromisoformat(edge) for edge in edges)
    return Licence(_set(given.get("territories")), opens, closes)


async def rulebook(session: AsyncSession, *titles: TitleFacts) -> RuleBook:
    """The rules that speak of one of ``titles``, in any territory."""
    return RuleBook(rule_of(row) for row in await session.scalars(SPEAKING, _places(titles)))


async def written_rulebook(session: AsyncSession, titles: Sequence[TitleFacts]) -> RuleBook:
    """The same where nothing waits in the session to be written, in less time."""
    rows = await WRITTEN.rows(session, **_places(titles))
    return RuleBook(rule_of(WrittenRule(*row)) for row in rows)


def _places(titles: Sequence[TitleFacts]) -> dict[str, list[str]]:
    scopes, keys = zip(*{place for title in titles for place in title.places}, strict=True) if titles else ((), ())
    return {"scopes": list(scopes), "keys": list(keys)}


def _speaking(*wanted: Any) -> Select[Any]:
    asked = (bindparam(name, [], type_=ARRAY(String)) for name in ("scopes", "keys"))
    named = func.unnest(*asked).table_valued("scope", "scope_key").render_derived(name="places")
    here = (RightsRule.scope == named.c.scope) & (RightsRule.scope_key == named.c.scope_key)
    return select(*wanted).join(named, here)


SPEAKING = _speaking(RightsRule)
"""The rules of places. Made once: to build a statement takes longer than to ask it."""

COLUMNS = RightsRule.__table__.columns
WRITTEN = PreparedStatement(_speaking(*COLUMNS))
WrittenRule: Any = namedtuple("WrittenRule", " ".join(column.name for column in COLUMNS))  # type: ignore[misc]
"""A rule as its row has it."""


async def every_rule(session: AsyncSession) -> list[Rule]:
    """Every rule there is."""
    return [rule_of(row) for row in await session.scalars(select(RightsRule))]


def rule_of(row: Any) -> Rule:
    """One row, of ``RightsRule`` or ``WrittenRule``, in policy's own terms."""
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
