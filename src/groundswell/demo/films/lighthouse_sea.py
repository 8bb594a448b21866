"""A Light for Nobody, out of doors: the point, the sea, the storm, the morning after."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from groundswell.demo.films import props
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
from groundswell.demo.films.people import Who
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Field, Frame, Layer, Paint, from_image
from groundswell.demo.films.weather import Beam, Particles, Swell, Water, clouds, stars


def title(random: Random) -> Paint:
    """Dusk: the sun goes down beside the point; the film's name."""
    sky = Canvas().fill(
        gradient(
            (0, "#1d2650"), (0.28, "#5a3d76"), (0.45, "#c4566f"), (0.57, "#f7925a"), (0.63, "#ffd08a"), (1, "#ffd08a")
        )
    )
    sky.light(glow(520, 2.2), "#ffb066", 0.75, 420 - 520, 440 - 520)
    sky.over(disc(62), "#fff1c9", x=420 - 64, y=404 - 64)
    bank = clouds(random, WIDTH + 120, "#ffb98a", "#7b3f6d", top=120, bottom=400, cover=0.42, lit_from=1, opacity=0.8)
    picture = sky.layer()
    reflected = Canvas().fill(np.clip(sky.colour, 0, 1))
    water = Water(random, reflected, 450, "#c8636a", depth="#1a1c3e", clear=0.85)
    point = Canvas()
    pen = Pen()
    pen.curve([(760, 470), (860, 452), (960, 415), (1040, 398), (1130, 392), (1300, 380), (1400, 560), (1000, 480)])
    lamp = props.lighthouse(pen, 1045, 402, 250)
    props.cottage(pen, 1120, 394, 92)
    shape = pen.mask() * (1 - rows(455, 458))
    point.over(shape, "#1b1533").light(rim(shape, -2, -1, 2), "#ff9c6b", 0.9)
    point.light(glow(150, 3), "#ffe7a8", 0.95, int(lamp[0]) - 150, int(lamp[1]) - 150)
    land = point.layer()
    glints = Particles(random, 260, "#fff0c0", (0, 0), size=1.6, box=(300, 455, 560, 720), twinkle=1, opacity=0.9)
    birds = props.gull_layers(34, "#2a1b3c")
    card = props.TitleCard("A Light for Nobody", "Skerry Point  ·  the last night", y=535, size=52)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        bank.draw(frame, -10 - t * 5)
        water.draw(frame, t)
        land.draw(frame)
        glints.draw(frame, t)
        props.gulls(frame, birds, t, [(180, 250, 26, -4, 0.1), (230, 275, 27, -5, 0.5), (120, 290, 25, -3, 0.8)])
        card.draw(frame, t, 1.4, 7.6)

    return paint


def arrival(random: Random) -> Paint:
    """Late afternoon: a small boat brings the technician; the tower stands close."""
    sky = Canvas().fill(
        gradient((0, "#3f6f9e"), (0.35, "#8fb3c4"), (0.6, "#f3d9b8"), (0.72, "#ffe9c6"), (1, "#ffe9c6"))
    )
    sky.light(glow(700, 2), "#fff0cf", 0.6, 900 - 700, 430 - 700)
    picture = sky.layer()
    far = clouds(random, WIDTH + 160, "#fffaf0", "#93a9bd", top=40, bottom=380, cover=0.5, opacity=0.95)
    isles = Canvas(WIDTH + 100)
    isles.over(below(ridge(random, WIDTH + 100, 470, 60, 20, 1.1)), "#8ea6b3")
    isles.over(below(ridge(random, WIDTH + 100, 476, 36, 30, 1.0)), "#6f8d9e")
    islands = isles.layer(smooth=True)
    sea = Swell(random, 462, 7, "#6f9aa6", "#1f4a5a", "#e9f4ee", height=12)
    pen = Pen()
    pen.curve(
        [
            (-80, 520),
            (60, 470),
            (200, 452),
            (330, 462),
            (430, 486),
            (500, 540),
            (560, 580),
            (640, 640),
            (690, 760),
            (-80, 800),
        ]
    )
    lamp = props.lighthouse(pen, 205, 474, 400)
    props.cottage(pen, 300, 470, 118)
    rock = pen.mask()
    canvas = Canvas().over(rock, "#2c3a45").light(rim(rock, 1, -1, 2.5), "#ffe6bd", 0.8)
    texture = noise(random, WIDTH, HEIGHT, 60, 4, 1.6)
    canvas.light(np.clip(texture - 0.55, 0, 1) * rock * rows(430, 520), "#9fb2b0", 0.5)
    bands = rows(232, 234) * (1 - rows(290, 292)) + rows(350, 352) * (1 - rows(410, 412))
    canvas.over(rock * bands * (np.arange(WIDTH) < 285)[None].astype(np.float32), "#8c3b33", 0.85)
    canvas.light(glow(40, 2), "#fff4d0", 0.7, int(lamp[0]) - 40, int(lamp[1]) - 40)
    cliff = canvas.layer(smooth=True)
    hull, lamps = props.trawler(150)
    sprite = (
        Canvas(150, 120).over(hull, "#24313a").light(rim(hull, 1, -1, 1.5), "#fff2d8", 0.9).light(lamps, "#ffe2a0", 0.6)
    )
    boat = sprite.layer(smooth=True)
    birds = props.gull_layers(44, "#fbfdfb")

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        far.draw(frame, -120 + t * 7)
        islands.draw(frame, -60 + t * 3)
        sea.draw(frame, t, 0, 4)
        boat.draw(frame, 1060 - t * 34, 470 + 5 * np.sin(t * 1.7))
        sea.draw(frame, t, 4)
        cliff.draw(frame, -14 + t * 1.4)
        props.gulls(
            frame,
            birds,
            t,
            [(500, 240, 40, 6, 0), (560, 200, 44, 2, 0.4), (330, 300, 52, -9, 0.7), (760, 330, -38, -6, 0.2)],
        )

    return paint


