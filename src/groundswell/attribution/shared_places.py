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
binomial tails), so that two together are one in a million where they have nothing to do with each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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

USUAL_LEAST = 50
"""Clicks elsewhere below which they are no measure."""

OTHERS, MOSTLY = 0.05, 0.5
FREE_SALES, SALES_LEAST, FREE = 3, 10, 1.5
"""The fewest sales of nothing of one sharer in a day that are looked at, sales elsewhere below which these are no
measure, and how many times as often there may be some."""


@dataclass(frozen=True)
class Usual:
    """What visits at addresses of usual size are like. A rate is None where too few were seen."""

    eager: float | None = None
    unwatched: float | None = None
    invented: float | None = None
    led: dict[UUID, float] = field(default_factory=dict)
    """Of each sharer, the part of all browsers that they led."""

    known: frozenset[str] = frozenset()
    """Browsers' names that are seen at two addresses or more."""


def usual(elsewhere: Iterable[SeenVisit], everywhere: Iterable[SeenVisit]) -> Usual:
    """The measure. ``everywhere`` is for browsers' names alone."""
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for visit in everywhere:
        if visit.browser and visit.household:
            homes[visit.browser].add(visit.household)
    known = frozenset(name for name, places in homes.items() if len(places) > 1)
    seen = list(elsewhere)
    clicks, eager = _eager(seen)
    browsers, unwatched = _unwatched(seen)
    named = {v.visitor: v.browser for v in seen if v.visitor and v.browser}
    led: defaultdict[UUID, set[str]] = defaultdict(set)
    for visit in seen:
        if visit.visitor and visit.sharer_id:
            led[visit.sharer_id].add(visit.visitor)
    total = sum(len(of_one) for of_one in led.values())
    enough = clicks >= USUAL_LEAST
    return Usual(
        eager / clicks if enough else None,
        unwatched / browsers if enough and browsers else None,
        sum(name not in known for name in named.values()) / len(named) if len(named) >= USUAL_LEAST else None,
        {sharer: len(of_one) / total for sharer, of_one in led.items()},
        known,
    )


def signs(of_one: Sequence[SeenVisit], here: Sequence[SeenVisit], measure: Usual) -> list[str]:
    """What speaks against the visits that one sharer led to one place, of all that are led ``here``."""
    clicks, eager = _eager(of_one)
    browsers, unwatched = _unwatched(of_one)
    names = {v.visitor: v.browser for v in of_one if v.visitor and v.browser}
    unknown = sum(name not in measure.known for name in names.values())
    found = {
        "regular": _regular(of_one),
        "eager": measure.eager is not None and exceeds(eager, clicks, EAGER * measure.eager),
        "unwatched": measure.unwatched is not None and exceeds(unwatched, browsers, UNWATCHED * measure.unwatched),
        "invented": measure.invented is not None and exceeds(unknown, len(names), INVENTED + measure.invented),
        "alone": not any(v.carrier for v in of_one) and _alone(of_one, here, measure),
    }
    return [sign for sign, shows in found.items() if shows]


def exceeds(count: int, of: int, rate: float) -> bool:
    """Whether ``count`` of ``of`` is more than ``rate`` makes by chance (Chernoff's bound)."""
    if not of or rate >= 1 or count <= of * rate:
        return False
    if rate <= 0:
        return True
    part = count / of
    divergence = part * log(part / rate) + ((1 - part) * log((1 - part) / (1 - rate)) if part < 1 else 0.0)
    return of * divergence > -log(CHANCE)


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
