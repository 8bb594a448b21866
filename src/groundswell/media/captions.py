"""Draw subtitles into the picture, styled once for every target.

Text is shaped by Pillow with raqm (HarfBuzz, FriBidi): Arabic joins and runs right to left, Devanagari reorders.
Each line is drawn once and laid over the brightness and colour planes of the frames it is heard in.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from .orientation import Orientation
from .subtitles import Line

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/Library/Fonts")
FOLDERS_MORE = ("/System/Library/Fonts", "C:/Windows/Fonts")
PLAIN = ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf")
SCRIPTS: dict[str, tuple[tuple[str, int], ...]] = {
    "ARABIC": (("NotoSansArabic-Bold.ttf", 0), ("DejaVuSans-Bold.ttf", 0), ("arialbd.ttf", 0)),
    "HEBREW": (("NotoSansHebrew-Bold.ttf", 0), ("DejaVuSans-Bold.ttf", 0), ("arialbd.ttf", 0)),
    "HIRAGANA": (("NotoSansCJK-Bold.ttc", 0), ("NotoSansJP-Bold.otf", 0)),
    "KATAKANA": (("NotoSansCJK-Bold.ttc", 0), ("NotoSansJP-Bold.otf", 0)),
    "HANGUL": (("NotoSansCJK-Bold.ttc", 1), ("NotoSansKR-Bold.otf", 0)),
    "CJK": (("NotoSansCJK-Bold.ttc", 2), ("NotoSansSC-Bold.otf", 0)),
} | {
    name.upper(): ((f"NotoSans{name}-Bold.ttf", 0),)
    for name in (
        "Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Khmer Myanmar "
        "Georgian Armenian Ethiopic Tibetan"
    ).split()
}
UNSPACED = frozenset({"HIRAGANA", "KATAKANA", "CJK", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"})
MOST_ROWS = 3
HDR_WHITE = 4 * 0.66
"""How bright white is in 10 bits, where full brightness would dazzle."""
ONE = 256
"""Opacities are in parts of this: what is laid over a plane is all whole numbers."""
Plane = np.ndarray[tuple[int, ...], np.dtype[np.floating[Any]]]
Whole = np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger[Any]]]


@dataclass(frozen=True)
class Margins:
    """Shares of the picture kept free of text: each side, and below (where players and apps put their controls)."""

    side: float
    below: float


def margins_for(width: int, height: int) -> Margins:
    return Margins(0.09, 0.22) if height > width else Margins(0.06, 0.07)


def script_of(text: str) -> str:
    """The script that decides the font: the first that is not Latin, Cyrillic or Greek; kana before Chinese."""
    found = [unicodedata.name(c, "").split(" ")[0] for c in text if c.isalpha()]
    for script in ("HIRAGANA", "KATAKANA", "HANGUL"):
        if script in found:
            return script
    return next((s for s in found if s in SCRIPTS), "LATIN")


@lru_cache(maxsize=1)
def _installed() -> dict[str, str]:
    files: dict[str, str] = {}
    for folder in (*FOLDERS, *FOLDERS_MORE):
        for path in Path(folder).expanduser().glob("**/*"):
            if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
                files.setdefault(path.name, os.fspath(path))
    return files


@lru_cache(maxsize=64)
def font_for(script: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The best installed font for a script; Pillow's own where there is none."""
    for name, face in (*SCRIPTS.get(script, ()), *((name, 0) for name in PLAIN)):
        if name in _installed():
            return ImageFont.truetype(_installed()[name], size, index=face)
    return ImageFont.load_default(size)


def wrapped(text: str, script: str, fits: float, size: int) -> list[str]:
    """Rows no wider than ``fits`` pixels where words allow; scripts without spaces break anywhere."""
    font = font_for(script, size)
    rows: list[str] = []
    for paragraph in text.split("\n"):
        glue, words = ("", list(paragraph)) if script in UNSPACED else (" ", paragraph.split())
        row = ""
        for word in words:
            longer = f"{row}{glue}{word}" if row else word
            if row and font.getlength(longer) > fits:
                rows.append(row)
                row = word
            else:
                row = longer
        rows.append(row)
    return [row for row in rows if row.strip()]


