"""What only shows in many visits together: sophisticated invalid traffic. Pure.

- ``rate``: one browser follows more than 30 links within a minute.
- ``self_referral``: the sharer follows their own link, signed in, or by another account (or none) from a browser in
  which they are signed in on that day.
- ``shared_device``: more than three accounts are used from one browser in a day, all led there by one sharer.
- ``address_glut``, ``network_glut``: one sharer's links are followed by more than 30 browsers of one household, or more
  than 300 of one network (/24, IPv6: /48), on one day.
- ``ring``: two people click each other's links, over and over, both ways.
- ``too_soon``: most of what a sharer brought was bought 3 to 10 seconds after the click, as scripts do.
- ``too_even``: what a sharer brought came evenly between 2 and 24 hours after the click, as where clicks are flooded
  and claim whoever comes along; people who click to buy mostly do so within the hour (on both shapes of the time from
  click to conversion: Interactive Advertising Bureau, "Mobile Fraud: Click Injection and Click Spamming", 2018).

Plays, views and re-shares by nobody are judged as clicks are, and follow what the same browser's click was judged.
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
PER_HOUSEHOLD = 30
PER_NETWORK = 300
MINUTE_S = 60.0
SOON_S = (3.0, 10.0)
SOON_LEAST = 5
EVEN_S = (2 * 3600.0, 24 * 3600.0)
EVEN_LEAST = 20
EVEN_PARTS = 4


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """A visit that passed for a person's: a ``click``, ``continue``, ``view``, ``play`` or ``share``. ``viewer_id`` is
    whose it is known to be; ``bought_after_s`` how many seconds later that led to a sign-up or a sale, when it did;
    ``household`` and ``network`` are the day's hashes of where it came from."""

    event_id: UUID
    at: datetime
    visitor: str | None = None
    viewer_id: UUID | None = None
    sharer_id: UUID | None = None
    bought_after_s: float | None = None
    kind: str = "click"
    moment_id: UUID | None = None
    household: str | None = None
    network: str | None = None


def suspected(visits: Sequence[SeenVisit]) -> dict[UUID, str]:
    """Visits (of one day or a few) that are not to be counted, with the reason; the first that applies, in order."""
    reasons: dict[UUID, str] = {}
    clicks = [visit for visit in visits if visit.kind == "click"]
    rules = (_own(visits), _rate(visits), _rings(clicks), _devices(visits), _gluts(visits), _times(clicks))
    for found in rules:
        reasons = found | reasons
    return _followed(visits, reasons) | reasons


def _followed(visits: Iterable[SeenVisit], reasons: Mapping[UUID, str]) -> dict[UUID, str]:
    """What else a browser did with a moment on a day follows what its click there was judged."""
    clicks = [v for v in visits if v.kind == "click" and v.visitor and v.moment_id and v.event_id in reasons]
    judged = {(v.visitor, v.moment_id): reasons[v.event_id] for v in clicks}
    others = (v for v in visits if v.kind != "click")
    return {v.event_id: judged[key] for v in others if (key := (v.visitor, v.moment_id)) in judged}


def _gluts(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
    """More browsers than live in a household, or than a network has there, all led by one sharer on one day."""
    reasons: dict[UUID, str] = {}
    led = [v for v in visits if v.visitor and v.sharer_id]
    for name, most, placed in (
        ("address_glut", PER_HOUSEHOLD, [((v.household, v.sharer_id), v) for v in led if v.household]),
        ("network_glut", PER_NETWORK, [((v.network, v.sharer_id), v) for v in led if v.network]),
    ):
        for of_one in _grouped(placed).values():
            browsers = {v.visitor for v in of_one}
            if len(browsers) > most:
                reasons = {v.event_id: f"{name}:{len(browsers)} browsers" for v in of_one} | reasons
    return reasons


def _own(visits: Sequence[SeenVisit]) -> dict[UUID, str]:
    used_by = {(v.visitor, v.viewer_id) for v in visits if v.visitor and v.viewer_id}
    return {
        v.event_id: "self_referral" if v.viewer_id == v.sharer_id else "self_referral:from the sharer's own browser"
        for v in visits
        if v.sharer_id is not None and (v.viewer_id == v.sharer_id or (v.visitor, v.sharer_id) in used_by)
    }


def _rate(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
    """Every visit of a burst, whichever minute is looked at."""
    reasons: dict[UUID, str] = {}
    for of_one in _grouped(((v.visitor, v.kind), v) for v in visits if v.visitor).values():
        ordered = sorted(of_one, key=lambda v: (v.at, v.event_id))
        marked = 0
        for n, (first, last) in enumerate(zip(ordered, ordered[PER_MINUTE:], strict=False)):
            if (last.at - first.at).total_seconds() < MINUTE_S:
                burst = ordered[max(n, marked) : n + PER_MINUTE + 1]
                reasons |= {visit.event_id: f"rate:over {PER_MINUTE} a minute" for visit in burst}
                marked = n + PER_MINUTE + 1
    return reasons


def _rings(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
    ways = [v for v in visits if v.viewer_id and v.sharer_id and v.viewer_id != v.sharer_id]
    clicks = Counter((v.viewer_id, v.sharer_id) for v in ways)
    return {
        v.event_id: "ring"
        for v in ways
        if min(clicks[v.viewer_id, v.sharer_id], clicks[v.sharer_id, v.viewer_id]) >= BOTH_WAYS
    }


def _devices(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
    reasons: dict[UUID, str] = {}
    keyed = (((v.visitor, v.sharer_id), v) for v in visits if v.visitor and v.viewer_id and v.sharer_id)
    for of_one in _grouped(keyed).values():
        accounts = {v.viewer_id for v in of_one}
        if len(accounts) > ACCOUNTS:
            reasons |= {v.event_id: f"shared_device:{len(accounts)} accounts" for v in of_one}
    return reasons


def _times(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
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


def _even(late: Sequence[SeenVisit]) -> bool:
    """Whether each quarter of the span has at least half of what it would have if all had the same."""
    width = (EVEN_S[1] - EVEN_S[0]) / EVEN_PARTS
    parts = Counter(int(((v.bought_after_s or 0.0) - EVEN_S[0]) // width) for v in late)
    return all(2 * EVEN_PARTS * parts[part] >= len(late) for part in range(EVEN_PARTS))


def _between(visit: SeenVisit, span: tuple[float, float]) -> bool:
    return visit.bought_after_s is not None and span[0] <= visit.bought_after_s < span[1]


def _grouped(keyed: Iterable[tuple[K, SeenVisit]]) -> Mapping[K, list[SeenVisit]]:
    groups: defaultdict[K, list[SeenVisit]] = defaultdict(list)
    for key, visit in keyed:
        groups[key].append(visit)
    return groups
