"""A row of text as runs to draw: each in one font and one direction, in the order in which they are seen.

Grapheme by grapheme a font is chosen; the order is the Unicode bidirectional algorithm's (UAX 9, by python-bidi); each
run is shaped by HarfBuzz (through Pillow's raqm).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

from . import colour_glyphs
from .fonts import EMOJI, Face, face_for, is_ignorable, language_of, sized

JOINER = "\u200d"
CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
AMBER = (255, 204, 77)
UNSPACED = ("HIRAGANA", "KATAKANA", "CJK", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@dataclass(frozen=True)
class GlyphRun:
    """Text in one face and direction."""

    text: str
    face: Face | None
    direction: Literal["ltr", "rtl"]

    @property
    def drawn(self) -> str:
        """The text without what a font of one colour has no use for: selectors and shades of skin."""
        if self.face is None or not self.face.name.startswith(EMOJI):
            return self.text
        return "".join(c for c in self.text if not ("\ufe00" <= c <= "\ufe0f" or 0x1F3FB <= ord(c) <= 0x1F3FF))

    def width(self, size: int) -> float:
        if self.face is None:
            return 0.0
        if self.face.is_colour:
            return colour_glyphs.width_of(self.text, self.face.path, size)
        return sized(self.face, size).getlength(self.drawn, direction=self.direction)


def clusters(text: str) -> list[str]:
    """Graphemes: a character with the marks, joiners, selectors and modifiers that go with it."""
    found: list[str] = []
    for c in text:
        regional = _is_regional(c) and bool(found) and len(found[-1]) == 1 and _is_regional(found[-1])
        extends = unicodedata.category(c) in ("Mn", "Mc", "Me") or is_ignorable(c) or 0x1F3FB <= ord(c) <= 0x1F3FF
        if found and c != "\n" and (extends or regional or found[-1].endswith(JOINER)):
            found[-1] += c
        else:
            found.append(c)
    return found


def _is_regional(c: str) -> bool:
    """Half of a flag."""
    return "\U0001f1e6" <= c <= "\U0001f1ff"


def runs(row: str) -> list[GlyphRun]:
    """The runs of a row from left to right."""
    row = row.translate(CONTROLS)
    language, levels = language_of(row), _levels(row)
    made: list[tuple[int, GlyphRun]] = []
    face: Face | None = None
    at = 0
    for cluster in clusters(row):
        level = levels[at]
        at += len(cluster)
        space = cluster.isspace() or all(is_ignorable(c) for c in cluster)
        face = face if space and face is not None else face_for(cluster, face, language)
        if made and made[-1][0] == level and made[-1][1].face == face:
            before = made[-1][1]
            made[-1] = level, GlyphRun(before.text + cluster, face, before.direction)
        else:
            made.append((level, GlyphRun(cluster, face, "rtl" if level % 2 else "ltr")))
    return [run for _, run in _reordered(made)]


def _levels(row: str) -> list[int]:
    from bidi import algorithm  # what is written from left to right alone does without

    if all(unicodedata.bidirectional(c) not in ("R", "AL", "AN") for c in row):
        return [0] * len(row)
    base = algorithm.get_base_level(row)
    storage = algorithm.get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, ("L", "R")[base]
    algorithm.get_embedding_levels(row, storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    levels = [int(c["level"]) for c in storage["chars"]]
    return levels if len(levels) == len(row) else [base] * len(row)


def _reordered(made: list[tuple[int, GlyphRun]]) -> list[tuple[int, GlyphRun]]:
    """UAX 9, rule L2."""
    order = list(made)
    highest = max((level for level, _ in order), default=0)
    for level in range(highest, 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and order[end][0] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start) + 1
    return order


def width_of(row: str, size: int) -> float:
    return sum(run.width(size) for run in runs(row))


def broken(text: str, fits: float, size: int) -> list[str]:
    """Rows no wider than ``fits`` pixels where words allow; scripts without spaces break between graphemes."""
    rows: list[str] = []
    for paragraph in text.split("\n"):
        row = ""
        for word in _words(paragraph):
            longer = row + word
            if row.strip() and width_of(longer.strip(), size) > fits:
                rows.append(row.strip())
                row = word.lstrip()
            else:
                row = longer
        rows.append(row.strip())
    return [row for row in rows if row]


def _words(paragraph: str) -> Iterator[str]:
    word = ""
    for cluster in clusters(paragraph):
        if cluster.isspace() and word.strip():
            yield word
            word = ""
        word += cluster
        if unicodedata.name(cluster[0], "").split(" ")[0] in UNSPACED:
            yield word
            word = ""
    if word:
        yield word


def draw_row(
    image: Image.Image, row: str, left: float, baseline: float, size: int, fill: tuple[int, int, int], outline: int
) -> None:
    """Draw a row from its left end on: all outlines first, so that none lies over the letters beside it."""
    draw = ImageDraw.Draw(image)
    for stroke in (outline, 0) if outline else (0,):
        x = left
        for run in runs(row):
            if run.face is not None and run.face.is_colour:
                if not stroke:
                    colour_glyphs.draw(image, run.text, run.face.path, size, x, baseline)
            elif run.face is not None:
                colour = AMBER if run.face.name.startswith(EMOJI) else fill
                draw.text(
                    (x, baseline),
                    run.drawn,
                    font=sized(run.face, size),
                    anchor="ls",
                    direction=run.direction,
                    fill=(0, 0, 0, 235) if stroke else (*colour, 255),
                    stroke_width=stroke,
                    stroke_fill=(0, 0, 0, 235),
                )
            x += run.width(size)
