"""Subtitle formats beside SRT and WebVTT, by the libraries that know them: ASS, SSA and SAMI by pysubs2; TTML and IMSC,
SCC and EBU STL by ttconv. What a clip can keep of a style is kept: its place and colour, whether it is italic."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from .cues import Cue, Cues, CueStyle, parse_subtitles, plain

RESOLUTION = {"PlayResX": 384, "PlayResY": 288}
"""The size of the picture that positions are meant for where a file does not say (SSA's own)."""


def known_format(data: bytes, text: str) -> Callable[[], Cues] | None:
    """How to read a file that is in one of these formats; None for any other."""
    head = text.lstrip("\ufeff \t\r\n")[:4096]
    if data[3:11].startswith((b"STL25.01", b"STL30.01")):
        return lambda: _stl(data)
    if "[script info]" in head.lower():
        return lambda: _ass(text)
    if head.lower().startswith("<sami"):
        return lambda: _sami(text)
    if head.startswith("Scenarist_SCC"):
        return lambda: _scc(text)
    if "http://www.w3.org/ns/ttml" in head or "http://www.w3.org/2006/10/ttaf1" in head:
        return lambda: _ttml(text)
    return None


def _ass(text: str) -> Cues:
    import pysubs2  # loaded for those that need it

    subs = pysubs2.SSAFile.from_string(text, keep_ssa_tags=True)
    width, height = (_number(subs.info.get(key), usual) for key, usual in RESOLUTION.items())
    found = Cues()
    for event in subs:
        if event.is_comment or event.is_drawing or event.end <= event.start:
            continue
        words = plain(event.text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " "))
        if words:
            look = _look(event, subs.styles.get(event.style), width, height)
            found.append(Cue(event.start * 1000, event.end * 1000, words, look))
    return _sorted(found)


def _number(said: str | None, usual: int) -> int:
    return int(said) if said is not None and said.strip().isdigit() and int(said) else usual


def _look(event: Any, style: Any, width: int, height: int) -> CueStyle | None:
    """What an event's style says, and the overrides before its text."""
    from pysubs2.formats.substation import parse_tags

    align = re.search(r"\\an([1-9])", event.text)
    place = re.search(r"\\(?:pos|move)\(\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)", event.text)
    fragments = parse_tags(event.text, style, {}) if style is not None else []
    seen = next((s for words, s in fragments if words.strip()), style)
    anchor = int(align.group(1)) if align else int(getattr(style, "alignment", 2) or 2)
    at = (float(place.group(1)) / width, float(place.group(2)) / height) if place else None
    colour = getattr(seen, "primarycolor", None)
    rgb = None if colour is None else (colour.r, colour.g, colour.b)
    look = CueStyle(anchor, at, None if rgb == (255, 255, 255) else rgb, bool(getattr(seen, "italic", False)))
    return None if look == CueStyle() else look


def _sami(text: str) -> Cues:
    import pysubs2

    found = Cues()
    for event in pysubs2.SSAFile.from_string(text, format_="sami"):
        words = plain(event.plaintext)
        if words and event.end > event.start:
            found.append(Cue(event.start * 1000, event.end * 1000, words))
    return _sorted(found)


def _scc(text: str) -> Cues:
    from ttconv.scc import reader

    return _converted(reader.to_model(text))


def _stl(data: bytes) -> Cues:
    from ttconv.stl import reader

    return _converted(reader.to_model(io.BytesIO(data)))


def _ttml(text: str) -> Cues:
    from ttconv.imsc import reader

    return _converted(reader.to_model(ET.ElementTree(ET.fromstring(text.lstrip("\ufeff").encode()))))  # noqa: S314


def _converted(document: Any) -> Cues:
    from ttconv.vtt import writer
    from ttconv.vtt.config import VTTWriterConfiguration

    return parse_subtitles(writer.from_model(document, VTTWriterConfiguration(line_position=True, text_align=True)))


def _sorted(found: Cues) -> Cues:
    found.sort(key=lambda line: (line.start_us, line.end_us))
    return found
