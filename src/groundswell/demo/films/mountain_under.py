"""Night Frequency, episode 2, underneath: the tunnel, the mountain cut open, the door."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films import props, trains
from groundswell.demo.films.paint import (
    Random,
    below,
    blur,
    disc,
    gradient,
    lettering,
    noise,
    ridge,
    rim,
    rows,
    shifted,
    smooth,
)
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.space import backlight, bean
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Frame, Paint
from groundswell.demo.films.weather import Particles, stars


def tunnel(random: Random) -> Paint:
    """Two-fourteen: lamps flying past, the horn."""
    cx, cy = 640, 330
    dark = Canvas().fill(gradient((0, "#120703"), (1, "#0a0402")))
    backlight(dark, cx, cy, 520, "#ff8a3a", 0.6)
    picture = dark.layer()
    phases = []
    for phase in range(12):
        canvas = Canvas()
        stone, lights = Pen(scale=2), Pen(scale=2)
        for k in range(13, -1, -1):
            z = 0.34 * 1.42 ** (k - phase / 12)
            r = 300 / z
            if r > 1500 or r < 9:
                continue
            stone.ring(cx, cy, r, r * 0.86, max(1.5, 34 / z), min(1.0, 0.25 + 0.5 / z))
            for side in (-1, 1):
                lx, ly = cx + side * r * 0.86, cy - r * 0.34
                lights.ellipse(lx, ly, 13 / z, 20 / z)
        wall = stone.mask()
        canvas.over(wall, "#5c2a10", 0.85).light(rim(wall, 0, 1, 3), "#ff9a4a", 0.5)
        lamp = lights.mask()
        canvas.light(blur(lamp, 26), "#ff8a2e", 2.0).light(lamp, "#ffe9c0")
        phases.append(canvas.layer())
    rails = Pen(scale=2)
    for side in (-1, 1):
        rails.polygon(
            [(cx + side * 4, cy + 12), (cx + side * 5, cy + 12), (cx + side * 300, 740), (cx + side * 262, 740)]
        )
    floor = Pen(scale=2).polygon([(cx - 10, cy + 12), (cx + 10, cy + 12), (1150, 740), (130, 740)]).mask()
    track = Canvas().over(floor, "#0d0603").light(rails.mask(), "#ffc78a", 0.8).layer()
    hood = (
        Pen()
        .polygon([(0, 720), (0, 640), (360, 600), (920, 600), (WIDTH, 640), (WIDTH, 720)])
        .box(0, 0, WIDTH, 30)
        .polygon([(0, 0), (60, 0), (30, 720), (0, 720)])
        .polygon([(WIDTH, 0), (1220, 0), (1250, 720), (WIDTH, 720)])
        .mask()
    )
    cab = Canvas().over(hood, "#070302").light(rim(hood, 0, -1, 3), "#ffb06a", 0.6).layer()
    dust = Particles(random, 60, "#ffd0a0", (0, 6), size=1.4, twinkle=1)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        sway = 5 * np.sin(t * 2.1)
        track.draw(frame, sway * 0.5)
        phases[int(t * 34) % 12].draw(frame, sway, 2 * np.sin(t * 13))
        dust.draw(frame, t)
        cab.draw(frame)

    return paint


def section(random: Random) -> Paint:
    """The mountain cut open: the train above, the "station" below, and a horn between them."""
    paper = Canvas().fill(gradient((0, "#0f3a44"), (0.3, "#2f6f70"), (0.45, "#d9a05c"), (1, "#d9a05c")))
    stars(paper, random, 260, 220, "#ffe9c8")
    line = 330 - 250 * np.clip(1 - np.abs(np.arange(WIDTH, dtype=np.float32) - 660) / 700, 0, 1) ** 1.1
    mass = below((line - ridge(random, WIDTH, 0, 22, 70, 0.9)).astype(np.float32))
    paper.over(mass, "#7a3a22")
    strata = noise(random, WIDTH, HEIGHT, 160, 4, 6)
    y = np.mgrid[:HEIGHT, :WIDTH][0].astype(np.float32)
    bands = 0.5 + 0.5 * np.sin((y + strata * 120) / 17)
    paper.over(mass * (bands > 0.6), "#5c2a1a", 0.5).over(mass * np.clip((y - 300) / 420, 0, 1), "#1d0f14", 0.75).light(
        rim(mass, 0, -1, 4), "#fff0d8", 0.9
    )
    picture = paper.layer()
    bore = np.zeros((HEIGHT, WIDTH), np.float32)
    bore[300:372] = 1
    hall = Pen().box(350, 470, 930, 672, radius=46).box(300, 560, 980, 672, radius=26).mask()
    shaft = Pen().box(628, 372, 652, 480).mask()
    rooms = Canvas().over(bore * mass, "#0d0709").over(hall, "#0b1a2b").over(shaft, "#0d0709")
    rooms.light(rim(bore * mass, 0, 1, 3), "#ffb06a", 0.6).light(rim(hall, 0, 1, 4), "#7fd0ff", 0.9)
    rooms.light(blur(hall, 60) * hall, "#2f7fc4", 0.5)
    world = disc(58)
    rooms.over(world, "#2f7fc4", x=690, y=510).over(
        world * np.clip(noise(random, 120, 120, 50, 4) * 3 - 1.5, 0, 1), "#cfe8d8", x=690, y=510
    ).light(rim(np.pad(world, 8), -1, -1, 3), "#d9f4ff", 1, 682, 502)
    furniture = Pen().box(400, 640, 470, 672).box(840, 620, 920, 632).box(850, 632, 858, 672).box(902, 632, 910, 672)
    bean(furniture, 880, 620, 70, flower=True)
    fittings = furniture.mask()
    rooms.over(fittings, "#040a12").light(rim(fittings, 0, -1, 2), "#8fd8ff", 0.9)
    for text, x, yy in (("02:14", 40, 316), ("HALCYON", 410, 492)):
        rooms.over(lettering(text, 24, 6), "#ffd79a" if x < 100 else "#8fd8ff", 0.95, x, yy)
    cut = rooms.layer()
    express = trains.train(230, 7, "#2b1410", "#ffd0a0", coaches=2)
    juno = props.Walker("juno", 120, "#040a12", pose="stand", shine=1.2, light="#8fd8ff", from_left=False)
    waves = []
    yy, xx = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(xx - 640, (yy - 340) * 1.05)
    for k in range(18):
        radius = 20 + k * 24
        ring = (
            np.clip(1 - np.abs(away - radius) / 5, 0, 1)
            * (yy > 372)
            * np.clip(1 - np.abs(xx - 640) / (40 + radius * 0.7), 0, 1)
        )
        waves.append(Canvas().light(ring.astype(np.float32), "#ffe6b0", 1.1 * (1 - k / 20)).layer())

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        cut.draw(frame)
        front = 520 + 150 * (1 - np.exp(-t * 0.55)) * 1.4
        express.draw(frame, front - express.width, 368 - express.height + 2)
        shake = 2.5 * np.sin(t * 41) * np.exp(-t * 0.4)
        juno.draw(frame, 590 + shake, 672, t, 0.25)
        if 0.2 < t < 7:
            for lag in (0, 6, 12):
                waves[int(t * 11 + lag) % 18].draw(frame)

    return paint


def lantern_walk(random: Random) -> Paint:
    """On foot in the tunnel, one hand on the rock, until the rock is steel."""
    rock = Canvas(WIDTH + 300).fill(gradient((0, "#16241c"), (0.8, "#2b4030"), (0.82, "#141d17"), (1, "#0a100c")))
    rough = noise(random, WIDTH + 300, HEIGHT, 150, 6, 1.1)
    bumps = np.clip((rough - shifted(rough, 5, 5)) * 9 + 0.5, 0, 1)
    rock.shade(1 - bumps, 0.55).light(
        np.clip(bumps - 0.55, 0, 1) * (1 - rows(575, 585, width=WIDTH + 300)), "#a9c9a0", 0.7
    )
    door = Pen(WIDTH + 300).box(1120, 250, 1310, 590, radius=20).mask()
    rock.over(rim(door, 0, 1, 3) + rim(door, 1, 0, 3), "#0a0f0c", 0.9).light(rim(door, -1, -1, 3), "#cfe8b8", 0.5)
    bolts = Pen(WIDTH + 300)
    for k in range(7):
        bolts.ellipse(1136, 280 + k * 46, 5).ellipse(1294, 280 + k * 46, 5)
    rock.over(bolts.mask(), "#6f8a70", 0.9)
    cables = Pen(WIDTH + 300, HEIGHT, 2)
    for k in range(3):
        for x in range(-100, WIDTH + 400, 260):
            cables.line([(x + 260 * s / 10, 120 + 26 * k + 26 * (1 - (2 * s / 10 - 1) ** 2)) for s in range(11)], 4)
    rock.over(cables.mask(), "#060a08", 0.9)
    rail = np.zeros((HEIGHT, WIDTH + 300), np.float32)
    rail[650:656], rail[690:698] = 1, 1
    wall = rock.light(rail, "#b8c9a0", 0.5).layer(smooth=True)
    crack = np.clip(rim(door, 1, 0, 4) + rim(door, -1, 0, 4) + rim(door, 0, -1, 4), 0, 1)
    seam = Canvas(WIDTH + 300).light(blur(crack, 9), "#bfe8ff", 2.2).light(crack, "#ffffff", 0.9).layer(smooth=True)
    moss = props.Walker(
        "moss", 330, "#050806", carries="lantern", shine=1, light="#ffd98a", from_left=False, halo="#ffd27a"
    )
    stay = props.Walker(
        "moss",
        330,
        "#050806",
        pose="stand",
        carries="lantern",
        shine=1,
        light="#ffd98a",
        from_left=False,
        halo="#ffd27a",
    )
    y, x = np.mgrid[:1500, :2700].astype(np.float32)
    away = np.hypot(x - 1350, (y - 750) * 1.1)
    gloom = (
        Canvas(2700, 1500)
        .over(np.clip((away - 110) / 640, 0, 1) ** 0.9, "#020503", 0.93)
        .light(np.clip(1 - away / 480, 0, 1) ** 2, "#ffb347", 0.45)
        .layer()
    )

    def paint(frame: Frame, t: float) -> None:
        walked = min(t, 6.2)
        scroll = -walked * 34
        px = 260 + walked * 74
        wall.draw(frame, scroll)
        (moss if t < 6.2 else stay).draw(frame, px, 676, t, 0.95 if t < 6.2 else 0.25)
        gloom.draw(frame, px + 56 - 1350, 500 - 750, 0.97 - 0.05 * abs(float(np.sin(t * 9))))
        seam.draw(frame, scroll, 0, smooth(t, 5.6, 7.2) * (0.8 + 0.2 * float(np.sin(t * 7))))

    return paint


def door(random: Random) -> Paint:
    """The door opens; light; two people who know each other's voices."""
    dark = Canvas().fill(gradient((0, "#0c0a08"), (0.8, "#17120d"), (0.82, "#0c0907"), (1, "#14100b"))).layer()
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    lights = []
    for k in range(1, 11):
        half = 15 * k
        gap = np.clip(half - np.abs(x - 760) + 0.5, 0, 1) * np.clip((y - 96), 0, 1) * (1 - rows(588, 590))
        spread = np.clip((y - 588) / 132, 0, 1)
        pool = (
            np.clip((half + 26 * spread * k - np.abs(x - 760 + 120 * spread)) / 26, 0, 1)
            * rows(586, 590)
            * (1 - 0.6 * spread)
        )
        canvas = Canvas().over(
            gap,
            np.ascontiguousarray(
                np.broadcast_to(
                    gradient((0, "#fff3d0"), (0.5, "#ffffff"), (0.85, "#ffe9b8"), (1, "#ffd98a")), (HEIGHT, WIDTH, 3)
                )
            ).astype(np.float32),
        )
        canvas.light(blur(gap, 70), "#ffdf9e", 0.9).light(blur(gap, 22), "#fff6dc", 0.5).light(pool, "#ffdf9e", 0.8)
        lights.append(canvas.layer())
    leaves = []
    slab = Canvas(420, HEIGHT).fill(gradient((0, "#1a1612"), (1, "#0d0a08")))
    slab.light(noise(random, 420, HEIGHT, 110, 5), "#8a7a60", 0.14)
    for side in (0, 1):
        leaf = Canvas(420, 588).fill(np.clip(slab.colour[:588], 0, 1))
        edge = np.zeros((588, 420), np.float32)
        edge[:, 414 if side == 0 else 0 : 420 if side == 0 else 6] = 1
        leaves.append(leaf.light(edge, "#fff0c8", 0.8).layer())
    tunnel_wall = np.maximum((x < 600), (x > 920)) * 1.0 + (y < 96) * 1.0
    wall_mask = np.clip(tunnel_wall, 0, 1).astype(np.float32) * (1 - rows(588, 589))
    stone = Canvas().over(wall_mask, "#0e0b09").light(noise(random, WIDTH, HEIGHT, 130, 6) * wall_mask, "#6b5a44", 0.16)
    stone.light(rim(wall_mask, 1, 1, 6) + rim(wall_mask, -1, 0, 6), "#ffe0a8", 0.7)
    frame_layer = stone.layer()
    juno = props.Walker("juno", 350, "#1a0f08", pose="stand", facing=-1, shine=0.8, light="#fff3d6", from_left=False)
    moss = props.Walker(
        "moss", 370, "#080604", pose="stand", carries="lantern", shine=1.3, light="#ffe6b0", from_left=False
    )
    pot = Pen(130, 130)
    bean(pot, 65, 124, 104, flower=True)
    gerald = Canvas(130, 130).over(pot.mask(), "#1a0f08").layer(smooth=True)
    dust = Particles(random, 170, "#fff0cc", (-16, -7), size=1.4, box=(420, 90, 1000, 640), sway=18, twinkle=0.9)

    def paint(frame: Frame, t: float) -> None:
        dark.draw(frame)
        opened = smooth(t, 0.3, 2.6)
        if opened > 0.02:
            lights[min(9, int(opened * 10))].draw(frame)
        if opened > 0.3:
            come = smooth(t, 1.6, 4.2)
            juno.draw(frame, 790 - 24 * come, 600 + 22 * come, t, 0.25)
            gerald.draw(frame, 668 - 24 * come, 386 + 22 * come)
        leaves[0].draw(frame, 340 - 150 * opened)
        leaves[1].draw(frame, 760 + 150 * opened)
        frame_layer.draw(frame)
        dust.draw(frame, t, opened)
        moss.draw(frame, 330 + 60 * smooth(t, 3.4, 5.6), 690, t, 0.3)

    return paint
