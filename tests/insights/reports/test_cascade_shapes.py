"""The shape of cascades: against the textbook's trees, and against counting every pair."""

from collections import deque
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.insights.reports.cascade_shapes import shape, subtree_sizes

Tree = dict[int, int | None]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any tree of up to 14 shares, parents first."""
    size = draw(st.integers(1, 14))
    return {0: None} | {n: draw(st.integers(0, n - 1)) for n in range(1, size)}


def distance(tree: Tree, one: int, other: int) -> int:
    """Steps from one share to another, by walking."""
    near: dict[int, set[int]] = {n: set() for n in tree}
    for n, parent in tree.items():
        if parent is not None:
            near[n].add(parent)
            near[parent].add(n)
    seen, waiting = {one: 0}, deque([one])
    while waiting:
        at = waiting.popleft()
        for each in near[at] - seen.keys():
            seen[each] = seen[at] + 1
            waiting.append(each)
    return seen[other]


@given(trees())
def test_structural_virality_is_the_mean_distance_of_all_pairs(tree: Tree) -> None:
    found = shape(tree)
    pairs = list(combinations(tree, 2))
    if not pairs:
        assert found.structural_virality is None
        return
    assert found.structural_virality == pytest.approx(sum(distance(tree, *pair) for pair in pairs) / len(pairs))
    assert found.depth == max(distance(tree, 0, n) for n in tree)
    assert 0 < (found.broadcast or 0) <= 1
    assert subtree_sizes(tree)[0] == len(tree) == found.shares


def test_a_broadcast_and_a_chain_are_told_apart() -> None:
    star: Tree = {0: None} | dict.fromkeys(range(1, 101), 0)
    chain: Tree = {0: None} | {n: n - 1 for n in range(1, 101)}
    assert shape(star).structural_virality == pytest.approx(2 * 100 / 101)
    assert shape(star).broadcast == 1
    assert shape(chain).structural_virality == pytest.approx(102 / 3)
    assert (shape(chain).depth, shape(chain).broadcast) == (100, 0.01)


@pytest.mark.parametrize("tree", [{}, {0: None, 1: None}, {1: 0, 0: None}, {0: 5}])
def test_what_is_no_tree_is_refused(tree: Tree) -> None:
    with pytest.raises(ValueError, match=r"tree|at least one"):
        shape(tree)
