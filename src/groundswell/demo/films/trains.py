"""Rolling stock, tracks and cities passing by."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films import props
from groundswell.demo.films.paint import Random, below, blur, rim
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.stage import HEIGHT, Canvas, Colour, Field, Layer, rgb


def engine(pen: Pen, lamps: Pen, x: float, rail: float, length: float) -> None:
    """A blunt diesel engine facing right, wheels on ``rail``."""
    u = length
    deck, roof = rail - u * 0.06, rail - u * 0.27
    pen.polygon(
        [
            (x, deck),
            (x, roof + u * 0.02),
            (x + u * 0.02, roof),
            (x + u * 0.86, roof),
            (x + u * 0.96, roof + u * 0.07),
            (x + u * 0.985, deck - u * 0.07),
            (x + u, deck),
            (x + u * 0.99, rail - u * 0.015),
            (x + u * 0.9, rail - u * 0.015),
            (x + u * 0.9, deck),
        ]
    )
    for k in range(6):
        pen.ellipse(x + u * (0.1 + 0.07 * (k % 3) + 0.6 * (k // 3)), rail - u * 0.036, u * 0.034)
    pen.box(x + u * 0.36, deck, x + u * 0.58, rail - u * 0.02)
    pen.box(x + u * 0.3, roof - u * 0.02, x + u * 0.5, roof + u * 0.01)
    lamps.polygon(
        [
            (x + u * 0.875, roof + u * 0.035),
            (x + u * 0.925, roof + u * 0.06),
            (x + u * 0.945, roof + u * 0.11),
            (x + u * 0.875, roof + u * 0.11),
        ]
    )
    lamps.box(x + u * 0.79, roof + u * 0.035, x + u * 0.845, roof + u * 0.11, radius=u * 0.006)
    lamps.ellipse(x + u * 0.982, deck - u * 0.045, u * 0.012)


def coach(pen: Pen, lamps: Pen, x: float, rail: float, length: float) -> None:
    """A passenger coach with lit windows."""
    u = length
    pen.box(x, rail - u * 0.2, x + u * 0.97, rail - u * 0.045, radius=u * 0.02).box(
        x + u * 0.96, rail - u * 0.12, x + u * 1.02, rail - u * 0.07
    )
    for at in (0.1, 0.17, 0.8, 0.87):
        pen.ellipse(x + u * at, rail - u * 0.028, u * 0.027)
    for k in range(9):
        lamps.box(
            x + u * (0.055 + k * 0.1), rail - u * 0.165, x + u * (0.12 + k * 0.1), rail - u * 0.105, radius=u * 0.008
        )


def hopper(pen: Pen, x: float, rail: float, length: float) -> None:
    """A cement wagon."""
    u = length
    pen.polygon(
        [
            (x + u * 0.02, rail - u * 0.3),
            (x + u * 0.95, rail - u * 0.3),
            (x + u * 0.95, rail - u * 0.18),
            (x + u * 0.72, rail - u * 0.07),
            (x + u * 0.25, rail - u * 0.07),
            (x + u * 0.02, rail - u * 0.18),
        ]
    )
    pen.box(x, rail - u * 0.09, x + u * 1.02, rail - u * 0.065)
    for k in (0.2, 0.48, 0.76):
        pen.curve(
            [(x + u * (k - 0.08), rail - u * 0.3), (x + u * k, rail - u * 0.35), (x + u * (k + 0.08), rail - u * 0.3)]
        )
    for at in (0.12, 0.25, 0.73, 0.86):
        pen.ellipse(x + u * at, rail - u * 0.04, u * 0.04)


def train(length: float, wagons: int, colour: Colour, edge: Colour, *, coaches: int = 2, glow: float = 1.0) -> Layer:
    """The 23:10: engine in front (right), then ``coaches``, then ``wagons``; the rail is the canvas's bottom - 4 px."""
    short = length * 0.42
    total = int(length + coaches * length * 1.02 + wagons * short * 1.02) + 8
    tall = int(length * 0.36) + 6
    pen, lamps, rail = Pen(total, tall, 2), Pen(total, tall, 2), tall - 4
    x = total - 4 - length
    engine(pen, lamps, x, rail, length)
    for _ in range(coaches):
        x -= length * 1.0
        coach(pen, lamps, x, rail, length)
    for _ in range(wagons):
        x -= short * 1.02
        hopper(pen, x, rail, short)
    body, light = pen.mask(), lamps.mask()
    canvas = Canvas(total, tall).over(body, colour).light(rim(body, 0, -1, 1.6), edge, 0.8)
    canvas.light(blur(light, length * 0.02), "#ffb54f", 1.4 * glow).over(light, "#ffe2a0", glow)
    return canvas.layer(smooth=True)


