"""Read subtitles in the shapes they come in, write the stretch a clip needs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from groundswell.media.errors import MediaError

from .encodings import decode

BIGGEST_BYTES = 32 << 20
_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_STAMP}\s*-{{1,2}}>\s*{_STAMP}(?:\s.*)?$")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d\d:[\d:.]+>|\{\\[^{}]*\}")
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}.*?(?=\{[^{}]*\\p0|$)", re.DOTALL)
_SETTING = re.compile(r"\b(line|position|align):(\S+)")
_ANCHOR = re.compile(r"\{[^{}]*\\an([1-9])[^{}]*\}")
_ITALIC = re.compile(r"<i\b[^<>]*>.*?</i>", re.DOTALL | re.IGNORECASE)
_COLOURED = re.compile(
    r"<c\.(?P<classes>[\w.-]+)[^<>]*>.*?</c>|<font\b[^<>]*\bcolor\s*=\s*[\"']?(?P<font>#?\w+)[^<>]*>.*?</font>",
    re.DOTALL | re.IGNORECASE,
)
_STYLE = re.compile(r"::cue\(\.([\w-]+)\)\s*\{[^{}]*?(?<![\w-])color\s*:\s*(#[0-9a-f]{6})", re.IGNORECASE)
NAMED = {
    **{"white": "#ffffff", "lime": "#00ff00", "cyan": "#00ffff", "red": "#ff0000", "yellow": "#ffff00"},
    **{"magenta": "#ff00ff", "blue": "#0000ff", "black": "#000000"},
}
"""The colours that WebVTT has classes for."""


LOW = 0.75
"""What stands lower in the middle is where subtitles are anyway: their own margin keeps them clear of controls."""
EDGES = {0: ("end", 0.93), 1: ("center", 0.5), 2: ("start", 0.05)}
SIDES = {0: ("line-left", "left", 0.06), 1: ("center", "center", 0.5), 2: ("line-right", "right", 0.94)}
"""An anchor's rows from below, and columns from the left, as WebVTT names them; and where they are by themselves."""


