"""The stage: frames, and the layers that are composited on them.

Everything slow (drawing, blurring, gradients) happens once per shot, on a :class:`Canvas` in floating point.
What is left for each frame is :meth:`Layer.draw`: integer arithmetic on NumPy slices, about a millisecond a
full frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT, FPS = 1280, 720, 24

Frame = NDArray[np.uint8]  # (HEIGHT, WIDTH, 3), RGB
Field = NDArray[np.floating[Any]]  # (h, w) in 0..1, or (h, w, 3) in 0..1
Paint = Callable[[Frame, float], None]  # (frame, seconds since the shot began): paints all of the frame
Colour = str | tuple[float, float, float]


def rgb(colour: Colour) -> Field:
    """``"#ff8000"`` or three numbers in 0..1 → float32 (3,)."""
    if isinstance(colour, str):
        return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
    return np.array(colour, np.float32)


def from_image(image: Image.Image) -> Field:
    """A grey Pillow image as a (h, w) field."""
    return np.asarray(np.asarray(image, np.float32) / 255, np.float32)


_scratch = np.empty(HEIGHT * WIDTH * 3, np.uint16)


def _blend(target: Frame, colour: Frame, keep: NDArray[np.uint16]) -> None:
    """``target = colour + target * keep / 256``, in place."""
    product = _scratch[: target.size].reshape(target.shape)
    np.multiply(target, keep, out=product, dtype=np.uint16)
    np.right_shift(product, 8, out=product)
    np.add(colour, product, out=target, casting="unsafe")


def _thinned(colour: Frame, keep: NDArray[np.uint16], share: int) -> tuple[Frame, NDArray[np.uint16]]:
    """The same plate at ``share`` / 256 of its strength."""
    thin = np.multiply(colour, share, dtype=np.uint16)
    np.right_shift(thin, 8, out=thin)
    kept = np.subtract(256, keep, dtype=np.uint16)
    np.multiply(kept, share, out=kept)
    np.add(kept, 255, out=kept)  # rounded up: colour and what is kept never add up to more than white
    np.right_shift(kept, 8, out=kept)
    np.subtract(256, kept, out=kept)
    return thin.astype(np.uint8), kept


@dataclass(frozen=True)
class _Plate:
    """Quantised pixels: ``colour`` u8 (h, w, 3), ``keep`` u16 (h, w, 3) in 0..256 (0 hides what is below)."""

    colour: Frame
    keep: NDArray[np.uint16]
    solid_from: int  # from this row on nothing below shows through: a plain copy will do


class Layer:
    """A picture to put on frames, at half-pixel steps when ``smooth`` (slow drifts do not judder then)."""

    def __init__(self, colour: Field, keep: Field, *, left: int, top: int, smooth: bool, tile: bool) -> None:
        self.left, self.top = left, top
        self.height, self.width = colour.shape[:2]
        if smooth:  # both kernels have the same variance, so sharpness does not pulse as the layer drifts
            self._plates = [
                _quantise(_filtered(colour, kernel, tile), _filtered(keep, kernel, tile))
                for kernel in ((0.125, 0.75, 0.125), (0.5, 0.5, 0.0))
            ]
        else:
            self._plates = [_quantise(colour, keep)]

    def draw(self, frame: Frame, x: float = 0, y: float = 0, opacity: float = 1.0) -> None:
        """Composite with the canvas's origin at (x, y); what falls outside the frame is cut off."""
        half = round((x + self.left) * 2)
        plate = self._plates[half & 1] if len(self._plates) == 2 else self._plates[0]
        self._place(frame, plate, half >> 1, round(y) + self.top, opacity)

    def draw_tiled(self, frame: Frame, x: float, y: float = 0, opacity: float = 1.0) -> None:
        """Composite as an endless strip (the layer must have been made with ``tile=True``)."""
        x = x % self.width - self.width
        while x < frame.shape[1]:
            self.draw(frame, x, y, opacity)
            x += self.width

    def _place(self, frame: Frame, plate: _Plate, x: int, y: int, opacity: float) -> None:
        x0, x1 = max(x, 0), min(x + self.width, frame.shape[1])
        y0, y1 = max(y, 0), min(y + self.height, frame.shape[0])
        if x0 >= x1 or y0 >= y1 or opacity <= 0.004:
            return
        source = np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
        target, colour, keep = frame[y0:y1, x0:x1], plate.colour[source], plate.keep[source]
        if opacity < 0.996:
            _blend(target, *_thinned(colour, keep, round(opacity * 256)))
            return
        mixed = max(0, min(plate.solid_from - (y0 - y), y1 - y0))
        _blend(target[:mixed], colour[:mixed], keep[:mixed])
        target[mixed:] = colour[mixed:]


def _filtered(field: Field, kernel: tuple[float, float, float], tile: bool) -> Field:
    """Convolve rows with (left neighbour, self, right neighbour); a tile's last column is its first's neighbour."""
    left, here, right = kernel
    out = field * here
    out[:, 1:] += field[:, :-1] * left
    out[:, 0] += field[:, -1 if tile else 0] * left
    if right:
        out[:, :-1] += field[:, 1:] * right
        out[:, -1] += field[:, 0 if tile else -1] * right
    return out


