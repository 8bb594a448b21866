"""Draw subtitles into the picture, styled once for every target.

Rows are laid out by `layout`: a font for every grapheme, runs in the order in which they are read, shaped by HarfBuzz.
Each line is drawn once and laid over the brightness and colour planes of the frames it is heard in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from groundswell.media.reading.orientation import Orientation

from .cues import Cue, CueStyle
from .fonts import missing
from .layout import broken, draw_row, width_of

MOST_ROWS = 3
WHITE = (255, 255, 255)
MARGIN_ABOVE = 0.05
SLANT = 0.2
BT709 = np.array(
    [[0.2126, 0.7152, 0.0722], [-0.1006, -0.3386, 0.4392], [0.4392, -0.3989, -0.0403]],
    np.float32,
)
"""From red, green and blue to brightness and to limited-range differences of colour (ITU-R BT.709)."""
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


def drawn(text: str, width: int, height: int, look: CueStyle | None = None) -> Image.Image:
    """The text on a transparent picture of the given size: white and outlined, at the bottom within the margins, or as
    and where its ``look`` says."""
    look = look or CueStyle()
    margins = margins_for(width, height)
    fits = width * (1 - 2 * margins.side)
    size = max(8, round(min(width, height) * 0.062))
    rows = broken(text, fits, size)
    widest = max((width_of(row, size) for row in rows), default=0.0)
    while size > 8 and (len(rows) > MOST_ROWS or widest > fits):
        size = max(8, size * 9 // 10)
        rows = broken(text, fits, size)
        widest = max(width_of(row, size) for row in rows)
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    line = round(size * 1.35)
    top = _top(look, height, line * len(rows), margins)
    for n, row in enumerate(rows):
        left = _left(look, width, width_of(row, size), margins)
        baseline = top + n * line + round(line * 0.72)
        draw_row(image, row, left, baseline, size, look.colour or WHITE, max(1, size // 11))
    return _slanted(image) if look.italic else image


def _top(look: CueStyle, height: int, tall: int, margins: Margins) -> float:
    """Where the first row begins: the anchor's row of the number pad says which edge stands where."""
    row = (look.anchor - 1) // 3
    if look.at is None:
        free = (height - round(height * margins.below) - tall, (height - tall) / 2, height * MARGIN_ABOVE)
        return float(free[row])
    return float(min(max(0.0, look.at[1] * height - (tall, tall / 2, 0)[row]), max(0, height - tall)))


def _left(look: CueStyle, width: int, wide: float, margins: Margins) -> float:
    column = (look.anchor - 1) % 3
    if look.at is None:
        return (width * margins.side, (width - wide) / 2, width * (1 - margins.side) - wide)[column]
    return min(max(0.0, look.at[0] * width - (0, wide / 2, wide)[column]), max(0.0, width - wide))


def _slanted(image: Image.Image) -> Image.Image:
    """Leaning to the right about the middle of what is drawn, for scripts of which there is no italic."""
    box = image.getbbox()
    if box is None:
        return image
    middle = (box[1] + box[3]) / 2
    return image.transform(image.size, Image.Transform.AFFINE, (1, SLANT, -SLANT * middle, 0, 1, 0))


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
    """A drawn line for planar 4:2:0: its brightness and its colours."""

    luma: _Layer
    blue: _Layer
    red: _Layer

    def lay_over(self, frame: VideoFrame) -> None:
        frame.make_writable()
        for n, layer in enumerate((self.luma, self.blue, self.red)):
            plane = frame.planes[n]
            kind: type[np.unsignedinteger[Any]] = np.uint16 if layer.kept.dtype == np.uint32 else np.uint8
            layer.lay_over(np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1))


class Captions:
    """Draws the lines of a title into frames of one size. ``orientation`` is what a player will do to them."""

    def __init__(self, lines: Sequence[Cue], width: int, height: int, orientation: Orientation) -> None:
        self._lines = lines
        self._size = (width, height)
        self._orientation = orientation
        self._overlays: dict[tuple[str, CueStyle | None, bool], _Overlay | None] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the scripts in the lines that no font here can draw."""
        return missing("\n".join(line.text for line in self._lines))

    def draw(self, frame: VideoFrame, at_us: int) -> None:
        """Draw what is heard at a time on the title's timeline into a planar 4:2:0 frame, in place."""
        heard: dict[CueStyle | None, list[str]] = {}
        for line in self._lines:
            if line.start_us <= at_us < line.end_us:
                heard.setdefault(line.look, []).append(line.text)
        deep = frame.format.components[0].bits > 8
        for look, texts in heard.items():
            key = "\n".join(texts), look, deep
            if key not in self._overlays:
                self._overlays[key] = self._overlay(*key)
            overlay = self._overlays[key]
            if overlay is not None:
                overlay.lay_over(frame)

    def _overlay(self, text: str, look: CueStyle | None, deep: bool) -> _Overlay | None:
        width, height = self._size
        turn = self._orientation
        image = _turned(drawn(text, *((height, width) if turn.swaps_sides else (width, height)), look), turn)
        box = image.getbbox()
        if box is None:
            return None
        left, top = box[0] // 2 * 2, box[1] // 2 * 2
        right, bottom = min(width // 2 * 2, (box[2] + 1) // 2 * 2), min(height // 2 * 2, (box[3] + 1) // 2 * 2)
        part = np.asarray(image.crop((left, top, right, bottom)), np.float32)
        opacity: Plane = part[..., 3] / 255
        y, u, v = (part[..., :3] @ BT709.T).transpose(2, 0, 1)
        luma = (16 + y * (219 / 255)) * (HDR_WHITE if deep else 1)
        half = _halved(opacity)
        middle, scale = (512, HDR_WHITE) if deep else (128, 1)
        blue, red = (
            _Layer.of(top // 2, left // 2, middle + _halved(c * opacity) / np.maximum(half, 1e-6) * scale, half, deep)
            for c in (u, v)
        )
        return _Overlay(_Layer.of(top, left, luma, opacity, deep), blue, red)


def _halved(plane: Plane) -> Plane:
    made: Plane = plane.reshape(plane.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
    return made


def _turned(image: Image.Image, turn: Orientation) -> Image.Image:
    """As a player will have it upright again."""
    quarter = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    if turn.degrees in quarter:
        image = image.transpose(quarter[turn.degrees])
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if turn.mirrored else image