@dataclass(frozen=True)
class CueStyle:
    """How a line is to be shown: ``anchor`` as on the keys of a number pad (2 is the middle below), ``at`` the place of
    that anchor in shares of the picture, ``colour`` in red, green and blue where it is not white."""

    anchor: int = 2
    at: tuple[float, float] | None = None
    colour: tuple[int, int, int] | None = None
    italic: bool = False

    def to_document(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> CueStyle:
        x_y, rgb = document["at"], document["colour"]
        at = None if x_y is None else (float(x_y[0]), float(x_y[1]))
        colour = None if rgb is None else (int(rgb[0]), int(rgb[1]), int(rgb[2]))
        return cls(int(document["anchor"]), at, colour, bool(document["italic"]))


@dataclass(frozen=True)
class Cue:
    """One subtitle cue: microseconds on the title's timeline, and its text with newlines but no markup."""

    start_us: int
    end_us: int
    text: str
    look: CueStyle | None = None


class Cues(list[Cue]):
    """The cues of a file in order of time. ``skipped`` counts the broken ones left out; ``encoding`` is what the file
    was read in, ``doubtful`` whether another encoding would do nearly as well."""

    skipped: int = 0
    encoding: str = "utf-8"
    doubtful: bool = False

    def unplaced(self) -> Cues:
        """The same in the middle below."""
        looks = [replace(cue.look or CueStyle(), anchor=2, at=None) for cue in self]
        return Cues(replace(cue, look=_or_none(look)) for cue, look in zip(self, looks, strict=True))


def read_subtitles(path: str | Path, language: str | None = None) -> Cues:
    """SRT, WebVTT, ASS, SSA, SAMI, TTML, IMSC, SCC or EBU STL in any encoding; ``language`` (BCP 47) helps to tell
    which. Markup is stripped, broken cues are skipped and counted, drawings are left out.

    Raises `MediaError`: ``source_missing``, ``unreadable``, ``bad_subtitles`` when there is no cue to be had.
    """
    path = Path(path)
    try:
        if path.stat().st_size > BIGGEST_BYTES:
            raise MediaError("bad_subtitles", "The file is too large for subtitles.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise MediaError("source_missing", f"There is no file {path}.") from error
    except OSError as error:
        raise MediaError("unreadable", str(error)) from error
    from .formats import known_format

    decoded = decode(data, language)
    special = known_format(data, decoded.text, language)
    try:
        lines = parse_subtitles(decoded.text) if special is None else special()
    except Exception as error:  # a library's own trouble with the file, of whatever kind
        raise MediaError("bad_subtitles", f"The file cannot be read ({error}).") from error
    if not lines:
        raise MediaError("bad_subtitles", "There is no readable subtitle in this file.")
    lines.encoding, lines.doubtful = decoded.encoding, decoded.doubtful
    return lines


def parse_subtitles(text: str) -> Cues:
    """Cues of SRT or WebVTT text, sorted by time."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    palette = NAMED | {name.lower(): code.lower() for name, code in _STYLE.findall(text.partition("-->")[0])}
    found = Cues()
    at = 0
    while at < len(rows):
        timing = _TIMING.match(rows[at])
        at += 1
        if timing is None:
            found.skipped += "->" in rows[at - 1]
            continue
        body, at = _body(rows, at)
        line = _line(timing, body, palette)
        if line is None:
            found.skipped += 1
        else:
            found.append(line)
    found.sort(key=lambda line: (line.start_us, line.end_us))
    return found


def _body(rows: list[str], at: int) -> tuple[list[str], int]:
    """The text below a timing row: up to a blank row, or to the number and timing of the next cue."""
    body: list[str] = []
    while at < len(rows) and rows[at].strip():
        if _TIMING.match(rows[at]):
            if body and body[-1].strip().isdigit():
                body.pop()
            break
        body.append(rows[at])
        at += 1
    return body, at


def _line(timing: re.Match[str], body: list[str], palette: dict[str, str]) -> Cue | None:
    start, end = _stamp_us(*timing.groups()[:4]), _stamp_us(*timing.groups()[4:])
    text = "\n".join(filter(None, (plain(row) for row in body)))
    if start is None or end is None or end <= start or not text:
        return None
    return Cue(start, end, text, _look(timing.string[timing.end(8) :], "\n".join(body), palette))


def _look(settings: str, marked: str, palette: dict[str, str]) -> CueStyle | None:
    """What a cue's settings and its markup say: the place, also as SubRip's players know it (``{\\an8}``); a colour,
    and whether it is italic, where all of it is."""
    place, anchor = _placed(settings) or CueStyle(), _ANCHOR.search(marked)
    look = replace(
        place,
        anchor=int(anchor[1]) if anchor else place.anchor,
        colour=_colour(marked, palette),
        italic="<i" in marked.lower() and not plain(_ITALIC.sub("", marked)),
    )
    return _or_none(look)


def _or_none(look: CueStyle) -> CueStyle | None:
    return None if look == CueStyle() else look


def _colour(marked: str, palette: dict[str, str]) -> tuple[int, int, int] | None:
    if "<" not in marked or plain(_COLOURED.sub("", marked)):
        return None
    found = {code for each in _COLOURED.finditer(marked) for code in _codes(each, palette)}
    code = found.pop() if len(found) == 1 else "#ffffff"
    red, green, blue = bytes.fromhex(code[1:])
    return None if code == "#ffffff" else (red, green, blue)


def _codes(marked: re.Match[str], palette: dict[str, str]) -> list[str]:
    names = marked["classes"].split(".") if marked["classes"] else [marked["font"]]
    known = [palette.get(name.lower(), name.lower()) for name in names]
    return [code for code in known if re.fullmatch("#[0-9a-f]{6}", code)]


def _placed(settings: str) -> CueStyle | None:
    """What WebVTT's cue settings say of the place, where they say it in percent or as the first or last row."""
    said = dict(_SETTING.findall(settings))
    line, _, edge = said.get("line", "").partition(",")
    across, sides = said.get("position", "50%"), {"left": 0, "start": 0, "right": 2, "end": 2}
    side = sides.get(said.get("align", "center"), 1) if "position" in said else 1
    if not line.rstrip("%").lstrip("-").replace(".", "", 1).isdigit():
        return None
    row = {"end": 0, "center": 3}.get(edge, 6)
    if not line.endswith("%"):
        return CueStyle(anchor=7 + side) if int(float(line)) >= 0 and int(float(line)) < 4 else None
    share = float(line[:-1]) / 100
    x = float(across.split(",")[0].rstrip("%") or 50) / 100 if across.split(",")[0].endswith("%") else 0.5
    return None if share > LOW and side == 1 else CueStyle(anchor=1 + row + side, at=(x, share))


def _stamp_us(hours: str | None, minutes: str, seconds: str, decimals: str | None) -> int | None:
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    ms = int((decimals or "0").ljust(3, "0"))
    return ((int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + ms) * 1000


def plain(row: str) -> str:
    """A row of a cue without HTML, WebVTT or SSA markup, and without what SSA draws."""
    return html.unescape(_TAG.sub("", undrawn(row))).replace("\u200b", "").strip()


def undrawn(text: str) -> str:
    """SSA text without the shapes that it draws; they may stand in several rows."""
    return _DRAWING.sub("", text)


def clipped(lines: Iterable[Cue], start_us: int, end_us: int) -> list[Cue]:
    """The lines heard in ``[start_us, end_us)``, timed from the start of the clip."""
    return [
        Cue(max(line.start_us, start_us) - start_us, min(line.end_us, end_us) - start_us, line.text, line.look)
        for line in lines
        if line.start_us < end_us and line.end_us > start_us
    ]


def write_webvtt(lines: Iterable[Cue], start_us: int, end_us: int) -> str:
    """WebVTT of the lines in ``[start_us, end_us)``, timed from the start of the clip; with their places, colours and
    slant, which `parse_subtitles` reads back."""
    heard = clipped(lines, start_us, end_us)
    colours = sorted({line.look.colour for line in heard if line.look is not None and line.look.colour is not None})
    styles = [f"STYLE\n::cue(.{_class(each)}) {{ color: #{bytes(each).hex()}; }}\n" for each in colours]
    return "\n".join(["WEBVTT\n", *styles, *map(_cue, heard)])


def _cue(line: Cue) -> str:
    text, settings = html.escape(line.text, quote=False), ""
    if line.look is not None:
        text = f"<i>{text}</i>" if line.look.italic else text
        text = text if line.look.colour is None else f"<c.{_class(line.look.colour)}>{text}</c>"
        settings = _settings(line.look)
    return f"{stamp(line.start_us)} --> {stamp(line.end_us)}{settings}\n{text}\n"


def _class(colour: tuple[int, int, int]) -> str:
    return f"rgb-{bytes(colour).hex()}"


def _settings(look: CueStyle) -> str:
    """Where a cue stands, if not in the middle below."""
    if look.at is None and look.anchor == CueStyle().anchor:
        return ""
    row, column = divmod(look.anchor - 1, 3)
    (edge, y), (position, align, x) = EDGES[row], SIDES[column]
    x, y = look.at or (x, y)
    across = "" if (x, column) == (0.5, 1) else f" position:{_percent(x)},{position} align:{align}"
    return f" line:{_percent(y)},{edge}{across}"


def _percent(share: float) -> str:
    return f"{100 * min(1.0, max(0.0, share)):.2f}".rstrip("0").rstrip(".") + "%"


def stamp(us: int) -> str:
    ms = us // 1000
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
