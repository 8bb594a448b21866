"""Planets, stations and aurora."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films.paint import Random, blur, glow, noise, rim, seamless
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Colour, Field, Frame, Layer, rgb
from groundswell.demo.films.weather import stars


class Planet:
    """A turning planet of ``radius`` px at (x, y), with stars around it; lit from the direction ``sun``."""

    def __init__(
        self, random: Random, x: int, y: int, radius: int, *, sun: tuple[float, float] = (-0.7, -0.5),
        sea: Colour = "#123f73", land: Colour = "#6b7f52", air: Colour = "#7cc4ff",
        speed: float = 8, space: Colour = "#04060f",
    ) -> None:  # fmt: skip
        self._speed, self._left, self._top = speed, max(0, x - radius), max(0, y - radius)
        right, bottom = min(WIDTH, x + radius), min(HEIGHT, y + radius)
        self._view = np.s_[self._top : bottom, self._left : right]
        self._strip = self._surface(random, bottom - self._top, right - self._left + 700, sea, land)
        yy, xx = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        dx, dy = (xx - x) / radius, (yy - y) / radius
        away = np.hypot(dx, dy)
        inside = np.clip((1 - away) * radius + 0.5, 0, 1)
        lift = np.sqrt(np.clip(1 - away**2, 0, 1))
        lit = np.clip((dx * sun[0] + dy * sun[1] + 0.45 * lift) * 1.5 + 0.25, 0, 1)
        backdrop = Canvas().fill(np.broadcast_to(rgb(space), (HEIGHT, WIDTH, 3)))
        stars(backdrop, random, 1100)
        halo = (
            np.exp(-np.clip(away - 1, 0, 9) * radius / 26)
            * (1 - inside)
            * np.clip(dx * sun[0] + dy * sun[1] + 0.5, 0, 1)
        )
        backdrop.light(halo, air, 0.85)
        window = inside[..., None]
        edge = (1 - lift) ** 3 * lit
        shade = Canvas().put(backdrop.colour * (1 - window), window * lit[..., None] ** 1.2)
        shade.light(inside * edge, air, 0.8)
        shade.light(inside * np.clip(0.16 - np.abs(lit - 0.1), 0, 1) * 2, "#ff9a5c", 0.22)
        self._shade = shade.layer()

    @staticmethod
    def _surface(random: Random, height: int, width: int, sea: Colour, land: Colour) -> Frame:
        relief = seamless(noise(random, width + 300, height, 330, 6, 1.2), 300)
        cloud = seamless(noise(random, width + 300, height, 300, 6, 2.2), 300)
        ground = np.clip((relief - 0.55) * 9, 0, 1)[..., None]
        colour = (
            rgb(sea) * (0.75 + 0.5 * relief[..., None]) * (1 - ground)
            + rgb(land) * (0.6 + 0.6 * relief[..., None]) * ground
        )
        veil = (np.clip((cloud - 0.52) * 3, 0, 1) * 0.92)[..., None]
        return np.asarray(np.clip(colour * (1 - veil) + veil, 0, 1) * 255, np.uint8)

    def draw(self, frame: Frame, t: float) -> None:
        target = frame[self._view]
        shift = int(t * self._speed) % self._strip.shape[1]
        first = self._strip[:, shift : shift + target.shape[1]]
        target[:, : first.shape[1]] = first
        if first.shape[1] < target.shape[1]:
            target[:, first.shape[1] :] = self._strip[:, : target.shape[1] - first.shape[1]]
        self._shade.draw(frame)


def station(width: float = 760) -> tuple[Field, Field, Field]:
    """Halcyon from outside: (hull, solar cells, lit windows), each (0.62 w, w)."""
    w, h = width, width * 0.62
    hull, cells, lamps = (Pen(round(w), round(h), 2) for _ in range(3))
    cx, cy = w * 0.5, h * 0.5
    hull.ring(cx, cy, w * 0.2, w * 0.085, w * 0.026)
    for a in (0.4, 1.9, 3.5, 5.2):
        hull.line([(cx, cy), (cx + np.cos(a) * w * 0.19, cy + np.sin(a) * w * 0.078)], w * 0.008)
    hull.box(cx - w * 0.035, cy - h * 0.3, cx + w * 0.035, cy + h * 0.26, radius=w * 0.02)
    hull.box(cx - w * 0.055, cy - h * 0.12, cx + w * 0.055, cy + h * 0.1, radius=w * 0.02)
    hull.curve([(cx - w * 0.04, cy - h * 0.29), (cx, cy - h * 0.38), (cx + w * 0.04, cy - h * 0.29)])
    hull.line([(cx, cy - h * 0.3), (cx, cy - h * 0.47)], w * 0.004).line(
        [(cx - w * 0.46, cy - h * 0.2), (cx + w * 0.46, cy - h * 0.2)], w * 0.008
    )
    hull.curve(
        [(cx - w * 0.07, cy + h * 0.27), (cx, cy + h * 0.33), (cx + w * 0.07, cy + h * 0.27), (cx, cy + h * 0.29)]
    )
    hull.line([(cx, cy + h * 0.3), (cx, cy + h * 0.42)], w * 0.004)
    for side in (-1, 1):
        for k in range(2):
            x0 = cx + side * w * (0.16 + 0.165 * k)
            x1 = x0 + side * w * 0.145
            for y0, y1 in ((-0.46, -0.225), (-0.175, 0.06)):
                cells.box(min(x0, x1), cy + h * y0, max(x0, x1), cy + h * y1)
                for i in range(1, 6):
                    x = x0 + (x1 - x0) * i / 6
                    cells.line([(x, cy + h * y0), (x, cy + h * y1)], 1.2, 0.45)
                for i in range(1, 4):
                    y = cy + h * (y0 + (y1 - y0) * i / 4)
                    cells.line([(x0, y), (x1, y)], 1.2, 0.45)
    for k in range(9):
        a = 0.3 + k * 0.29
        lamps.ellipse(cx + np.cos(a) * w * 0.188, cy + np.sin(a) * w * 0.076, w * 0.0045)
    for k in range(5):
        lamps.ellipse(cx + w * 0.012, cy - h * 0.22 + k * h * 0.1, w * 0.006)
    return hull.mask(), cells.mask(), lamps.mask()


def station_layer(width: float = 760) -> Layer:
    hull, cells, lamps = station(width)
    h, w = hull.shape
    metal = np.repeat(np.linspace(1, 0.35, w, dtype=np.float32)[None], h, 0)[..., None] * rgb("#c9cdd6")
    panel = np.repeat(np.linspace(1, 0.5, w, dtype=np.float32)[None], h, 0)[..., None] * rgb("#2c4f9a")
    canvas = Canvas(w, h).over((cells > 0.2).astype(np.float32), "#0a1230").over(np.clip(cells, 0, 1) ** 2, panel)
    canvas.light(rim(np.clip(cells * 2, 0, 1), -1, -1, 3), "#ffc88a", 0.6)
    canvas.over(hull, metal).over(rim(hull, 1, 1, 4), "#10131d", 0.8).light(rim(hull, -1, -1, 3), "#fff0d8", 0.9)
    return canvas.light(blur(lamps, 4), "#ffc873", 3).light(lamps, "#fff0c8").layer(smooth=True)


class Aurora:
    """Curtains of light that drift across one another."""

    def __init__(self, random: Random, colours: tuple[Colour, ...], top: int, bottom: int) -> None:
        self._sheets = []
        rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
        for k, colour in enumerate(colours):
            fold = noise(random, WIDTH + 500, 1, 240, 4)[0] * 170 + noise(random, WIDTH + 500, 1, 60, 3)[0] * 40
            foot = bottom - fold[None] - 40 * k
            streak = noise(random, WIDTH + 500, 1, 30, 4)[0][None]
            up = (foot - rows) / (bottom - top)
            mask = np.where(up >= 0, np.exp(-np.clip(up, 0, 9) * 3.2), np.exp(np.clip(up, -9, 0) * 26)) * (
                0.25 + streak
            )
            self._sheets.append(Canvas(WIDTH + 500).light(mask.astype(np.float32), colour, 0.75).layer(smooth=True))

    def draw(self, frame: Frame, t: float) -> None:
        for k, sheet in enumerate(self._sheets):
            drift = -250 + (24 + 9 * k) * (t - 5) * (1 if k % 2 else -1)
            sheet.draw(frame, drift, 6 * np.sin(t * 0.7 + k))


def bean(pen: Pen, x: float, foot: float, height: float, *, flower: bool = False) -> None:
    """Gerald: a bean plant in a pot."""
    h = height
    pen.polygon(
        [(x - h * 0.17, foot - h * 0.28), (x + h * 0.17, foot - h * 0.28), (x + h * 0.12, foot), (x - h * 0.12, foot)]
    )
    pen.box(x - h * 0.19, foot - h * 0.32, x + h * 0.19, foot - h * 0.26)
    stem = [
        (x, foot - h * 0.3),
        (x + h * 0.03, foot - h * 0.55),
        (x - h * 0.03, foot - h * 0.75),
        (x + h * 0.05, foot - h * 0.95),
    ]
    pen.line(stem, max(1.5, h * 0.022))
    for (sx, sy), side in zip((stem[1], stem[1], stem[2], stem[3], stem[3]), (-1, 1, 1, -1, 1), strict=True):
        tip = (sx + side * h * 0.24, sy - h * 0.08)
        pen.curve([(sx, sy), (sx + side * h * 0.12, sy - h * 0.12), tip, (sx + side * h * 0.13, sy + h * 0.03)])
    if flower:
        for a in range(5):
            pen.ellipse(
                x + h * 0.05 + h * 0.05 * np.cos(a * 1.257), foot - h * 1.0 + h * 0.05 * np.sin(a * 1.257), h * 0.04
            )


def backlight(canvas: Canvas, x: int, y: int, radius: int, colour: Colour, strength: float = 0.7) -> None:
    """A wide soft light centred on (x, y)."""
    canvas.light(glow(radius, 2.2), colour, strength, x - radius, y - radius)
