"""What moves by itself: rain, snow, stars, sparks, clouds, waves, water and beams of light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groundswell.demo.films.paint import Random, below, blur, glow, noise, rim, rows, seamless, shifted
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Colour, Field, Frame, Layer, rgb


class Particles:
    """Many small marks, each with its own place, speed and brightness, in a box that wraps round.

    Args:
        count: how many. velocity: mean (x, y) in px/s; each differs by up to ``spread`` of it (nearer is faster).
        size: radius of a dot in px; with ``streak`` > 0, marks are lines that long (px) along their motion.
        box: (left, top, right, bottom) px. sway: side-to-side swing in px. twinkle: 0 steady … 1 fully blinking.
    """

    def __init__(
        self,
        random: Random,
        count: int,
        colour: Colour,
        velocity: tuple[float, float] = (0, 0),
        *,
        size: float = 1.2,
        streak: float = 0,
        box: tuple[int, int, int, int] = (0, 0, WIDTH, HEIGHT),
        spread: float = 0.5,
        sway: float = 0,
        twinkle: float = 0,
        opacity: float = 0.8,
    ) -> None:
        self._box, self._sway, self._twinkle = box, sway, twinkle
        depth = random.random(count).astype(np.float32) ** 1.5
        self._start = random.random((count, 2)).astype(np.float32)
        self._velocity = np.array(velocity, np.float32) * (1 - spread * (1 - depth))[:, None]
        self._phase = random.uniform(0, 2 * np.pi, count).astype(np.float32)
        self._pace = random.uniform(0.6, 2.4, count).astype(np.float32)
        self._alpha = opacity * (0.35 + 0.65 * depth)
        self._colour = (rgb(colour) * 255).astype(np.int32)
        self._offsets, self._weights = _streak(velocity, streak) if streak else _dot(size)

    def draw(self, frame: Frame, t: float, opacity: float = 1.0) -> None:
        left, top, right, bottom = self._box
        span = np.array([right - left, bottom - top], np.float32)
        place = (self._start * span + self._velocity * t) % span + (left, top)
        place[:, 0] += self._sway * np.sin(t * self._pace + self._phase)
        alpha = self._alpha * (1 - self._twinkle * (0.5 + 0.5 * np.sin(t * self._pace * 2.2 + self._phase)))
        x = place[:, :1].astype(np.int32) + self._offsets[None, :, 0]
        y = place[:, 1:].astype(np.int32) + self._offsets[None, :, 1]
        inside = (x >= 0) & (x < frame.shape[1]) & (y >= 0) & (y < frame.shape[0])
        weight = ((alpha * opacity)[:, None] * self._weights[None] * 256).astype(np.int32)[inside, None]
        at = (y[inside], x[inside])
        here = frame[at].astype(np.int32)
        frame[at] = here + ((self._colour - here) * weight >> 8)


def _dot(size: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    reach = int(np.ceil(size))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    weight = np.clip(1.15 - np.hypot(x, y) / (size + 0.35), 0, 1)
    keep = weight > 0.05
    return np.stack([x[keep], y[keep]], 1).astype(np.int32), weight[keep].astype(np.float32)


def _streak(velocity: tuple[float, float], length: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    along = np.arange(int(length), dtype=np.float32)
    direction = np.array(velocity) / max(np.hypot(*velocity), 1e-6)
    return np.rint(along[:, None] * direction).astype(np.int32), (along + 1) / length


def stars(canvas: Canvas, random: Random, count: int, until: int = HEIGHT, colour: Colour = "#dfe9ff") -> None:
    """Scatter fixed stars on a canvas's upper ``until`` rows, a few of them with a halo."""
    field = np.zeros((canvas.height, canvas.width), np.float32)
    y, x = random.integers(0, until, count), random.integers(0, canvas.width, count)
    field[y, x] = random.random(count) ** 3
    canvas.light(field, colour).light(blur(field, 0.8), colour, 1.5)
    halo = glow(9, 3)
    for i in range(count // 60):
        canvas.light(halo, colour, 0.8, int(x[i]) - 9, int(y[i]) - 9)


def clouds(
    random: Random,
    width: int,
    bright: Colour,
    dark: Colour,
    *,
    top: float,
    bottom: float,
    cover: float = 0.5,
    cell: float = 260,
    stretch: float = 2.6,
    opacity: float = 0.9,
    lit_from: int = -1,
) -> Layer:
    """A bank of clouds between rows ``top`` and ``bottom``, lit from above (-1) or from below (1)."""
    shape = noise(random, width, HEIGHT, cell, 6, stretch)
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    away = np.abs(np.arange(HEIGHT, dtype=np.float32) - middle)[:, None] / half
    envelope = 1 - away**2.5  # the sky clears towards both edges of the bank
    mask = np.clip((shape - (1 - cover * 1.15 * envelope)) * 3.4, 0, 1)
    edge = np.clip((shape - shifted(shape, 0, -14 * lit_from)) * 2.6 + 0.45, 0, 1)[..., None]
    colour = rgb(dark) * (1 - edge) + rgb(bright) * edge
    return Canvas(width).over(mask * mask * (3 - 2 * mask), colour, opacity).layer(smooth=True)


def mist(random: Random, width: int, colour: Colour, top: float, bottom: float, opacity: float = 0.5) -> Layer:
    """A soft bank of fog between two rows."""
    veil = noise(random, width, HEIGHT, 300, 4, 4)
    band = rows(top, (top + bottom) / 2, width=width) * (1 - rows((top + bottom) / 2, bottom, width=width))
    return Canvas(width).over(np.clip(veil * 1.3, 0, 1) * band, colour, opacity).layer(smooth=True)


class Water:
    """Calm water that mirrors ``above`` (a painted canvas of the frame's size) below the row ``horizon``."""

    def __init__(
        self, random: Random, above: Canvas, horizon: int, tint: Colour, *, depth: Colour, clear: float = 0.6
    ) -> None:
        self.horizon, tall = horizon, HEIGHT - horizon
        self._pad = 60
        mirror = above.colour[horizon - 1 : max(horizon - tall - 1, 0) : -1]
        mirror = np.concatenate([mirror, np.repeat(mirror[-1:], tall - len(mirror), axis=0)])
        near = np.linspace(0, 1, tall, dtype=np.float32)[:, None, None]
        body = rgb(tint) * (1 - near) + rgb(depth) * near
        picture = mirror * clear * (1 - 0.4 * near) + body * (1 - clear * (1 - 0.4 * near))
        ripple = noise(random, WIDTH, tall, 26, 3, 9)[..., None] - 0.5
        picture = picture * (1 + ripple * (0.25 + 0.5 * near))
        picture = np.pad(picture, ((0, 0), (self._pad, self._pad), (0, 0)), mode="reflect")
        self._picture = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
        self._phase = random.uniform(0, 2 * np.pi, tall)
        self._near = near[:, 0, 0]

    def draw(self, frame: Frame, t: float) -> None:
        rows_of = np.arange(len(self._picture))
        swing = np.sin(t * 1.7 - rows_of * (0.55 - 0.4 * self._near)) + 0.5 * np.sin(t * 2.9 + self._phase * 0.5)
        offsets = np.clip(self._pad + swing * (2 + 16 * self._near), 0, 2 * self._pad).astype(int)
        for row, offset in enumerate(offsets):
            frame[self.horizon + row] = self._picture[row, offset : offset + WIDTH]


class Swell:
    """Rows of waves, from far to near, that roll sideways and heave."""

    def __init__(
        self, random: Random, crest: int, count: int, far: Colour, near: Colour, foam: Colour, *, height: float = 26
    ) -> None:
        self._waves: list[tuple[Layer, float, float, float]] = []
        for i in range(count):
            depth = i / max(count - 1, 1)
            line = _crests(random, 1440, 10 - round(6 * depth)) * height * (0.35 + depth)
            top = crest + (HEIGHT - crest) * depth**1.25 * 0.82
            tall = HEIGHT + 60  # it heaves: there must be more of it below the frame
            mask = below(line + top + height, tall)
            colour = rgb(far) * (1 - depth) + rgb(near) * depth
            body = colour * (1.18 - 0.5 * np.clip((np.arange(tall) - top) / 260, 0, 1)[:, None, None])
            canvas = Canvas(1440, tall).over(mask, np.broadcast_to(body, (tall, 1440, 3)).astype(np.float32))
            streaks = seamless(noise(random, 1640, tall, 34 + 30 * depth, 3, 5), 200)
            near_crest = np.clip(1 - (np.arange(tall)[:, None] - line - top - height) / (22 + 50 * depth), 0, 1)
            canvas.light(rim(np.pad(mask, ((0, 0), (9, 9)), mode="wrap"), 0, -1, 1.6)[:, 9:-9], foam, 0.5)
            canvas.light(np.clip(streaks - 0.52, 0, 1) * mask * near_crest.astype(np.float32), foam, 1.1)
            canvas.light(mask * near_crest.astype(np.float32) ** 2, foam, 0.14)
            self._waves.append((canvas.layer(tile=True, smooth=True), 18 + 70 * depth, 5 + 15 * depth, i * 1.3))

    def draw(self, frame: Frame, t: float, first: int = 0, last: int | None = None) -> None:
        """Paint waves ``first`` … ``last`` (so that a boat can ride between them)."""
        for layer, speed, heave, phase in self._waves[first:last]:
            layer.draw_tiled(frame, -t * speed + 200 * phase, heave * np.sin(t * 1.1 + phase))


def _crests(random: Random, width: int, waves: int) -> Field:
    """Pointed water waves that repeat after ``width`` px: -1 at the highest crest … about 0."""
    x = np.linspace(0, 2 * np.pi, width, endpoint=False)
    line = np.zeros(width)
    for k, size in ((waves, 1.0), (waves * 2 + 1, 0.45), (waves * 5 + 2, 0.16), (waves * 11 + 3, 0.06)):
        bend = 0.5 * np.sin(x * max(1, k // 3) + random.uniform(0, 6))
        phase = x * k / 2 + bend + random.uniform(0, 6)
        line += size * (0.55 * (1 - np.abs(np.sin(phase))) + 0.45 * np.cos(phase) ** 2)
    return np.asarray((-line / line.max()), np.float32)


class Beam:
    """The turning beam of a lamp at (x, y), seen from the side: swings out, round behind, and past the eye."""

    STEPS = 14

    def __init__(self, x: int, y: int, colour: Colour, *, reach: float = 1500, tilt: float = 0.0) -> None:
        self.x, self.y = x, y
        self._right = [self._wedge(k, colour, reach, tilt, False) for k in range(1, self.STEPS + 1)]
        self._left = [self._wedge(k, colour, reach, tilt, True) for k in range(1, self.STEPS + 1)]
        flare = Canvas().light(glow(190, 3), colour, 0.9, x - 190, y - 190)
        flare.light(glow(28, 1), "#ffffff", 1, x - 28, y - 28)
        self._flare = flare.layer()

    def _wedge(self, step: int, colour: Colour, reach: float, tilt: float, left: bool) -> Layer:
        length = reach * np.sin(step / self.STEPS * np.pi / 2)
        span = int(min(self.x if left else WIDTH - self.x, length))
        if span < 8:
            return Canvas(8, 8).layer()
        dx = np.arange(1, span + 1, dtype=np.float32)[None]
        half = 6 + dx * (0.045 + 40 / max(length, 60))
        top = max(0, int(self.y + min(0.0, tilt * span) - 2.6 * half.max()))
        bottom = min(HEIGHT, int(self.y + max(0.0, tilt * span) + 2.6 * half.max()))
        dy = (np.arange(top, bottom, dtype=np.float32) - self.y)[:, None] - tilt * dx
        fall = np.clip(1 - dx / length, 0, 1) ** 1.1
        mask = (0.55 * np.exp(-((dy / half) ** 2)) + 0.4 * np.exp(-((dy / half * 2.6) ** 2))) * fall
        mask = mask[:, ::-1] if left else mask
        layer = Canvas(span, bottom - top).light(mask, colour).layer()
        layer.left, layer.top = layer.left + (self.x - span if left else self.x), layer.top + top
        return layer

    def draw(self, frame: Frame, turn: float, opacity: float = 1.0) -> None:
        """``turn`` counts revolutions: 0 is out to the right, 0.25 towards the eye, 0.5 to the left."""
        side, front = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
        step = min(self.STEPS, int(abs(np.arcsin(side)) / (np.pi / 2) * self.STEPS) + 1) - 1
        (self._right if side > 0 else self._left)[step].draw(frame, opacity=opacity * (0.75 + 0.25 * front))
        self._flare.draw(frame, opacity=opacity * (0.35 + 0.65 * max(0.0, float(front)) ** 3))


def moon(canvas: Canvas, x: int, y: int, radius: int, colour: Colour = "#f3ecd8", random: Random | None = None) -> None:
    """A moon with maria and a wide halo."""
    canvas.light(glow(radius * 6, 3), colour, 0.45, x - radius * 6, y - radius * 6)
    size = 2 * radius + 4
    yy, xx = np.mgrid[:size, :size].astype(np.float32) - (size - 1) / 2
    mask: Field = np.clip(radius - np.hypot(xx, yy) + 0.5, 0, 1)
    canvas.over(mask, colour, x=x - size // 2, y=y - size // 2)
    if random is not None:
        maria = np.clip(noise(random, size, size, radius * 0.9, 3) - 0.45, 0, 1) * mask
        canvas.over(maria, "#8d8a86", 0.55, x - size // 2, y - size // 2)


class Rush:
    """Snow (or stars) flying out of a vanishing point, as from a moving window."""

    def __init__(
        self,
        random: Random,
        count: int,
        colour: Colour,
        centre: tuple[int, int],
        *,
        speed: float = 0.5,
        size: float = 1.6,
    ) -> None:
        self._place = random.uniform(-1, 1, (count, 2)).astype(np.float32) * (900, 560)
        self._depth = random.random(count).astype(np.float32)
        self._speed, self._centre = speed, centre
        self._colour = (rgb(colour) * 255).astype(np.int32)
        self._offsets, self._weights = _dot(size)

    def draw(self, frame: Frame, t: float, opacity: float = 1.0) -> None:
        depth = 1 - (self._depth + t * self._speed) % 1  # 1 far … 0 at the eye
        for lag, share in ((0.0, 1.0), (0.012, 0.6), (0.024, 0.35)):  # a short trail
            near = depth + lag
            place = self._place / (near[:, None] * 3.2 + 0.05) * 0.42 + self._centre
            x = place[:, :1].astype(np.int32) + self._offsets[None, :, 0]
            y = place[:, 1:].astype(np.int32) + self._offsets[None, :, 1]
            inside = (x >= 0) & (x < frame.shape[1]) & (y >= 0) & (y < frame.shape[0])
            weight = ((1 - depth)[:, None] * self._weights[None] * (256 * opacity * share)).astype(np.int32)[
                inside, None
            ]
            at = (y[inside], x[inside])
            here = frame[at].astype(np.int32)
            frame[at] = here + ((self._colour - here) * weight >> 8)
