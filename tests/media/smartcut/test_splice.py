"""The plan of a cut, on made-up GOPs: nothing is lost, nothing doubled, and as much is copied as can be."""

from hypothesis import given
from hypothesis import strategies as st

from groundswell.media.smartcut.splice import Picture, plan


@st.composite
def streams(draw: st.DrawFn) -> list[Picture]:
    """GOPs in decoding order: a clean picture, then mini-GOPs whose last frame is decoded first. Open GOPs
    begin with pictures that are shown before their clean one."""
    pictures: list[Picture] = []
    shown = 0
    for n in range(draw(st.integers(1, 5))):
        opened = n > 0 and draw(st.booleans())
        leading = draw(st.integers(1, 3)) if opened else 0
        pictures.append(Picture(shown + leading, clean=True, sheds=opened))
        pictures += [Picture(shown + k, clean=False) for k in range(leading)]
        shown += leading + 1
        for _ in range(draw(st.integers(0, 4))):
            size = draw(st.integers(1, 4))
            pictures.append(Picture(shown + size - 1, clean=False))
            pictures += [Picture(shown + k, clean=False) for k in range(size - 1)]
            shown += size
    return pictures


@given(pictures=streams(), data=st.data())
def test_head_body_and_tail_are_the_clip_and_nothing_else(pictures: list[Picture], data: st.DataObject) -> None:
    last = max(p.pts for p in pictures)
    start = data.draw(st.integers(0, last))
    end = data.draw(st.integers(start, last))
    wanted = list(range(start, end + 1))
    splice = plan(pictures, wanted)
    if splice is None:
        assert not any(p.clean and start <= p.pts <= end for p in pictures)
        return
    copied = [pictures[n].pts for n in splice.copied]
    assert sorted([*splice.head, *copied, *splice.tail]) == wanted
    assert sorted(copied) == list(range(min(copied), max(copied) + 1))
    assert pictures[splice.copied[0]].clean
    assert list(splice.copied) == sorted(splice.copied)


@given(pictures=streams())
def test_a_whole_title_is_copied_whole(pictures: list[Picture]) -> None:
    splice = plan(pictures, sorted(p.pts for p in pictures))
    assert splice is not None
    assert (splice.head, splice.tail) == ((), ())
    assert len(splice.copied) == len(pictures)


def test_the_tail_is_what_reordering_leaves_behind() -> None:
    """I0 P3 B1 B2 P6 B4 B5, cut before 5: P6 cannot be copied, so B4 must be encoded; 0 to 3 are copied."""
    order = [0, 3, 1, 2, 6, 4, 5]
    splice = plan([Picture(t, clean=t == 0) for t in order], [0, 1, 2, 3, 4])
    assert splice is not None
    assert splice.copied == (0, 1, 2, 3)
    assert splice.tail == (4,)


def test_pictures_that_are_not_shown_are_not_copied() -> None:
    assert plan([Picture(0, clean=True, shown=False), Picture(1, clean=False)], [1]) is None