def _quantise(colour: Field, keep: Field) -> _Plate:
    height, width = colour.shape[:2]
    scaled = np.clip(keep, 0, 1)
    scaled *= 256
    keep16 = np.rint(scaled, out=scaled).astype(np.uint16)
    painted = (keep16 < 256) | (colour > 1 / 512)
    np.multiply(_dither(height * width).reshape(height, width, 1), painted, out=scaled)
    bright = np.clip(colour, 0, 1)
    bright *= 254
    bright += scaled
    most = keep16 * np.uint16(255)
    most >>= 8
    np.subtract(255, most, out=most)
    colour8 = np.minimum(bright.astype(np.uint8), most, out=most).astype(np.uint8)
    see_through = np.flatnonzero(keep16.reshape(height, -1).any(axis=1))
    return _Plate(colour8, keep16, int(see_through[-1]) + 1 if see_through.size else 0)


def _dither(count: int) -> Field:
    """Noise, so that there is no banding: the first ``count`` numbers of what is always the same."""
    global _noise
    if len(_noise) < count:
        _noise = np.random.default_rng(7).random(count, np.float32)
    return _noise[:count]


_noise = np.zeros(0, np.float32)


class Canvas:
    """Where a layer is painted: ``colour`` so far (premultiplied) and how much of what lies below is kept."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.width, self.height = width, height
        self.colour: Field = np.zeros((height, width, 3), np.float32)
        self.keep: Field = np.ones((height, width, 3), np.float32)
        self._painted = (width, height, 0, 0)  # left, top, right, bottom of all strokes so far

    def over(self, mask: Field, colour: Colour | Field, opacity: float = 1.0, x: int = 0, y: int = 0) -> Canvas:
        """Paint ``colour`` (one colour, or a field of the mask's shape) where ``mask`` says."""
        here, there = self._stroke(mask, x, y)
        alpha = mask[there] * opacity
        clear = 1 - alpha
        value = colour if isinstance(colour, np.ndarray) else rgb(colour)
        if value.ndim == 3:
            value = value[there]
        for channel in range(3):  # one after another: loops over three numbers take several times as long
            painted, kept = self.colour[here][..., channel], self.keep[here][..., channel]
            painted += (value[..., channel] - painted) * alpha
            kept *= clear
        return self

    def light(self, mask: Field, colour: Colour, strength: float = 1.0, x: int = 0, y: int = 0) -> Canvas:
        """Add light (screen): brightens what is there and what will be below, never beyond white."""
        here, there = self._stroke(mask, x, y)
        shining = np.clip(mask[there] * strength, 0, 1)
        for channel, part in enumerate(rgb(colour)):
            painted, kept = self.colour[here][..., channel], self.keep[here][..., channel]
            amount = shining * part
            painted += amount * (1 - painted)
            kept *= np.subtract(1, amount, out=amount)
        return self

    def shade(self, mask: Field, strength: float = 1.0) -> Canvas:
        """Darken towards black where ``mask`` says."""
        return self.over(mask, (0, 0, 0), strength)

    def fill(self, colours: Field) -> Canvas:
        """Cover everything: (h, w, 3), or (h, 1, 3) to be stretched across."""
        self.colour[:] = colours
        self.keep[:] = 0
        self._painted = (0, 0, self.width, self.height)
        return self

    def put(self, colour: Field, keep: Field) -> Canvas:
        """Replace everything by a premultiplied picture and what it keeps, both (h, w, 3)."""
        self.fill(colour)
        self.keep[:] = keep
        return self

    def _stroke(self, mask: Field, x: int, y: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a mask at (x, y) is not empty: as slices of the canvas, and of the mask."""
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            return np.s_[0:0, 0:0], np.s_[0:0, 0:0]
        columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
        left, right = max(int(columns[0]), -x), min(int(columns[-1]) + 1, self.width - x)
        top, bottom = max(int(rows[0]), -y), min(int(rows[-1]) + 1, self.height - y)
        if left >= right or top >= bottom:
            return np.s_[0:0, 0:0], np.s_[0:0, 0:0]
        a, b, c, d = self._painted
        self._painted = (min(a, left + x), min(b, top + y), max(c, right + x), max(d, bottom + y))
        return np.s_[top + y : bottom + y, left + x : right + x], np.s_[top:bottom, left:right]

    def layer(self, *, tile: bool = False, smooth: bool = False) -> Layer:
        """Quantise to a :class:`Layer`, cropped to what is painted (a ``tile`` keeps its whole width)."""
        left, top, right, bottom = self._painted
        if left >= right:
            left, top, right, bottom = 0, 0, 1, 1
        if tile:
            left, right = 0, self.width
        elif smooth:  # room for the half-pixel shift
            left, right = max(left - 1, 0), min(right + 1, self.width)
        window = np.s_[top:bottom, left:right]
        return Layer(self.colour[window], self.keep[window], left=left, top=top, smooth=smooth, tile=tile)


class Finish:
    """The last touch on every frame: a soft vignette and moving film grain."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        grain = np.clip(self._random.normal(0, 1.1, (HEIGHT + 64, WIDTH + 64)), -3, 3)
        self._grain = np.repeat(np.rint(grain).astype(np.int8).view(np.uint8)[..., None], 3, axis=2)
        y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
        canvas = Canvas()
        canvas.shade(np.clip((x * x * 0.8 + y * y * 0.7) - 0.45, 0, 1) ** 1.3, 0.42)
        self._vignette = canvas.layer()

    def apply(self, frame: Frame, index: int) -> None:
        """Finish frame number ``index`` in place; the same index always gets the same grain."""
        self._vignette.draw(frame)
        np.clip(frame, 4, 251, out=frame)
        x, y = (index * 37) % 64, (index * 23 + index // 7 * 11) % 64
        np.add(frame, self._grain[y : y + HEIGHT, x : x + WIDTH], out=frame)  # wraps, but has room on both sides
