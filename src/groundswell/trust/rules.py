"""Which rule speaks for a title: the most specific that says something. Pure.

Order, most specific first: a rule for the title, for its season, for its series, for everything; at each of these a
rule for the viewer's territory before one for any. Each field is settled by itself, so a rule for a title that says
only "at most 30 s" leaves the rest to the rules behind it, and last to the defaults.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
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
    """A part of a title that may not be clipped, such as its credits. ``reason`` completes "This part is …"."""

    start_us: int
    end_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as rights wrote it. A field that is None says nothing. ``id`` is None for the defaults."""

    id: UUID | None
    scope: str
    scope_key: str
    territory: str | None = None
    sharing: bool | None = None
    min_clip_us: int | None = None
    max_clip_us: int | None = None
    viewer_total: Total | None = None
    title_total: Total | None = None
    ending_percent: int | None = None
    ending_days: int | None = None
    kids: bool | None = None
    public_playback: bool | None = None
    download: bool | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    blocked_ranges: tuple[BlockedRange, ...] | None = None


EVERYTHING = ("all", "*")

DEFAULTS = Rule(
    None,
    *EVERYTHING,
    sharing=True,
    min_clip_us=5 * SECOND_US,
    max_clip_us=60 * SECOND_US,
    # One viewer, over all their clips. The floor is one selection of the clip button, so that a short film can be
    # clipped at all.
    viewer_total=Total(percent=10, at_least_us=15 * SECOND_US),
    # All viewers together: no cap unless a rule sets one. A film that many people love would otherwise stop being
    # clippable after its first admirers.
    title_total=Total(percent=100),
    ending_percent=10,
    ending_days=14,
    kids=False,
    public_playback=True,
    download=True,
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
    public_playback: bool
    download: bool
    opens_at: datetime | None
    closes_at: datetime | None
    blocked_ranges: tuple[BlockedRange, ...]
    said_by: Mapping[str, Rule]


FIELDS = tuple(name for name in Terms.__dataclass_fields__ if name != "said_by")


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """What policy needs to know of a title. ``released_on`` counts from midnight UTC; None: out long since."""

    id: UUID
    duration_us: int
    series_id: UUID | None = None
    season: int | None = None
    released_on: date | None = None
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
    """Rules by the place they speak of, so that a decision looks at eight of them at most, however many there are."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._at: dict[tuple[str, str], dict[str | None, Rule]] = {}
        for rule in rules:
            self._at.setdefault((rule.scope, rule.scope_key), {})[rule.territory] = rule
        # Titles under the same rules share their terms, so this grows with the rules and not with the catalogue.
        self._settled: dict[tuple[int, ...], Terms] = {}

    def applying(self, title: TitleFacts, territory: str | None) -> list[Rule]:
        """The rules that speak of ``title`` in ``territory``, most specific first."""
        found = []
        for place in title.places:
            here = self._at.get(place)
            if here is not None:
                if territory is not None and territory in here:
                    found.append(here[territory])
                if None in here:
                    found.append(here[None])
        return found

    def terms(self, title: TitleFacts, territory: str | None) -> Terms:
        """What holds for ``title`` in ``territory`` (ISO 3166-1 alpha-2; None: unknown, rules for any apply)."""
        rules = self.applying(title, territory)
        key = tuple(map(id, rules))
        terms = self._settled.get(key)
        if terms is None:
            terms = self._settled[key] = settle(rules)
        return terms


def settle(rules: Iterable[Rule]) -> Terms:
    """Each field from the first of ``rules`` that says it, else its default."""
    values: dict[str, Any] = {}
    said_by: dict[str, Rule] = {}
    for rule in rules:
        for name in FIELDS:
            value = getattr(rule, name)
            if value is not None and name not in values:
                values[name], said_by[name] = value, rule
    defaults = {name: getattr(DEFAULTS, name) for name in FIELDS if name not in values}
    return Terms(**values, **defaults, said_by=MappingProxyType(said_by))