def drawn(text: str, width: int, height: int) -> Image.Image:
    """The text on a transparent picture of the given size: white, outlined, at the bottom within the margins."""
    margins = margins_for(width, height)
    script = script_of(text)
    fits = width * (1 - 2 * margins.side)
    size = max(8, round(min(width, height) * 0.062))
    rows = wrapped(text, script, fits, size)
    widest = max((font_for(script, size).getlength(row) for row in rows), default=0.0)
    while size > 8 and (len(rows) > MOST_ROWS or widest > fits):
        size = max(8, size * 9 // 10)
        rows = wrapped(text, script, fits, size)
        widest = max(font_for(script, size).getlength(row) for row in rows)
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    line = round(size * 1.35)
    top = height - round(height * margins.below) - line * len(rows)
    outline = max(1, size // 11)
    for n, row in enumerate(rows):
        draw.text(
            (width / 2, top + n * line + line / 2),
            row,
            font=font_for(script, size),
            anchor="mm",
            fill="white",
            stroke_width=outline,
            stroke_fill=(0, 0, 0, 235),
        )
    return image


@dataclass(frozen=True)
class _Layer:
    """What becomes of a part of a plane: of each sample ``kept`` (in parts of `ONE`), and ``laid`` over it."""

    top: int
    left: int
    kept: Whole
    laid: Whole

    @classmethod
    def of(cls, top: int, left: int, value: Plane | int, opacity: Plane, deep: bool) -> _Layer:
        kind: type[np.unsignedinteger[Any]] = np.uint32 if deep else np.uint16
        parts = np.rint(opacity * ONE)
        return cls(top, left, (ONE - parts).astype(kind), np.rint(value * parts + ONE / 2).astype(kind))

    def lay_over(self, grid: Whole) -> None:
        rows, columns = self.kept.shape
        part = grid[self.top : self.top + rows, self.left : self.left + columns]
        rows, columns = part.shape
        mixed = np.multiply(part, self.kept[:rows, :columns], dtype=self.kept.dtype)
        mixed += self.laid[:rows, :columns]
        mixed //= ONE
        part[:] = mixed


@dataclass(frozen=True)
class _Overlay:
    """A drawn line for planar 4:2:0: its brightness, and what it takes away from the colours."""

    luma: _Layer
    chroma: _Layer

    def lay_over(self, frame: VideoFrame) -> None:
        frame.make_writable()
        for n, layer in enumerate((self.luma, self.chroma, self.chroma)):
            plane = frame.planes[n]
            kind: type[np.unsignedinteger[Any]] = np.uint16 if layer.kept.dtype == np.uint32 else np.uint8
            layer.lay_over(np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1))


class Captions:
    """Draws the lines of a title into frames of one size. ``orientation`` is what a player will do to them."""

    def __init__(self, lines: Sequence[Line], width: int, height: int, orientation: Orientation) -> None:
        self._lines = lines
        self._size = (width, height)
        self._orientation = orientation
        self._overlays: dict[tuple[str, bool], _Overlay | None] = {}

    def draw(self, frame: VideoFrame, at_us: int) -> None:
        """Draw what is heard at a time on the title's timeline into a planar 4:2:0 frame, in place."""
        text = "\n".join(line.text for line in self._lines if line.start_us <= at_us < line.end_us)
        if not text:
            return
        deep = frame.format.components[0].bits > 8
        if (text, deep) not in self._overlays:
            self._overlays[text, deep] = self._overlay(text, deep)
        overlay = self._overlays[text, deep]
        if overlay is not None:
            overlay.lay_over(frame)

    def _overlay(self, text: str, deep: bool) -> _Overlay | None:
        width, height = self._size
        turn = self._orientation
        image = _turned(drawn(text, *((height, width) if turn.swaps_sides else (width, height))), turn)
        box = image.getbbox()
        if box is None:
            return None
        left, top = box[0] // 2 * 2, box[1] // 2 * 2
        right, bottom = min(width // 2 * 2, (box[2] + 1) // 2 * 2), min(height // 2 * 2, (box[3] + 1) // 2 * 2)
        part = np.asarray(image.crop((left, top, right, bottom)), np.float32)
        opacity: Plane = part[..., 3] / 255
        luma = (16 + part[..., :3].mean(axis=2) * (219 / 255)) * (HDR_WHITE if deep else 1)
        half = opacity.reshape(opacity.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
        return _Overlay(
            _Layer.of(top, left, luma, opacity, deep),
            _Layer.of(top // 2, left // 2, 512 if deep else 128, half, deep),
        )


def _turned(image: Image.Image, turn: Orientation) -> Image.Image:
    """As a player will have it upright again."""
    quarter = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    if turn.degrees in quarter:
        image = image.transpose(quarter[turn.degrees])
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if turn.mirrored else image