def viaduct(width: int, deck: float, foot: float, span: float) -> Field:
    """Arches that repeat every ``span`` px (``width`` should be a multiple): (HEIGHT, width)."""
    pen = Pen(width, HEIGHT, 2).box(0, deck, width, deck + 12).box(0, deck + 12, width, foot)
    solid = pen.mask()
    holes = Pen(width, HEIGHT, 2)
    for k in range(int(width / span) + 1):
        x = k * span + span / 2
        holes.ellipse(x, deck + 26 + span * 0.36, span * 0.39, span * 0.36)
        holes.box(x - span * 0.39, deck + 26 + span * 0.36, x + span * 0.39, foot + 4)
    return np.asarray(np.clip(solid - holes.mask(), 0, 1), np.float32)


def city(
    random: Random, width: int, base: int, low: int, high: int, wall: Colour, lit: tuple[Colour, ...], share: float
) -> Layer:
    """A strip of buildings with lit windows, repeating after ``width`` px."""
    canvas, x = Canvas(width), 0
    body = np.zeros((HEIGHT, width), np.float32)
    windows = {colour: np.zeros((HEIGHT, width), np.float32) for colour in lit}
    while x < width - 20:
        wide, tall = int(random.uniform(46, 130)), int(random.uniform(low, high))
        right = min(x + wide, width)
        body[base - tall :, x:right] = 1
        if random.random() < 0.4:
            body[base - tall - int(random.uniform(10, 60)) : base - tall, x + wide // 2 : x + wide // 2 + 3] = 1
        for wy in range(base - tall + 10, HEIGHT, 15):
            for wx in range(x + 7, right - 9, 11):
                if random.random() < share:
                    windows[lit[int(random.integers(len(lit)))]][wy : wy + 8, wx : wx + 6] = random.uniform(0.35, 1)
        x = right + int(random.uniform(-6, 16))
    shade = np.broadcast_to(
        (rgb(wall) * np.linspace(0.75, 1.35, HEIGHT, dtype=np.float32)[:, None])[:, None], (HEIGHT, width, 3)
    )
    canvas.over(body, np.ascontiguousarray(shade))
    for colour, mask in windows.items():
        canvas.light(blur(mask, 5), colour, 0.7).over(mask, colour, 0.95)
    return canvas.layer(tile=True, smooth=True)


def forest(
    random: Random,
    width: int,
    foot: float,
    low: float,
    high: float,
    count: int,
    colour: Colour,
    snow: Colour | None = None,
) -> Layer:
    """A strip of spruces that repeats after ``width`` px."""
    pen = Pen(width, HEIGHT, 2)
    for x in random.uniform(0, width, count):
        height = random.uniform(low, high)
        for shift in (-width, 0, width):
            if -height < x + shift < width + height:
                props.pine(pen, random, x + shift, foot + random.uniform(-4, 8), height)
    mask = np.maximum(pen.mask(), below(np.full(width, foot, np.float32)))
    canvas = Canvas(width).over(mask, colour)
    if snow:
        canvas.light(rim(mask, -1, -2, 3), snow, 0.8)
    return canvas.layer(tile=True, smooth=True)


def poles(width: int, foot: float, height: float, every: int, colour: Colour) -> Layer:
    """Telegraph poles and their sagging wires."""
    pen = Pen(width, HEIGHT, 2)
    for x in range(every // 2, width, every):
        pen.line([(x, foot), (x, foot - height)], height * 0.03)
        for k in (0.06, 0.16):
            pen.line(
                [(x - height * 0.1, foot - height * (1 - k)), (x + height * 0.1, foot - height * (1 - k))],
                height * 0.02,
            )
    for k in (0.05, 0.15):
        for x in range(-every // 2, width + every, every):
            sag = [(x + every * s / 12, foot - height * (1 - k) + 30 * (1 - (2 * s / 12 - 1) ** 2)) for s in range(13)]
            pen.line(sag, 1.6)
    return Canvas(width).over(pen.mask(), colour).layer(tile=True, smooth=True)
