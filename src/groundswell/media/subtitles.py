"""Read subtitles in the shapes they come in, write the stretch a clip needs."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import MediaError

BIGGEST_BYTES = 32 << 20
WESTERN = ["cp1252", "cp1250", "cp1254"]
SPARSE = 0.2
"""Accents are rare among the letters of a language written in Latin; in other scripts nearly every byte is high."""
_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_STAMP}\s*-{{1,2}}>\s*{_STAMP}(?:\s.*)?$")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d\d:[\d:.]+>|\{\\[^{}]*\}")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Line:
    """One subtitle cue: microseconds on the title's timeline, and its text with newlines but no markup."""

    start_us: int
    end_us: int
    text: str


class Lines(list[Line]):
    """The cues of a file in order of time. ``skipped`` counts the broken ones left out."""

    skipped: int = 0


def read_subtitles(path: str | Path) -> Lines:
    """SRT or WebVTT in any encoding. Markup is stripped, broken cues are skipped and counted.

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
    lines = parse_subtitles(decode_text(data))
    if not lines:
        raise MediaError("bad_subtitles", "There is no readable SRT or WebVTT cue in this file.")
    return lines


def decode_text(data: bytes) -> str:
    """Text in whatever encoding it turns out to be: by its mark, as UTF-8, as UTF-16, or by the best guess."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    for encoding in _without_mark(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    from charset_normalizer import from_bytes  # seldom needed and slow to load

    letters = [byte for byte in data if byte >= 0x80 or chr(byte).isalpha()]
    western = sum(byte >= 0x80 for byte in letters) < SPARSE * len(letters)
    best = from_bytes(data, cp_isolation=WESTERN if western else None).best()
    return str(best) if best is not None else data.decode("cp1252", errors="replace")


def _without_mark(data: bytes) -> tuple[str, ...]:
    head = data[:4096]
    if head.count(0) * 4 > len(head):
        return ("utf-16-le", "utf-16-be") if head[1::2].count(0) > head[::2].count(0) else ("utf-16-be", "utf-16-le")
    return ("utf-8",)


def parse_subtitles(text: str) -> Lines:
    """Cues of SRT or WebVTT text, sorted by time."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    found = Lines()
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


def _line(timing: re.Match[str], body: list[str]) -> Line | None:
    start, end = _stamp_us(*timing.groups()[:4]), _stamp_us(*timing.groups()[4:])
    text = "\n".join(filter(None, (plain(row) for row in body)))
    if start is None or end is None or end <= start or not text:
        return None
    return Line(start, end, text)


def _stamp_us(hours: str | None, minutes: str, seconds: str, decimals: str | None) -> int | None:
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    ms = int((decimals or "0").ljust(3, "0"))
    return ((int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + ms) * 1000


def plain(row: str) -> str:
    """A row of a cue without HTML, WebVTT or SSA markup."""
    return html.unescape(_TAG.sub("", row)).replace("\u200b", "").strip()


def clipped(lines: Iterable[Line], start_us: int, end_us: int) -> list[Line]:
    """The lines heard in ``[start_us, end_us)``, timed from the start of the clip."""
    return [
        Line(max(line.start_us, start_us) - start_us, min(line.end_us, end_us) - start_us, line.text)
        for line in lines
        if line.start_us < end_us and line.end_us > start_us
    ]


def write_webvtt(lines: Iterable[Line], start_us: int, end_us: int) -> str:
    """WebVTT of the lines in ``[start_us, end_us)``, timed from the start of the clip."""
    cues = (
        f"{stamp(line.start_us)} --> {stamp(line.end_us)}\n{html.escape(line.text, quote=False)}\n"
        for line in clipped(lines, start_us, end_us)
    )
    return "\n".join(["WEBVTT\n", *cues])


def stamp(us: int) -> str:
    ms = us // 1000
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
