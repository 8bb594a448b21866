"""Things that stand in more than one shot: lighthouse, boats, houses, trees, gulls, moving titles."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films.paint import Random, blur, glow, lettering, rim, smooth
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import Pose, Who, person
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Colour, Field, Frame, Layer


def lighthouse(pen: Pen, x: float, foot: float, height: float) -> tuple[float, float]:
    """Draw the tower of Skerry Point; returns where its lamp is."""
    h = height
    half_foot, half_top = h * 0.105, h * 0.062
    shoulder = foot - h * 0.74
    pen.polygon([(x - half_foot, foot), (x - half_top, shoulder), (x + half_top, shoulder), (x + half_foot, foot)])
    pen.box(x - h * 0.1, shoulder - h * 0.022, x + h * 0.1, shoulder)
    for i in range(-4, 5):
        pen.line([(x + i * h * 0.024, shoulder - h * 0.02), (x + i * h * 0.024, shoulder - h * 0.07)], h * 0.006)
    pen.line([(x - h * 0.1, shoulder - h * 0.07), (x + h * 0.1, shoulder - h * 0.07)], h * 0.008)
    room = shoulder - h * 0.02
    pen.box(x - h * 0.052, room - h * 0.035, x + h * 0.052, room)
    for i in (-1, 0, 1):
        pen.line([(x + i * h * 0.05, room), (x + i * h * 0.05, room - h * 0.15)], h * 0.008)
    pen.box(x - h * 0.058, room - h * 0.155, x + h * 0.058, room - h * 0.138)
    pen.curve(
        [(x - h * 0.06, room - h * 0.15), (x, room - h * 0.225), (x + h * 0.06, room - h * 0.15), (x, room - h * 0.145)]
    )
    pen.line([(x, room - h * 0.2), (x, room - h * 0.26)], h * 0.008).ellipse(x, room - h * 0.225, h * 0.014)
    return x, room - h * 0.085


def cottage(pen: Pen, x: float, foot: float, width: float) -> None:
    """A low keeper's cottage with a chimney."""
    h = width * 0.34
    pen.box(x, foot - h, x + width, foot + 6)
    pen.polygon(
        [
            (x - width * 0.05, foot - h),
            (x + width * 0.12, foot - h * 1.9),
            (x + width * 0.88, foot - h * 1.9),
            (x + width * 1.05, foot - h),
        ]
    )
    pen.box(x + width * 0.7, foot - h * 2.35, x + width * 0.79, foot - h * 1.5)


def trawler(width: float) -> tuple[Field, Field]:
    """A fishing boat under way to the right: (hull and rigging, its lit windows), each (0.8 w, w)."""
    w = width
    size = (round(w), round(w * 0.8))
    hull, lamps = Pen(*size), Pen(*size)
    deck = w * 0.56
    hull.curve(
        [
            (w * 0.04, deck + 2),
            (w * 0.3, deck + w * 0.04),
            (w * 0.62, deck + w * 0.02),
            (w * 0.97, deck - w * 0.09),
            (w * 0.9, deck + w * 0.1),
            (w * 0.8, deck + w * 0.2),
            (w * 0.12, deck + w * 0.2),
            (w * 0.06, deck + w * 0.1),
        ]
    )
    hull.box(w * 0.46, deck - w * 0.17, w * 0.68, deck + w * 0.04).box(
        w * 0.44, deck - w * 0.19, w * 0.71, deck - w * 0.165
    )
    hull.box(w * 0.5, deck - w * 0.25, w * 0.6, deck - w * 0.18)
    hull.line([(w * 0.55, deck - w * 0.2), (w * 0.55, deck - w * 0.5)], w * 0.012)
    hull.line([(w * 0.22, deck), (w * 0.22, deck - w * 0.38), (w * 0.44, deck - w * 0.14)], w * 0.014)
    hull.line([(w * 0.22, deck - w * 0.37), (w * 0.07, deck - w * 0.05)], w * 0.007)
    hull.line([(w * 0.55, deck - w * 0.49), (w * 0.95, deck - w * 0.07)], w * 0.005)
    hull.line([(w * 0.55, deck - w * 0.49), (w * 0.22, deck - w * 0.37)], w * 0.005)
    hull.line([(w * 0.74, deck), (w * 0.94, deck - w * 0.14), (w * 0.96, deck - w * 0.08)], w * 0.006)
    for i in range(3):
        x = w * (0.485 + i * 0.068)
        lamps.box(x, deck - w * 0.135, x + w * 0.042, deck - w * 0.085, radius=2)
    lamps.ellipse(w * 0.55, deck - w * 0.5, w * 0.012)
    return hull.mask(), lamps.mask()


def pine(pen: Pen, random: Random, x: float, foot: float, height: float) -> None:
    """A ragged spruce."""
    tiers = 7
    left, right = [(x, foot - height)], [(x, foot - height)]
    for i in range(1, tiers + 1):
        y = foot - height * (1 - i / tiers * 0.93)
        reach = height * 0.21 * (i / tiers) ** 0.85
        left += [(x - reach * random.uniform(0.8, 1.15), y), (x - reach * 0.5, y - height * 0.025)]
        right += [(x + reach * random.uniform(0.8, 1.15), y), (x + reach * 0.5, y - height * 0.025)]
    pen.polygon(left + right[::-1])
    pen.box(x - height * 0.018, foot - height * 0.1, x + height * 0.018, foot + 3)


