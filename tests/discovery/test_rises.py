"""A scene's rise is told once: not of a lone vote, not again while it lasts, again after it has cooled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from groundswell.discovery import heat
from groundswell.discovery.rises import MIDDLE_S, SLOW_S, Gathered, newly_rising, rises, trend

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
S = 1_000_000


def gathered(votes: list[tuple[float, float]], at: datetime = NOW, start_us: int = 0, end_us: int = 10 * S) -> Gathered:
    """A scene with votes of (weight, hours before ``NOW``), gathered at ``at``."""
    timed = [(weight, (NOW - timedelta(hours=hours)).timestamp()) for weight, hours in votes]
    return Gathered(start_us, end_us, heat.total(timed, MIDDLE_S), heat.total(timed, SLOW_S), at)


def test_many_fresh_votes_rise_and_a_lone_one_does_not() -> None:
    assert rises(gathered([(4, 0)] * 4))
    assert not rises(gathered([(4, 0)]))


def test_steady_votes_do_not_rise() -> None:
    assert not rises(gathered([(4, hours) for hours in range(24 * 30)]))


def test_a_rise_is_new_once() -> None:
    early, later = gathered([(4, 1)] * 4), gathered([(4, 1)] * 4 + [(4, 0)] * 3)
    assert newly_rising([], [early]) == [early]
    assert newly_rising([early], [later]) == []


def test_a_rise_follows_the_place_and_not_the_name_of_a_scene() -> None:
    rising = gathered([(4, 0)] * 4)
    moved, elsewhere = replace(rising, start_us=9 * S, end_us=19 * S), replace(rising, start_us=10 * S, end_us=19 * S)
    assert newly_rising([rising], [moved, elsewhere]) == [elsewhere]


@given(
    st.lists(st.tuples(st.sampled_from([1.0, 2.0, 4.0]), st.floats(0, 100)), min_size=1, max_size=30),
    st.floats(0.01, 1),
)
def test_never_below_the_heat_that_is_noticed(votes: list[tuple[float, float]], factor: float) -> None:
    scene = gathered(votes)
    total = heat.level(scene.slow_log, NOW.timestamp(), SLOW_S)
    cooled = replace(scene, slow_log=heat.scaled(scene.slow_log, factor * 11.9 / total))
    assert not rises(cooled)


def test_trends_compare_the_last_hours_with_the_last_days() -> None:
    def told(hours: list[float]) -> str:
        times = [(1.0, NOW.timestamp() - 3600 * each) for each in hours]
        return trend(heat.total(times, MIDDLE_S), heat.total(times, SLOW_S), NOW.timestamp())

    assert told([float(hour) for hour in range(24 * 30)]) == "steady"
    assert told([minute / 60 for minute in range(60)]) == "rising"
    assert told([30 + minute / 60 for minute in range(60)]) == "falling"
    assert trend(heat.NOTHING, heat.NOTHING, NOW.timestamp()) == "falling"
