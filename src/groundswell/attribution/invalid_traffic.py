"""What only shows in many visits together: sophisticated invalid traffic. Pure.

- ``rate``: one browser follows more than 30 links within a minute.
- ``self_referral``: the sharer follows their own link, signed in, or by another account (or none) from a browser in
  which they are signed in on that day. (What they feel about it, signed in, they may say; it is no vote anyway.)
- ``shared_device``: more than three accounts are used from one browser in a day, all led there by one sharer.
- ``address_glut``, ``network_glut``: one sharer's links are followed by more than 30 browsers of one household, or more
  than 300 of one network (/24, IPv6: /48), on one day, and more speaks against them than that they share an address
  (``shared_places``): a campus, an office or a mobile carrier has thousands of people behind one.
- ``ring``: two people click each other's links, over and over, both ways.
- ``too_soon``: most of what a sharer brought was bought 3 to 10 seconds after the click, as scripts do.
- ``too_even``: what a sharer brought came evenly between 2 and 24 hours after the click, as where clicks are flooded
  and claim whoever comes along; people who click to buy mostly do so within the hour (on both shapes of the time from
  click to conversion: Interactive Advertising Bureau, "Mobile Fraud: Click Injection and Click Spamming", 2018).

A browser is known by its address and its name, so that where many share an address, phones of one make are one browser.
At such an address (more than 30 browsers in all on that day, or a carrier's) ``rate``, ``shared_device`` and
``self_referral`` take more than that two things came from the same browser: they came evenly, or the place speaks
against them, or it was the sharer's own account.

Plays, views, reactions and re-shares by nobody are judged as clicks are, and follow what the same browser's click was
judged.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from .seen_visit import SeenVisit, grouped
from .shared_places import SIGNS_LEAST, Usual, even, signs, usual

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
OWN_ACCOUNT = "self_referral"
OWN_BROWSER = f"{OWN_ACCOUNT}:from the sharer's own browser"
OWN_BROWSER_LEAST, OWN_BROWSER_WITHIN = 3, timedelta(days=2)
OF_PLACES = ("address_glut", "network_glut", "rate")


def suspected(visits: Sequence[SeenVisit]) -> dict[UUID, str]:
    """Visits (of one day or a few) that are not to be counted, with the reason; the first that applies, in order."""
    clicks = [visit for visit in visits if visit.kind == "click"]
    places = _Places(visits)
    reasons = _own(visits, places)
    reasons = _rate(visits, places) | reasons
    reasons = _rings(clicks) | reasons
    reasons = _devices(visits, places) | reasons
    by_time = _times(clicks)
    reasons = _gluts(places, by_time | reasons) | reasons
    reasons = by_time | reasons
    return _followed(visits, reasons, places) | reasons


def is_habit(clicks: Iterable[datetime]) -> bool:
    """Whether others follow a sharer's links from the sharer's own browser so often that it is a case. One or two are
    what happens in any family: they count for nothing, and nobody is suspected for them."""
    ordered = sorted(clicks)
    apart = zip(ordered, ordered[OWN_BROWSER_LEAST - 1 :], strict=False)
    return any(last - first <= OWN_BROWSER_WITHIN for first, last in apart)


class _Places:
    """Where visits came from, and which of the places many people share."""

    def __init__(self, visits: Sequence[SeenVisit]) -> None:
        self.visits = visits
        self.led = [v for v in visits if v.visitor and v.sharer_id]
        browsers = grouped((v.household, v) for v in visits if v.visitor and v.household)
        networks = grouped((v.network, v) for v in visits if v.visitor and v.network)
        self.full = {network for network, here in networks.items() if len({v.visitor for v in here}) > PER_NETWORK}
        self.crowds = {
            household
            for household, here in browsers.items()
            if any(v.carrier for v in here) or len({v.visitor for v in here}) > PER_HOUSEHOLD
        }

    def is_shared(self, visit: SeenVisit) -> bool:
        """Whether two visits of one browser there may well be two people's."""
        return visit.carrier or visit.household in self.crowds

    def measure(self, found: Collection[UUID]) -> Usual:
        """What is usual at addresses of usual size, without what was found."""
        usual_size = (v for v in self.led if v.household not in self.crowds and v.network not in self.full)
        elsewhere = [v for v in usual_size if v.event_id not in found]
        return usual(elsewhere, self.visits)


def _followed(visits: Iterable[SeenVisit], reasons: Mapping[UUID, str], places: _Places) -> dict[UUID, str]:
    """What else a browser did with a moment on a day follows what its click there was judged; where many share the
    address, only what was judged of the address, or of the browser's rate."""
    clicks = [v for v in visits if v.kind == "click" and v.visitor and v.moment_id and v.event_id in reasons]
    judged = {
        (v.visitor, v.moment_id): reasons[v.event_id]
        for v in clicks
        if not places.is_shared(v) or reasons[v.event_id].startswith(OF_PLACES)
    }
    others = (v for v in visits if v.kind != "click" and not _feels(v))
    return {v.event_id: judged[key] for v in others if (key := (v.visitor, v.moment_id)) in judged}


