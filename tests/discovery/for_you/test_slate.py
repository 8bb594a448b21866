"""What comes next, and with what probability. Pure."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.discovery.for_you.slate import MAKER_MOST, TITLE_APART, Candidate, draw


def candidate(n: int, title: int = 0, maker: int = 0, hot: float = 0.5, **did: int) -> Candidate:
    return Candidate(UUID(int=n), UUID(int=title), UUID(int=maker), {"hot": hot}, pull=2 * hot, **did)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=24), st.integers(1, 10), st.integers(0, 99))
def test_a_page_is_diverse_where_there_is_a_choice(made: list[tuple[int, int]], places: int, seed: int) -> None:
    candidates = [candidate(n, title, 100 + maker) for n, (title, maker) in enumerate(made)]
    picks = draw(candidates, places, np.random.default_rng(seed))
    assert len(picks) == min(places, len(candidates)) == len({pick.candidate.scene_id for pick in picks})
    assert all(0 < pick.probability <= 1 for pick in picks)
    for n, pick in enumerate(picks):
        before = [each.candidate for each in picks[:n]]
        left = [each for each in candidates if each not in before]
        near = {each.title_id for each in before[-TITLE_APART:]}
        if any(each.title_id not in near for each in left):
            assert pick.candidate.title_id not in near
        makers = [each.maker_id for each in before]
        free = [each for each in left if each.title_id not in near and makers.count(each.maker_id) < MAKER_MOST]
        if free:
            assert makers.count(pick.candidate.maker_id) < MAKER_MOST


def test_probabilities_are_those_by_which_it_is_drawn() -> None:
    """Weighted by their inverses, what was drawn comes to what there is."""
    candidates = [candidate(n, n, n, hot) for n, hot in enumerate((0.9, 0.5, 0.1))]
    rng = np.random.default_rng(7)
    firsts = [draw(candidates, 1, rng)[0] for _ in range(4_000)]
    for each in candidates:
        weights = [1 / pick.probability if pick.candidate == each else 0 for pick in firsts]
        assert np.mean(weights) == pytest.approx(1, abs=0.2)


def test_what_people_engage_with_comes_first_and_what_is_new_gets_its_chance() -> None:
    rng = np.random.default_rng(3)
    liked, ignored, new = candidate(1, 1, 1, shown=100, engaged=70), candidate(2, 2, 2, shown=100), candidate(3, 3, 3)
    firsts = [draw([liked, ignored, new], 1, rng)[0].candidate for _ in range(500)]
    assert firsts.count(liked) > firsts.count(new) > firsts.count(ignored) > 0
    pulled = [candidate(1, 1, 1, 0.9), candidate(2, 2, 2, 0.1)]
    assert [draw(pulled, 1, rng)[0].candidate for _ in range(500)].count(pulled[0]) > 300
    several = Candidate(UUID(int=4), UUID(int=4), UUID(int=4), {"hot": 0.2, "near": 0.9, "fresh": 1})
    assert several.reason == "near"
