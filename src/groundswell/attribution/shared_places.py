"""What speaks against many browsers at one address besides that they share it. Pure.

Behind one address may be a farm, or a campus, an office, all customers of a mobile carrier (RFC 6598): that it is
shared proves nothing. A glut is judged when ``SIGNS_LEAST`` of these signs come together:

- ``regular``: the browsers came at even distances. Of arrivals that have nothing to do with one another (Poisson) 35 %
  of the gaps lie within half of the median from it.
- ``eager``: far more of the clicks led to a sign-up or a sale than elsewhere.
- ``unwatched``: far more of the browsers played nothing than elsewhere.
- ``invented``: far more of the browsers have a name that is seen at no other address. Many people of one address have
  the names that many people have.
- ``alone``: nobody at the address follows anybody else's link, and elsewhere most do. Weak, for so do friends; it never
  counts where the operator knows the network as a carrier's (``GROUNDSWELL_CARRIER_NETWORKS``).

Elsewhere is what the same days show at addresses of usual size, without what another rule has found. A difference
counts when it is large (the allowances) and chance makes it in less than one case in a thousand (Chernoff's bound for
binomial tails), so that two together are one in a million where they have nothing to do with each other. What was seen
elsewhere is chance's, too: the bound is over both, at the rate that explains them best, so that where little is known,
more has to be shown.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from math import log
from statistics import median
from uuid import UUID

from .seen_visit import SeenVisit

SIGNS_LEAST = 2
CHANCE = 1e-3
CLOSE = 0.36
"""Of gaps between arrivals at random, those within half of the median from it (2^-½ - 2^-1½ = 0.354)."""

GAPS_LEAST = 20
EAGER, UNWATCHED, INVENTED = 2.0, 1.5, 0.2
"""How much may be different for no reason: so many times as often; with names, so much more of them."""

TINY, NARROWED = 1e-9, 60
"""A rate that is as good as none, and by how many steps the likeliest one is found."""

USUAL_LEAST = 50
"""Clicks elsewhere below which they are no measure."""

OTHERS, MOSTLY = 0.05, 0.5
FREE_SALES, SALES_LEAST, FREE = 3, 10, 1.5
"""The fewest sales of nothing of one sharer in a day that are looked at, sales elsewhere below which these are no
measure, and how many times as often there may be some."""


@dataclass(frozen=True)
class Proportion:
    """So many of so many."""

    count: int
    of: int


@dataclass(frozen=True)
class Usual:
    """What visits at addresses of usual size are like. A proportion is None where too few were seen."""

    eager: Proportion | None = None
    unwatched: Proportion | None = None
    led: dict[UUID, float] = field(default_factory=dict)
    """Of each sharer, the part of all browsers that they led."""

    homes: Mapping[str, Set[str]] = field(default_factory=dict)
    """The addresses at which each browser's name is seen, everywhere."""

    names: Counter[str] = field(default_factory=Counter)
    """How many browsers of each name there are."""

    def invented(self, here: Set[str]) -> "Proportion | None":
        """Of the browsers, those whose name is seen at no other address. Those ``here`` (addresses) are left out: so
        many as they may be, they have nobody but others to be compared with."""
        of = self.names.total()
        if of < USUAL_LEAST:
            return None
        few = len(here) + 2
        rare = ((count, self.homes[name]) for name, count in self.names.items() if len(self.homes[name]) < few)
        return Proportion(sum(count for count, homes in rare if len(homes - here) < 2), of)


def usual(elsewhere: Iterable[SeenVisit], everywhere: Iterable[SeenVisit]) -> Usual:
    """The measure. ``everywhere`` is for browsers' names alone."""
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for visit in everywhere:
        if visit.browser and visit.household:
            homes[visit.browser].add(visit.household)
    seen = list(elsewhere)
    clicks, eager = _eager(seen)
    browsers, unwatched = _unwatched(seen)
    named = {v.visitor: v.browser for v in seen if v.visitor and v.browser and v.household}
    led: defaultdict[UUID, set[str]] = defaultdict(set)
    for visit in seen:
        if visit.visitor and visit.sharer_id:
            led[visit.sharer_id].add(visit.visitor)
    total = sum(len(of_one) for of_one in led.values())
    enough = clicks >= USUAL_LEAST
    return Usual(
        Proportion(eager, clicks) if enough else None,
        Proportion(unwatched, browsers) if enough and browsers else None,
        {sharer: len(of_one) / total for sharer, of_one in led.items()},
        homes,
        Counter(named.values()),
    )