def storm(random: Random) -> Paint:
    """Night: the beam swings through rain over a rising sea; lightning."""
    sky = Canvas().fill(gradient((0, "#070b1c"), (0.4, "#16243f"), (0.62, "#2a3d56"), (1, "#101b2c")))
    picture = sky.layer()
    lit = Canvas().fill(gradient((0, "#59628f"), (0.4, "#98a7cc"), (0.62, "#c3d0e4"), (1, "#54617c"))).layer()
    bank = clouds(random, WIDTH + 420, "#3d4c68", "#0c1224", top=-120, bottom=400, cover=0.66, cell=340, opacity=0.95)
    scud = clouds(random, WIDTH + 700, "#55647f", "#18213a", top=60, bottom=330, cover=0.36, cell=200, opacity=0.8)
    sea = Swell(random, 420, 7, "#22364c", "#050b14", "#9fc0d4", height=46)
    pen = Pen()
    pen.curve([(830, 520), (900, 470), (985, 452), (1090, 446), (1200, 470), (1330, 480), (1400, 700), (820, 640)])
    lamp = props.lighthouse(pen, 1020, 456, 330)
    props.cottage(pen, 1100, 462, 96)
    shape = pen.mask()
    window = np.zeros((HEIGHT, WIDTH), np.float32)
    window[438:450, 1128:1138] = 1
    island = (
        Canvas().over(shape, "#060a14").light(rim(shape, -1, -1, 2), "#7f9ac0", 0.5).over(window, "#ffc56b").layer()
    )
    beam = Beam(int(lamp[0]), int(lamp[1]), "#fff0c2", tilt=0.02)
    rain = Particles(random, 620, "#b9cee6", (-420, 1150), streak=30, spread=0.35, opacity=0.34)
    bolts = _lightning(random)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        flash = max(
            (1 - (t - at) * 3.2) * (0.6 + 0.4 * np.cos((t - at) * 60)) if 0 <= t - at < 0.31 else 0
            for at in (2.1, 2.5, 7.2)
        )
        if flash > 0:
            lit.draw(frame, opacity=flash * 0.8)
        bank.draw(frame, -200 + t * 14, opacity=1 - 0.3 * flash)
        scud.draw(frame, -500 + t * 46)
        for at, bolt in zip((2.1, 7.2), bolts, strict=True):
            if 0 <= t - at < 0.16:
                bolt.draw(frame)
        beam.draw(frame, t / 6.5 + 0.2)
        sea.draw(frame, t * 1.5, 0, 3)
        island.draw(frame)
        sea.draw(frame, t * 1.5, 3)
        rain.draw(frame, t)

    return paint


def _lightning(random: Random) -> list[Layer]:
    layers = []
    for start in (330, 640):
        pen, x, y = Pen(), float(start), 0.0
        path = [(x, y)]
        while y < 430:
            x, y = x + random.uniform(-26, 24), y + random.uniform(14, 34)
            path.append((x, y))
            if random.random() < 0.3:
                pen.line(
                    [(x, y), (x + random.uniform(-60, 60), y + 46), (x + random.uniform(-90, 90), y + 90)], 1.2, 0.6
                )
        pen.line(path, 3)
        mask = pen.mask()
        layers.append(Canvas().light(blur(mask, 16), "#9fb4ff", 3).light(mask, "#ffffff").layer())
    return layers


