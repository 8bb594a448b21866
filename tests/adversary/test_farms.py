"""Farms that play and react: what they earn, how they rank, and what the desk sees. And a campus, which is none."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from groundswell.attribution import beyond_limits
from groundswell.discovery.refresh import refresh
from groundswell.discovery.tables import HeatDay
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.trust import cases
from tests.earnings.world import World, early_this_month
from tests.events.tickets import BROWSER, played, ticket
from tests.support import App

from .test_money import desk, standing_of, step, world
from .test_verdicts import divided, held, judged

__all__ = ["world"]  # a fixture

pytestmark = pytest.mark.usefixtures("still_server")


def seen_at(world: World, name: str, kind: Any, n: int, at_s: float, **inputs: Any) -> Event:
    """What somebody's browser did with a moment, at an address of their own where no other is given."""
    return Event(
        kind=kind,
        at=early_this_month() + timedelta(seconds=at_s),
        id=uuid7(),
        moment_id=world.moments[name],
        title_id=world.title,
        visitor=f"{inputs.get('household', 'home')}-{n}",
        channel="copy",
        verdict="human",
        verdict_reason="nothing_says_otherwise",
        verdict_rule="3+now",
        inputs={"household": f"home-{n}", "network": f"isp-{n // 20}", "ua": BROWSER, "watched_ms": 9_000} | inputs,
    )


def people(world: World, name: str = "rain", count: int = 80) -> Iterator[Event]:
    """Each at home, with a browser as others have; half an hour of them."""
    random = Random(7)
    for n in range(count):
        browser = BROWSER.replace("126.0", f"{100 + n % 20}.0")
        at_s = random.uniform(0, 1_800)
        for kind in ("click", "play"):
            yield seen_at(world, name, kind, n, at_s, ua=browser)


async def seen(world: World, *events: Event) -> None:
    async with world.database.transaction() as session:
        await record(session, *events)


async def farm_plays(app: App, world: World, number: int, name: str = "kiss") -> None:
    """Plays over HTTP from one address, each by a browser that nobody else has, at intervals as people's are."""
    random, ago_s = Random(11), 10.0
    for n in range(number):
        browser = BROWSER.replace("126.0", f"126.0.{n}.0")
        visit = await ticket(app, moment=world.moments[name], browser=browser, ago=timedelta(seconds=ago_s))
        body = played(visit, moment=str(world.moments[name]))
        answer = await app.http.post("/v1/events", json=body, headers={"User-Agent": browser})
        assert answer.is_success, answer.text
        ago_s += random.expovariate(1 / 3)


async def human(world: World, name: str, kind: str = "play") -> int:
    async with world.database.transaction() as session:
        query = select(JudgedEvent.id).filter_by(moment_id=world.moments[name], kind=kind, verdict="human")
        return len((await session.scalars(query)).all())


async def looked_for_cases(world: World) -> int:
    now = utc_now()
    return await beyond_limits.open_cases(world.database, now - timedelta(days=2), now + timedelta(minutes=5))


@pytest.mark.slow
async def test_invented_agents_of_one_address_earn_nothing(app: App, world: World) -> None:
    """300 browser versions once were 300 people. Beyond the limit they are none at once, and stay none when visits are
    judged again; within it, what they show together says what they are."""
    await seen(world, *people(world))
    await farm_plays(app, world, 300)
    assert await human(world, "kiss") == app.runtime.settings.plays_per_address
    assert await judged(world) == app.runtime.settings.plays_per_address
    assert await looked_for_cases(world) == 1
    assert await human(world, "kiss") == 0
    await divided(world, "plays")
    assert await held(world) == {"noor": 0, "kofi": 10_000}
    stands = await standing_of(world, "noor")
    assert (stands.plays, stands.rank, (await standing_of(world, "kofi")).rank) == (0, 2, 1)
    opened = await desk(world)
    assert set(opened) == {"address_glut", "over_limits"}
    async with world.database.transaction() as session:
        sizes = await cases.sizes(session, [case.id for case in opened.values()])
    assert {rule: sizes[case.id] for rule, case in opened.items()} == {"address_glut": 120, "over_limits": 180}
    assert await desk(world, "kofi") == {}