def signs(of_one: Sequence[SeenVisit], here: Sequence[SeenVisit], measure: Usual) -> list[str]:
    """What speaks against the visits that one sharer led to one place, of all that are led ``here``."""
    clicks, eager = _eager(of_one)
    browsers, unwatched = _unwatched(of_one)
    names = {v.visitor: v.browser for v in of_one if v.visitor and v.browser}
    place = {v.household for v in here if v.household}
    unknown = sum(not measure.homes.get(name, place) - place for name in names.values())
    found = {
        "regular": _regular(of_one),
        "eager": is_unusual(Proportion(eager, clicks), measure.eager, lambda usually: EAGER * usually),
        "unwatched": is_unusual(
            Proportion(unwatched, browsers), measure.unwatched, lambda usually: UNWATCHED * usually
        ),
        "invented": is_unusual(
            Proportion(unknown, len(names)), measure.invented(place), lambda usually: INVENTED + usually
        ),
        "alone": not any(v.carrier for v in of_one) and _alone(of_one, here, measure),
    }
    return [sign for sign, shows in found.items() if shows]


def exceeds(count: int, of: int, rate: float) -> bool:
    """Whether ``count`` of ``of`` is more than ``rate`` makes by chance (Chernoff's bound)."""
    if not of or rate >= 1 or count <= of * rate:
        return False
    if rate <= 0:
        return True
    return of * divergence(count / of, rate) > -log(CHANCE)


def divergence(part: float, rate: float) -> float:
    """How unlikely a part is at a rate: of ``n``, chance makes it in at most exp(-n times this) (Chernoff)."""
    if part in (0.0, 1.0):
        return -log(rate if part else 1 - rate)
    return part * log(part / rate) + (1 - part) * log((1 - part) / (1 - rate))


def is_unusual(here: Proportion, elsewhere: Proportion | None, allowed: Callable[[float], float]) -> bool:
    """Whether ``here`` is more than what ``elsewhere`` shows allows, and no rate makes both by chance in one case of a
    thousand.

    Args:
        elsewhere: None where too little is known.
        allowed: the most that is usual, where the rate is known to be so much.
    """
    if elsewhere is None or not here.of or not elsewhere.of:
        return False
    shown, usually = here.count / here.of, elsewhere.count / elsewhere.of
    if shown <= allowed(usually):
        return False

    def unlikely(rate: float) -> float:
        least = allowed(rate)
        beyond = here.of * divergence(shown, max(least, TINY)) if least < shown else 0.0
        return elsewhere.of * divergence(usually, rate) + beyond

    low, high = max(usually, TINY), 1 - TINY
    for _ in range(NARROWED):  # it is convex in the rate
        third = (high - low) / 3
        if unlikely(low + third) < unlikely(high - third):
            high -= third
        else:
            low += third
    return unlikely((low + high) / 2) > -log(CHANCE)


def unusually_free(free: int, sales: int, free_elsewhere: int, sales_elsewhere: int) -> bool:
    """Whether so many of one sharer's sales cost nothing that it is not as with everybody's, as where a service gives
    the first month away. Where few are sold, as many as ``FREE_SALES`` are too many."""
    if free < FREE_SALES:
        return False
    if sales_elsewhere < SALES_LEAST:
        return True
    return exceeds(free, sales, FREE * free_elsewhere / sales_elsewhere)


def _eager(visits: Iterable[SeenVisit]) -> tuple[int, int]:
    clicks = [visit for visit in visits if visit.kind == "click"]
    return len(clicks), sum(visit.bought_after_s is not None for visit in clicks)


def _unwatched(visits: Sequence[SeenVisit]) -> tuple[int, int]:
    clicked = {v.visitor for v in visits if v.kind == "click" and v.visitor}
    played = {v.visitor for v in visits if v.kind == "play" and v.visitor}
    return len(clicked), len(clicked - played)


def _regular(visits: Iterable[SeenVisit]) -> bool:
    first: dict[str, float] = {}
    for visit in visits:
        if visit.visitor:
            at = visit.at.timestamp()
            first[visit.visitor] = min(first.get(visit.visitor, at), at)
    return even(sorted(first.values()))


def even(instants: Sequence[float]) -> bool:
    """Whether instants, in order, lie at even distances, as people's do not."""
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    if len(gaps) < GAPS_LEAST:
        return False
    middle = median(gaps)
    return exceeds(sum(abs(gap - middle) <= middle / 2 for gap in gaps), len(gaps), CLOSE)


def _alone(of_one: Sequence[SeenVisit], here: Sequence[SeenVisit], measure: Usual) -> bool:
    sharer = of_one[0].sharer_id
    browsers = {v.visitor for v in of_one}
    others = {v.visitor for v in here if v.sharer_id != sharer} - browsers
    usually = measure.led.get(sharer, 0.0) if sharer else 0.0
    return len(others) <= OTHERS * len(browsers) and usually < MOSTLY