def dark_sea(random: Random) -> Paint:
    """No light at all: a trawler labours through black-green water."""
    sky = Canvas().fill(gradient((0, "#030808"), (0.35, "#0a1b1b"), (0.55, "#15302c"), (1, "#04100f")))
    picture = sky.layer()
    bank = clouds(random, WIDTH + 300, "#1d3a36", "#050d0e", top=-100, bottom=380, cover=0.6, opacity=0.95)
    sea = Swell(random, 360, 6, "#1b3f39", "#020706", "#8fc7b2", height=62)
    hull, lamps = props.trawler(360)
    boats = []
    for tilt in range(-9, 10):
        boat = Canvas(420, 400)
        turned, glass = (_tilted(m, tilt) for m in (hull, lamps))
        boat.over(turned, "#020605", x=30, y=50).light(rim(turned, -1, -1, 2), "#6fae9b", 0.55, 30, 50)
        boat.light(blur(glass, 20), "#ffb04d", 2.5, 30, 50).light(glass, "#ffd88c", 1, 30, 50)
        boats.append(boat.layer(smooth=True))
    rain = Particles(random, 520, "#a9d6c6", (-560, 980), streak=26, spread=0.35, opacity=0.3)
    spray = Particles(
        random, 240, "#d8efe6", (-230, 70), size=1.5, box=(300, 330, 900, 560), sway=12, twinkle=0.8, opacity=0.5
    )

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        bank.draw(frame, -40 - t * 18)
        sea.draw(frame, t * 1.7, 0, 3)
        roll = np.sin(t * 1.25 + 0.4)
        boats[round(9 + 9 * roll)].draw(frame, 430 - t * 4, 190 + 34 * np.sin(t * 1.25 - 0.9))
        spray.draw(frame, t, 0.4 + 0.6 * max(0, float(np.cos(t * 1.25))))
        sea.draw(frame, t * 1.7, 3)
        rain.draw(frame, t)

    return paint


def _tilted(mask: Field, degrees: float) -> Field:
    image = Image.fromarray((mask * 255).astype(np.uint8)).rotate(degrees, Image.Resampling.BICUBIC)
    return from_image(image)


def rescue(random: Random) -> Paint:
    """From the water: the lamp burns again, by hand, and finds the boat."""
    sky = Canvas().fill(
        gradient((0, "#0b0f2a"), (0.4, "#2b2a56"), (0.58, "#6a4a5c"), (0.64, "#a06a4e"), (1, "#1a1630"))
    )
    sky.light(glow(760, 2), "#ffb84d", 0.55, 300 - 760, 300 - 760)
    picture = sky.layer()
    bank = clouds(random, WIDTH + 300, "#a9794f", "#17142f", top=-80, bottom=400, cover=0.55, lit_from=1, opacity=0.85)
    pen = Pen()
    pen.curve([(60, 520), (150, 450), (250, 424), (380, 420), (450, 440), (560, 520), (560, 640), (40, 640)])
    lamp = props.lighthouse(pen, 300, 430, 300)
    shape = pen.mask()
    island = Canvas().over(shape, "#0b0a1c").light(rim(shape, 1, -1, 2), "#ffb45c", 0.7).layer()
    beam = Beam(int(lamp[0]), int(lamp[1]), "#ffcb6b", reach=1900, tilt=0.13)
    sea = Swell(random, 440, 6, "#5c4a63", "#0a0a1e", "#ffd39a", height=44)
    hull, lamps = props.trawler(240)
    sprite = (
        Canvas(240, 192)
        .over(hull, "#0d0b1d")
        .light(rim(hull, -1, -1, 2.2), "#ffcf82", 1)
        .light(blur(lamps, 8), "#ffd27a", 2)
    )
    boat = sprite.light(lamps, "#fff0c0").layer(smooth=True)
    rain = Particles(random, 360, "#ffdcae", (-300, 900), streak=22, spread=0.35, opacity=0.3)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        bank.draw(frame, -220 + t * 16)
        on = smooth(t, 0.6, 1.6) * (1 if t > 1.6 else float(np.sin(t * 40) > 0))
        beam.draw(frame, -0.22 + 0.2 * smooth(t, 1.2, 5) + 0.01 * np.sin(t), on)
        island.draw(frame)
        sea.draw(frame, t * 1.3, 0, 3)
        boat.draw(frame, 960 - t * 22, 400 + 16 * np.sin(t * 1.4))
        sea.draw(frame, t * 1.3, 3)
        rain.draw(frame, t)

    return paint


