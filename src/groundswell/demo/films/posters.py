"""Key art: one tall picture for each film, 800 × 1200 px."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from groundswell.demo.films import props, trains
from groundswell.demo.films.film import Film
from groundswell.demo.films.paint import (
    Random,
    below,
    blur,
    crags,
    disc,
    glow,
    gradient,
    lettering,
    noise,
    ridge,
    rim,
    rows,
)  # fmt: skip
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import person, profile
from groundswell.demo.films.space import bean
from groundswell.demo.films.stage import Canvas, Colour
from groundswell.demo.films.weather import stars

TALL, WIDE = 1200, 800


def key_art(film: Film) -> Image.Image:
    """Paint a film's poster: picture, name, and below it the tagline."""
    random = np.random.default_rng(film.seed)
    canvas = _ART[film.slug](random)
    canvas.shade(rows(800, 1200, TALL, WIDE), 0.55)
    heading = film.series or film.name
    _centred(canvas, heading.upper(), 985, 50, "#fff8ea")
    if film.series:
        _centred(canvas, f"{film.season}.{film.episode}  {film.name}", 1062, 25, "#fff8ea")
    _centred(canvas, film.tagline, 1118, 20, film.accent)
    grain = random.normal(0, 0.012, (TALL, WIDE, 1)).astype(np.float32)
    return Image.fromarray((np.clip(canvas.colour + grain, 0, 1) * 255).astype(np.uint8))


def _centred(canvas: Canvas, text: str, y: int, size: float, colour: Colour) -> None:
    mask = lettering(text, size, size * 0.16)
    while mask.shape[1] > WIDE - 70:
        size *= 0.95
        mask = lettering(text, size, size * 0.16)
    x = (WIDE - mask.shape[1]) // 2
    canvas.over(blur(np.pad(mask, 20), 9), (0, 0, 0), 0.5, x - 20, y - 20).over(mask, colour, 1, x, y)


def _light_for_nobody(random: Random) -> Canvas:
    canvas = Canvas(WIDE, TALL).fill(
        gradient((0, "#0c1230"), (0.35, "#35306a"), (0.55, "#b4566f"), (0.68, "#ffb066"), (1, "#1c1436"), height=TALL)
    )
    stars(canvas, random, 420, 500)
    cloud = noise(random, WIDE, TALL, 300, 6, 2.4)
    canvas.light(np.clip(cloud - 0.55, 0, 1) * (1 - rows(560, 820, TALL, WIDE)), "#ff9a7a", 0.9)
    pen = Pen(WIDE, TALL)
    x, y = props.lighthouse(pen, 400, 850, 560)
    pen.curve([(120, 900), (260, 850), (400, 836), (560, 850), (700, 910), (820, 1300), (-20, 1300)])
    yy, xx = np.mgrid[:TALL, :WIDE].astype(np.float32)
    for side in (-1, 1):
        along = np.clip((xx - x) * side, 0, None)
        ray = (
            np.exp(-(((yy - y + along * 0.22 * side) / (8 + along * 0.13)) ** 2))
            * np.clip(1 - along / 620, 0, 1)
            * (along > 0)
        )
        canvas.light(ray.astype(np.float32), "#ffe2a0", 0.85)
    mask = pen.mask()
    canvas.over(mask, "#120d22").light(rim(mask, -1, -1, 3), "#ffb070", 0.9)
    canvas.light(glow(240, 2.6), "#fff0c0", 1, int(x) - 240, int(y) - 240)
    ines = person("ines", 150, "stand", carries="lantern")
    canvas.over(ines, "#0a0716", x=520, y=850 - 150).light(rim(ines, -1, -1, 2), "#ffd08a", 1, 520, 700)
    sea = np.clip((noise(random, WIDE, TALL, 60, 4, 5) - 0.5) * 2, 0, 1) * rows(900, 940, TALL, WIDE) * (1 - mask)
    return canvas.light(sea, "#ffb58a", 0.5)


