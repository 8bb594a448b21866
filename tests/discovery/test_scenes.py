"""Moments become scenes: each in one, in no particular order of arrival, without chains."""

import random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.discovery import heat
from groundswell.discovery.scenes import Vote, gather, median, overlaps

S = 1_000_000


def vote(number: int, start_s: float, end_s: float, log: float = 0.0, public: bool = True) -> Vote:
    return Vote(UUID(int=number), int(start_s * S), int(end_s * S), log, public)


@st.composite
def many(draw: st.DrawFn) -> list[Vote]:
    votes = []
    for number in range(draw(st.integers(0, 25))):
        start = draw(st.integers(0, 300 * S))
        length = draw(st.integers(1, 60 * S))
        log = draw(st.one_of(st.floats(-50, 50), st.integers(0, 2).map(float)))
        votes.append(Vote(UUID(int=number), start, start + length, log, draw(st.booleans())))
    return votes


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(many(), st.randoms())
def test_every_moment_is_in_one_scene_whatever_the_order(votes: list[Vote], shuffler: random.Random) -> None:
    scenes = gather(votes)
    assert sorted(v.id for scene in scenes for v in scene.members) == sorted(v.id for v in votes)
    shuffled = votes[:]
    shuffler.shuffle(shuffled)
    assert gather(shuffled) == scenes
    assert [scene.log_heat for scene in scenes] == sorted((scene.log_heat for scene in scenes), reverse=True)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(many())
def test_a_scene_is_where_its_members_are(votes: list[Vote]) -> None:
    for scene in gather(votes):
        first = scene.members[0]
        assert scene.start_us < scene.end_us
        assert min(v.start_us for v in scene.members) <= scene.start_us
        assert scene.end_us <= max(v.end_us for v in scene.members)
        assert all(overlaps(first, v) for v in scene.members)
        assert scene.log_heat >= first.log_heat
        assert scene.best is None or scene.best.public


def test_what_overlaps_by_half_goes_together_and_chains_do_not_grow() -> None:
    chain = [vote(0, 0, 10, 3), vote(1, 5, 15, 2), vote(2, 10, 20, 1), vote(3, 40, 50)]
    assert [[v.id.int for v in scene.members] for scene in gather(chain)] == [[0, 1], [2], [3]]


def test_the_span_is_the_crowds_not_an_outliers() -> None:
    votes = [vote(n, 10, 20, 1) for n in range(5)] + [vote(9, 4, 28)]
    (scene,) = gather(votes)
    assert (scene.start_us, scene.end_us) == (10 * S, 20 * S)


def test_the_hottest_public_moment_stands_for_the_scene() -> None:
    (scene,) = gather([vote(0, 0, 10, 5, public=False), vote(1, 0, 10, 2), vote(2, 0, 10, 3)])
    assert scene.best is not None
    assert scene.best.id.int == 2
    (unshown,) = gather([vote(0, 0, 10, 5, public=False)])
    assert unshown.best is None


def test_moments_without_any_vote_make_no_scene() -> None:
    assert gather([vote(0, 0, 10, heat.NOTHING)]) == []


def test_a_median_is_reached_by_weight() -> None:
    assert median([1, 2, 3], [1, 1, 1]) == 2
    assert median([1, 2, 3], [5, 1, 1]) == 1
    assert median([3, 1], [0.5, 0.5]) == 1