def morning(random: Random) -> Paint:
    """Dawn, flat calm: the trawler at the jetty, and people with mugs."""
    sky = Canvas().fill(
        gradient(
            (0, "#7fb6c9"), (0.3, "#bfdcd3"), (0.48, "#fbe3cf"), (0.58, "#ffc9b5"), (0.63, "#ffb7a5"), (1, "#ffb7a5")
        )
    )
    sky.light(glow(560, 2), "#fff3d6", 0.9, 760 - 560, 430 - 560).over(disc(46), "#fffdf0", x=712, y=372)
    hills = below(ridge(random, WIDTH, 455, 74, 20, 1.15))
    sky.over(hills, "#a9b9bd", 0.9).over(below(ridge(random, WIDTH, 458, 40, 30, 1.1)), "#8aa1a8", 0.9)
    picture = sky.layer()
    bank = clouds(random, WIDTH + 140, "#fff8ee", "#e6b8b0", top=60, bottom=300, cover=0.38, opacity=0.85)
    hull, lamps = props.trawler(330)
    boat = (
        Canvas(330, 264).over(hull, "#31495a").light(rim(hull, 1, -1, 2.5), "#fff0da", 0.9).over(lamps, "#ffe9bf", 0.8)
    )
    above = Canvas().fill(np.clip(sky.colour, 0, 1))
    mirrored = Canvas(330, 264).over(hull[::-1], "#31495a", 0.38).layer(smooth=True)
    water = Water(random, above, 452, "#d9c4bd", depth="#4b7b86", clear=0.8)
    pen = Pen()
    pen.box(560, 556, 1300, 574)
    for x in range(590, 1300, 92):
        pen.box(x, 540, x + 14, 720)
    dock = pen.mask()
    jetty = Canvas().over(dock, "#40383a").light(rim(dock, 0, -1, 2), "#ffe3c4", 0.8).layer()
    vessel = boat.layer(smooth=True)
    cast: list[tuple[Who, str, int]] = [("ines", "mug", 1), ("moss", "mug", -1), ("theo", "mug", -1)]
    crew = [
        props.Walker(who, 178, "#2c2a33", pose="stand", carries=c, facing=f, shine=0.9, light="#ffe9cc")
        for who, c, f in cast
    ]
    birds = props.gull_layers(40, "#ffffff")
    glints = Particles(random, 300, "#fff8e0", size=1.5, box=(640, 456, 860, 700), twinkle=1, opacity=0.85)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        bank.draw(frame, -t * 5)
        water.draw(frame, t * 0.6)
        glints.draw(frame, t)
        mirrored.draw(frame, 170 + t * 1.5 + 4 * np.sin(t * 1.9), 538 - 3 * np.sin(t * 1.1))
        vessel.draw(frame, 170 + t * 1.5, 300 + 3 * np.sin(t * 1.1))
        jetty.draw(frame)
        for walker, x, lag in zip(crew, (800, 900, 985), (0, 1.1, 2.3), strict=True):
            walker.draw(frame, x, 562, t + lag, 0.4)
        props.gulls(
            frame,
            birds,
            t,
            [(1100, 210, -46, 5, 0), (1180, 240, -42, 2, 0.3), (260, 200, 30, 4, 0.6), (560, 150, 22, 9, 0.9)],
        )

    return paint


def credits_roll(entries: list[tuple[str, str]]) -> Callable[[Random], Paint]:
    def build(random: Random) -> Paint:
        sky = Canvas().fill(
            gradient((0, "#05070f"), (0.5, "#0d1733"), (0.78, "#26355e"), (0.85, "#4a4a74"), (1, "#141a33"))
        )
        stars(sky, random, 1500, 560)
        milky = noise(random, WIDTH, HEIGHT, 260, 6, 1.2) * np.exp(
            -(((np.mgrid[:HEIGHT, :WIDTH][0] - 120 - np.mgrid[:HEIGHT, :WIDTH][1] * 0.3) / 130) ** 2)
        )
        sky.light(milky.astype(np.float32), "#8fa0e0", 0.35)
        line = crags(random, WIDTH, 690, 70, 7)
        picture = sky.layer()
        pen = Pen()
        lamp = props.lighthouse(pen, 170, 640, 260)
        shape = np.maximum(pen.mask(), below(np.minimum(line, 640 + np.abs(np.arange(WIDTH) - 170) * 0.25)))
        land = Canvas().over(shape, "#04060d").light(rim(shape, 0, -1, 2), "#5f77b8", 0.35).layer()
        beam = Beam(int(lamp[0]), int(lamp[1]), "#fff0c2", reach=1500, tilt=-0.12)
        roll = props.Credits(entries, x=790)

        def paint(frame: Frame, t: float) -> None:
            picture.draw(frame)
            beam.draw(frame, t / 9 + 0.82, 0.9)
            land.draw(frame)
            roll.draw(frame, t, 8.5)

        return paint

    return build
