"""What is offered as a moment: whole exchanges and loud instants, within the lengths allowed."""

from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import Cue
from groundswell.media.analysis.suggestions import suggest

S = 1_000_000
SHOTS = [(n * 10 * S, (n + 1) * 10 * S) for n in range(60)]
QUIET = [20] * 6000


def talk(at: int, *texts: str) -> list[Cue]:
    """Sentences of two seconds, half a second apart, from ``at`` seconds on."""
    return [Cue(at * S + n * 5 * S // 2, at * S + n * 5 * S // 2 + 2 * S, text) for n, text in enumerate(texts)]


EXCHANGE = talk(201, "Who are you?", "Nobody.", "Then why are you here?", "To warn you.", "Of what?", "Of me.")


def test_an_exchange_is_offered_from_cut_to_cut() -> None:
    lonely = talk(400, "Hello.")
    (best, *_) = suggest(600 * S, SHOTS, [*EXCHANGE, *lonely], QUIET)
    assert best.why == "exchange"
    assert (best.start_us, best.end_us) == (200 * S, 216 * S - S // 2 + 400_000)
    assert best.text == "Who are you?"


def test_nobody_is_cut_off() -> None:
    for found in suggest(600 * S, SHOTS, [*EXCHANGE, *talk(330, *["Word by word."] * 20)], QUIET):
        for line in EXCHANGE:
            assert not line.start_us < found.start_us < line.end_us
            assert not line.start_us < found.end_us < line.end_us


def test_a_loud_instant_is_offered_with_its_shots() -> None:
    sound = list(QUIET)
    sound[3050:3070] = [250] * 20
    (only,) = suggest(600 * S, SHOTS, [], sound)
    assert only.why == "peak"
    assert only.start_us <= 305 * S < 307 * S <= only.end_us
    assert {only.start_us % (10 * S), only.end_us % (10 * S)} == {0}


def test_louder_is_better() -> None:
    again = talk(301, *(line.text for line in EXCHANGE))
    sound = list(QUIET)
    sound[3010:3160] = [120] * 150
    best = suggest(600 * S, SHOTS, [*EXCHANGE, *again], sound)[0]
    assert 300 * S <= best.start_us < best.end_us <= 320 * S


def test_an_ending_is_no_teaser() -> None:
    late = talk(571, *(line.text for line in EXCHANGE))
    found = suggest(600 * S, SHOTS, [*EXCHANGE, *late], QUIET)
    assert found[0].start_us == 200 * S


def test_silent_wordless_and_short_titles() -> None:
    assert suggest(600 * S, SHOTS, [], []) == []
    assert suggest(600 * S, SHOTS, [], QUIET) == []
    assert suggest(3 * S, [(0, 3 * S)], talk(0, "Hi."), QUIET) == []
    assert suggest(600 * S, [], EXCHANGE, []) != []


times = st.integers(0, 300)


@given(
    st.lists(
        st.tuples(times, st.integers(1, 9), st.sampled_from(["Yes.", "No?", "and", "[bang]", "- A.\n- B!"])),
        max_size=30,
    ),
    st.lists(times, max_size=20),
    st.lists(st.integers(0, 255), max_size=600),
    st.integers(1, 30),
    st.integers(30, 90),
)
def test_whatever_the_title_suggestions_keep_to_the_rules(
    cues: list[tuple[int, int, str]], cuts: list[int], peaks: list[int], least: int, most: int
) -> None:
    lines = [Cue(at * S, (at + length) * S, text) for at, length, text in cues]
    starts = sorted({0, *(c * S for c in cuts if c < 300)})
    shots = list(zip(starts, [*starts[1:], 300 * S], strict=True))
    found = suggest(300 * S, shots, lines, peaks, least_us=least * S, most_us=most * S)
    assert found == suggest(300 * S, shots, lines, peaks, least_us=least * S, most_us=most * S)
    assert len(found) <= 12
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    for n, s in enumerate(found):
        assert 0 <= s.start_us < s.end_us <= 300 * S
        assert least * S <= s.end_us - s.start_us <= most * S
        assert 0 <= s.score <= 1
        for other in found[:n]:
            shared = min(s.end_us, other.end_us) - max(s.start_us, other.start_us)
            assert shared <= 0.25 * min(s.end_us - s.start_us, other.end_us - other.start_us)
