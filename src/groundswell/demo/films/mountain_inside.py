"""Night Frequency, episode 2, indoors: the greenhouse, the map, the window that is not one."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films import props
from groundswell.demo.films.paint import (
    Random,
    blur,
    disc,
    glow,
    gradient,
    lettering,
    noise,
    rim,
    rows,
    smooth,
)
from groundswell.demo.films.pen import Pen, spline
from groundswell.demo.films.people import person
from groundswell.demo.films.space import Planet, bean
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Frame, Paint
from groundswell.demo.films.weather import Particles


def greenhouse(random: Random) -> Paint:
    """Grow lights; Gerald has a flower."""
    room = Canvas().fill(gradient((0, "#2b0633"), (0.45, "#8f1a78"), (0.75, "#c93a8f"), (1, "#3a0a3a")))
    for x in (200, 520, 840, 1160):
        tube = Pen(scale=2).box(x - 120, 58, x + 120, 76, radius=9).mask()
        room.light(blur(tube, 60), "#ff5fd0", 2.5).light(tube, "#ffe3fa")
        ray = Pen(scale=2).polygon([(x - 110, 76), (x + 110, 76), (x + 230, 600), (x - 230, 600)]).mask()
        room.light(blur(ray, 22) * (1 - rows(90, 640)), "#ff7ade", 0.32)
    ribs = Pen(scale=2)
    for x in range(-100, 1400, 160):
        ribs.line(spline([(x, 720), (x + 10, 300), (640 + (x - 640) * 0.7, 40)], closed=False), 7)
    room.over(ribs.mask(), "#22052b", 0.7)
    picture = room.layer()
    layers = []
    for depth, tone in ((0, "#5c0f5c"), (1, "#2b0633"), (2, "#12021a")):
        pen = Pen(WIDTH + 80, HEIGHT, 2).box(0, 610 + 46 * depth, WIDTH + 80, HEIGHT)
        for x in random.uniform(0, WIDTH + 80, 26 - 7 * depth):
            tall, bend = random.uniform(90, 210) * (0.7 + 0.35 * depth), random.uniform(-40, 40)
            foot = 614 + 46 * depth
            stem = spline([(x, foot), (x + bend * 0.3, foot - tall * 0.5), (x + bend, foot - tall)], closed=False)
            pen.line(stem, 3 + depth)
            for k in range(3, len(stem), 4):
                sx, sy = stem[k]
                for side in (-1, 1):
                    reach = (26 + 10 * depth) * (1 - 0.5 * k / len(stem))
                    pen.curve(
                        [
                            (sx, sy),
                            (sx + side * reach * 0.5, sy - reach * 0.5),
                            (sx + side * reach, sy - reach * 0.1),
                            (sx + side * reach * 0.5, sy + reach * 0.14),
                        ]
                    )
        mask = pen.mask()
        layers.append(Canvas(WIDTH + 80).over(mask, tone).light(rim(mask, 0, -1, 2), "#ff8ae0", 0.6).layer(smooth=True))
    hero = Pen(300, 330)
    bean(hero, 150, 326, 290)
    mask = hero.mask()
    pot = Canvas(420, 480).light(glow(150, 2.2), "#ffd9f6", 0.55, 75, 36)
    pot.over(mask, "#16031f", x=60, y=150).light(rim(mask, 0, -1, 3), "#ffa6ea", 1, 60, 150)
    for k in range(5):
        petal = Pen(300, 330).ellipse(165 + 17 * np.cos(k * 1.257), 36 + 17 * np.sin(k * 1.257), 14).mask()
        pot.over(petal, "#ffffff", x=60, y=150).over(rim(petal, 0, 1, 4), "#ffb3ea", x=60, y=150)
    gerald = pot.over(Pen(300, 330).ellipse(165, 36, 9).mask(), "#ffd23f", x=60, y=150).layer(smooth=True)
    juno = props.Walker("juno", 430, "#13021b", pose="stand", shine=1, light="#ff9ae6", from_left=False)
    motes = Particles(random, 120, "#ffd0f2", (4, -12), size=1.3, sway=16, twinkle=0.9)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        layers[0].draw(frame, -40 + 3 * np.sin(t * 0.7) - t)
        layers[1].draw(frame, -40 + 4 * np.sin(t * 0.8 + 1) - t * 2)
        juno.draw(frame, 470 + t * 1.5, 730, t, 0.3)
        gerald.draw(frame, 580 - t * 1.5, 190)
        layers[2].draw(frame, -40 + 5 * np.sin(t * 0.9 + 2) - t * 4, 24)
        motes.draw(frame, t)

    return paint


def chart(random: Random) -> Paint:
    """The map on the table: two lines, and they are one line."""
    paper = Canvas().fill(gradient((0, "#ecdcb4"), (0.5, "#f4e8c6"), (1, "#dcc795")))
    paper.shade(noise(random, WIDTH, HEIGHT, 300, 6), 0.10)
    heights = noise(random, WIDTH, HEIGHT, 420, 4, 1.2)
    peak = glow(430, 1.2, 0.8)
    relief = heights * 0.5
    relief[60 : 60 + peak.shape[0], 420 : 420 + peak.shape[1]] += peak[: HEIGHT - 60] * 0.9
    contour = np.clip(1 - np.abs((relief * 16) % 1 - 0.5) * 9, 0, 1)
    paper.over(contour, "#b58a4a", 0.42)
    for k in range(0, WIDTH, 160):
        paper.over(Pen(scale=1).line([(k, 0), (k, HEIGHT)], 1).mask(), "#7f9aa8", 0.3)
    for k in range(0, HEIGHT, 160):
        paper.over(Pen(scale=1).line([(0, k), (WIDTH, k)], 1).mask(), "#7f9aa8", 0.3)
    river = (
        Pen()
        .line(spline([(0, 620), (260, 560), (430, 640), (700, 610), (980, 690), (1280, 640)], closed=False), 10)
        .mask()
    )
    paper.over(river, "#7fa8b8", 0.8)
    for text, x, y, size in (
        ("MOUNT  ORIEL", 742, 300, 22),
        ("VARN", 96, 236, 19),
        ("THE SEA", 1130, 250, 16),
        ("2 417 m", 800, 334, 13),
    ):
        paper.over(lettering(text, size, 4), "#4a3420", 0.9, x, y)
    fold = np.exp(-((np.arange(WIDTH) - 430) ** 2) / 300) + np.exp(-((np.arange(WIDTH) - 860) ** 2) / 300)
    paper.shade(np.repeat(fold[None].astype(np.float32), HEIGHT, 0), 0.14)
    lamp = glow(900, 1.4)
    shade = 1 - lamp[900 - 300 : 900 - 300 + HEIGHT, 900 - 600 : 900 - 600 + WIDTH]
    paper.over(np.clip(shade * 1.1 - 0.25, 0, 1), "#2b1a0c", 0.85)
    picture = paper.layer()
    route = spline(
        [(96, 282), (300, 330), (470, 420), (640, 410), (800, 404), (960, 420), (1090, 350), (1210, 300)],
        closed=False,
        steps=12,
    )
    drawn = []
    for k in range(1, 25):
        part = route[: max(2, len(route) * k // 24)]
        drawn.append(Canvas().over(Pen(scale=2).line(part, 7).mask(), "#b3261c").layer())
    ties = Canvas().over(Pen(scale=2).line(route[36:66], 13).line(route[36:66], 5, 0).mask(), "#4a3420", 0.8).layer()
    crosses = []
    for k in range(9):
        rx, ry = route[40 + k * 3]
        jx, jy = random.uniform(-7, 7), random.uniform(-7, 7)
        pen = Pen(60, 60)
        pen.line([(16, 16), (44, 44)], 5).line([(44, 16), (16, 44)], 5).ring(30, 30, 27, 27, 3)
        crosses.append((Canvas(60, 60).over(pen.mask(), "#1d4f9a").layer(), int(rx + jx) - 30, int(ry + jy) - 30))
    hand_pen = Pen(760, 560)
    hand_pen.line([(20, 20), (330, 210)], 13).polygon([(4, 8), (34, 18), (24, 36)])
    hand_pen.curve(
        [
            (190, 150),
            (250, 110),
            (320, 150),
            (420, 210),
            (560, 330),
            (760, 420),
            (760, 600),
            (560, 560),
            (400, 400),
            (300, 330),
            (230, 300),
            (180, 240),
            (220, 220),
            (160, 190),
        ]
    )
    hand_mask = hand_pen.mask()
    soft = blur(np.pad(hand_mask, 40), 16)
    hand = Canvas(860, 660).shade(soft, 0.35).over(np.pad(hand_mask, 40), "#2a1710").layer(smooth=True)
    mug = Canvas().shade(blur(np.pad(disc(80), 60), 18), 0.5).layer()
    cup = (
        Canvas(300, 300)
        .over(disc(80), "#5f7a78", x=58, y=58)
        .over(disc(66), "#1f120b", x=72, y=72)
        .light(np.pad(rim(disc(80), -1, -1, 5), 0), "#ffffff", 0.6, 58, 58)
        .layer()
    )

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        mug.draw(frame, 70, 440)
        cup.draw(frame, 60, 420)
        ties.draw(frame)
        step = int(23 * smooth(t, 0.3, 3.1))
        drawn[step].draw(frame)
        shown = int(np.clip((t - 3.4) / 0.3, 0, 9))
        for layer, x, y in crosses[:shown]:
            layer.draw(frame, x, y)
        if t < 3.2:
            tip = route[max(1, len(route) * (step + 1) // 24) - 1]
        else:
            tip = (crosses[min(8, shown)][1] + 36, crosses[min(8, shown)][2] + 36 - 8 * abs(np.sin(t * 10.5)))
        away = 260 * smooth(t, 6.4, 7.6)
        hand.draw(frame, tip[0] - 48 + away, tip[1] - 48 + away)

    return paint


def false_window(random: Random) -> Paint:
    """The world in the window stutters. It was never a window."""
    planet = Planet(random, 640, 400, 330, sun=(-0.8, -0.35), speed=13, sea="#1b5a86", land="#7fa05a", air="#bfe8ff")
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(x - 640, y - 350)
    wall = np.clip(away - 300, 0, 1)
    room = Canvas().over(
        wall,
        np.ascontiguousarray(
            np.broadcast_to(gradient((0, "#0c1420"), (0.5, "#16283a"), (1, "#080d15")), (HEIGHT, WIDTH, 3))
        ).astype(np.float32),
    )
    collar = np.clip(1 - np.abs(away - 322) / 24, 0, 1)
    room.light(collar**2 * wall, "#8fc8e8", 0.5).light(
        np.exp(-np.clip(away - 300, 0, 900) / 150) * wall, "#4fa8d8", 0.4
    )
    walls = room.layer()
    lines = np.zeros((HEIGHT, WIDTH), np.float32)
    lines[::3] = 1
    scan = Canvas().shade(lines * (1 - wall), 0.4).layer()
    blank = Canvas().fill(np.broadcast_to(np.array([0.02, 0.12, 0.5], np.float32), (HEIGHT, WIDTH, 3)))
    for text, size, ty in (("NO SIGNAL", 46, 300), ("VISTA 4 · EARTH, LOOP B · 00:42:00", 15, 380)):
        mask = lettering(text, size, size * 0.2)
        blank.over(mask, "#ffffff", 0.95, 640 - mask.shape[1] // 2, ty)
    card = blank.layer()
    mask = person("juno", 500, "stand")
    fist = Pen(mask.shape[1], mask.shape[0]).line([(290, 180), (352, 150), (392, 96)], 26).ellipse(396, 88, 17).mask()
    body = np.maximum(mask, fist)
    juno = (
        Canvas(mask.shape[1], mask.shape[0])
        .over(body, "#03060b")
        .light(rim(body, 1, -1, 4), "#9fdcff", 1.1)
        .layer(smooth=True)
    )
    rings = [
        Canvas()
        .light(
            np.clip(1 - np.abs(np.hypot(x - 492, y - 318) - 20 - 16 * k) / 4, 0, 1) * (1 - wall),
            "#d9f4ff",
            0.5 * (1 - k / 9),
        )
        .layer()
        for k in range(9)
    ]
    jitter = np.random.default_rng(8).integers(-70, 70, (400, 12))

    def paint(frame: Frame, t: float) -> None:
        planet.draw(frame, t if t < 5.4 else 5.4 + 0.15 * ((t * 3) % 1))
        force = 0 if t < 4.9 else min(1.0, (t - 4.9) * 0.8)
        if t > 8.2 or (t > 6.3 and int(t * 13) % 7 == 0):
            card.draw(frame)
        elif force:
            for k, shift in enumerate(jitter[int(t * 12) % 400]):
                if k % 3 == int(t * 9) % 3:
                    band = np.s_[60 + k * 48 : 60 + k * 48 + 48]
                    frame[band] = np.roll(frame[band], int(shift * force), axis=1)
            if int(t * 9) % 4 == 0:
                frame[..., 0] = np.roll(frame[..., 0], int(10 * force), axis=1)
        if t > 4.9:
            scan.draw(frame)
        walls.draw(frame)
        for hit in (6.7, 7.05, 7.4):
            if 0 <= t - hit < 0.36:
                rings[int((t - hit) * 25) % 9].draw(frame)
        knock = 10 * max(0.0, float(np.sin((t - 6.6) * 18))) * (6.6 < t < 7.6)
        juno.draw(frame, 90 + knock + 16 * smooth(t, 3, 6), 205)

    return paint
