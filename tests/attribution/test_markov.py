"""Removal effects of a chain of channels, against a chain worked out by hand and laws that hold for any."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.attribution.markov import PPM, Walk, removal_effects

channels = st.sampled_from(["whatsapp", "x", "copy", "qr"])
walks = st.lists(
    st.builds(Walk, st.lists(channels, min_size=1, max_size=6).map(tuple), st.booleans(), st.integers(1, 99))
)


def test_a_chain_worked_out_by_hand() -> None:
    # The example of Anderl et al.: C1 > C2 > C3 converts, C1 is lost, C2 > C3 is lost.
    effects = removal_effects([Walk(("C1", "C2", "C3"), True), Walk(("C1",), False), Walk(("C2", "C3"), False)])
    # Of two thirds who begin at C1 half go on to C2, all go on to C3, and half of those convert: 1/3 in all.
    # Without C1 only the third that begins at C2 is left: 1/6.
    assert effects == {"C1": 500_000, "C2": PPM, "C3": PPM}


def test_a_channel_that_nobody_needs_has_no_effect() -> None:
    effects = removal_effects([Walk(("x",), True, 10), Walk(("copy",), False, 10)])
    assert effects == {"x": PPM, "copy": 0}


def test_nothing_is_learned_where_nobody_converted() -> None:
    assert removal_effects([]) == {}
    assert removal_effects([Walk(("x",), False)]) == {}


@settings(max_examples=100)
@given(walks)
def test_effects_are_parts_of_the_whole_and_need_no_scale(given: list[Walk]) -> None:
    effects = removal_effects(given)
    assert all(-1 <= effect <= PPM for effect in effects.values())
    doubled = removal_effects([Walk(walk.channels, walk.converted, 2 * walk.people) for walk in given])
    assert doubled == pytest.approx(effects, abs=1)
    if effects and all(len(set(walk.channels)) == 1 for walk in given if walk.converted) is False:
        assert max(effects.values()) > 0
