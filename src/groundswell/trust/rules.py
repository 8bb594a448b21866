"""Which rule speaks for a title: the most specific that says something. Pure.

Order, most specific first: a rule for the title, for its season, for its series, for everything; at each of these a
rule for the viewer's territory before one for any; and of those, one that speaks for a window of time before one that
always does. Each field is settled by itself, so a rule for a title that says only "at most 30 s" leaves the rest to the
rules behind it, and last to the defaults.

Blocked ranges alone add up: a song that is barred in one territory does not free the finale that is barred in all. An
empty list ends the adding: nothing is blocked by the rules behind it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

SECOND_US = 1_000_000


class Total(NamedTuple):
    """A cumulative cap: ``us`` where given, else ``percent`` of the title but not less than ``at_least_us``."""

    us: int | None = None
    percent: int = 100
    at_least_us: int = 0

    def of(self, duration_us: int) -> int:
        """The cap in microseconds for a title of this length."""
        return self.us if self.us is not None else max(duration_us * self.percent // 100, self.at_least_us)


class BlockedRange(NamedTuple):
    """A part of a title that may not be clipped, such as its credits; ``reason`` is for people, ``rule_id`` says it."""

    start_us: int
    end_us: int
    reason: str
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as rights wrote it. A field that is None says nothing. ``id`` is None for the defaults.

    It speaks from ``speaks_from`` until ``speaks_until`` (None: no end on that side).
    """

    id: UUID | None
    scope: str
    scope_key: str
    territory: str | None = None
    speaks_from: datetime | None = None
    speaks_until: datetime | None = None
    sharing: bool | None = None
    min_clip_us: int | None = None
    max_clip_us: int | None = None
    viewer_total: Total | None = None
    title_total: Total | None = None
    ending_percent: int | None = None
    ending_days: int | None = None
    kids: bool | None = None
    kids_ratings: frozenset[str] | None = None
    ratings_off: frozenset[str] | None = None
    ad_tier: bool | None = None
    live: bool | None = None
    public_playback: bool | None = None
    download: bool | None = None
    targets: frozenset[str] | None = None
    captions: bool | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    blocked_ranges: tuple[BlockedRange, ...] | None = None

    def speaks_at(self, at: datetime) -> bool:
        """Whether ``at`` lies in its window."""
        return (self.speaks_from is None or self.speaks_from <= at) and (
            self.speaks_until is None or at < self.speaks_until
        )

    @property
    def windowed(self) -> bool:
        """It does not always speak."""
        return self.speaks_from is not None or self.speaks_until is not None


EVERYTHING = ("all", "*")

