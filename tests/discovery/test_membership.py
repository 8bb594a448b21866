"""Scenes that are kept as votes change are those that gathering everything anew would make."""

import random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from groundswell.discovery.lasting_ids import assign
from groundswell.discovery.membership import Membership
from groundswell.discovery.scene_rows import rewrite
from groundswell.discovery.scenes import Vote, gather
from groundswell.discovery.tables import SceneRow, SceneVote
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from tests.earnings.world import World, build

S = 1_000_000
MOMENTS = 16


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for number in range(MOMENTS):
        await world.moment("noor", f"m{number}", 0, S)
    async with database.transaction() as session:
        await session.execute(text("SET session_replication_role = DEFAULT"))
    return world


Change = tuple[int, int, int, int, bool] | tuple[int]
"""(moment, start, length, heat, public), or a moment that no longer votes."""

CHANGES = st.lists(
    st.lists(
        st.one_of(
            st.tuples(
                st.integers(0, MOMENTS - 1),
                st.integers(0, 40),
                st.integers(1, 20),
                st.integers(0, 6),
                st.booleans(),
            ),
            st.tuples(st.integers(0, MOMENTS - 1)),
        ),
        min_size=1,
        max_size=6,
    ),
    min_size=1,
    max_size=12,
)


def row(world: World, change: Change) -> tuple[UUID, dict[str, object] | None]:
    id = world.moments[f"m{change[0]}"]
    if len(change) == 1:
        return id, None
    _, start, length, log, public = change
    return id, {
        "moment_id": id,
        "title_id": world.title,
        "start_us": start * S,
        "end_us": (start + length) * S,
        "length_us": length * S,
        "log_heat": float(log),
        "clicks": 1,
        "plays": 2,
        "public": public,
        "factor": 1.0,
        "begun_at": utc_now(),
    }


COUNTED = text(
    """
    INSERT INTO scene_days SELECT DISTINCT scene_id, current_date, 1, 1, 1, 1 FROM scene_votes ON CONFLICT DO NOTHING
    """
)
"""Some vote for every scene: what these come to is tested with ballots."""


async def check(world: World, batches: list[list[Change]]) -> None:
    """Apply the batches one after another; after each, what is kept is what ``gather`` says."""
    now: dict[UUID, dict[str, object]] = {}
    async with world.database.sessions() as session:
        for batch in batches:
            votes = dict(row(world, change) for change in batch)
            put = {id: vote for id, vote in votes.items() if vote is not None}
            now = {id: vote for id, vote in {**now, **votes}.items() if vote is not None}
            membership = Membership(session, world.title)
            await membership.write(list(votes), put)
            await membership.settle()
            await assign(session, membership.changed)
            await session.execute(COUNTED)
            await rewrite(session, world.title, membership.changed)
            expected = gather(
                [
                    Vote(id, v["start_us"], v["end_us"], v["log_heat"], v["public"])  # type: ignore[arg-type]
                    for id, v in now.items()
                ]
            )
            ids = (await session.execute(select(SceneVote.first_id, SceneVote.scene_id).distinct())).all()
            assert len(ids) == len(expected) == len({scene_id for _, scene_id in ids}), "an id each, none twice"
            kept = await session.execute(select(SceneVote.moment_id, SceneVote.first_id))
            members = {vote.id: scene.members[0].id for scene in expected for vote in scene.members}
            assert {row.moment_id: row.first_id for row in kept} == members
            rows = await session.execute(
                select(SceneRow.first_id, SceneRow.best_moment_id, SceneRow.start_us, SceneRow.end_us, SceneRow.moments)
            )
            assert {tuple(each) for each in rows} == {
                (scene.members[0].id, scene.best.id, scene.start_us, scene.end_us, len(scene.members))
                for scene in expected
                if scene.best is not None
            }
        await session.rollback()


@pytest.mark.slow
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(CHANGES)
async def test_they_are_the_same(world: World, batches: list[list[Change]]) -> None:
    await check(world, batches)


@pytest.mark.slow
async def test_they_are_the_same_after_many_changes(world: World) -> None:
    draw = random.Random(17)
    batches: list[list[Change]] = []
    for _ in range(60):
        batch: list[Change] = []
        for _ in range(draw.randint(1, 5)):
            moment = draw.randrange(MOMENTS)
            if draw.random() < 0.15:
                batch.append((moment,))
            else:
                batch.append((moment, draw.randrange(30), draw.randint(1, 15), draw.randrange(8), draw.random() < 0.8))
        batches.append(batch)
    await check(world, batches)
