"""What likes say of what is liked next. Pure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.discovery.for_you.blend import USUAL, Signs, chosen, scored
from groundswell.discovery.for_you.ease import KEPT, neighbours, together
from groundswell.discovery.for_you.taste import LikedUntil, Likes, at_an_instant, foretold, learned, ndcg

DAY_S = 86_400.0


def likes(*rows: tuple[int, int, float]) -> Likes:
    ordered = sorted(rows, key=lambda row: row[2])
    people, things = (np.array([row[at] for row in ordered], dtype=np.int64) for at in (0, 1))
    return Likes(people, things, np.array([row[2] for row in ordered]), (int(people.max()) + 1, int(things.max()) + 1))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=40))
def test_people_who_like_both_are_counted_once(pairs: list[tuple[int, int]]) -> None:
    people, things = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
    found = together(people, things, 6)
    liked = {person: {thing for other, thing in pairs if other == person} for person, _ in pairs}
    for one in range(6):
        for other in range(6):
            assert found[one, other] == sum({one, other} <= each for each in liked.values())


def test_neighbours_are_what_people_like_together() -> None:
    rng = np.random.default_rng(1)
    things = KEPT + 20
    counts = np.diag(rng.integers(50, 60, things).astype(float))
    counts[0, 1] = counts[1, 0] = 40
    weights = neighbours(counts)
    assert weights[0].argmax() == 1
    assert weights[1].argmax() == 0
    assert (np.diag(weights) == 0).all()
    assert (np.count_nonzero(weights, axis=1) <= KEPT).all()
    assert (weights >= 0).all()


def test_what_foretells_best_is_chosen() -> None:
    """Of two camps, each likes its own things, as often early as late: what is near says all."""
    rng = np.random.default_rng(2)
    rows = [
        (person, int(rng.integers(20)) + 20 * (person % 2), float(day) * DAY_S + person)
        for person in range(120)
        for day in rng.choice(60, 12, replace=False)
    ]
    known = likes(*rows)
    blend = learned(known)
    assert blend.near > 0
    before, asked = at_an_instant(known)
    scores = foretold(before, blend)
    camps = [int(scores(who)[:20].mean() < scores(who)[20:].mean()) == who.person % 2 for who, _ in asked]
    assert np.mean(camps) > 0.9


def test_the_usual_stands_where_nothing_is_better() -> None:
    assert learned(likes((0, 0, 1.0), (1, 1, 1.0))) == USUAL, "all at one instant"
    signs = Signs(np.array([0.0, -1.0]), np.zeros(2), np.zeros(2))
    assert chosen([signs], lambda n, scores: 1.0) == USUAL
    assert scored(USUAL, Signs(np.log([1.0, 2.0]), np.zeros(2), np.array([0.5, 0.0]))).argmax() == 0


def test_what_is_liked_already_is_not_foretold() -> None:
    asked = LikedUntil(0, np.array([1]), 0.0)
    assert ndcg(np.array([0.1, 9.0, 0.2]), asked, {2}) == 1.0
    assert ndcg(np.array([0.3, 9.0, 0.2]), asked, {2}) == pytest.approx(1 / np.log2(3))
