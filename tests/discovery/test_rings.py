"""A ring of new accounts does not lead Discover; the oldest title's scene that suddenly is loved does."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from groundswell.accounts.tables import Viewer
from groundswell.discovery.feed import discover
from groundswell.discovery.lifespan import EVERY_S
from groundswell.discovery.ranking import Gate
from groundswell.discovery.refresh import refresh
from groundswell.events.event import Event, Kind
from groundswell.events.log.event_log import record
from groundswell.events.tables import LoggedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from tests.earnings.world import World, build

S = 1_000_000
OPEN, SHUT = Gate(0, 0), Gate(5, 3)
KINDS: tuple[Kind, ...] = ("clip", "share", "play", "click", "continue")


@pytest.fixture
async def world(database: Database) -> World:
    """The oldest scene, three that are liked every day, and the ring's."""
    world = await build(database)
    for number, name in enumerate(("oldest", "liked 0", "liked 1", "liked 2", "ring")):
        await world.moment(f"maker {number}", name, 60 * number * S, (60 * number + 10) * S)
    async with database.transaction() as session:
        year_ago = {"created_at": utc_now() - timedelta(days=365)}
        await session.execute(update(Moment).where(Moment.id == world.moments["oldest"]).values(year_ago))
    return world


async def people(world: World, count: int, age_days: int) -> list[UUID]:
    joined = utc_now() - timedelta(days=age_days)
    viewers = [
        Viewer(id=uuid7(), issuer="x", subject=str(id), name="Someone", handle=str(id), created_at=joined)
        for id in (uuid7() for _ in range(count))
    ]
    ids = [viewer.id for viewer in viewers]
    async with world.database.transaction() as session:
        session.add_all(viewers)
    return ids


async def vote(
    world: World, name: str, viewers: list[UUID], kinds: tuple[Kind, ...], networks: int, hours: float = 0
) -> None:
    """Each of them, in each way, from one of so many networks."""
    events = [
        Event(
            kind=kind,
            at=utc_now() - timedelta(hours=hours),
            moment_id=world.moments[name],
            title_id=world.title,
            visitor=f"visitor of {viewer}",
            viewer_id=viewer,
            verdict="human",
            inputs={"network": f"{name} {number % networks}"} if kind in ("play", "click", "continue") else None,
        )
        for number, viewer in enumerate(viewers)
        for kind in kinds
    ]
    async with world.database.transaction() as session:
        await record(session, *events)


async def listed(world: World, gate: Gate) -> list[str]:
    async with world.database.transaction() as session:
        await refresh(session)
    async with world.database.transaction() as session:
        return [scene.best.caption for scene in (await discover(session, gate=gate)).items]


async def test_a_ring_does_not_lead_and_what_is_suddenly_loved_does(world: World) -> None:
    fans = await people(world, 40, age_days=300)
    for number in range(3):
        for hours in (1.0, 25.0, 49.0):
            await vote(world, f"liked {number}", fans[: 10 + number], ("play",), networks=5, hours=hours)
    await vote(world, "ring", await people(world, 200, age_days=0), KINDS, networks=20)
    await vote(world, "oldest", fans, ("play", "share"), networks=8)
    assert EVERY_S <= 30, "asked for so often, and counted by the next job: within a minute"
    found = await listed(world, OPEN)
    assert found[0] == "oldest"
    async with world.database.transaction() as session:
        first = (await discover(session, gate=OPEN)).items[0]
    assert first.trend == "rising"
    assert first.times_usual is not None
    assert first.times_usual > 10
    assert await listed(world, SHUT) == [name for name in found if name != "ring"], "without the established, never"


async def test_a_clique_on_one_network_does_not_pass(world: World) -> None:
    await vote(world, "ring", await people(world, 30, age_days=30), ("play",), networks=1)
    await vote(world, "oldest", await people(world, 5, age_days=30), ("play",), networks=3)
    await vote(world, "liked 0", await people(world, 4, age_days=30), ("play",), networks=4)
    assert await listed(world, SHUT) == ["oldest"]
    assert len(await listed(world, OPEN)) == 3


async def test_robots_never_count_also_where_that_shows_later(world: World) -> None:
    crowd = await people(world, 9, age_days=30)
    await vote(world, "oldest", crowd[:6], ("play",), networks=6)
    logged = await world.happen("ring", "play", "robot", viewer=crowd[7])
    await vote(world, "ring", crowd, ("play",), networks=6)
    assert await listed(world, SHUT) == ["ring", "oldest"]
    async with world.database.transaction() as session:
        of_ring = select(LoggedEvent.id).where(LoggedEvent.moment_id == world.moments["ring"])
        theirs = list(await session.scalars(of_ring))
    assert logged[0] in theirs
    for event in theirs:
        await world.judge(event, "robot", "behaviour-1")
    assert await listed(world, SHUT) == ["oldest"]
    assert await listed(world, OPEN) == ["oldest"]