def _gluts(places: _Places, found: Mapping[UUID, str]) -> dict[UUID, str]:
    """More browsers than live in a household, or than a network has there, all led by one sharer on one day, where
    more speaks against them than that."""
    reasons: dict[UUID, str] = {}
    measure: Usual | None = None
    for name, most, placed in (
        ("address_glut", PER_HOUSEHOLD, [(v.household, v) for v in places.led if v.household]),
        ("network_glut", PER_NETWORK, [(v.network, v) for v in places.led if v.network]),
    ):
        for here in grouped(placed).values():
            if len({v.visitor for v in here}) <= most:
                continue
            for of_one in grouped((v.sharer_id, v) for v in here).values():
                browsers = {v.visitor for v in of_one}
                if len(browsers) <= most:
                    continue
                measure = measure or places.measure(found)
                against = signs(of_one, here, measure)
                if len(against) >= SIGNS_LEAST:
                    told = f"{name}:{len(browsers)} browsers, {' and '.join(against)}"
                    reasons = dict.fromkeys((v.event_id for v in of_one), told) | reasons
    return reasons


def _own(visits: Sequence[SeenVisit], places: _Places) -> dict[UUID, str]:
    used_by = {(v.visitor, v.viewer_id) for v in visits if v.visitor and v.viewer_id and not places.is_shared(v)}
    reasons: dict[UUID, str] = {}
    for v in visits:
        if v.sharer_id is None:
            continue
        if v.viewer_id == v.sharer_id and not _feels(v):
            reasons[v.event_id] = OWN_ACCOUNT
        elif v.viewer_id != v.sharer_id and (v.visitor, v.sharer_id) in used_by:
            reasons[v.event_id] = OWN_BROWSER
    return reasons


def _feels(visit: SeenVisit) -> bool:
    """Whether this is what sharers feel about what is theirs."""
    return visit.kind == "react" and visit.viewer_id == visit.sharer_id


def _rate(visits: Iterable[SeenVisit], places: _Places) -> dict[UUID, str]:
    """Every visit of a burst, whichever minute is looked at."""
    reasons: dict[UUID, str] = {}
    for of_one in grouped(((v.visitor, v.kind), v) for v in visits if v.visitor).values():
        ordered = sorted(of_one, key=lambda v: (v.at, v.event_id))
        marked = 0
        for n, (first, last) in enumerate(zip(ordered, ordered[PER_MINUTE:], strict=False)):
            burst = ordered[max(n, marked) : n + PER_MINUTE + 1]
            if (last.at - first.at).total_seconds() < MINUTE_S and _of_one(ordered[n : n + PER_MINUTE + 1], places):
                reasons |= {visit.event_id: f"rate:over {PER_MINUTE} a minute" for visit in burst}
                marked = n + PER_MINUTE + 1
    return reasons


def _of_one(burst: Sequence[SeenVisit], places: _Places) -> bool:
    """Whether a burst is one machine's: at a shared address, where phones of one make look alike, when it is even."""
    return not any(map(places.is_shared, burst)) or even([visit.at.timestamp() for visit in burst])


def _rings(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
    ways = [v for v in visits if v.viewer_id and v.sharer_id and v.viewer_id != v.sharer_id]
    clicks = Counter((v.viewer_id, v.sharer_id) for v in ways)
    return {
        v.event_id: "ring"
        for v in ways
        if min(clicks[v.viewer_id, v.sharer_id], clicks[v.sharer_id, v.viewer_id]) >= BOTH_WAYS
    }


def _devices(visits: Iterable[SeenVisit], places: _Places) -> dict[UUID, str]:
    """Where many share the address, accounts are no one's alone because they are of one browser."""
    reasons: dict[UUID, str] = {}
    keyed = (((v.visitor, v.sharer_id), v) for v in visits if v.visitor and v.viewer_id and v.sharer_id)
    for of_one in grouped(keyed).values():
        accounts = {v.viewer_id for v in of_one}
        if len(accounts) > ACCOUNTS and not any(map(places.is_shared, of_one)):
            reasons |= {v.event_id: f"shared_device:{len(accounts)} accounts" for v in of_one}
    return reasons


def _times(visits: Iterable[SeenVisit]) -> dict[UUID, str]:
    reasons: dict[UUID, str] = {}
    bought = ((v.sharer_id, v) for v in visits if v.bought_after_s is not None and v.sharer_id)
    for of_one in grouped(bought).values():
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
