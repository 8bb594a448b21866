"""Formats beside SRT and WebVTT: what is said, when, and how it is to look."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.media import Cue, CueStyle, MediaError, read_subtitles, write_webvtt
from groundswell.media.subtitles.cues import parse_subtitles
from groundswell.media.subtitles.embedded import embedded_lines
from tests.media.conftest import FilmMaker
from tests.media.film import Film
from tests.media.zoo import FFMPEG

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
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\an8\\c&H0000FF&\\p1}m 0 0 l 9 0{\\p0}Red\\hand above
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
    said, sign, above = lines_of(ASS, "a.ass", tmp_path)
    assert said == (1_000_000, "Said so\nin two rows", CueStyle(colour=(255, 255, 0)))
    assert sign == (1_500_000, "EXIT", CueStyle(anchor=8, at=(0.5, 0.25), colour=(255, 0, 0), italic=True))
    assert above == (3_000_000, "Red and above", CueStyle(anchor=8, colour=(255, 0, 0))), "a drawing beside text"


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


def test_ttml_in_the_encoding_that_it_says_and_by_its_older_names(tmp_path: Path) -> None:
    """Where it says nothing of a place, it stands where subtitles do; a colour is kept."""
    text = (
        '<?xml version="1.0" encoding="{0}"?><tt xmlns="{1}" xmlns:tts="{1}#styling"><body><div>'
        '<p begin="1s" end="2s">Été</p><p begin="3s" end="4s" tts:color="yellow">là</p></div></body></tt>'
    )
    expected = [(1_000_000, "Été", None), (3_000_000, "là", CueStyle(colour=(255, 255, 0)))]
    names = "http://www.w3.org/ns/ttml", "http://www.w3.org/2006/10/ttaf1", "http://www.w3.org/2006/04/ttaf1"
    for encoding in ("utf-8", "utf-16", "iso-8859-1", "windows-1252"):
        for name in names:
            (tmp_path / "a.xml").write_bytes(text.format(encoding, name).encode(encoding))
            read = read_subtitles(tmp_path / "a.xml")
            assert [(line.start_us, line.text, line.look) for line in read] == expected, (encoding, name)
            assert not read.doubtful


SAMI_TWO = """<SAMI><HEAD><STYLE TYPE="text/css"><!-- P { color: white } .ENCC { Name: English; lang: en-US; }
.KRCC { Name: Korean; lang: ko-KR; } --></STYLE></HEAD><BODY>
<SYNC Start=1000><P Class=ENCC>Hi<SYNC Start=1000><P Class=KRCC>안녕
<SYNC Start=6000><P Class=ENCC>&nbsp;<P Class=KRCC>&nbsp;<SYNC Start=7000><P Class=ENCC>Bye &amp; thanks</BODY></SAMI>
"""


def test_sami_of_two_languages_is_read_in_one_and_lines_last_until_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text(SAMI_TWO, encoding="utf-8")
    lines = [(n.start_us, n.end_us, n.text) for n in read_subtitles(tmp_path / "a.smi", "en")]
    assert lines[0] == (1_000_000, 6_000_000, "Hi")
    assert lines[1][::2] == (7_000_000, "Bye & thanks")
    assert [n.text for n in read_subtitles(tmp_path / "a.smi", "ko-KR")] == ["안녕"]
    assert [n.text for n in read_subtitles(tmp_path / "a.smi")] == ["Hi", "Bye & thanks"]


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


SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}above\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\n<i>all of it</i>\n<i>slants</i>\n\n"
    '3\n00:00:05,000 --> 00:00:06,000\n<font color="#FFFF00">yellow</font>\n\n'
    '4\n00:00:07,000 --> 00:00:08,000\n<i>one</i> word, <font color="#00ff00">another</font>\n'
)


def test_subrip_keeps_what_its_players_know(tmp_path: Path) -> None:
    found = [(text, look) for _, text, look in lines_of(SRT, "a.srt", tmp_path)]
    assert found == [
        ("above", CueStyle(anchor=8)),
        ("all of it\nslants", CueStyle(italic=True)),
        ("yellow", CueStyle(colour=(255, 255, 0))),
        ("one word, another", None),
    ]


LOOKS = st.builds(
    CueStyle,
    anchor=st.integers(1, 9),
    at=st.none() | st.tuples(st.integers(0, 100).map(lambda n: n / 100), st.integers(0, 100).map(lambda n: n / 100)),
    colour=st.none() | st.tuples(*[st.integers(0, 255)] * 3).filter(lambda rgb: rgb != (255, 255, 255)),
    italic=st.booleans(),
)


@given(LOOKS)
def test_a_look_survives_webvtt_and_json(look: CueStyle) -> None:
    """Where it stands to the hundredth; what stands low in the middle is where subtitles are anyway."""
    assert CueStyle.from_document(json.loads(json.dumps(look.to_document()))) == look
    text = write_webvtt([Cue(1_000_000, 2_000_000, "<b> & you", look)], 0, 9_000_000)
    (line,) = parse_subtitles(text)
    kept = line.look or CueStyle()
    assert (line.text, kept.colour, kept.italic) == ("<b> & you", look.colour, look.italic)
    row, column = divmod(look.anchor - 1, 3)
    y = look.at[1] if look.at is not None else (0.93, 0.5, 0.05)[row]
    if column == 1 and y > 0.75:
        assert (kept.anchor, kept.at) == (2, None)
    else:
        assert kept.anchor == look.anchor
        assert kept.at is not None
        assert kept.at[1] == pytest.approx(y)
        assert look.at is None or kept.at == pytest.approx(look.at)


def test_a_titles_own_lines_keep_their_looks(film_of: FilmMaker, tmp_path: Path) -> None:
    (tmp_path / "a.ass").write_text(ASS, encoding="utf-8")
    path = tmp_path / "told.mkv"
    tracks = ("-map", "0", "-map", "1", "-c", "copy", "-c:s", "ass")
    command = [FFMPEG, "-v", "error", "-i", film_of(Film()), "-i", tmp_path / "a.ass", *tracks, path]
    subprocess.run([*map(str, command)], check=True, timeout=60)
    found = [(line.text, line.look) for line in embedded_lines(path, 0, 0, 9_000_000)]
    assert found == [(line.text, line.look) for line in read_subtitles(tmp_path / "a.ass")]
    assert [text for text, _ in found] == ["Said so\nin two rows", "EXIT", "Red and above"]