@pytest.mark.slow
async def test_what_a_campus_watched_is_given_back_at_the_desk(app: App, world: World) -> None:
    """A thousand people behind one address, of whom the limit lets few through: the desk sees them, and accepts."""
    campus = [seen_at(world, "kiss", "play", n, 3 * n, household="campus", network="campus") for n in range(40)]
    beyond = {"verdict": "robot", "verdict_reason": "address_limit:over 120 an hour", "verdict_rule": "limits-1"}
    async with world.database.transaction() as session:
        for event in campus:
            await record(session, Event(**(event.row() | beyond)))
    await seen(world, seen_at(world, "rain", "play", 1, 0))
    assert await judged(world) == 0
    assert await looked_for_cases(world) == 1
    assert await looked_for_cases(world) == 0, "they are in a case"
    await step(world, "over_limits", "accept")
    assert await human(world, "kiss") == 40
    await divided(world, "plays", 4_100)
    assert await held(world) == {"noor": 4_000, "kofi": 100}
    await step(world, "over_limits", "clear")
    assert (await judged(world), await looked_for_cases(world)) == (0, 0), "what is decided is not asked again"
    assert await desk(world) == {}


async def test_few_beyond_a_limit_are_no_case(app: App, world: World) -> None:
    beyond = {"verdict": "robot", "verdict_reason": "network_limit:over 2000 an hour", "verdict_rule": "limits-1"}
    events = [seen_at(world, "kiss", "play", n, n, network="n") for n in range(beyond_limits.LEAST - 1)]
    await seen(world, *(Event(**(event.row() | beyond)) for event in events))
    elsewhere = seen_at(world, "kiss", "play", 99, 99, network="elsewhere")
    await seen(world, Event(**(elsewhere.row() | beyond)))
    assert await looked_for_cases(world) == 0
    one_more = seen_at(world, "kiss", "play", 100, 100, network="n")
    await seen(world, Event(**(one_more.row() | beyond)))
    assert await looked_for_cases(world) == 1


async def test_reactions_of_a_farm_are_no_votes(app: App, world: World) -> None:
    """A reaction weighs what a play does, and is judged as one."""
    await seen(world, *people(world))
    farm = [seen_at(world, "kiss", "react", n, 4 * n, household="farm", network="farm") for n in range(60)]
    await seen(world, *farm)
    assert await judged(world) == 60
    async with world.database.transaction() as session:
        await refresh(session)
        heat = await session.scalars(select(HeatDay.votes).filter_by(moment_id=world.moments["kiss"]))
    assert sum(heat) == 0
    case: UUID = (await desk(world))["address_glut"].id
    async with world.database.transaction() as session:
        assert await cases.sizes(session, [case]) == {case: 60}


@pytest.mark.parametrize("attack", ["backdated", "without a ticket", "of another page", "too fast"])
async def test_plays_that_are_refused_leave_nothing_but_a_case(app: App, world: World, attack: str) -> None:
    """57 dates in one request once took a pool."""
    await seen(world, *people(world))
    kiss = str(world.moments["kiss"])
    if attack == "backdated":
        dates = [(utc_now() - timedelta(days=n)).isoformat() for n in range(57)]
        events = [{"kind": "play", "moment": kiss, "at": at} for at in dates]
    elif attack == "without a ticket":
        events = [{"kind": "play", "moment": kiss}] * 57
    else:
        where = world.moments["rain" if attack == "of another page" else "kiss"]
        events = played(await ticket(app, moment=where), moment=kiss, watched_ms=3_600_000)["events"] * 57
    for _ in range(2):
        answer = await app.http.post("/v1/events", json={"events": events}, headers={"User-Agent": BROWSER})
        assert answer.status_code in (403, 422)
    assert await human(world, "kiss") == 0
    assert await judged(world) == 0
    await divided(world, "plays")
    assert await held(world) == {"noor": 0, "kofi": 10_000}
    assert ((await standing_of(world, "noor")).rank, (await standing_of(world, "kofi")).rank) == (2, 1)
    opened = await desk(world)
    assert set(opened) == {"refused_plays"}
    async with world.database.transaction() as session:
        (item,) = await cases.items(session, opened["refused_plays"].id)
    assert (item.kind, item.reason) == ("refusal", f"{answer.json()['code']}: 57 within the hour")
    await step(world, "refused_plays", "reject")


async def test_a_few_refused_plays_are_nothing(app: App, world: World) -> None:
    late = {"kind": "play", "moment": str(world.moments["kiss"]), "visit": "x"}
    for _ in range(2):
        await app.http.post("/v1/events", json={"events": [late] * 20}, headers={"User-Agent": BROWSER})
    assert await desk(world) == {}


async def test_one_browser_that_goes_through_all_of_somebodys_moments_is_one_person(app: App, world: World) -> None:
    """At two plays a minute, by no rule a script's, a creator with many moments once had thousands of views of it."""
    for n in range(60):
        await world.moment("noor", f"scene-{n}")
    alone = [seen_at(world, f"scene-{n}", "play", 1, 35.0 * n, household="h", network="n") for n in range(60)]
    await seen(world, *people(world), *alone)
    await divided(world, "plays")
    assert await held(world) == {"noor": 2_000, "kofi": 8_000}, "twenty, beside eighty people"