def _wrong_number(random: Random) -> Canvas:
    canvas = Canvas(WIDE, TALL).fill(
        gradient((0, "#03060f"), (0.5, "#0b2450"), (0.8, "#3a6fb0"), (1, "#0b1a38"), height=TALL)
    )
    stars(canvas, random, 900, 760)
    world = disc(300)
    yy, xx = np.mgrid[-1 : 1 : world.shape[0] * 1j, -1 : 1 : world.shape[1] * 1j].astype(np.float32)
    lit = np.clip(0.75 - 0.75 * (xx * 0.7 + yy * 0.55), 0, 1)
    land = noise(random, world.shape[1], world.shape[0], 220, 6)
    veil = np.clip(noise(random, world.shape[1], world.shape[0], 200, 6, 2) * 2.4 - 1.3, 0, 1)
    canvas.light(glow(430, 2), "#6fb8ff", 0.6, 400 - 430, 330 - 430)
    canvas.over(world, "#04070f", x=98, y=28).light(world * lit, "#1f6fb8", 1, 98, 28)
    canvas.over(world * (land > 0.55) * lit, "#7fa25c", 0.85, 98, 28).light(world * veil * lit, "#ffffff", 0.9, 98, 28)
    line = crags(random, WIDE, 1010, 260, 6)
    mask = below(line, TALL)
    canvas.over(mask, "#0d1f45").light(rim(mask, -1, -1, 4), "#bcd6ff", 0.9)
    canvas.light(
        mask * np.clip(noise(random, WIDE, TALL, 80, 5) - 0.5, 0, 1) * (1 - rows(800, 960, TALL, WIDE)), "#cfe2ff", 0.9
    )
    pen, lamps = Pen(WIDE, TALL), Pen(WIDE, TALL)
    trains.engine(pen, lamps, 430, 930, 260)
    trains.coach(pen, lamps, 170, 930, 260)
    trains.coach(pen, lamps, -90, 930, 260)
    pen.box(0, 930, WIDE, 944)
    body, light = pen.mask(), lamps.mask()
    canvas.over(body, "#060d20").light(rim(body, 0, -1, 2), "#a9c9ff", 0.9).light(blur(light, 14), "#ffb54f", 2).over(
        light, "#ffe2a0"
    )
    for k in range(5):
        ring = np.zeros((TALL, WIDE), np.float32)
        y, x = np.mgrid[:TALL, :WIDE].astype(np.float32)
        ring = np.clip(1 - np.abs(np.hypot(x - 640, y - 850) - 70 - 62 * k) / 2.5, 0, 1) * (x - y < 60)
        canvas.light(ring.astype(np.float32), "#ffd08a", 0.8 - 0.13 * k)
    juno = person("juno", 170, "float")
    return canvas.over(juno, "#02040a", x=190, y=250).light(rim(juno, 1, -1, 2.5), "#cfeaff", 1, 190, 250)


def _mountain_heard(random: Random) -> Canvas:
    canvas = Canvas(WIDE, TALL).fill(
        gradient((0, "#1d0710"), (0.35, "#8f2a26"), (0.55, "#f08a4a"), (1, "#f08a4a"), height=TALL)
    )
    canvas.over(disc(150), "#ffc9a0", x=248, y=150).light(glow(420, 2.2), "#ff8a4a", 0.6, 400 - 420, 302 - 420)
    x = np.arange(WIDE, dtype=np.float32)
    line = 720 - 470 * np.clip(1 - np.abs(x - 420) / 520, 0, 1) - ridge(random, WIDE, 0, 24, 80, 0.9)
    mask = below(line, TALL)
    canvas.over(mask, "#1a0a10").light(rim(mask, -1, -1, 4), "#ffb58a", 1)
    canvas.light(
        mask * np.clip(noise(random, WIDE, TALL, 130, 6, 0.7) - 0.5, 0, 1) * (1 - rows(420, 760, TALL, WIDE)),
        "#e0684a",
        0.9,
    )
    left = profile("moss", 250, WIDE, TALL, 60, 640)
    right = profile("juno", 240, WIDE, TALL, 60, 650)[:, ::-1]
    for head, colour, side in ((left, "#ffb060", 1), (right, "#7fd0ff", -1)):
        canvas.over(head, "#07040a").light(rim(head, side, -1, 5), colour, 1.1)
    y, xx = np.mgrid[:TALL, :WIDE].astype(np.float32)
    crack = np.exp(-(((xx - 400 - 5 * np.sin(y / 37) - 3 * np.sin(y / 11)) / 3) ** 2)) * ((y > 560) & (y < 960))
    canvas.light(blur(crack.astype(np.float32), 26), "#fff0c8", 3).light(crack.astype(np.float32), "#ffffff")
    pot = Pen(WIDE, TALL)
    bean(pot, 400, 962, 120, flower=True)
    plant = pot.mask()
    return canvas.over(plant, "#07040a").light(rim(plant, 0, -1, 3), "#fff0c8", 1)


_ART: dict[str, Callable[[Random], Canvas]] = {
    "a-light-for-nobody": _light_for_nobody,
    "night-frequency-s1e1": _wrong_number,
    "night-frequency-s1e2": _mountain_heard,
}
