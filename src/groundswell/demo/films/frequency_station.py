"""Night Frequency, episode 1: up there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from groundswell.demo.films import props
from groundswell.demo.films.paint import Random, blur, disc, glow, gradient, lettering, noise, rim, rows, smooth
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import person, profile
from groundswell.demo.films.space import Aurora, Planet, backlight, bean, station_layer
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Frame, Paint
from groundswell.demo.films.weather import Particles, stars


def orbit_title(random: Random) -> Paint:
    """The sun comes over the edge of the world."""
    planet = Planet(random, 640, 1560, 1180, sun=(0.25, -0.95), speed=14, sea="#0f3a6b", land="#5f7a55", air="#6fb8ff")
    flares = []
    for k in range(13):
        canvas = Canvas()
        x, y, s = 880, 440, 0.35 + 0.65 * k / 12
        canvas.light(glow(640 * s, 3, 0.5), "#ffd9a3", 0.9, int(x - 640 * s), int(y - 320 * s))
        canvas.light(glow(900 * s, 4, 0.04), "#ffffff", 0.9, int(x - 900 * s), int(y - 36 * s))
        canvas.light(disc(13 * s), "#ffffff", 1, int(x - 13 * s) - 2, int(y - 13 * s) - 2)
        flares.append(canvas.layer())
    card = props.TitleCard("Night Frequency", "Episode one  ·  Wrong number in the sky", "#eef6ff", y=190)

    def paint(frame: Frame, t: float) -> None:
        planet.draw(frame, t)
        flares[int(12 * smooth(t, 0.5, 6.5))].draw(frame, 0, 6 - t * 4, smooth(t, 0.2, 2))
        card.draw(frame, t, 1.6, 8.4)

    return paint


def station_out(random: Random) -> Paint:
    """Halcyon, drifting over an ochre continent."""
    planet = Planet(random, 1080, 960, 760, sun=(-0.75, -0.55), speed=10, sea="#1d4b66", land="#b8863f", air="#9fe0ff")
    hull = station_layer(820)
    red = Canvas(120, 120).light(glow(60, 2.4), "#ff4a3a", 1).light(glow(10, 1), "#ffd0c8", 1, 50, 50).layer()
    debris = Particles(random, 46, "#ffe9c8", (-16, 5), size=1.1, twinkle=1, spread=0.8)

    def paint(frame: Frame, t: float) -> None:
        planet.draw(frame, t)
        x, y = 60 + t * 15, 70 + t * 5 + 4 * np.sin(t * 0.6)
        hull.draw(frame, x, y)
        if t % 1.5 < 0.18:
            red.draw(frame, x + 410 - 60, y + 14 - 60)
        debris.draw(frame, t)

    return paint


def window(random: Random) -> Paint:
    """Inside: Juno floats before a round window with the world in it; Gerald on the sill."""
    planet = Planet(random, 690, 420, 330, sun=(-0.8, -0.35), speed=13, sea="#1b5a86", land="#7fa05a", air="#bfe8ff")
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(x - 690, y - 350)
    wall = np.clip(away - 292, 0, 1)
    room = Canvas()
    colours = gradient((0, "#2b2145"), (0.5, "#4a3768"), (1, "#1b1430"))
    room.over(wall, np.ascontiguousarray(np.broadcast_to(colours, (HEIGHT, WIDTH, 3))).astype(np.float32))
    panels = Pen(scale=2)
    for px in range(40, WIDTH, 200):
        panels.line([(px, 0), (px, HEIGHT)], 2)
    panels.line([(0, 130), (WIDTH, 130)], 2).line([(0, 600), (WIDTH, 600)], 2)
    room.over(panels.mask() * wall, "#130d22", 0.7)
    collar = np.clip(1 - np.abs(away - 316) / 24, 0, 1)
    room.over(np.clip(collar * 3, 0, 1) * wall, "#241a38").light(
        collar**2 * wall * np.clip((350 - y) / 300 + 0.5, 0, 1), "#d9c8ff", 0.6
    )
    for k in range(24):
        a = 2 * np.pi * k / 24
        room.over(disc(4), "#0d0818", x=int(690 + 318 * np.cos(a)) - 6, y=int(350 + 318 * np.sin(a)) - 6)
    room.light(np.exp(-np.clip(away - 292, 0, 900) / 120) * wall, "#9fd0ff", 0.35)
    for lx in (90, 1170):
        tube = Pen().box(lx, 180, lx + 16, 540, radius=8).mask()
        room.light(blur(tube, 40), "#ff9ad5", 2).light(tube, "#ffd9ef", 0.95)
    walls = room.layer()
    gerald = Pen()
    bean(gerald, 1000, 642, 150)
    pot = gerald.mask()
    plant = Canvas().over(pot, "#160f26").light(rim(pot, -1, -1, 2), "#bfe8b0", 1).layer(smooth=True)
    floats = []
    for k in range(12):
        mask = person("juno", 420, "float", k / 12)
        canvas = Canvas(mask.shape[1], mask.shape[0]).over(mask, "#0f0a1c").light(rim(mask, 1, -1, 3), "#a9d8ff", 1)
        floats.append(canvas.layer(smooth=True))

    def paint(frame: Frame, t: float) -> None:
        planet.draw(frame, t)
        walls.draw(frame)
        plant.draw(frame, 0, 2 * np.sin(t * 0.8))
        floats[int(t * 2.2) % 12].draw(frame, 180 + 12 * np.sin(t * 0.4) + t * 4, 190 + 16 * np.sin(t * 0.7))

    return paint


def radio(random: Random) -> Paint:
    """The set, close: two voices on one green line."""
    case = Canvas().fill(gradient((0, "#3a2413"), (0.5, "#20130a"), (1, "#0d0704")))
    case.light(noise(random, WIDTH, HEIGHT, 120, 5, 12), "#a5652d", 0.22)
    grille = Pen(scale=2)
    for gy in range(60, 660, 26):
        for gx in range(60, 420, 26):
            grille.ellipse(gx, gy, 8)
    case.shade(grille.mask(), 0.8).light(rim(grille.mask(), 1, 1, 1.5), "#e8b070", 0.3)
    screen = Pen().box(490, 70, 1200, 390, radius=26).mask()
    case.over(Pen().box(474, 54, 1216, 406, radius=36).mask(), "#0b0603").over(screen, "#04160c")
    grid = np.zeros((HEIGHT, WIDTH), np.float32)
    grid[70:390:40], grid[:, 490:1200:50] = 1, 1
    case.light(grid * screen, "#2f8f5a", 0.3).light(blur(screen, 60) * screen, "#1f7a48", 0.2)
    case.over(Pen().box(490, 450, 860, 650, radius=16).mask(), "#f2d9a0").light(
        glow(260, 2, 0.6), "#fff6d8", 0.5, 675 - 260, 640 - 156
    )
    for k in range(13):
        a = np.pi * (0.8 - 0.6 * k / 12)
        tick = (
            Pen()
            .line([(675 + np.cos(a) * 170, 690 - np.sin(a) * 170), (675 + np.cos(a) * 186, 690 - np.sin(a) * 186)], 3)
            .mask()
        )
        case.over(tick, "#3a1d10" if k < 9 else "#b3261c")
    for text, tx, ty, size in (("VU", 660, 590, 22), ("117.9 MHz", 915, 452, 30), ("WHO ARE YOU?", 915, 496, 13)):
        case.over(lettering(text, size, 4), "#3a1d10" if text == "VU" else "#ffb454", 0.95, tx, ty)
    for kx in (970, 1130):
        case.over(disc(58), "#0a0503", x=kx - 60, y=596 - 60).light(
            rim(np.pad(disc(58), 20), -1, -1, 4), "#ffcf8f", 0.8, kx - 80, 596 - 80
        )
    picture = case.layer()
    needles = []
    for k in range(25):
        a = np.pi * (0.8 - 0.6 * k / 24)
        needles.append(
            Canvas()
            .over(
                Pen(scale=2)
                .line([(675 + np.cos(a) * 44, 690 - np.sin(a) * 44), (675 + np.cos(a) * 178, 690 - np.sin(a) * 178)], 3)
                .mask()
                * rows(450, 452)
                * (1 - rows(648, 650)),
                "#7a1710",
            )
            .layer()
        )
    pointer = [
        Canvas()
        .over(Pen(scale=2).line([(kx, 596), (kx + 46 * np.sin(a), 596 - 46 * np.cos(a))], 5).mask(), "#ffd9a0")
        .layer()
        for kx, a in ((970, -0.6), (1130, 0.9))
    ]
    lamp = (
        Canvas()
        .light(glow(150, 2.4), "#ff5c2e", 0.9, 1200 - 150, 470 - 150)
        .light(disc(8), "#ffe0c8", 1, 1190, 460)
        .layer()
    )
    across = np.arange(500, 1190)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        voice = abs(np.sin(t * 2.3)) * (0.5 + 0.5 * np.sin(t * 7.7)) * (0.35 + 0.65 * (np.sin(t * 0.9) > -0.4))
        needles[int(np.clip(0.12 + 0.75 * voice, 0, 1) * 24)].draw(frame)
        for layer in pointer:
            layer.draw(frame)
        u = (across - 845) / 345
        wave = voice * 105 * np.exp(-(u**2) * 2.2) * np.sin(u * 26 + t * 21) * np.sin(u * 7 - t * 5) + 2 * np.sin(
            across * 0.9 + t * 60
        )
        height = (230 + wave).astype(int)
        for spread, gain in ((4, 30), (2, 70), (1, 150), (0, 255)):
            for side in (-spread, spread):
                at = (height + side, across)
                frame[at] = np.maximum(frame[at], np.array([gain * 0.45, gain, gain * 0.6], np.uint8))
        lamp.draw(frame, opacity=0.35 + 0.65 * float(voice > 0.2))

    return paint


def juno_face(random: Random) -> Paint:
    """Close: Juno, and the aurora over the pole."""
    sky = Canvas().fill(gradient((0, "#030714"), (0.6, "#071d2b"), (1, "#0b3030")))
    stars(sky, random, 900)
    picture = sky.layer()
    aurora = Aurora(random, ("#35ff9a", "#2fd7c4", "#a35cff"), 40, 640)
    layers = []
    for talk in (False, True):
        mask = profile("juno", 490, WIDTH, HEIGHT, 350, 100, talk)[:, ::-1]
        canvas = (
            Canvas()
            .over(mask, "#050b12")
            .light(rim(mask, -1, -1, 5), "#7dffc4", 0.9)
            .light(rim(mask, -2, 0, 22), "#39d99a", 0.35)
        )
        layers.append(canvas.layer(smooth=True))

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        aurora.draw(frame, t)
        speaks = (0.4 < t < 1.9 or 2.4 < t < 7.2) and int(t * 5.1) % 3 != 0
        layers[speaks].draw(frame, -30 + t * 2.4, 3 * np.sin(t * 0.9))

    return paint


def corridor(random: Random) -> Paint:
    """02:14. The corridor shakes; things that were floating are not floating calmly."""
    deep = Canvas(WIDTH + 80, HEIGHT + 80).fill(
        gradient((0, "#2a0608"), (0.5, "#5c0f10"), (1, "#1c0405"), height=HEIGHT + 80)
    )
    cx, cy = (WIDTH + 80) / 2, (HEIGHT + 80) / 2
    for k in range(9):
        s = 1.12 * 0.74**k
        w, h = 640 * s, 380 * s
        frame_mask = Pen(WIDTH + 80, HEIGHT + 80, 2).box(cx - w, cy - h, cx + w, cy + h, radius=90 * s).mask()
        inner = (
            Pen(WIDTH + 80, HEIGHT + 80, 2)
            .box(cx - w * 0.9, cy - h * 0.88, cx + w * 0.9, cy + h * 0.88, radius=70 * s)
            .mask()
        )
        tone = 0.30 + 0.085 * k
        deep.over(frame_mask, (0.20 * tone, 0.035 * tone, 0.04 * tone)).light(rim(frame_mask, 0, 1, 3), "#ff5546", 0.4)
        deep.over(inner, (0.62 * tone, 0.09 * tone, 0.08 * tone)).light(
            np.clip(inner - blur(inner, 14 * s + 2), 0, 1), "#ff8a70", 0.3
        )
    deep.light(glow(330, 2), "#ffb09a", 0.9, int(cx) - 330, int(cy) - 330)
    strips = Pen(WIDTH + 80, HEIGHT + 80, 2)
    for side in (-1, 1):
        strips.polygon(
            [
                (cx + side * 560, cy - 330),
                (cx + side * 590, cy - 300),
                (cx + side * 60, cy - 36),
                (cx + side * 56, cy - 40),
            ]
        )
    deep.light(blur(strips.mask(), 18), "#ff3b30", 1.4).light(strips.mask(), "#ffd0c4", 0.8)
    picture = deep.layer()
    thing = []
    for draw in ("mug", "bean", "book"):
        pen = Pen(150, 150)
        if draw == "mug":
            pen.box(50, 50, 92, 104, radius=5).ring(100, 76, 18, 17, 5)
        elif draw == "bean":
            bean(pen, 75, 140, 120)
        else:
            pen.polygon([(30, 50), (110, 30), (124, 96), (44, 118)])
        mask = pen.mask()
        thing.append(
            Canvas(150, 150).over(mask, "#160304").light(rim(mask, 0, -1, 2.5), "#ff9a86", 1).layer(smooth=True)
        )
    juno = props.Walker("juno", 330, "#120203", pose="float", shine=1, light="#ff8a78", facing=-1, from_left=False)
    clock = lettering("02:14", 44, 8)
    sign = Canvas().over(clock, "#ffd9cf", x=562, y=618).layer()

    def paint(frame: Frame, t: float) -> None:
        force = smooth(t, 1.6, 2.6) * (1 - 0.5 * smooth(t, 7.5, 9))
        dx, dy = force * 13 * np.sin(t * 47) * np.sin(t * 5.1), force * 11 * np.sin(t * 53 + 1) * np.cos(t * 4.3)
        picture.draw(frame, round(-40 + dx), round(-40 + dy))
        juno.draw(frame, 420 - dx * 1.5, 640 + 10 * np.sin(t) - dy * 2, t, 0.4)
        for k, layer in enumerate(thing):
            layer.draw(
                frame,
                640 + 150 * k + 30 * np.sin(t * 0.8 + k) + dx * 2.5,
                300 - 70 * (k % 2) + 26 * np.sin(t * 1.1 + 2 * k) - dy * 3,
            )
        if (t * 2) % 1 < 0.6:
            sign.draw(frame, dx * 0.4, dy * 0.4)
        pulse = 0.5 + 0.5 * np.sin(t * 6.3)
        np.multiply(frame, 0.72 + 0.28 * pulse, out=frame, casting="unsafe")

    return paint


def control_room(entries: list[tuple[str, str]]) -> Callable[[Random], Paint]:
    """A wall of screens that should not be there; the credits."""

    def build(random: Random) -> Paint:
        wall = Canvas().fill(gradient((0, "#0a1012"), (0.7, "#101a1c"), (1, "#050809")))
        boxes = [(60 + 200 * c, 70 + 150 * r) for r in range(3) for c in range(3)]
        for x, y in boxes:
            frame_mask = Pen(scale=2).box(x - 8, y - 8, x + 180, y + 122, radius=12).mask()
            wall.over(frame_mask, "#020405").light(blur(frame_mask, 30), "#3fb6a8", 0.22)
        backlight(wall, 330, 300, 620, "#2c8f86", 0.3)
        desk = Pen().box(0, 600, 760, 720).mask()
        wall.over(desk, "#030506")
        picture = wall.layer()
        screens = [Planet(random, 270, 270, 66, speed=9), None]
        operators = [
            props.Walker("theo", 330, "#020405", pose="sit", facing=f, shine=1, light="#6fe0d0", from_left=f < 0)
            for f in (1, -1)
        ]
        gerald = Pen(180, 120)
        bean(gerald, 90, 112, 100)
        plant = (
            Canvas(172, 114)
            .fill(gradient((0, "#12342c"), (1, "#071512"), height=114))
            .over(gerald.mask()[:114, :172], "#9fe8b8", 0.9)
            .layer()
        )
        noise_rows = np.random.default_rng(3).integers(10, 120, (240, 400), np.uint8)
        scratch = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        assert screens[0] is not None
        globe = screens[0]
        roll = props.Credits(entries, "#d7f2ec", x=990)

        def paint(frame: Frame, t: float) -> None:
            picture.draw(frame)
            globe.draw(scratch, t)
            for k, (x, y) in enumerate(boxes):
                view = frame[y : y + 114, x : x + 172]
                if k == 4:
                    view[:] = scratch[213 : 213 + 114, 184 : 184 + 172]
                elif k == 2:
                    plant.draw(view)
                else:
                    dx, dy = int(t * (97 + 31 * k)) % 220, int(t * (61 + 17 * k)) % 120
                    snow = noise_rows[dy : dy + 114, dx : dx + 172] // (2 if k % 3 else 3)
                    view[..., 1], view[..., 2], view[..., 0] = snow, snow, snow // 2
                view[int(t * 60 + k * 23) % 114] = (60, 120, 112)
            operators[0].draw(frame, 170, 760, t, 0.25)
            operators[1].draw(frame, 560, 764, t + 2, 0.25)
            roll.draw(frame, t, 10.0)

        return paint

    return build
