"""A pen with smooth edges: shapes drawn three times too large with Pillow and reduced to a mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from groundswell.demo.films.stage import HEIGHT, WIDTH, Field, from_image

Point = tuple[float, float]


def spline(points: Sequence[Point], *, closed: bool = True, steps: int = 10) -> list[Point]:
    """Catmull-Rom: a smooth curve through all ``points``."""
    p = np.array(points, float)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    a, b, c, d = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)] + ([] if closed else [points[-1]])


class Pen:
    """Draws on a mask of ``width`` × ``height`` px; coordinates are in px of the mask; ``ink`` is 0..1."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT, scale: int = 3) -> None:
        self.scale = scale
        self._image = Image.new("L", (width * scale, height * scale))
        self._draw = ImageDraw.Draw(self._image)

    def _up(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def polygon(self, points: Sequence[Point], ink: float = 1.0) -> Pen:
        self._draw.polygon(self._up(points), fill=round(ink * 255))
        return self

    def curve(self, points: Sequence[Point], ink: float = 1.0) -> Pen:
        """A closed smooth shape through ``points``."""
        return self.polygon(spline(points), ink)

    def line(self, points: Sequence[Point], width: float = 2.0, ink: float = 1.0) -> Pen:
        """A polyline with round joints and ends."""
        up, thick = self._up(points), max(1, round(width * self.scale))
        self._draw.line(up, fill=round(ink * 255), width=thick, joint="curve")
        if thick > 3:
            for x, y in (up[0], up[-1]):
                r = thick / 2
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill=round(ink * 255))
        return self

    def ellipse(self, x: float, y: float, rx: float, ry: float | None = None, ink: float = 1.0) -> Pen:
        ry = rx if ry is None else ry
        (box,) = [self._up([(x - rx, y - ry), (x + rx, y + ry)])]
        self._draw.ellipse((*box[0], *box[1]), fill=round(ink * 255))
        return self

    def ring(self, x: float, y: float, rx: float, ry: float, width: float = 2.0, ink: float = 1.0) -> Pen:
        box = self._up([(x - rx, y - ry), (x + rx, y + ry)])
        thick = max(1, round(width * self.scale))
        self._draw.ellipse((*box[0], *box[1]), outline=round(ink * 255), width=thick)
        return self

    def box(self, x0: float, y0: float, x1: float, y1: float, ink: float = 1.0, radius: float = 0) -> Pen:
        corners = self._up([(x0, y0), (x1, y1)])
        span = (*corners[0], *corners[1])
        if radius:
            self._draw.rounded_rectangle(span, radius * self.scale, fill=round(ink * 255))
        else:
            self._draw.rectangle(span, fill=round(ink * 255))
        return self

    def mask(self) -> Field:
        """What has been drawn, (height, width) in 0..1."""
        return from_image(self._image.reduce(self.scale))
