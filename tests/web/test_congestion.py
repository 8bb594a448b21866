"""Who may be begun, by a clock that the tests turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.web.congestion import AHEAD_S, CONTENDED_S, LONG_S, FairPlaces, Lag, ProcessorShare, TakenPlace

SLICE_S = 0.01


def test_places_go_when_the_processor_is_short_and_come_back_when_it_is_not() -> None:
    fair = FairPlaces(3, 40)
    fair.adapt(0.0, busy=1.0, lag_s=1.0)
    assert fair.places == 40, "all who come are served: there is nothing to save"
    fair.refused("viewers", 0.0)
    for _ in range(20):
        fair.adapt(0.0, busy=1.0, lag_s=0.0)
    assert fair.places == 3
    fair.adapt(0.0, busy=0.7, lag_s=0.0)
    assert fair.places == 3, "neither full nor idle"
    fair.adapt(0.0, busy=0.1, lag_s=0.0)
    assert fair.places == 4, "what is worked on waits for others"
    for _ in range(20):
        fair.adapt(CONTENDED_S + 1, busy=1.0, lag_s=0.0)
    assert fair.places == 40, "nobody goes without any more"


def test_a_loop_that_runs_late_is_short_of_the_processor_however_little_it_works() -> None:
    fair = FairPlaces(3, 40)
    fair.refused("viewers", 0.0)
    fair.adapt(0.0, busy=0.3, lag_s=0.2)
    assert fair.places < 40


def test_what_takes_long_waits_for_something_else_and_keeps_nobody_out() -> None:
    fair = FairPlaces(2, 2)
    held = [fair.take("console", 0.0), fair.take("console", 0.0)]
    fair.refused("viewers", 0.1)
    assert not fair.is_turn_of("viewers", 0.1)
    fair.adapt(LONG_S + 0.01, busy=1.0, lag_s=0.0)
    fair.refused("viewers", LONG_S + 0.01)
    assert fair.is_turn_of("viewers", LONG_S + 0.01)
    for place in held:
        fair.give_back(place, 9.0)
    assert fair.taken == 0, "it is given back once"


def test_who_did_not_ask_for_a_while_has_saved_up_nothing() -> None:
    fair = FairPlaces(1, 1)
    fair.refused("viewers", 0.0)
    fair.give_back(fair.take("viewers", 0.0), 0.05)
    fair.refused("console", 0.05)
    assert fair.used("console") == fair.used("viewers") > 0
    fair.refused("viewers", 0.05 + CONTENDED_S)
    assert fair.used("console") == fair.used("viewers") == 0, "and what was long ago is forgotten"


@settings(deadline=None, max_examples=25)
@given(
    demand=st.dictionaries(st.sampled_from("abcd"), st.integers(5, 10), min_size=2),
    weights=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3)),
    places=st.integers(1, 5),
)
def test_classes_that_ask_all_the_time_get_places_time_by_weight(
    demand: dict[str, int], weights: dict[str, int], places: int
) -> None:
    fair = FairPlaces(places, places, weights)
    held: list[TakenPlace] = []
    had = dict.fromkeys(demand, 0)
    for round in range(300):
        now = round * SLICE_S
        while held and held[0].began <= now - SLICE_S:
            place = held.pop(0)
            fair.give_back(place, now)
            had[place.kind] += 1
        for kind, askers in sorted(demand.items(), key=lambda one: -one[1]):
            for _ in range(askers):  # the loudest first
                if fair.is_turn_of(kind, now):
                    held.append(fair.take(kind, now))
                else:
                    fair.refused(kind, now)
    parts = [had[kind] / weights.get(kind, 1) for kind in demand]
    slack = 2 * (AHEAD_S / SLICE_S + places) + 5
    assert max(parts) <= 1.25 * min(parts) + slack, had


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.004), st.booleans()), min_size=200, max_size=400), st.floats(0.05, 0.9))
def test_a_share_is_never_exceeded_by_more_than_a_burst(steps: list[tuple[float, bool]], part: float) -> None:
    share, now, spent = ProcessorShare(part, 0.1), 0.0, 0.0
    for cost, asks in steps:
        now += 0.005
        if asks and share.has_left(now):
            share.spend(cost)
            spent += cost
    assert spent <= part * (now + 0.1) + 0.01 + 1e-9


def test_one_long_task_is_no_queue() -> None:
    lag = Lag()
    for seen in [0.0] * 10 + [0.04]:
        lag.seen(seen)
    assert lag.seconds < 0.02
    for _ in range(10):
        lag.seen(0.04)
    assert lag.seconds > 0.02


@given(st.sampled_from([0.005, 0.02, 0.09]), st.integers(1, 4))
def test_a_class_that_is_full_by_its_own_limit_holds_back_nobody(every_s: float, weight: int) -> None:
    fair = FairPlaces(3, 200, {"viewers": weight})
    now = 0.0
    for _ in range(300):
        now += every_s
        fair.refused("exports", now, at_its_limit=True)
        assert fair.are_contended(now)
        assert not fair.are_passed_over(now)
        assert fair.is_turn_of("viewers", now)
        fair.give_back(fair.take("viewers", now), now + every_s)
