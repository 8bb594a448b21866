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
Plane = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


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
class _Overlay:
    """A drawn line for planar YUV: rows and columns it covers, its brightness and opacity, full and half size."""

    top: int
    left: int
    luma: Plane
    opacity: Plane
    opacity_half: Plane


class Captions:
    """Draws the lines of a title into frames of one size. ``orientation`` is what a player will do to them."""

    def __init__(self, lines: Sequence[Line], width: int, height: int, orientation: Orientation) -> None:
        self._lines = lines
        self._size = (width, height)
        self._orientation = orientation
        self._overlays: dict[str, _Overlay | None] = {}

    def draw(self, frame: VideoFrame, at_us: int) -> None:
        """Draw what is heard at a time on the title's timeline into a planar 4:2:0 frame, in place."""
        text = "\n".join(line.text for line in self._lines if line.start_us <= at_us < line.end_us)
        if not text:
            return
        if text not in self._overlays:
            self._overlays[text] = self._overlay(text)
        overlay = self._overlays[text]
        if overlay is not None:
            _lay_over(frame, overlay)

    def _overlay(self, text: str) -> _Overlay | None:
        width, height = self._size
        turn = self._orientation
        image = drawn(text, *((height, width) if turn.swaps_sides else (width, height)))
        picture = np.rot90(np.asarray(image, np.float32), turn.degrees // 90)
        picture = picture[:, ::-1] if turn.mirrored else picture
        rows, columns = np.nonzero(picture[..., 3].any(axis=1))[0], np.nonzero(picture[..., 3].any(axis=0))[0]
        if not len(rows):
            return None
        top, bottom = rows[0] // 2 * 2, min(height // 2 * 2, rows[-1] // 2 * 2 + 2)
        left, right = columns[0] // 2 * 2, min(width // 2 * 2, columns[-1] // 2 * 2 + 2)
        part = picture[top:bottom, left:right]
        opacity: Plane = (part[..., 3] / 255).astype(np.float32)
        luma = (16 + part[..., :3].mean(axis=2) * (219 / 255)).astype(np.float32)
        half = opacity.reshape(opacity.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)).astype(np.float32)
        return _Overlay(int(top), int(left), luma, opacity, half)


def _lay_over(frame: VideoFrame, overlay: _Overlay) -> None:
    frame.make_writable()
    deep = frame.format.components[0].bits > 8
    scale = 4 * 0.66 if deep else 1.0
    neutral = 512.0 if deep else 128.0
    _blend(frame, 0, overlay.top, overlay.left, overlay.luma * scale, overlay.opacity, deep)
    for plane in (1, 2):
        half = overlay.opacity_half
        _blend(frame, plane, overlay.top // 2, overlay.left // 2, np.full_like(half, neutral), half, deep)


def _blend(frame: VideoFrame, plane: int, top: int, left: int, value: Plane, opacity: Plane, deep: bool) -> None:
    data = frame.planes[plane]
    grid = np.frombuffer(memoryview(data), np.uint16 if deep else np.uint8).reshape(data.height, -1)
    part = grid[top : top + value.shape[0], left : left + value.shape[1]]
    value, opacity = value[: part.shape[0], : part.shape[1]], opacity[: part.shape[0], : part.shape[1]]
    mixed = part.astype(np.float32) * (1 - opacity) + value * opacity + 0.5
    part[:] = mixed.astype(np.uint16 if deep else np.uint8)
