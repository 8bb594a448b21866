"""The order from three lists is that of sorting everything."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from groundswell.discovery.rate import HALF_LIVES_S, rates
from groundswell.discovery.threshold import COUNTERS, Edge, Entry, Ranked, Threshold

NOW = 1_790_000_000.0
LEVELS = st.one_of(st.floats(-40, 20), st.integers(-3, 3).map(float))
THINGS = st.lists(st.tuples(LEVELS, LEVELS, LEVELS, st.floats(0, 3_000_000)), max_size=60)


def entries(things: list[tuple[float, float, float, float]]) -> list[Entry]:
    found = []
    for number, (*levels, age_s) in enumerate(things):
        quick, middle, slow = (level + NOW / each for level, each in zip(levels, HALF_LIVES_S, strict=True))
        found.append(Entry(UUID(int=number), NOW - age_s, (quick, middle, slow)))
    return found


def page(all_of: list[Entry], counter: int, edge: Edge | None, size: int) -> list[Entry]:
    in_order = sorted(all_of, key=lambda entry: (-entry.logs[counter], entry.id))
    after = [e for e in in_order if edge is None or (-e.logs[counter], e.id) > (-edge.log, edge.id)]
    return after[:size]


@given(THINGS, st.integers(1, 10))
def test_it_is_the_order_of_sorting_all(things: list[tuple[float, float, float, float]], size: int) -> None:
    every = entries(things)
    threshold, found = Threshold(NOW), list[Ranked]()
    while not threshold.complete:
        threshold.take([page(every, counter, threshold.edges[counter], size) for counter in COUNTERS], size)
        found += threshold.settled()
    values = rates([e.logs for e in every], [NOW - e.begun_s for e in every], NOW).tolist() if every else []
    expected = sorted(((-value, entry.id) for value, entry in zip(values, every, strict=True)))
    assert [each.id for each in found] == [id for _, id in expected]


def test_the_first_few_need_few_of_many() -> None:
    every = entries([(float(20 - n / 100), float(20 - n / 100), float(20 - n / 100), 1e6) for n in range(2_000)])
    threshold, found, read = Threshold(NOW), list[Ranked](), 0
    while len(found) < 10:
        threshold.take([page(every, counter, threshold.edges[counter], 50) for counter in COUNTERS], 50)
        found += threshold.settled()
        read += 50
    assert read <= 1_000
    assert [each.id.int for each in found[:10]] == list(range(10))