class Walker:
    """Somebody who walks: twelve drawn steps, used over and over."""

    STEPS = 12

    def __init__(
        self, who: Who, height: float, colour: Colour, *, carries: str = "", light: Colour = "#ffffff",
        shine: float = 0.0, from_left: bool = True, facing: int = 1, pose: Pose = "walk", halo: Colour | None = None,
    ) -> None:  # fmt: skip
        self.height, self.layers = height, []
        for step in range(self.STEPS):
            mask = person(who, height, pose, step / self.STEPS, carries)[:, ::facing]
            canvas = Canvas(mask.shape[1], mask.shape[0]).over(mask, colour)
            if shine:
                canvas.light(rim(mask, -1 if from_left else 1, -1, 1.5), light, shine)
            if halo:
                side = mask.shape[1] // 2 + round(height * 0.17) * facing
                canvas.light(glow(height * 0.3, 2), halo, 0.9, side - int(height * 0.3), int(height * 0.28))
            self.layers.append(canvas.layer(smooth=True))

    def draw(self, frame: Frame, x: float, foot: float, t: float, pace: float = 1.0, opacity: float = 1.0) -> None:
        """Feet at (x, foot); ``pace`` is walk cycles a second."""
        size = round(self.height * 1.1)
        layer = self.layers[int(t * pace * self.STEPS) % self.STEPS]
        layer.draw(frame, x - size / 2, foot - size, opacity)


def gulls(frame: Frame, layers: list[Layer], t: float, paths: list[tuple[float, float, float, float, float]]) -> None:
    """Birds on straight paths: (x, y, px/s across, px/s down, wing beats' phase)."""
    for x, y, vx, vy, phase in paths:
        beat = int((t * 2.2 + phase) * 6)
        glide = (t * 0.37 + phase) % 1 > 0.55
        layers[2 if glide else (0, 1, 2, 3, 2, 1)[beat % 6]].draw(frame, x + vx * t, y + vy * t)


def gull_layers(span: float, colour: Colour) -> list[Layer]:
    """Four positions of a gull's wings."""
    layers = []
    for lift in (0.5, 0.25, 0.02, -0.22):
        pen, s = Pen(round(span), round(span)), span
        for side in (-1, 1):
            elbow = (s / 2 + side * s * 0.2, s / 2 - lift * s * 0.55)
            tip = (s / 2 + side * s * 0.46, s / 2 - lift * s * 0.35 + 0.05 * s)
            pen.line([(s / 2, s / 2), elbow, tip], s * 0.045)
        pen.ellipse(s / 2, s / 2 + s * 0.01, s * 0.09, s * 0.04)
        layers.append(Canvas(round(span), round(span)).over(pen.mask(), colour).layer(smooth=True))
    return layers


class TitleCard:
    """A title card over a shot: the name in spaced capitals, a rule, and a line below; fades in and out."""

    def __init__(self, name: str, line: str, colour: Colour = "#fff6e4", *, y: int = 300, size: float = 58) -> None:
        tracking = size * 0.32
        text = lettering(name.upper(), size, tracking)
        while text.shape[1] > WIDTH - 160:
            size *= 0.93
            tracking = size * 0.32
            text = lettering(name.upper(), size, tracking)
        below = lettering(line.upper(), 17, 6)
        canvas = Canvas()
        shadow = np.zeros((HEIGHT, WIDTH), np.float32)
        x = round((WIDTH - text.shape[1] + tracking) / 2)
        shadow[y : y + text.shape[0], x : x + text.shape[1]] = text
        canvas.shade(np.clip(blur(shadow, 22) * 1.6, 0, 1), 0.45)
        canvas.over(text, colour, x=x, y=y)
        rule = np.ones((1, 150), np.float32)
        canvas.over(rule, colour, 0.8, (WIDTH - 150) // 2, y + int(size * 1.75))
        canvas.over(below, colour, 0.92, (WIDTH - below.shape[1] + 6) // 2, y + int(size * 1.75) + 20)
        self._layer = canvas.layer()

    def draw(self, frame: Frame, t: float, start: float, stop: float) -> None:
        self._layer.draw(frame, opacity=smooth(t, start, start + 1.2) * (1 - smooth(t, stop - 0.8, stop)))


class Credits:
    """End credits that roll: (role, name) pairs, centred; an empty role makes a heading."""

    def __init__(self, entries: list[tuple[str, str]], colour: Colour = "#f4ead6", *, x: int = WIDTH // 2) -> None:
        pitch = 62
        self.height = pitch * len(entries) + 20
        canvas = Canvas(760, self.height)
        for i, (role, name) in enumerate(entries):
            y = i * pitch
            if role:
                small, big = lettering(role.upper(), 13, 4), lettering(name, 25, 1.5)
                canvas.over(small, colour, 0.62, (760 - small.shape[1]) // 2, y)
                canvas.over(big, colour, 1, (760 - big.shape[1]) // 2, y + 17)
            else:
                big = lettering(name.upper(), 30, 9)
                canvas.over(big, colour, 1, (760 - big.shape[1]) // 2, y + 6)
        self._layer, self._x = canvas.layer(), x - 380

    def draw(self, frame: Frame, t: float, seconds: float) -> None:
        """Roll from below the frame until the last entry rests in the middle, at ``seconds``."""
        path = HEIGHT + 10 - min(1.0, t / seconds) * (HEIGHT / 2 + self.height - 30)
        self._layer.draw(frame, self._x, path)
