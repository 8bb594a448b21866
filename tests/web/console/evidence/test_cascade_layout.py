"""The picture of a cascade: nothing overlaps, nothing is lost, what matters is shown."""

from hypothesis import given
from hypothesis import strategies as st

from groundswell.web.console.evidence.cascade_layout import COLUMN, lay_out


@st.composite
def trees(draw: st.DrawFn) -> dict[int, int | None]:
    parents: dict[int, int | None] = {0: None}
    for key in range(1, draw(st.integers(1, 60))):
        parents[key] = draw(st.integers(0, key - 1))
    return parents


@given(trees(), st.data())
def test_every_share_is_drawn_or_folded_once(parents: dict[int, int | None], data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(parents)), max_size=3))
    drawing = lay_out(parents, kept)
    single = [branch for branch in drawing.branches if not branch.folded]
    assert len(single) + sum(branch.folded for branch in drawing.branches) == len(parents)
    assert kept <= {branch.key for branch in single}


@given(trees())
def test_no_two_stand_in_one_place_and_children_stand_to_the_right(parents: dict[int, int | None]) -> None:
    drawing = lay_out(parents)
    places = [(branch.x, branch.y) for branch in drawing.branches]
    assert len(set(places)) == len(places)
    assert all(x2 - x1 == COLUMN for x1, _, x2, _, _ in drawing.edges)
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in places)


@given(trees())
def test_branches_do_not_cross(parents: dict[int, int | None]) -> None:
    drawing = lay_out(parents)
    by_column: dict[float, list[tuple[float, float]]] = {}
    for x1, y1, _, y2, _ in drawing.edges:
        by_column.setdefault(x1, []).append((y1, y2))
    for edges in by_column.values():
        for y1, y2 in edges:
            for other1, other2 in edges:
                assert not (y1 < other1 and y2 > other2)


def test_a_chain_of_thousands_is_laid_out() -> None:
    chain: dict[int, int | None] = {0: None} | {key: key - 1 for key in range(1, 5000)}
    assert len(lay_out(chain).branches) == 5000


def test_many_siblings_are_folded_but_never_the_way_to_what_is_kept() -> None:
    parents: dict[int, int | None] = {0: None} | dict.fromkeys(range(1, 101), 0) | {200: 100}
    drawing = lay_out(parents, {200})
    assert {0, 100, 200} <= {branch.key for branch in drawing.branches}
    assert len(drawing.branches) < 12
    assert [branch.folded for branch in drawing.branches if branch.folded] == [94]
