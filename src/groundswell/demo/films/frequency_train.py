"""Night Frequency, episode 1: down here."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films import props, trains
from groundswell.demo.films.paint import (
    Random,
    below,
    blur,
    crags,
    disc,
    glow,
    gradient,
    noise,
    ridge,
    rim,
    rows,
    smooth,
)  # fmt: skip
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import profile
from groundswell.demo.films.space import backlight
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Frame, Layer, Paint
from groundswell.demo.films.weather import Particles, Rush, mist, moon, stars


def snowy(random: Random, width: int, base: float, height: float, rock: str, snow: str, peaks: int) -> Layer:
    """Mountains with moonlit snow on one flank."""
    line = crags(random, width, base, height, peaks)
    mask = below(line)
    broad = np.convolve(np.pad(line, 30, mode="wrap"), np.ones(61) / 61, mode="valid")
    lit = (
        np.clip(0.45 - np.gradient(broad)[None] * 0.8 + (noise(random, width, HEIGHT, 46, 4, 0.7) - 0.5) * 1.6, 0, 1)
        * mask
    )
    depth = np.clip(1 - (np.arange(HEIGHT, dtype=np.float32)[:, None] - line[None]) / (height * 0.75), 0, 1)
    patches = np.clip(noise(random, width, HEIGHT, 90, 5, 0.8) * 2.4 - 0.6, 0, 1)
    canvas = (
        Canvas(width)
        .over(mask, rock)
        .light((lit * depth * patches).astype(np.float32), snow, 0.95)
        .light(mask * depth**3 * patches, snow, 0.3)
    )
    return canvas.layer(smooth=True)


def bridge(random: Random) -> Paint:
    """Moonlight: a lit train crosses a viaduct between snow mountains."""
    sky = Canvas().fill(gradient((0, "#071233"), (0.5, "#16346b"), (0.75, "#3c6aa6"), (1, "#6b93c4")))
    stars(sky, random, 700, 420)
    moon(sky, 300, 150, 44, random=random)
    picture = sky.layer()
    far = snowy(random, WIDTH + 100, 560, 330, "#1f3f74", "#bcd6ff", 6)
    middle = snowy(random, WIDTH + 160, 640, 300, "#142c57", "#9fc0f2", 5)
    fog = mist(random, WIDTH + 200, "#a8c6ee", 440, 700, 0.7)
    arches = trains.viaduct(WIDTH + 260, 430, 720, 130)
    stone = (
        Canvas(WIDTH + 260).over(arches, "#0c1a38").light(rim(arches, -1, -1, 2.5), "#8fb4ec", 0.8).layer(smooth=True)
    )
    express = trains.train(230, 9, "#081127", "#a9c9ff", coaches=2)
    firs = trains.forest(random, 1500, 704, 60, 190, 34, "#050b1b", "#6f93cf")
    snow = Particles(random, 240, "#e8f1ff", (-26, 48), size=1.6, sway=12, opacity=0.75)
    beam = (
        Canvas(520, 160)
        .light(
            np.exp(-(((np.mgrid[-80:80, 0:520][0]) / (6 + np.mgrid[-80:80, 0:520][1] * 0.1)) ** 2)).astype(np.float32)
            * np.linspace(1, 0, 520, dtype=np.float32)[None] ** 1.4,
            "#ffe6ac",
            0.7,
        )
        .layer()
    )

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        far.draw(frame, -20 - t * 3)
        middle.draw(frame, -30 - t * 6)
        front = 200 + t * 92
        express.draw(frame, front - express.width, 434 - 86)
        beam.draw(frame, front - 14, 434 - 30 - 80)
        stone.draw(frame, -10 - t * 12)
        fog.draw(frame, -160 + t * 9)
        firs.draw_tiled(frame, -t * 30)
        snow.draw(frame, t)

    return paint


def cab(random: Random) -> Paint:
    """From behind the driver: rails, headlight, snow coming at the glass."""
    cx, cy = 640, 300
    night = Canvas().fill(gradient((0, "#03090f"), (0.4, "#08202b"), (0.43, "#0e2f3a"), (1, "#0a1d24")))
    for side in (-1, 1):
        trees = Pen(scale=2)
        for k in range(14):
            d = 0.08 + (k / 14) ** 2
            props.pine(trees, random, cx + side * (60 + 820 * d), cy + 12 + 190 * d, 60 + 560 * d)
        night.over(trees.mask(), "#020a0f")
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    down = np.clip(y - cy, 0.001, None)
    cone = np.exp(-(((x - cx) / (30 + down * 1.25)) ** 2)) * np.clip(down / 60, 0, 1) * np.exp(-down / 420)
    night.light(cone, "#ffedb8", 0.75)
    backlight(night, cx, cy, 260, "#ffe6b0", 0.35)
    picture = night.layer()
    ties = []
    for phase in range(8):
        pen = Pen(scale=2)
        for k in range(26):
            z = (k + 1 - phase / 8) * 0.55 + 0.4
            yy, half = cy + 420 / z, 430 / z
            pen.polygon(
                [(cx - half, yy), (cx + half, yy), (cx + half, yy + 42 / z), (cx - half, yy + 42 / z)],
                min(1.0, 1.6 / z),
            )
        for side in (-1, 1):
            pen.polygon(
                [(cx + side * 2, cy + 8), (cx + side * 3, cy + 8), (cx + side * 344, 740), (cx + side * 318, 740)], 0.9
            )
        ties.append(Canvas().over(pen.mask() * rows(cy + 4, cy + 90), "#c9b58a", 0.55).layer())
    snow = Rush(random, 330, "#fff8e6", (cx, cy - 20), speed=0.42)
    shell = (
        Pen()
        .box(0, 0, WIDTH, 62)
        .box(0, 520, WIDTH, 720)
        .polygon([(0, 0), (90, 0), (46, 720), (0, 720)])
        .polygon([(WIDTH, 0), (1190, 0), (1234, 720), (WIDTH, 720)])
        .box(628, 40, 652, 530)
    )
    shell.polygon(
        [(0, 560), (0, 500), (330, 500), (400, 540), (880, 540), (950, 500), (WIDTH, 500), (WIDTH, 720), (0, 720)]
    )
    body = shell.mask()
    dash = (
        Canvas()
        .over(body, "#0a0d10")
        .light(rim(body, 0, -1, 3), "#ffdf9e", 0.35)
        .light(rim(body, 0, 1, 3), "#3f7d86", 0.4)
    )
    for k, gx in enumerate((180, 300, 1000, 1110)):
        dash.over(disc(38), "#030405", x=gx - 40, y=570).light(
            disc(33), "#ff9d3c" if k % 2 else "#57d6c8", 0.3, gx - 35, 575
        )
        a = 2.2 + 0.5 * k
        dash.over(Pen().line([(gx, 610), (gx + 26 * np.cos(a), 610 - 26 * np.sin(a))], 3).mask(), "#fff1d0")
        backlight(dash, gx, 610, 90, "#ff9d3c" if k % 2 else "#57d6c8", 0.25)
    back = (
        Pen()
        .curve([(300, 760), (318, 640), (372, 580), (440, 560), (508, 580), (562, 640), (580, 760)])
        .ellipse(440, 494, 56, 66)
    )
    back.curve([(372, 470), (380, 425), (440, 404), (500, 425), (508, 470), (440, 482)]).box(
        372, 462, 508, 478, radius=8
    )
    man = back.mask()
    driver = Canvas().over(man, "#050708").light(rim(man, 1, -1, 3.5), "#ffdf9e", 0.9).layer(smooth=True)
    interior = dash.layer()
    mic = (
        Canvas()
        .over(Pen().line([(860, 720), (850, 640), (800, 590)], 5).box(780, 560, 816, 606, radius=8).mask(), "#1b2022")
        .light(glow(40, 2), "#ff4a3a", 0.9, 798 - 40, 570 - 40)
        .layer()
    )

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        ties[int(t * 30) % 8].draw(frame)
        snow.draw(frame, t)
        bump = 1.6 * np.sin(t * 11) * (np.sin(t * 1.3) > 0.2)
        interior.draw(frame)
        mic.draw(frame, 0, bump)
        driver.draw(frame, 4 * np.sin(t * 0.7), 2 + bump * 1.4)

    return paint


def night_city(random: Random) -> Paint:
    """The sleeping city through a wet carriage window."""
    sky = Canvas().fill(
        gradient((0, "#12082b"), (0.45, "#3b1257"), (0.7, "#8f2a70"), (0.85, "#d95c7a"), (1, "#3b1257"))
    )
    backlight(sky, 860, 560, 620, "#ff7ab0", 0.4)
    picture = sky.layer()
    strips = [
        (trains.city(random, 1500, 620, 160, 380, "#2a1450", ("#ff9ad0", "#ffd08a", "#8fd0ff"), 0.22), 34),
        (trains.city(random, 1700, 660, 140, 420, "#180c36", ("#5fe0ff", "#ffd27a", "#ff6fb5"), 0.3), 95),
        (trains.city(random, 1900, 720, 90, 330, "#0b0620", ("#ffe2a0", "#4ff0e0", "#ff4f9a"), 0.34), 240),
    ]
    signs = Canvas(1900)
    for k, colour in enumerate(("#ff3f8f", "#35e6ff", "#ffd23f", "#9bff5c")):
        mask = (
            Pen(1900, HEIGHT, 2)
            .box(180 + 440 * k, 430 - 40 * (k % 2), 214 + 440 * k, 590 - 30 * (k % 3), radius=8)
            .mask()
        )
        hollow = np.clip(mask - blur(mask, 5) * 0.8, 0, 1)
        signs.light(blur(mask, 34), colour, 1.5).light(hollow, colour, 1).light(mask, colour, 0.35)
    neon = signs.layer(tile=True, smooth=True)
    rain = Particles(random, 210, "#e6d9ff", (-340, 190), streak=22, spread=0.7, opacity=0.4)
    drops = Particles(random, 150, "#ffd9f0", (-14, 26), size=2.6, spread=0.9, opacity=0.5)
    hole = Pen().box(70, 60, 1210, 580, radius=54).mask()
    frame_mask = 1 - hole
    cabin = (
        Canvas()
        .over(frame_mask, "#0a0616")
        .light(np.clip(hole - blur(hole, 16), 0, 1), "#ff9ad0", 0.3)
        .light(rim(frame_mask, 0, 1, 3), "#d98ac0", 0.35)
    )
    table = (
        Pen()
        .box(640, 590, 1280, 612, radius=5)
        .box(1030, 470, 1074, 590, radius=8)
        .box(1036, 448, 1068, 474, radius=4)
        .box(900, 548, 940, 590, radius=4)
        .mask()
    )
    cabin.over(table, "#05030c").light(rim(table, -1, -1, 2), "#ff9ad0", 0.8)
    inside = cabin.layer()
    ghost = profile("moss", 330, WIDTH, HEIGHT, 240, 230)
    mirror = Canvas().over(ghost, "#0a0418", 0.62).light(rim(ghost, 1, -1, 4), "#ffb0dc", 0.7).layer(smooth=True)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        for k, (strip, speed) in enumerate(strips):
            strip.draw_tiled(frame, -t * speed, 0)
            if k == 1:
                neon.draw_tiled(frame, -t * 150)
        mirror.draw(frame, 0, 1.5 * np.sin(t * 1.2))
        rain.draw(frame, t)
        drops.draw(frame, t)
        inside.draw(frame)

    return paint


def forest(random: Random) -> Paint:
    """Side on: the red engine through falling snow, wheels turning."""
    sky = Canvas().fill(gradient((0, "#8fa3b5"), (0.5, "#b9c7d1"), (0.8, "#d9e1e4"), (1, "#e9eef0")))
    picture = sky.layer()
    back = trains.forest(random, 1600, 560, 150, 330, 46, "#9fb0bb")
    middle = trains.forest(random, 1700, 590, 200, 430, 34, "#6d808e", "#dfe8ee")
    ground = (
        Canvas()
        .over(rows(588, 596), "#e4ecf0")
        .light(noise(random, WIDTH, HEIGHT, 60, 4, 4) * rows(588, 620), "#ffffff", 0.4)
        .over(rows(628, 629) * (1 - rows(634, 635)), "#5b6670")
        .layer()
    )
    u, rail = 940, 630
    pen, lamps = Pen(1040, 340, 2), Pen(1040, 340, 2)
    trains.engine(pen, lamps, 20, 330, u)
    shape, glass = pen.mask(), lamps.mask()
    y = np.mgrid[:340, :1040][0].astype(np.float32)
    hull = Canvas(1040, 340).over(shape, "#26292f").over(shape * np.clip((290 - y), 0, 1), "#a8322c")
    hull.over(shape * np.clip(y - 196, 0, 1) * np.clip(214 - y, 0, 1), "#f0dfc0").light(
        rim(shape, 0, -1, 4), "#ffffff", 0.8
    ).shade(np.clip((y - 150) / 300, 0, 1) * shape, 0.45)
    vents = Pen(1040, 340, 2)
    for k in range(18):
        vents.box(150 + k * 22, 110, 160 + k * 22, 180, radius=3)
    hull.shade(vents.mask(), 0.5).over(glass, "#ffe3a6")
    man = profile("moss", 62, 1040, 340, 812, 118)
    hull.over(man * glass, "#2a1a10").light(blur(glass, 10), "#ffc46b", 0.6)
    loco = hull.layer(smooth=True)
    wheels = []
    for k in range(8):
        wheel = Pen(80, 80).ellipse(40, 40, 34).mask()
        spokes = Pen(80, 80)
        for s in range(4):
            a = np.pi * (s / 4 + k / 32)
            spokes.line([(40 - 27 * np.cos(a), 40 - 27 * np.sin(a)), (40 + 27 * np.cos(a), 40 + 27 * np.sin(a))], 4)
        wheels.append(
            Canvas(80, 80)
            .over(wheel, "#14161a")
            .over(spokes.mask(), "#6d747d")
            .light(rim(wheel, 0, -1, 2), "#ffffff", 0.5)
            .layer()
        )
    beam = (
        Canvas(420, 240)
        .light(
            np.exp(-(((np.mgrid[-120:120, 0:420][0]) / (10 + np.mgrid[-120:120, 0:420][1] * 0.2)) ** 2)).astype(
                np.float32
            )
            * np.linspace(0.9, 0, 420, dtype=np.float32)[None],
            "#fff3c8",
            0.8,
        )
        .layer()
    )
    front = trains.forest(random, 2300, 790, 420, 640, 4, "#26323c", "#a9b8c2")
    snow = Particles(random, 320, "#ffffff", (-520, 130), size=2.0, spread=0.6, sway=8, opacity=0.9)
    near = Particles(random, 46, "#ffffff", (-980, 200), size=4.2, spread=0.4, opacity=0.7)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        back.draw_tiled(frame, -t * 110)
        middle.draw_tiled(frame, -t * 250)
        ground.draw(frame)
        x, bump = -40 + t * 12, 1.5 * np.sin(t * 12)
        beam.draw(frame, x + 20 + u - 20, rail - 96 - 120)
        loco.draw(frame, x, rail - 330 + bump)
        for k in range(6):
            wx = x + 20 + u * (0.1 + 0.07 * (k % 3) + 0.6 * (k // 3))
            wheels[int(t * 38) % 8].draw(frame, wx - 40, rail - 34 - 40)
        snow.draw(frame, t)
        front.draw_tiled(frame, -t * 900)
        near.draw(frame, t)

    return paint


def tunnel_mouth(random: Random) -> Paint:
    """The mountain swallows the train, coach by coach."""
    sky = Canvas().fill(gradient((0, "#120a2e"), (0.45, "#3a2160"), (0.75, "#7b4a86"), (1, "#b0728f")))
    stars(sky, random, 800, 480)
    moon(sky, 250, 170, 60, "#ffe9d0", random)
    picture = sky.layer()
    far = snowy(random, WIDTH + 60, 600, 260, "#3d2a66", "#d9b8e6", 7)
    firs = trains.forest(random, 1500, 590, 50, 130, 40, "#1a1136", "#7f63a8")
    express = trains.train(330, 10, "#0c081c", "#d9b0e0", coaches=3)
    peak = 590 - 700 * np.clip((np.arange(WIDTH, dtype=np.float32) - 720) / 560, 0, 1) ** 0.85
    peak = peak - ridge(random, WIDTH, 0, 26, 60, 0.8) * np.clip((np.arange(WIDTH) - 700) / 120, 0, 1)
    mass = below(peak.astype(np.float32)) * (np.arange(WIDTH) > 812)[None]
    rocks = np.clip(noise(random, WIDTH, HEIGHT, 90, 5, 0.7) - 0.5, 0, 1)
    hill = Canvas().over(np.maximum(mass, rows(589, 592)), "#171029").light(mass * rocks, "#a98ac8", 0.6)
    hill.light(rim(mass, -1, -1, 3), "#e6c2ec", 0.7)
    portal = (
        Pen()
        .box(792, 452, 868, 596)
        .box(780, 436, 880, 456, radius=4)
        .polygon([(800, 436), (830, 412), (860, 436)])
        .mask()
    )
    courses = Pen(scale=2)
    for k in range(8):
        courses.line([(792, 470 + k * 17), (868, 470 + k * 17)], 1.5)
    hill.over(portal, "#51406a").shade(courses.mask() * portal, 0.4).light(rim(portal, -1, -1, 3), "#f6d6f0", 0.9)
    hill.light(rows(592, 594) * (1 - rows(600, 604)), "#c9a5d6", 0.5)
    mountain = hill.layer()
    flash = Canvas().light(glow(260, 2.2), "#ffdf9e", 0.8, 790 - 260, 520 - 260).layer()
    snow = Particles(random, 260, "#f6e6ff", (-30, 52), size=1.7, sway=14, opacity=0.75)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        far.draw(frame, -30 - t * 2)
        firs.draw_tiled(frame, -t * 5)
        front = 420 + t * 150
        if front < 900:
            flash.draw(frame, front - 820, 0, smooth(front, 420, 760) * (1 - smooth(front, 800, 900)))
        view = frame[:, :850]
        express.draw(view, front - express.width, 592 - express.height + 2)
        mountain.draw(frame)
        snow.draw(frame, t)

    return paint
