from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import Cue, MediaError, clipped, read_subtitles, write_webvtt
from groundswell.media.subtitles.cues import parse_subtitles

SRT = "1\n00:00:01,000 --> 00:00:02,500\n<i>Bonjour</i>, ça va ?\n\n2\n00:00:03,000 --> 00:00:04,000\nOui.\nEt toi ?\n"
EXPECTED = [Cue(1_000_000, 2_500_000, "Bonjour, ça va ?"), Cue(3_000_000, 4_000_000, "Oui.\nEt toi ?")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_srt_in_every_encoding(tmp_path: Path, encoding: str, newline: str) -> None:
    (tmp_path / "s.srt").write_bytes(SRT.replace("\n", newline).encode(encoding))
    assert read_subtitles(tmp_path / "s.srt") == EXPECTED


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "こんにちは。今日はとても良い天気ですね。明日も晴れるといいのですが、どうでしょうか。"),
        ("cp1251", "Здравствуйте, как ваши дела сегодня? Спасибо, всё хорошо, а у вас как?"),
        ("big5", "你好，今天天氣很好，我們一起去公園散步吧，好不好？我覺得非常開心。"),
    ],
)
def test_encodings_that_must_be_guessed(tmp_path: Path, encoding: str, text: str) -> None:
    (tmp_path / "s.srt").write_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode(encoding))
    assert read_subtitles(tmp_path / "s.srt")[0].text == text


def test_webvtt_with_settings_notes_voices_and_no_hours() -> None:
    lines = parse_subtitles(
        "WEBVTT - a title\n\nNOTE\nnot a cue\n\nintro\n00:01.000 --> 00:02.000 line:0 align:start\n"
        "<v Ann>Fish &amp; <b>chips</b></v>\n\n00:03.000 --> 00:04.000\n<00:03.500><c>two</c>\n"
    )
    assert [line.text for line in lines] == ["Fish & chips", "two"]
    assert lines[0].start_us == 1_000_000


def test_broken_cues_are_skipped_and_counted() -> None:
    lines = parse_subtitles(
        "1\n00:00:01,000 --> 00:00:00,500\nbackwards\n\n2\n00:99:01,000 --> 00:99:02,000\nno such minute\n\n"
        "3\n00:00:05,000 --> 00:00:06,000\n\n4\n00:00:07,000 -> bad\nx\n\n5\n00:00:08,000 --> 00:00:09,000\nkept\n"
    )
    assert [line.text for line in lines] == ["kept"]
    assert lines.skipped == 4


def test_cues_without_a_blank_row_between_them() -> None:
    lines = parse_subtitles("1\n00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n")
    assert [line.text for line in lines] == ["one", "two"]


@pytest.mark.parametrize("data", [b"", b"no cues here", bytes(range(256)) * 40])
def test_what_holds_no_cue_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s.srt").write_bytes(data)
    with pytest.raises(MediaError) as caught:
        read_subtitles(tmp_path / "s.srt")
    assert caught.value.code == "bad_subtitles"


def test_missing_subtitles_are_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        read_subtitles(tmp_path / "s.srt")
    assert caught.value.code == "source_missing"


def test_the_stretch_of_a_clip_is_timed_from_its_start() -> None:
    assert clipped(EXPECTED, 2_000_000, 3_500_000) == [
        Cue(0, 500_000, "Bonjour, ça va ?"),
        Cue(1_000_000, 1_500_000, "Oui.\nEt toi ?"),
    ]
    text = write_webvtt([Cue(2_000_000, 3_000_000, "a < b & c")], 1_000_000, 5_000_000)
    assert text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na &lt; b &amp; c\n"


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5), st.sampled_from(["a", "b c", "ü & <3", "日本"])))
)
def test_webvtt_reads_back(cues: list[tuple[int, int, str]]) -> None:
    lines = sorted((Cue(a * 1000, (a + d) * 1000, t) for a, d, t in cues), key=lambda n: (n.start_us, n.end_us))
    assert list(parse_subtitles(write_webvtt(lines, 0, 10**10))) == lines


@given(st.text(max_size=400))
def test_no_text_crashes_the_reader(text: str) -> None:
    for line in parse_subtitles(text):
        assert line.end_us > line.start_us
