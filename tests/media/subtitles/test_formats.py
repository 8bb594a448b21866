"""Formats beside SRT and WebVTT: what is said, when, and how it is to look."""

from pathlib import Path

import pytest

from groundswell.media import MediaError, read_subtitles
from groundswell.media.subtitles.cues import CueStyle

ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 640
PlayResY: 360
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Sans,28,&H0000FFFF,&H000000FF,&H00000000,&H00000000,-1,0,0,0,100,100,0,0,1,2,0,2,10,10,20,1
Style: Sign,Sans,40,&H000000FF,&H000000FF,&H00FFFFFF,&H00000000,0,1,0,0,100,100,0,0,1,2,0,8,10,10,20,1
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:04.00,Default,,0,0,0,,Said {\\i1}so{\\i0}\\Nin two rows
Dialogue: 0,0:00:01.50,0:00:04.00,Sign,,0,0,0,,{\\pos(320,90)}EXIT
Dialogue: 0,0:00:02.00,0:00:04.00,Sign,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100 0 100{\\p0}
Comment: 0,0:00:00.00,0:00:04.00,Default,,0,0,0,,not for viewers
"""
TTML = """<?xml version="1.0" encoding="utf-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="en"><head><layout>
<region xml:id="top" tts:origin="10% 10%" tts:extent="80% 20%" tts:displayAlign="before"/>
<region xml:id="low" tts:origin="10% 70%" tts:extent="80% 20%" tts:displayAlign="after"/></layout></head>
<body><div><p region="top" begin="00:00:01.000" end="00:00:02.500">Hello<br/>there</p>
<p region="low" begin="00:00:03.000" end="00:00:04.000">below</p></div></body></tt>
"""
SCC = (
    "Scenarist_SCC V1.0\n\n"
    "00:00:01:00\t94ae 94ae 9420 9420 9470 9470 c8e5 ecec ef80 942c 942c 942f 942f\n\n00:00:03:00\t942c 942c\n"
)
SAMI = "<SAMI><BODY><SYNC Start=1000><P Class=ENCC>Hello<br>there<SYNC Start=2500><P Class=ENCC>&nbsp;</BODY></SAMI>"


def lines_of(text: str, name: str, folder: Path) -> list[tuple[int, str, CueStyle | None]]:
    (folder / name).write_text(text, encoding="utf-8")
    return [(line.start_us, line.text, line.look) for line in read_subtitles(folder / name)]


def test_ass_keeps_place_and_colour_and_draws_no_drawing_as_text(tmp_path: Path) -> None:
    said, sign = lines_of(ASS, "a.ass", tmp_path)
    assert said == (1_000_000, "Said so\nin two rows", CueStyle(colour=(255, 255, 0)))
    assert sign == (1_500_000, "EXIT", CueStyle(anchor=8, at=(0.5, 0.25), colour=(255, 0, 0), italic=True))


def test_ttml_keeps_what_stands_above(tmp_path: Path) -> None:
    above, below = lines_of(TTML, "a.ttml", tmp_path)
    assert above[:2] == (1_000_000, "Hello\nthere")
    assert above[2] is not None
    assert above[2].at is not None
    assert above[2].at[1] < 0.3
    assert below[:2] == (3_000_000, "below")


def test_scc_and_sami(tmp_path: Path) -> None:
    ((at, text, _),) = lines_of(SCC, "a.scc", tmp_path)
    assert (text, 900_000 < at < 1_500_000) == ("Hello", True)
    ((at, text, _),) = lines_of(SAMI, "a.smi", tmp_path)
    assert (at, text) == (1_000_000, "Hello\nthere")


@pytest.mark.parametrize("text", [ASS[:300], TTML[:200], "Scenarist_SCC V1.0\n\nnonsense\n", "<SAMI><BODY>"])
def test_half_a_file_is_refused_and_never_an_accident(text: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        lines_of(text, "half", tmp_path)
    assert caught.value.code == "bad_subtitles"


def test_what_stands_above_in_webvtt_stays_there(tmp_path: Path) -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000 line:10%\nabove\n\n00:03.000 --> 00:04.000\nbelow\n"
    above, below = lines_of(text, "a.vtt", tmp_path)
    assert above[2] == CueStyle(anchor=8, at=(0.5, 0.1))
    assert below[2] is None
