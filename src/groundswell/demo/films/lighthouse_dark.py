"""A Light for Nobody, when the lamp goes out: the panel, the stairs, a match."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films import props
from groundswell.demo.films.paint import Random, blur, disc, glow, gradient, lettering, noise, rim, smooth
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import profile
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Field, Frame, Layer, Paint
from groundswell.demo.films.weather import Particles


def panel(random: Random) -> Paint:
    """The control panel, close: AUTO is chosen; needles fall; everything goes dark but one red lamp."""
    metal = Canvas().fill(gradient((0, "#3b4643"), (0.5, "#2c3634"), (1, "#1a2120")))
    brushed = noise(random, WIDTH, HEIGHT, 90, 4, 30)
    metal.light(brushed, "#8ea39c", 0.16).light(glow(700, 2), "#c9ffe6", 0.25, 250 - 700, 60 - 700)
    for x in (60, 1220):
        for y in (60, 660):
            metal.over(disc(13), "#151b1a", x=x - 15, y=y - 15).light(disc(11), "#a4b5af", 0.3, x - 14, y - 15)
    for cx in (300, 640):
        metal.over(disc(122), "#0e1312", x=cx - 124, y=120).over(disc(110), "#e9e3cc", 0.96, cx - 112, 132)
        ticks = Pen()
        for k in range(11):
            a = np.pi * (0.85 - 0.07 * k * 10 / 10)
            ticks.line([(cx + np.cos(a) * 84, 244 - np.sin(a) * 84), (cx + np.cos(a) * 100, 244 - np.sin(a) * 100)], 3)
        metal.over(ticks.mask(), "#2a2f2b")
    for text, x, y, size in (
        ("LAMP CONTROL", 540, 392, 20),
        ("MANUAL", 500, 640, 19),
        ("AUTO", 715, 640, 19),
        ("LAMP FAIL", 955, 330, 17),
        ("PROPERTY OF THE NORTHERN LIGHTS TRUST", 60, 678, 11),
    ):
        metal.over(lettering(text, size, size * 0.22), "#d9e4da", 0.85, x, y)
    for text, x in (("VOLTS", 271), ("TURNS", 610)):
        metal.over(lettering(text, 14, 3), "#2a2f2b", 0.9, x, 284)
    metal.over(disc(52), "#1d0505", x=1013 - 54, y=220 - 54)
    knob = disc(92)
    metal.over(knob, "#101515", x=640 - 94, y=546 - 94)
    picture = metal.layer()
    needles = {cx: [_needle(cx, 244, 0.85 - 0.7 * k / 24) for k in range(25)] for cx in (300, 640)}
    levers = [_lever(640, 546, -0.7 + 1.4 * k / 8) for k in range(9)]
    alarm = (
        Canvas()
        .light(disc(46), "#ff3b2e", 1, 1013 - 48, 220 - 48)
        .light(glow(430, 2.4), "#ff2a1c", 0.8, 1013 - 430, 220 - 430)
        .layer()
    )
    green = (
        Canvas().light(disc(11), "#5dffa2", 1, 805, 638).light(glow(90, 2), "#46ff96", 0.6, 818 - 90, 650 - 90).layer()
    )
    amber = (
        Canvas().light(disc(11), "#ffc14d", 1, 470, 638).light(glow(90, 2), "#ffb02e", 0.6, 483 - 90, 650 - 90).layer()
    )
    night = Canvas().shade(np.ones((HEIGHT, WIDTH), np.float32), 0.86).layer()

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        turn = smooth(t, 1.4, 1.9)
        level = 0.72 + 0.03 * np.sin(t * 9) + 0.2 * np.sin(t * 31) * (2.6 < t < 3.5)
        level *= 1 - smooth(t, 3.4, 4.1)
        for cx, lag in ((300, 0.0), (640, 0.05)):
            needles[cx][int(np.clip(level - lag, 0, 1) * 24)].draw(frame)
        levers[round(turn * 8)].draw(frame)
        (green if turn > 0.5 else amber).draw(frame, opacity=1 if t < 3.4 else 0.15)
        dark = smooth(t, 3.4, 3.7) * (0.94 if int(t * 23) % 5 else 0.7) if t < 4.3 else 1
        night.draw(frame, opacity=dark)
        if t > 4.3 and (t * 1.4) % 1 < 0.55:
            alarm.draw(frame)

    return paint


def _needle(cx: int, cy: int, turn: float) -> Layer:
    a = np.pi * turn
    mask = (
        Pen(220, 220).line([(110, 110), (110 + np.cos(a) * 92, 110 - np.sin(a) * 92)], 3.5).ellipse(110, 110, 9).mask()
    )
    layer = Canvas(220, 220).over(mask, "#b3261c").layer()
    layer.left, layer.top = layer.left + cx - 110, layer.top + cy - 110
    return layer


def _lever(cx: int, cy: int, angle: float) -> Layer:
    tip = (cx + 118 * np.sin(angle), cy - 118 * np.cos(angle))
    tail = (cx - 60 * np.sin(angle), cy + 60 * np.cos(angle))
    mask = Pen().line([tail, tip], 36).mask()
    return (
        Canvas()
        .over(mask, "#26302e")
        .light(rim(mask, -1, -1, 3), "#dff5ea", 0.7)
        .over(Pen().line([(cx, cy), tip], 5).mask(), "#f4efe0")
        .layer()
    )


def stairs(random: Random) -> Paint:
    """The tower cut open: Ines climbs with a lantern, flight after flight."""
    tall = 1700
    wall = Canvas(WIDTH, tall).fill(gradient((0, "#1d2a3f"), (1, "#24344a"), height=tall))
    bricks = Pen(WIDTH, tall, 1)
    for row in range(0, tall, 38):
        bricks.line([(0, row), (WIDTH, row)], 2)
        for x in range(-90 + (row // 38 % 2) * 45, WIDTH, 90):
            bricks.line([(x, row), (x, row + 38)], 2)
    wall.shade(bricks.mask(), 0.5).light(noise(random, WIDTH, tall, 80, 4), "#8aa5c4", 0.2)
    steps = Pen(WIDTH, tall, 2)
    flights = []
    for k in range(7):
        y0, left_to_right = tall - 190 - k * 230, k % 2 == 0
        x0, x1 = (330, 950) if left_to_right else (950, 330)
        flights.append((x0, y0, x1, y0 - 230))
        for s in range(14):
            sx, sy = x0 + (x1 - x0) * s / 14, y0 - 230 * s / 14
            steps.box(min(sx, sx + (x1 - x0) / 14), sy - 16, max(sx, sx + (x1 - x0) / 14), sy + 26)
        steps.line([(x0, y0 - 110), (x1, y0 - 340)], 5)
        for s in range(0, 15, 2):
            sx, sy = x0 + (x1 - x0) * s / 14, y0 - 230 * s / 14
            steps.line([(sx, sy), (sx, sy - 110)], 2.5)
        steps.box(x1 - 90 if x1 < 500 else x1, y0 - 246, x1 if x1 < 500 else x1 + 90, y0 - 204)
    mask = steps.mask()
    wall.over(mask, "#0c121d").light(rim(mask, 0, -1, 2), "#ffce8c", 0.5)
    sides = (
        Pen(WIDTH, tall, 1)
        .polygon([(0, 0), (215, 0), (170, tall), (0, tall)])
        .polygon([(1065, 0), (WIDTH, 0), (WIDTH, tall), (1110, tall)])
        .mask()
    )
    tower, outside = wall.layer(), Canvas(WIDTH, tall).over(sides, "#03050a").layer()
    climber = [
        props.Walker(
            "ines",
            150,
            "#0a0d15",
            carries="lantern",
            facing=f,
            shine=0.9,
            light="#ffd08a",
            from_left=f < 0,
            halo="#ffcf7d",
        )
        for f in (1, -1)
    ]
    y, x = np.mgrid[:1500, :2600].astype(np.float32)
    away = np.hypot(x - 1300, y - 750)
    dark = Canvas(2600, 1500).over(np.clip((away - 90) / 520, 0, 1) ** 0.9, "#04070d", 0.9)
    gloom = dark.light(np.clip(1 - away / 420, 0, 1) ** 2, "#ffa63d", 0.5).layer()

    def paint(frame: Frame, t: float) -> None:
        pace = 0.35 + t / 2.9
        k = min(int(pace), len(flights) - 1)
        x0, y0, x1, y1 = flights[k]
        part = pace - k
        px, py = x0 + (x1 - x0) * part, y0 + (y1 - y0) * part - 16
        scroll = -(tall - 190 - (pace * 230)) + 430
        tower.draw(frame, 0, scroll)
        climber[k % 2].draw(frame, px, py + scroll + 2, t, 1.5)
        flicker = 1 - 0.06 * abs(np.sin(t * 13)) - 0.04 * np.sin(t * 5.1)
        gloom.draw(frame, px - 1300 + (30 if k % 2 == 0 else -30), py + scroll - 75 - 750, float(flicker))
        outside.draw(frame, 0, scroll)

    return paint


def flame(random: Random) -> Paint:
    """Black. A match; and a face, and then the wick takes."""
    dark = Canvas().fill(gradient((0, "#050304"), (1, "#090506"))).layer()
    mask = profile("ines", 430, WIDTH, HEIGHT, 170, 150)
    skin = (
        Canvas()
        .over(mask, "#120807")
        .light(rim(mask, 2, 0, 6), "#ffb257", 2.4)
        .light(rim(mask, 4, 1, 26), "#ff7a2a", 1.2)
    )
    warm = blur(mask, 3) * glow(WIDTH, 4)[WIDTH - 400 : WIDTH - 400 + HEIGHT, WIDTH - 800 : 2 * WIDTH - 800]
    face_lit = skin.light(warm, "#c2521c", 0.55).layer(smooth=True)
    hand_pen = Pen().curve(
        [
            (1300, 560),
            (1090, 520),
            (960, 470),
            (880, 452),
            (842, 462),
            (850, 492),
            (930, 540),
            (1000, 590),
            (1120, 625),
            (1300, 650),
        ]
    )
    hand_pen.line([(860, 470), (742, 412)], 6).curve([(930, 470), (880, 440), (840, 444), (838, 462), (900, 490)])
    hand_mask = hand_pen.mask()
    hand = Canvas().over(hand_mask, "#1a0b07").light(rim(hand_mask, -1, -1, 5), "#ffb766", 1.6).layer(smooth=True)
    tongues = [_tongue(random, k) for k in range(10)]
    halo = (
        Canvas(1400, 1400).light(glow(700, 2.6), "#ff9433", 0.75).light(glow(300, 3), "#ffd98f", 0.6, 400, 400).layer()
    )
    sparks = Particles(random, 70, "#ffd27a", (50, -150), size=1.3, box=(640, 60, 980, 420), sway=18, twinkle=1)

    def paint(frame: Frame, t: float) -> None:
        dark.draw(frame)
        lit = smooth(t, 0.5, 0.8) * (1 + 0.5 * np.exp(-((t - 0.85) ** 2) / 0.02))
        flicker = float(min(1, lit) * (0.86 + 0.08 * np.sin(t * 17) + 0.06 * np.sin(t * 29)))
        rise = 60 * smooth(t, 3.6, 5.0)
        halo.draw(frame, 742 - 700 + 4 * np.sin(t * 11), 380 - 700 - rise, flicker)
        face_lit.draw(frame, t * 2.5, 1.5 * np.sin(t * 1.6), flicker)
        hand.draw(frame, 2 * np.sin(t * 2.3), -rise, 0.15 + 0.85 * flicker)
        if lit > 0.05:
            tongues[int(t * 14) % len(tongues)].draw(
                frame, 742 - 60 + 2 * np.sin(t * 2.3), 420 - 200 - rise, min(1.0, float(lit))
            )
            sparks.draw(frame, t, 0.25 * flicker + 0.75 * float(np.exp(-((t - 0.9) ** 2) / 0.15)))

    return paint


def _tongue(random: Random, step: int) -> Layer:
    bend = 10 * np.sin(step * 1.9) + random.uniform(-4, 4)
    outer = (
        Pen(120, 210)
        .curve([(60, 205), (38, 170), (44, 120), (60 + bend, 40 + random.uniform(-14, 14)), (78, 120), (82, 170)])
        .mask()
    )
    inner = Pen(120, 210).curve([(60, 202), (48, 175), (52, 140), (60 + bend * 0.5, 95), (70, 140), (72, 175)]).mask()
    root: Field = Pen(120, 210).ellipse(60, 192, 13, 16).mask()
    canvas = Canvas(120, 210).light(blur(outer, 7), "#ff7a1f", 1).light(blur(outer, 2), "#ffb23f", 0.95)
    return canvas.light(blur(inner, 2), "#fff6d8", 1).over(blur(root, 5), "#4f6bd8", 0.5).layer(smooth=True)
