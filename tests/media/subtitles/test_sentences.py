"""Where sentences end, in several scripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import Cue
from groundswell.media.subtitles.sentences import ended, nearest, sentence_ends, sentences


def lines(*cues: tuple[float, float, str]) -> list[Cue]:
    return [Cue(round(a * 1e6), round(b * 1e6), text) for a, b, text in cues]


def said(*cues: tuple[float, float, str]) -> list[str]:
    return [sentence.text for sentence in sentences(lines(*cues))]


def test_a_sentence_runs_on_into_the_next_cue() -> None:
    found = sentences(lines((1, 3, "We never should have"), (3.1, 5, "come back here."), (6, 7, "No.")))
    assert [s.text for s in found] == ["We never should have come back here.", "No."]
    assert [(s.start_us, s.end_us) for s in found] == [(1_000_000, 5_000_000), (6_000_000, 7_000_000)]


def test_two_sentences_of_one_cue_share_its_time_by_length() -> None:
    found = sentences(lines((0, 4, "Stop it. Stop it!")))
    assert [s.text for s in found] == ["Stop it.", "Stop it!"]
    assert (found[0].end_us, found[1].end_us) == (2_000_000, 4_000_000)


def test_speakers_part_sentences_and_count_turns() -> None:
    found = sentences(lines((0, 2, "- Are you\n- Yes, I am"), (2, 3, "and so are you.")))
    assert [(s.text, s.turn) for s in found] == [("Are you", 1), ("Yes, I am and so are you.", 2)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Grant met Mr. J. Hammond. They left.", 2),
        ("It costs 3.50 a litre. Fine.", 2),
        ("“Run!” he said. “Now!”", 2),
        ("你好。你是谁？我不知道！", 3),
        ("行くぞ！早く！", 2),
        ("नमस्ते। आप कैसे हैं?", 2),
        ("مرحبا. كيف حالك؟ بخير.", 3),
        ("Ի՞նչ կա։ Ոչինչ։", 2),
        ("¿Qué? ¡No!", 2),
        ("Wait... what?", 1),
    ],
)
def test_marks_of_several_scripts(text: str, count: int) -> None:
    assert len(said((0, 5, text))) == count


def test_words_that_trail_off_into_the_next_cue() -> None:
    assert said((0, 1, "I thought..."), (1.1, 2, "...you were dead.")) == ["I thought... ...you were dead."]
    assert said((0, 1, "I thought..."), (1.1, 2, "Forget it.")) == ["I thought...", "Forget it."]


def test_a_long_pause_ends_what_has_no_mark() -> None:
    assert said((0, 1, "Hello"), (1.2, 2, "there"), (9, 10, "Bye."), (10, 11, "Now.")) == [
        "Hello there",
        "Bye.",
        "Now.",
    ]


def test_languages_without_marks_have_a_sentence_a_cue() -> None:
    assert len(said((0, 1, "สวัสดีครับ"), (1, 2, "คุณเป็นอย่างไรบ้าง"), (2, 3, "ผมสบายดี"))) == 3


def test_noises_and_songs_are_not_sentences() -> None:
    assert said(
        (0, 1, "[door slams]"), (1, 2, "♪ la la la ♪"), (2, 3, "(sighs) Fine."), (3, 4, "- [gasps]\n- What?")
    ) == [
        "Fine.",
        "What?",
    ]


def test_the_nearest_end_within_reach() -> None:
    ends = sentence_ends(lines((0, 2, "One."), (3, 5, "Two.")))
    assert ends == [2_000_000, 5_000_000]
    assert nearest(ends, 4_700_000, 500_000) == 5_000_000
    assert nearest(ends, 3_500_000, 500_000) == 3_500_000
    assert nearest([], 7, 100) == 7


def test_ended() -> None:
    assert ended("“Well?”")
    assert ended("終わり。」")
    assert not ended("Mr.")
    assert not ended("well,")
    assert not ended("”")


texts = st.text(alphabet=" .!?…-\n♪[]abcXY。।", min_size=1, max_size=30)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**7), texts), max_size=20))
def test_sentences_keep_to_their_cues(cues: list[tuple[int, int, str]]) -> None:
    given_lines = [Cue(start, start + length, text) for start, length, text in cues]
    found = sentences(given_lines)
    assert all(s.start_us <= s.end_us and s.text.strip() for s in found)
    earliest, latest = (
        min(n.start_us for n in given_lines) if cues else 0,
        max((n.end_us for n in given_lines), default=0),
    )
    assert all(earliest <= s.start_us and s.end_us <= latest for s in found)
    letters = sum(c.isalnum() for s in found for c in s.text)
    assert letters <= sum(c.isalnum() for line in given_lines for c in line.text)
