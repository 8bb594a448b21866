"""What only shows in many visits together: sophisticated invalid traffic. Pure.

- ``rate``: one browser follows more than 30 links within a minute.
- ``self_referral``: the sharer follows their own link.
- ``shared_device``: more than three accounts are used from one browser in a day, all led there by one sharer.
- ``ring``: two people click each other's links, over and over, both ways.
- ``too_soon``: most of what a sharer brought was bought 3 to 10 seconds after the click, as scripts do.
- ``too_even``: what a sharer brought came evenly between 2 and 24 hours after the click, as where clicks are flooded
  and claim whoever comes along; people who click to buy mostly do so within the hour (on both shapes of the time from
  click to conversion: Interactive Advertising Bureau, "Mobile Fraud: Click Injection and Click Spamming", 2018).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

K = TypeVar("K")

PER_MINUTE = 30
ACCOUNTS = 3
BOTH_WAYS = 5
MINUTE_S = 60.0
SOON_S = (3.0, 10.0)
SOON_LEAST = 5
EVEN_S = (2 * 3600.0, 24 * 3600.0)
EVEN_LEAST = 20
EVEN_PARTS = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit that passed for a person's. ``viewer_id`` is whose it is known to be; ``bought_after_s`` how many seconds
    later that led to a sign-up or a sale, when it did."""

    event_id: UUID
    at: datetime
    visitor: str | None = None
    viewer_id: UUID | None = None
    sharer_id: UUID | None = None
    bought_after_s: float | None = None


def suspected(visits: Sequence[Seen]) -> dict[UUID, str]:
    """Visits (of one day or a few) that are not to be counted, with the reason; the first that applies, in order."""
    reasons: dict[UUID, str] = {}
    for found in (_own(visits), _rate(visits), _rings(visits), _devices(visits), _times(visits)):
        reasons = found | reasons
    return reasons


def _own(visits: Iterable[Seen]) -> dict[UUID, str]:
    return {v.event_id: "self_referral" for v in visits if v.viewer_id is not None and v.viewer_id == v.sharer_id}


def _rate(visits: Iterable[Seen]) -> dict[UUID, str]:
    """Every visit of a burst, whichever minute is looked at."""
    reasons: dict[UUID, str] = {}
    for of_one in _grouped((v.visitor, v) for v in visits if v.visitor).values():
        ordered = sorted(of_one, key=lambda v: (v.at, v.event_id))
        marked = 0
        for n, (first, last) in enumerate(zip(ordered, ordered[PER_MINUTE:], strict=False)):
            if (last.at - first.at).total_seconds() < MINUTE_S:
                burst = ordered[max(n, marked) : n + PER_MINUTE + 1]
                reasons |= {visit.event_id: f"rate:over {PER_MINUTE} a minute" for visit in burst}
                marked = n + PER_MINUTE + 1
    return reasons


def _rings(visits: Iterable[Seen]) -> dict[UUID, str]:
    ways = [v for v in visits if v.viewer_id and v.sharer_id and v.viewer_id != v.sharer_id]
    clicks = Counter((v.viewer_id, v.sharer_id) for v in ways)
    return {
        v.event_id: "ring"
        for v in ways
        if min(clicks[v.viewer_id, v.sharer_id], clicks[v.sharer_id, v.viewer_id]) >= BOTH_WAYS
    }


def _devices(visits: Iterable[Seen]) -> dict[UUID, str]:
    reasons: dict[UUID, str] = {}
    keyed = (((v.visitor, v.sharer_id), v) for v in visits if v.visitor and v.viewer_id and v.sharer_id)
    for of_one in _grouped(keyed).values():
        accounts = {v.viewer_id for v in of_one}
        if len(accounts) > ACCOUNTS:
            reasons |= {v.event_id: f"shared_device:{len(accounts)} accounts" for v in of_one}
    return reasons


def _times(visits: Iterable[Seen]) -> dict[UUID, str]:
    reasons: dict[UUID, str] = {}
    bought = ((v.sharer_id, v) for v in visits if v.bought_after_s is not None and v.sharer_id)
    for of_one in _grouped(bought).values():
        soon = [v for v in of_one if _between(v, SOON_S)]
        if len(soon) >= SOON_LEAST and 2 * len(soon) > len(of_one):
            reasons |= {v.event_id: "too_soon:3 to 10 s after the click" for v in soon}
        late = [v for v in of_one if _between(v, EVEN_S)]
        if len(late) >= EVEN_LEAST and 4 * len(late) > 3 * len(of_one) and _even(late):
            reasons |= {v.event_id: "too_even:evenly 2 to 24 h after the click" for v in late}
    return reasons


def _even(late: Sequence[Seen]) -> bool:
    """Whether each quarter of the span has at least half of what it would have if all had the same."""
    width = (EVEN_S[1] - EVEN_S[0]) / EVEN_PARTS
    parts = Counter(int(((v.bought_after_s or 0.0) - EVEN_S[0]) // width) for v in late)
    return all(2 * EVEN_PARTS * parts[part] >= len(late) for part in range(EVEN_PARTS))


def _between(visit: Seen, span: tuple[float, float]) -> bool:
    return visit.bought_after_s is not None and span[0] <= visit.bought_after_s < span[1]


def _grouped(keyed: Iterable[tuple[K, Seen]]) -> Mapping[K, list[Seen]]:
    groups: defaultdict[K, list[Seen]] = defaultdict(list)
    for key, visit in keyed:
        groups[key].append(visit)
    return groups
