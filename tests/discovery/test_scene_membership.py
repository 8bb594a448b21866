"""Which scene a moment belongs to, as the database finds it, is what the rule says."""

import random
from uuid import UUID

from sqlalchemy import select

from groundswell.discovery.scene_membership import scene_members
from groundswell.discovery.scenes import Vote, overlaps
from groundswell.discovery.tables import SceneRow
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.settings import Settings
from tests.events.places import Shared, make_shared


def moment_of(shared: Shared, start_us: int, end_us: int) -> Moment:
    about = {"viewer_id": shared.moment.viewer_id, "title_id": shared.title.id, "source_id": shared.moment.source_id}
    return Moment(id=uuid7(), code=random_code(), start_us=start_us, end_us=end_us, created_at=utc_now(), **about)


def scene_of(best: Moment, heat: float) -> SceneRow:
    zeros = dict.fromkeys(("moments", "sharers", "people", "networks", "clicks", "plays"), 0)
    logs = {"quick_log": 0.0, "middle_log": 0.0, "slow_log": heat}
    span = {"title_id": best.title_id, "start_us": best.start_us, "end_us": best.end_us}
    times = {"begun_at": utc_now(), "refreshed_at": utc_now()}
    return SceneRow(id=uuid7(), best_moment_id=best.id, **span, **zeros, **logs, **times)


def vote(moment: Moment) -> Vote:
    return Vote(moment.id, moment.start_us, moment.end_us, 0.0, 0.0)


async def test_a_moment_belongs_to_the_hottest_scene_that_it_overlaps_by_half(
    database: Database, settings: Settings
) -> None:
    chance = random.Random(17)
    films = [await make_shared(database, settings) for _ in range(2)]
    moments = [
        moment_of(film, start, start + chance.randrange(5, 40) * 1_000_000)
        for film in films
        for start in (chance.randrange(0, 80) * 1_000_000 for _ in range(30))
    ]
    scenes = [scene_of(best, heat) for heat, best in enumerate(moments[:6] + moments[30:36])]
    async with database.transaction() as session:
        session.add_all(moments)
        await session.flush()
        session.add_all(scenes)
    expected: dict[UUID, UUID] = {}
    best_of = {moment.id: moment for moment in moments}
    everything = [*moments, *(film.moment for film in films)]
    for moment in everything:
        for scene in sorted(scenes, key=lambda each: -each.slow_log):
            if scene.title_id == moment.title_id and overlaps(vote(best_of[scene.best_moment_id]), vote(moment)):
                expected[moment.id] = scene.id
                break
    assert len(expected) > 20
    one = scenes[3].id
    async with database.transaction() as session:
        found = dict((await session.execute(await scene_members())).tuples().all())
        few = dict((await session.execute(await scene_members([one]))).tuples().all())
        assert (await session.execute(select(SceneRow.id).where(SceneRow.id == one))).scalar() == one
    assert found == expected
    assert few == {moment: scene for moment, scene in expected.items() if scene == one}
