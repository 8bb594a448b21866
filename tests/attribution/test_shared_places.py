"""That many share an address speaks against nobody; what else does, and only together."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.attribution.invalid_traffic import ACCOUNTS, PER_HOUSEHOLD, PER_MINUTE, PER_NETWORK, suspected
from groundswell.attribution.seen_visit import SeenVisit
from groundswell.attribution.shared_places import (
    GAPS_LEAST,
    Proportion,
    even,
    exceeds,
    is_unusual,
    signs,
    unusually_free,
    usual,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHARER, OTHER = UUID(int=3), UUID(int=4)
PLAYS, BUYS = 0.7, 0.19


class Crowd:
    """Visits that a seed draws, of people and of farms."""

    def __init__(self, seed: int, names: int = 0) -> None:
        self.random, self.names = Random(seed), names

    def name(self) -> str:
        """A browser's name as people's are: most have one of a few."""
        if self.names:  # so many, the first of them the likelier
            return f"browser-{int(self.names * self.random.random() ** 2)}"
        return f"browser-{min(int(self.random.paretovariate(0.6)), 200)}"

    def visit(self, at: float, who: str, plays: float, buys: float, **more: object) -> Iterator[SeenVisit]:
        place = {"visitor": who, "sharer_id": SHARER, "moment_id": UUID(int=7)} | more
        after = self.random.lognormvariate(7, 1) if self.random.random() < buys else None
        yield SeenVisit(uuid4(), NOON + timedelta(seconds=at), bought_after_s=after, **place)  # type: ignore[arg-type]
        if self.random.random() < plays:
            yield SeenVisit(uuid4(), NOON + timedelta(seconds=at + 9), kind="play", **place)  # type: ignore[arg-type]

    def people(self, number: int, mean_s: float = 60, **more: object) -> list[SeenVisit]:
        """Who come at random."""
        instants = accumulate(self.random.expovariate(1 / mean_s) for _ in range(number))
        return [
            visit
            for n, at in enumerate(instants)
            for visit in self.visit(at, f"{more}-{n}", PLAYS, BUYS, **({"browser": self.name()} | more))
        ]

    def elsewhere(self, number: int = 400) -> list[SeenVisit]:
        """People at home, led by others and some by the same sharer."""
        return [
            visit
            for n in range(number)
            for visit in self.people(
                1, 40_000, household=f"home-{n}", network=f"isp-{n // 100}", sharer_id=SHARER if n % 9 == 0 else OTHER
            )
        ]

    def farm(self, number: int, every_s: float = 120, **more: object) -> list[SeenVisit]:
        """Browsers that are invented, come as a clock ticks, watch nothing, and join far too often."""
        return [
            visit
            for n in range(number)
            for visit in self.visit(n * every_s, f"farm-{n}", 0, 0.5, **({"browser": f"invented-{n}"} | more))
        ]


@pytest.mark.parametrize("seed", range(6))
def test_a_crowd_behind_one_address_is_not_accused(seed: int) -> None:
    crowd = Crowd(seed)
    normal = crowd.elsewhere()
    campus = crowd.people(150, household="campus", network="university")
    friends = crowd.people(40, 8, household="office", network="office", sharer_id=OTHER)
    carrier = [
        visit
        for n in range(PER_NETWORK + 60)
        for visit in crowd.people(1, 20_000, household=f"gateway-{n % 16}", network="carrier", visitor=f"phone-{n}")
    ]
    assert suspected(normal + campus + friends + carrier) == {}


@pytest.mark.parametrize("seed", range(8))
def test_where_little_is_known_a_crowd_is_not_accused(seed: int) -> None:
    """It is most of all there is: names that nobody else has may be anybody's, and rates of few are chance's."""
    crowd = Crowd(seed, names=300)
    normal = crowd.elsewhere(80)
    campus = crowd.people(300, household="campus", network="university")
    assert suspected(normal + campus) == {}
    farm = crowd.farm(60, household="farm", network="n")
    assert set(suspected(normal + campus + farm)) == {visit.event_id for visit in farm}, "which is more than chance"


@settings(max_examples=100)
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_what_is_seen_elsewhere_is_chance_too(here: int, elsewhere: int, data: st.DataObject) -> None:
    count, usually = data.draw(st.integers(0, here)), data.draw(st.integers(0, elsewhere))

    def unusual(of: int) -> bool:
        return is_unusual(Proportion(count, here), Proportion(usually * of, elsewhere * of), lambda rate: 2 * rate)

    if unusual(1):
        assert count / here > 2 * usually / elsewhere
        assert unusual(5), "the more is known, the less it takes"
        assert exceeds(count, here, 2 * usually / elsewhere), "and never less than if all were known"
    assert not is_unusual(Proportion(count, here), None, lambda rate: rate)


@pytest.mark.parametrize("seed", range(3))
def test_a_farm_is_found_wherever_it_stands(seed: int) -> None:
    crowd = Crowd(seed)
    normal = crowd.elsewhere()
    farm = crowd.farm(PER_HOUSEHOLD + 1, household="farm", network="n")
    assert set(suspected(normal + farm)) == {visit.event_id for visit in farm}
    hidden = crowd.farm(60, household="campus", network="n")
    campus = crowd.people(150, household="campus", network="n", sharer_id=OTHER)
    assert set(suspected(normal + campus + hidden)) == {visit.event_id for visit in hidden}, "the campus is not"
    carried = [replace(visit, carrier=True) for visit in farm]
    assert set(suspected(normal + carried)) == {visit.event_id for visit in farm}
    rack = [
        visit
        for n in range(PER_NETWORK + 1)
        for visit in crowd.visit(
            n * 45, f"r-{n}", 0, 0.5, household=f"r-{n}", network="rack", browser=crowd.name(), sharer_id=SHARER
        )
    ]
    assert set(suspected(normal + rack)) == {visit.event_id for visit in rack}


@settings(max_examples=16)
@given(st.integers(0, 10_000), st.sampled_from(["regular", "unwatched", "invented", "eager"]))
def test_one_sign_alone_accuses_nobody(seed: int, sign: str) -> None:
    """A lecture that ends, browsers of a new kind, people who watch later or join at once."""
    crowd = Crowd(seed)
    normal = crowd.elsewhere(120)
    others = crowd.people(40, household="campus", network="n", sharer_id=OTHER)
    campus = crowd.people(80, household="campus", network="n")
    clicks = [visit for visit in campus if visit.kind == "click"]
    changed = {
        "regular": [replace(v, at=NOON + timedelta(seconds=60 * n)) for n, v in enumerate(clicks)],
        "unwatched": clicks,
        "invented": [replace(v, browser=f"new-{v.visitor}") for v in campus],
        "eager": [replace(v, bought_after_s=900.0) if v.kind == "click" else v for v in campus],
    }[sign]
    plays = [visit for visit in campus if visit.kind == "play"] if sign == "regular" else []
    found = set(suspected(normal + others + changed + plays).values())
    assert not {reason for reason in found if reason.endswith(f", {sign}")}
    assert all(" and " in reason for reason in found), "by chance two, never one"


def test_phones_of_one_make_behind_a_carrier_are_not_one_device() -> None:
    def phones(number: int, **more: object) -> list[SeenVisit]:
        return [
            SeenVisit(uuid4(), NOON + timedelta(seconds=97 * n + n * n), "phone", UUID(int=50 + n), SHARER, **more)  # type: ignore[arg-type]
            for n in range(number)
        ]

    own = [SeenVisit(uuid4(), NOON, "phone", SHARER, household="gateway")]
    at_home = phones(ACCOUNTS + 1, household="home")
    assert {reason.partition(":")[0] for reason in suspected(at_home).values()} == {"shared_device"}
    known = phones(ACCOUNTS + 9, household="gateway", carrier=True)
    assert suspected(known + [replace(each, carrier=True) for each in own]) == {}
    crowd = [SeenVisit(uuid4(), NOON, f"v-{n}", sharer_id=OTHER, household="gateway") for n in range(PER_HOUSEHOLD)]
    learnt = phones(ACCOUNTS + 9, household="gateway")
    assert suspected(learnt + own + crowd) == {}, "a crowd is seen by its browsers"
    assert suspected(learnt + own) != {}


def test_a_burst_of_phones_of_one_make_is_none_of_a_script() -> None:
    random = Random(4)
    people = [
        SeenVisit(uuid4(), NOON + timedelta(seconds=s), "phone", sharer_id=SHARER, household="g", carrier=True)
        for s in accumulate(random.expovariate(1.0) for _ in range(PER_MINUTE + 5))
    ]
    assert suspected(people) == {}
    script = [replace(visit, at=NOON + timedelta(seconds=n)) for n, visit in enumerate(people)]
    assert {reason.partition(":")[0] for reason in suspected(script).values()} == {"rate"}


@settings(max_examples=100)
@given(st.integers(1, 400), st.data(), st.floats(0.01, 0.99))
def test_more_than_chance_makes(of: int, data: st.DataObject, rate: float) -> None:
    count = data.draw(st.integers(0, of))
    if exceeds(count, of, rate):
        assert count > of * rate
        assert count == of or exceeds(count + 1, of, rate), "more of it shows more"
    assert not exceeds(0, of, rate)


def test_free_sales_are_held_against_what_is_usual() -> None:
    assert not unusually_free(2, 2, 0, 500)
    assert unusually_free(3, 3, 0, 0), "where little is sold, three are too many"
    assert unusually_free(9, 10, 10, 200)
    assert not unusually_free(9, 10, 130, 200), "the first month is given away"


@pytest.mark.parametrize(("others_s", "is_even"), [(30, True), (29, False), (90, True), (91, False)])
def test_gaps_are_even_within_half_of_the_median(others_s: int, is_even: bool) -> None:
    """Eleven gaps of a minute, and ten of others: more than chance has within half of the median, or about as many."""
    gaps = [60, others_s] * 10 + [60]
    assert even([0, *accumulate(gaps)]) is is_even
    assert not even([0, *accumulate([60] * (GAPS_LEAST - 1))])
    assert even([0, *accumulate([60] * GAPS_LEAST)])


def test_what_is_never_seen_elsewhere_is_more_than_chance_makes() -> None:
    assert exceeds(1, 100, 0.0)
    assert not exceeds(0, 100, 0.0)
    assert not exceeds(5, 100, 0.04), "one more than is usual is chance"
    assert exceeds(20, 100, 0.04)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, set()),
        ({"plays": 0.0}, {"unwatched"}),
        ({"buys": 1.0}, {"eager"}),
        ({"every_s": 60.0}, {"regular"}),
        ({"browser": "invented"}, {"invented"}),
        (
            {"plays": 0.0, "buys": 1.0, "every_s": 60.0, "browser": "invented"},
            {"unwatched", "eager", "regular", "invented"},
        ),
    ],
)
def test_each_sign_shows_what_is_more_than_elsewhere(seed: int, changed: dict[str, Any], shown: set[str]) -> None:
    crowd = Crowd(seed)
    known = {"plays": PLAYS, "buys": BUYS, "every_s": None, "browser": None} | changed
    instants = accumulate(known["every_s"] or crowd.random.expovariate(1 / 60) for _ in range(120))
    led = [
        visit
        for n, at in enumerate(instants)
        for visit in crowd.visit(
            at, f"led-{n}", known["plays"], known["buys"], household="campus",
            browser=f"invented-{n}" if known["browser"] else crowd.name(),
        )
    ]  # fmt: skip
    others, elsewhere = crowd.people(40, household="campus", sharer_id=OTHER), crowd.elsewhere(600)
    found = signs(led, led + others, usual(elsewhere, led + others + elsewhere))
    assert set(found) == shown
    little = usual(elsewhere[:20], led + others + elsewhere)
    assert set(signs(led, led + others, little)) <= {"regular"}, "where little is known, only the clock speaks"


def test_a_browser_has_watched_when_it_has_played() -> None:
    """Each browser counts once, and what others than those who clicked did is nothing of it."""
    clicks = [SeenVisit(uuid4(), NOON, f"v-{n % 60}", sharer_id=SHARER, household=f"h-{n}") for n in range(120)]
    other = [SeenVisit(uuid4(), NOON, f"v-{n}", kind="react", household=f"h-{n}") for n in range(60)]
    plays = [SeenVisit(uuid4(), NOON, f"v-{n}", kind="play", household=f"h-{n}") for n in (*range(15), 99)]
    bought = [replace(visit, bought_after_s=5.0) if n % 4 == 0 else visit for n, visit in enumerate(clicks)]
    measure = usual(bought + other + plays, clicks)
    assert (measure.unwatched, measure.eager) == (Proportion(45, 60), Proportion(30, 120))
    few = usual(clicks[:49], clicks)
    assert (few.unwatched, few.eager) == (None, None)
