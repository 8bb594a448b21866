"""Subtitle formats beside SRT and WebVTT, by the libraries that know them: ASS and SSA by pysubs2; TTML and IMSC, SCC
and EBU STL by ttconv; SAMI, which is HTML, by Python's parser. What a clip can keep of a style is kept: its place and
colour, whether it is italic."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from .cues import Cue, Cues, CueStyle, parse_subtitles, plain, undrawn

if TYPE_CHECKING:
    from pysubs2 import SSAFile

TTML = "http://www.w3.org/ns/ttml"
OLD_NAMES = re.compile(r"http://www\.w3\.org/2006/(?:10|04)/ttaf1")
RESOLUTION = {"PlayResX": 384, "PlayResY": 288}
"""The size of the picture that positions are meant for where a file does not say (SSA's own)."""


def known_format(data: bytes, text: str, language: str | None) -> Callable[[], Cues] | None:
    """How to read a file that is in one of these formats; None for any other."""
    head = text.lstrip("\ufeff \t\r\n")[:4096]
    if data[3:11].startswith((b"STL25.01", b"STL30.01")):
        return lambda: _stl(data)
    if "[script info]" in head.lower():
        return lambda: _ass(text)
    if head.lower().startswith("<sami"):
        return lambda: _sami(text, language)
    if head.startswith("Scenarist_SCC"):
        return lambda: _scc(text)
    if TTML in head or OLD_NAMES.search(head):
        return lambda: _ttml(text)
    return None


def _ass(text: str) -> Cues:
    import pysubs2  # loaded for those that need it

    subs, found = pysubs2.SSAFile.from_string(text, keep_ssa_tags=True), Cues()
    for event in subs:
        if event.is_comment or event.end <= event.start:
            continue
        words, look = said(event.text, subs, event.style)
        if words:
            found.append(Cue(event.start * 1000, event.end * 1000, words, look))
    return _sorted(found)


def styles_of(header: bytes) -> SSAFile:
    """What the head of an ASS file says of its styles and of the picture that positions are meant for."""
    import pysubs2

    return pysubs2.SSAFile.from_string(header.decode("utf-8", "replace").replace("\0", ""), format_="ass")


def said(text: str, subs: SSAFile, style: str) -> tuple[str, CueStyle | None]:
    """What is to be read of an event's text in a style, without what is drawn; and how it is to look."""
    rows = text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    words = "\n".join(filter(None, (plain(row) for row in undrawn(rows).split("\n"))))
    width, height = (_number(subs.info.get(key), usual) for key, usual in RESOLUTION.items())
    return words, _look(text, subs.styles.get(style), width, height) if words else None


def _number(said: str | None, usual: int) -> int:
    return int(said) if said is not None and said.strip().isdigit() and int(said) else usual


def _look(text: str, style: Any, width: int, height: int) -> CueStyle | None:
    """What an event's style says, and the overrides before its text."""
    from pysubs2.formats.substation import parse_tags

    align = re.search(r"\\an([1-9])", text)
    place = re.search(r"\\(?:pos|move)\(\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)", text)
    tinted = re.search(r"\\1?c&H([0-9A-Fa-f]{1,8})&?", text)
    fragments = parse_tags(text, style, {}) if style is not None else []
    seen = next((s for words, s in fragments if words.strip() and not s.drawing), style)
    anchor = int(align.group(1)) if align else int(getattr(style, "alignment", 2) or 2)
    at = (float(place.group(1)) / width, float(place.group(2)) / height) if place else None
    colour = getattr(seen, "primarycolor", None)
    rgb = None if colour is None else (colour.r, colour.g, colour.b)
    if tinted:
        blue_first = int(tinted.group(1), 16)
        rgb = (blue_first & 0xFF, blue_first >> 8 & 0xFF, blue_first >> 16 & 0xFF)
    look = CueStyle(anchor, at, None if rgb == (255, 255, 255) else rgb, bool(getattr(seen, "italic", False)))
    return None if look == CueStyle() else look


class _Sami(HTMLParser):
    """What is said in each class of a SAMI file, which are its languages; and the language of each. (pysubs2 runs the
    languages into one, and ends a line when it should have been read.)"""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, list[tuple[int, str]]] = {}
        self.languages: dict[str, str] = {}
        self._at: int | None = None
        self._class = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "sync":
            self._at, self._class = int(float(re.sub(r"[^\d.]", "", given.get("start", "")) or 0)), ""
        elif tag == "p":
            self._class = given.get("class", "").lower()
            self._add("")
        elif tag == "br":
            self._add("\n")

    def handle_data(self, data: str) -> None:
        if self._at is None:
            self.languages |= {name.lower(): tag.lower() for name, tag in CLASS.findall(data)}
        else:
            self._add(data if data.strip() else " ")

    def handle_comment(self, data: str) -> None:
        self.languages |= {name.lower(): tag.lower() for name, tag in CLASS.findall(data)}

    def _add(self, text: str) -> None:
        if self._at is None:
            return
        lines = self.said.setdefault(self._class, [])
        before = lines.pop()[1] if lines and lines[-1][0] == self._at else ""
        lines.append((self._at, before + text))

    def chosen(self, language: str | None) -> list[tuple[int, str]]:
        """The lines in a language (BCP 47), else those of the class with most of them."""
        wanted = (language or "").lower().split("-")[0]
        of = [name for name, tag in self.languages.items() if wanted and tag.split("-")[0] == wanted]
        named = next((self.said[name] for name in of if name in self.said), None)
        return named or max(self.said.values(), key=lambda lines: sum(bool(plain(t)) for _, t in lines), default=[])


