"""The length of a union, against counting microseconds one by one."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.trust.intervals import IntervalUnion, Span

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


def counted(found: list[Span]) -> set[int]:
    return {us for start, end in found for us in range(start, end)}


@settings(max_examples=100)
@given(spans)
def test_what_is_covered_twice_counts_once(found: list[Span]) -> None:
    coverage = IntervalUnion(found)
    assert coverage.total_us == len(counted(found))
    assert counted(coverage.spans) == counted(found)


@settings(max_examples=100)
@given(spans)
def test_the_spans_of_a_union_are_apart_and_in_order(found: list[Span]) -> None:
    union = IntervalUnion(found).spans
    assert all(start < end for start, end in union)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(union))


@settings(max_examples=100)
@given(spans, st.integers(0, 60), st.integers(1, 60))
def test_a_span_adds_what_was_not_covered(found: list[Span], start: int, length: int) -> None:
    added = IntervalUnion(found).added(start, start + length)
    assert added == IntervalUnion([*found, (start, start + length)]).total_us - IntervalUnion(found).total_us