DEFAULTS = Rule(
    None,
    *EVERYTHING,
    sharing=True,
    min_clip_us=5 * SECOND_US,
    max_clip_us=60 * SECOND_US,
    # One viewer, over all their clips. The floor is several selections of the clip button, so that a short film can be
    # clipped more than once.
    viewer_total=Total(percent=10, at_least_us=120 * SECOND_US),
    # All viewers together: no cap unless a rule sets one. A film that many people love would otherwise stop being
    # clippable after its first admirers.
    title_total=Total(percent=100),
    ending_percent=10,
    ending_days=14,
    kids=False,
    ratings_off=frozenset(),
    ad_tier=True,
    live=True,
    public_playback=True,
    download=True,
    captions=False,
    blocked_ranges=(),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one title in one territory. ``said_by`` names the rule that settled each field.

    A field that no rule settles has its default and is absent from ``said_by``.
    """

    sharing: bool
    min_clip_us: int
    max_clip_us: int
    viewer_total: Total
    title_total: Total
    ending_percent: int
    ending_days: int
    kids: bool
    kids_ratings: frozenset[str] | None
    ratings_off: frozenset[str]
    ad_tier: bool
    live: bool
    public_playback: bool
    download: bool
    targets: frozenset[str] | None
    captions: bool
    opens_at: datetime | None
    closes_at: datetime | None
    blocked_ranges: tuple[BlockedRange, ...]
    said_by: Mapping[str, Rule]


FIELDS = tuple(name for name in Terms.__dataclass_fields__ if name != "said_by")


ANYWHERE = "*"
"""The territory of whoever is judged at the service's own door: where it may be shown at all, they may go there."""


class Licence(NamedTuple):
    """Where and when a title may be shared by what the service says of it. ``territories`` None: everywhere."""

    territories: frozenset[str] | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None

    def covers(self, territory: str | None, at: datetime) -> bool:
        """Whether it holds in ``territory`` (None: nobody knows where) at an instant."""
        here = self.territories is None or territory == ANYWHERE or territory in self.territories
        began = self.opens_at is None or self.opens_at <= at
        return here and began and (self.closes_at is None or at < self.closes_at)


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """What policy needs to know of a title. ``released_on`` counts from midnight UTC.

    ``live``: it is, or was, a live event; ``captioned``: it has subtitles. ``released_on``, ``rating`` and ``live`` are
    None where nobody has said: a rule that needs the fact then refuses. ``licences`` None: none were given, and the
    rules alone say where and when.
    """

    id: UUID
    duration_us: int
    series_id: UUID | None = None
    season: int | None = None
    released_on: date | None = None
    rating: str | None = None
    live: bool | None = None
    captioned: bool = True
    licences: tuple[Licence, ...] | None = None
    places: tuple[tuple[str, str], ...] = field(init=False, repr=False)
    released_at: datetime | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        places = [("title", str(self.id))]
        if self.series_id is not None:
            places += [("season", f"{self.series_id}/{self.season}"), ("series", str(self.series_id))]
        object.__setattr__(self, "places", (*places, EVERYTHING))
        released = None if self.released_on is None else datetime.combine(self.released_on, time(), UTC)
        object.__setattr__(self, "released_at", released)


class RuleBook:
    """Rules by the place they speak of, so that a decision looks at a handful of them, however many there are."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._at: dict[tuple[str, str], dict[str | None, tuple[Rule, ...]]] = {}
        for rule in sorted(rules, key=_later_windows_first):
            here = self._at.setdefault((rule.scope, rule.scope_key), {})
            here[rule.territory] = (*here.get(rule.territory, ()), rule)
        # Titles under the same rules share their terms, so this grows with the rules and not with the catalogue.
        self._settled: dict[tuple[int, ...], Terms] = {}

    def applying(self, title: TitleFacts, territory: str | None, at: datetime) -> list[Rule]:
        """The rules that speak of ``title`` in ``territory`` at an instant, most specific first."""
        found: list[Rule] = []
        for place in title.places:
            here = self._at.get(place)
            if here is not None:
                if territory is not None and territory in here:
                    found += here[territory]
                if None in here:
                    found += here[None]
        for rule in found:
            if (rule.speaks_from is not None or rule.speaks_until is not None) and not rule.speaks_at(at):
                return [rule for rule in found if rule.speaks_at(at)]
        return found

    def territories(self, title: TitleFacts) -> set[str]:
        """Where licences of ``title`` or rules that speak of it say something else than elsewhere, at some time."""
        found = (territory for place in title.places for territory in self._at.get(place, ()))
        named = {territory for licence in title.licences or () for territory in licence.territories or ()}
        return named | {territory for territory in found if territory is not None}

    def next_change(self, title: TitleFacts, at: datetime) -> datetime | None:
        """The first instant after ``at`` at which time alone may change what is decided of ``title``, anywhere."""
        rules = [
            DEFAULTS,
            *(rule for place in title.places for here in self._at.get(place, {}).values() for rule in here),
        ]
        instants = [
            instant
            for rule in rules
            for instant in (rule.speaks_from, rule.speaks_until, rule.opens_at, rule.closes_at)
            if instant is not None
        ]
        instants += [
            edge for each in title.licences or () for edge in (each.opens_at, each.closes_at) if edge is not None
        ]
        if title.released_at is not None:
            instants += [title.released_at + timedelta(days=rule.ending_days) for rule in rules if rule.ending_days]
        return min((instant for instant in instants if instant > at), default=None)

    def terms(self, title: TitleFacts, territory: str | None, at: datetime) -> Terms:
        """What holds for ``title`` in ``territory`` (ISO 3166-1 alpha-2; None: unknown, rules for any apply) then."""
        rules = self.applying(title, territory, at)
        key = tuple(map(id, rules))
        terms = self._settled.get(key)
        if terms is None:
            terms = self._settled[key] = settle(rules)
        return terms


LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _later_windows_first(rule: Rule) -> tuple[bool, float]:
    """Rules with a window come first; among them the one that begins last."""
    return not rule.windowed, -((rule.speaks_from or LONG_AGO) - LONG_AGO).total_seconds()


def settle(rules: Iterable[Rule]) -> Terms:
    """Each field from the first of ``rules`` that says it, else its default; blocked ranges from all."""
    values: dict[str, Any] = {}
    said_by: dict[str, Rule] = {}
    rules = list(rules)
    for rule in rules:
        for name in FIELDS:
            value = getattr(rule, name)
            if value is not None and name not in values:
                values[name], said_by[name] = value, rule
    values["blocked_ranges"] = tuple(sorted(_blocked(rules)))
    defaults = {name: getattr(DEFAULTS, name) for name in FIELDS if name not in values}
    return Terms(**values, **defaults, said_by=MappingProxyType(said_by))


def _blocked(rules: list[Rule]) -> Iterator[BlockedRange]:
    for rule in rules:
        if rule.blocked_ranges is not None:
            if not rule.blocked_ranges:
                return
            yield from (each._replace(rule_id=rule.id) for each in rule.blocked_ranges)