CLASS = re.compile(r"\.([\w-]+)\s*\{[^{}]*\blang\s*:\s*([A-Za-z-]+)", re.IGNORECASE)
"""A class of a SAMI file's style sheet, and its language."""
READ_US, LETTER_US = 500_000, 67_000
"""How long the last line stays, which nothing ends: what reading it takes."""


def _sami(text: str, language: str | None) -> Cues:
    parser = _Sami()
    parser.feed(text)
    parser.close()
    found, lines = Cues(), sorted(parser.chosen(language), key=lambda line: line[0])
    for (at, marked), following in zip(lines, [*lines[1:], None], strict=True):
        words = "\n".join(filter(None, (" ".join(plain(row).split()) for row in marked.split("\n"))))
        start = at * 1000
        end = start + READ_US + LETTER_US * len(words) if following is None else following[0] * 1000
        if words and end > start:
            found.append(Cue(start, end, words))
    return found


def _scc(text: str) -> Cues:
    from ttconv.scc import reader

    return _converted(reader.to_model(text))


def _stl(data: bytes) -> Cues:
    from ttconv.stl import reader

    return _converted(reader.to_model(io.BytesIO(data)))


def _ttml(text: str) -> Cues:
    from ttconv.imsc import reader

    held = ET.fromstring(text.lstrip("\ufeff"))  # noqa: S314
    document = reader.to_model(ET.ElementTree(_renamed(held)))
    found = _converted(document)
    if not any(True for _ in document.iter_regions()):  # it says of no place: above is but what is left unsaid
        return found.unplaced()
    return found


def _renamed(held: ET.Element) -> ET.Element:
    """With the names of today for those of before 2010 (DFXP)."""
    for element in held.iter():
        element.tag = OLD_NAMES.sub(TTML, element.tag)
        for name in [name for name in element.attrib if OLD_NAMES.search(name)]:
            element.set(OLD_NAMES.sub(TTML, name), element.attrib.pop(name))
    return held


def _converted(document: Any) -> Cues:
    from ttconv.vtt import writer
    from ttconv.vtt.config import VTTWriterConfiguration

    return parse_subtitles(writer.from_model(document, VTTWriterConfiguration(line_position=True, text_align=True)))


def _sorted(found: Cues) -> Cues:
    found.sort(key=lambda line: (line.start_us, line.end_us))
    return found
