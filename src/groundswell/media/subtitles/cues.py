"""Read subtitles in the shapes they come in, write the stretch a clip needs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from groundswell.media.errors import MediaError

from .encodings import decode

BIGGEST_BYTES = 32 << 20
_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_STAMP}\s*-{{1,2}}>\s*{_STAMP}(?:\s.*)?$")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d\d:[\d:.]+>|\{\\[^{}]*\}")
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}.*?(?=\{[^{}]*\\p0|$)", re.DOTALL)
_SETTING = re.compile(r"\b(line|position|align):(\S+)")


@dataclass(frozen=True)
class CueStyle:
    """How a line is to be shown: ``anchor`` as on the keys of a number pad (2 is the middle below), ``at`` the place of
    that anchor in shares of the picture, ``colour`` in red, green and blue where it is not white."""

    anchor: int = 2
    at: tuple[float, float] | None = None
    colour: tuple[int, int, int] | None = None
    italic: bool = False


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
    special = known_format(data, decoded.text)
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
    found = Cues()
    at = 0
    while at < len(rows):
        timing = _TIMING.match(rows[at])
        at += 1
        if timing is None:
            found.skipped += "->" in rows[at - 1]
            continue
        body, at = _body(rows, at)
        line = _line(timing, body)
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


def _line(timing: re.Match[str], body: list[str]) -> Cue | None:
    start, end = _stamp_us(*timing.groups()[:4]), _stamp_us(*timing.groups()[4:])
    text = "\n".join(filter(None, (plain(row) for row in body)))
    if start is None or end is None or end <= start or not text:
        return None
    return Cue(start, end, text, _placed(timing.string[timing.end(8) :]))


def _placed(settings: str) -> CueStyle | None:
    """What WebVTT's cue settings say of the place, where they say it in percent or as the first or last row."""
    said = dict(_SETTING.findall(settings))
    line, across = said.get("line", ""), said.get("position", "50%")
    if not said or not line.split(",")[0].rstrip("%").lstrip("-").replace(".", "", 1).isdigit():
        return None
    sides = {"left": 0, "start": 0, "right": 2, "end": 2} if "position" in said else {}
    side = sides.get(said.get("align", "center"), 1)
    value = line.split(",")[0]
    if not value.endswith("%"):
        return CueStyle(anchor=7 + side) if int(float(value)) >= 0 and int(float(value)) < 4 else None
    share = float(value[:-1]) / 100
    x = float(across.split(",")[0].rstrip("%") or 50) / 100 if across.split(",")[0].endswith("%") else 0.5
    return None if share > 0.75 and side == 1 else CueStyle(anchor=7 + side, at=(x, share))


def _stamp_us(hours: str | None, minutes: str, seconds: str, decimals: str | None) -> int | None:
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    ms = int((decimals or "0").ljust(3, "0"))
    return ((int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + ms) * 1000


def plain(row: str) -> str:
    """A row of a cue without HTML, WebVTT or SSA markup, and without what SSA draws."""
    return html.unescape(_TAG.sub("", _DRAWING.sub("", row))).replace("\u200b", "").strip()


def clipped(lines: Iterable[Cue], start_us: int, end_us: int) -> list[Cue]:
    """The lines heard in ``[start_us, end_us)``, timed from the start of the clip."""
    return [
        Cue(max(line.start_us, start_us) - start_us, min(line.end_us, end_us) - start_us, line.text, line.look)
        for line in lines
        if line.start_us < end_us and line.end_us > start_us
    ]


def write_webvtt(lines: Iterable[Cue], start_us: int, end_us: int) -> str:
    """WebVTT of the lines in ``[start_us, end_us)``, timed from the start of the clip."""
    cues = (
        f"{stamp(line.start_us)} --> {stamp(line.end_us)}\n{html.escape(line.text, quote=False)}\n"
        for line in clipped(lines, start_us, end_us)
    )
    return "\n".join(["WEBVTT\n", *cues])


def stamp(us: int) -> str:
    ms = us // 1000
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
