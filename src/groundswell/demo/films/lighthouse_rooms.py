"""A Light for Nobody, indoors: the lamp room, a face at the window, the kitchen."""

from __future__ import annotations

import numpy as np

from groundswell.demo.films import props
from groundswell.demo.films.paint import Random, blur, disc, glow, gradient, noise, rim, rows
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import Who, profile
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Colour, Frame, Layer, Paint
from groundswell.demo.films.weather import Particles, clouds


def lamp_room(random: Random) -> Paint:
    """Behind the glass of the lantern: the great lens turns between the keeper and the technician."""
    sky = Canvas().fill(
        gradient(
            (0, "#16324f"), (0.35, "#2f6377"), (0.55, "#d58a5a"), (0.62, "#f3b36b"), (0.63, "#27495c"), (1, "#12283a")
        )
    )
    picture = sky.layer()
    bank = clouds(random, WIDTH + 60, "#f0a56a", "#2b4f66", top=120, bottom=430, cover=0.45, lit_from=1)
    frame_pen = Pen()
    for x in range(-80, 1400, 210):
        frame_pen.line([(x, 0), (x, 640)], 12).line([(x, 40), (x + 210, 640)], 6).line([(x + 210, 40), (x, 640)], 6)
    frame_pen.box(0, 0, WIDTH, 34).box(0, 600, WIDTH, 720).box(0, 330, WIDTH, 338)
    bars = frame_pen.mask()
    room = Canvas().over(bars, "#170f12").light(rim(bars, 0, 1, 2), "#ffb86a", 0.35)
    room.light(glow(640, 2.4, 0.9), "#ff9a3c", 0.55, 640 - 640, 330 - 576)
    window = room.layer()
    body, panels = _lens(random)
    pedestal = Pen().polygon([(560, 560), (720, 560), (760, 720), (520, 720)]).box(510, 548, 770, 566).mask()
    stand = Canvas().over(pedestal, "#120b0d").light(rim(pedestal, 0, -1, 2), "#ffb35a", 0.8).layer()
    ines = props.Walker("ines", 400, "#0e080b", pose="stand", carries="mug", shine=1, light="#ffb765", from_left=False)
    theo = props.Walker("theo", 420, "#0e080b", pose="stand", carries="case", facing=-1, shine=1, light="#ffb765")
    dust = Particles(random, 90, "#ffd9a0", (6, -9), size=1.2, box=(300, 60, 980, 600), sway=14, twinkle=0.9)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        bank.draw(frame, -t * 2)
        window.draw(frame)
        stand.draw(frame)
        body.draw(frame)
        turn = t / 7
        panels[int(turn * 8 * len(panels)) % len(panels)].draw(frame)
        dust.draw(frame, t)
        ines.draw(frame, 300 + t * 0.8, 716, t, 0.3)
        theo.draw(frame, 1010 - t * 0.8, 720, t + 1.4, 0.3)

    return paint


def _lens(random: Random) -> tuple[Layer, list[Layer]]:
    """A Fresnel lens: the glass barrel, and 16 positions of its eight turning bull's-eyes."""
    cx, cy, rx, ry = 640, 320, 165, 235
    pen = Pen().curve(
        [
            (cx - rx * 0.62, cy - ry),
            (cx + rx * 0.62, cy - ry),
            (cx + rx, cy),
            (cx + rx * 0.62, cy + ry),
            (cx - rx * 0.62, cy + ry),
            (cx - rx, cy),
        ]
    )
    shape = pen.mask()
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    across = np.clip(1 - ((x - cx) / rx) ** 2, 0, 1)
    canvas = Canvas().over(shape, "#c9772f", 0.72).light(shape * across, "#ffcf7a", 0.75)
    rings = (0.5 + 0.5 * np.cos((y - cy) / 15 * 2 * np.pi + ((x - cx) / rx) ** 2 * 1.5)) ** 3
    canvas.light(shape * rings, "#fff3cf", 0.5).over(shape * np.roll(rings, 6, 0) ** 2, "#6d3413", 0.35)
    canvas.light(glow(130, 2), "#ffffff", 1, cx - 130, cy - 130).light(rim(shape, 0, -1, 3), "#fff0c8", 1)
    panels = []
    for step in range(16):
        pen, eyes = Pen(scale=2), Canvas()
        for k in range(8):
            angle = 2 * np.pi * (k / 8 + step / 128)
            if np.cos(angle) <= 0:
                continue
            px, squeeze = cx + rx * 0.93 * np.sin(angle), max(0.08, float(np.cos(angle)))
            for radius in (20, 44, 70):
                pen.ring(px, cy, radius * squeeze, radius, 3, 0.8)
            edge = 2 * np.pi * ((k + 0.5) / 8 + step / 128)
            if np.cos(edge) > 0:
                ex = cx + rx * np.sin(edge)
                pen.line([(cx + (ex - cx) * 0.64, cy - ry), (ex, cy), (cx + (ex - cx) * 0.64, cy + ry)], 5, 0.7)
            if squeeze > 0.97:
                eyes.light(glow(330, 3), "#fff2cc", 0.85 * (squeeze - 0.97) / 0.03, int(px) - 330, cy - 330)
        panels.append(eyes.light(pen.mask(), "#fff8e2", 0.75).layer())
    return canvas.layer(), panels


def _bokeh(
    canvas: Canvas, random: Random, colours: list[Colour], count: int, top: int = 0, bottom: int = HEIGHT
) -> None:
    """Far lights out of focus."""
    for _ in range(count):
        radius = int(random.uniform(12, 46))
        x, y = int(random.uniform(0, WIDTH)), int(random.uniform(top, bottom))
        spot = disc(radius)
        colour = colours[int(random.integers(len(colours)))]
        canvas.light(
            spot * 0.6 + np.clip(spot - blur(spot, 4), 0, 1), colour, random.uniform(0.12, 0.4), x - radius, y - radius
        )


def face(random: Random) -> Paint:
    """Close: Ines at the rainy window, each turn of the lamp passing over her."""
    back = Canvas().fill(gradient((0, "#04141c"), (0.5, "#0f3a44"), (1, "#081d26")))
    back.light(noise(random, WIDTH, HEIGHT, 420, 3), "#1d6a70", 0.5)
    _bokeh(back, random, ["#57b6b0", "#ffb067", "#9fd7cc"], 26, 120, 640)
    picture = back.layer()
    quiet, talking = (_portrait("ines", 470, 350, 110, "#03090d", "#ffab54", talk) for talk in (False, True))
    mask = profile("ines", 470, WIDTH, HEIGHT, 350, 110)
    shine = (
        Canvas()
        .light(rim(mask, 2, -1, 9), "#ffd28a", 2.2)
        .light(rim(mask, 3, -1, 30), "#ff9a45", 0.8)
        .layer(smooth=True)
    )
    sweep = Canvas(900, HEIGHT)
    x = np.linspace(-1, 1, 900, dtype=np.float32)[None]
    ray = sweep.light(np.repeat(np.exp(-((x * 2.4) ** 2)), HEIGHT, 0), "#ffbf73", 0.5).layer()
    drops = Particles(random, 190, "#bfe9e4", (0, 60), size=2.2, spread=0.9, opacity=0.55, sway=2)
    trails = Particles(random, 36, "#d5f3ee", (-3, 210), streak=46, spread=0.8, opacity=0.35)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        place = (t / 4.2 + 0.62) % 1
        ray.draw(frame, -1200 + place * 4200)
        drops.draw(frame, t)
        trails.draw(frame, t)
        drift, breath = 10 - t * 2.2, 2 * np.sin(t * 1.5)
        speaks = 0.8 < t < 6.8 and int(t * 5.3) % 3 != 0
        (talking if speaks else quiet).draw(frame, drift, breath)
        shine.draw(frame, drift, breath, 0.12 + 0.88 * float(np.exp(-(((place - 0.44) / 0.1) ** 2))))

    return paint


def _portrait(who: Who, size: float, x: float, y: float, ink: Colour, light: Colour, talking: bool) -> Layer:
    mask = profile(who, size, WIDTH, HEIGHT, x, y, talking)
    return Canvas().over(mask, ink).light(rim(mask, 1, -1, 3), light, 0.7).layer(smooth=True)


def kitchen(random: Random) -> Paint:
    """Warm and small: tea, a radio on the shelf, rain at the window."""
    room = Canvas().fill(
        gradient((0, "#2c2417"), (0.45, "#7d6a3c"), (0.7, "#6b5a33"), (0.71, "#3a2a1c"), (1, "#1d140e"))
    )
    plaster = noise(random, WIDTH, HEIGHT, 160, 4)
    room.shade(plaster * (1 - rows(508, 512)), 0.18)
    panel = ((np.arange(WIDTH) % 46) < 2).astype(np.float32)[None] * rows(330, 331) * (1 - rows(510, 511))
    room.shade(panel, 0.35).over(rows(322, 323) * (1 - rows(332, 333)), "#54452a")
    window = np.zeros((HEIGHT, WIDTH), np.float32)
    window[110:330, 120:380] = 1
    room.over(
        window,
        np.broadcast_to(
            gradient((0, "#0c1a33"), (0.3, "#1a3357"), (0.46, "#2d4f70"), (1, "#1a3357")), (HEIGHT, WIDTH, 3)
        ).astype(np.float32),
    )
    sash = (
        Pen()
        .box(104, 96, 396, 112)
        .box(96, 328, 404, 346)
        .box(104, 96, 122, 340)
        .box(378, 96, 396, 340)
        .box(246, 110, 254, 330)
        .box(120, 214, 380, 222)
        .mask()
    )
    room.over(sash, "#d8c79a").light(glow(820, 2.0), "#ffcf77", 0.55, 700 - 820, 230 - 820)
    shelf = (
        Pen()
        .box(880, 236, 1180, 248)
        .box(900, 176, 1010, 236, radius=8)
        .box(1040, 196, 1070, 236, radius=5)
        .box(1084, 186, 1118, 236, radius=5)
        .box(1128, 204, 1162, 236, radius=5)
        .line([(990, 178), (1030, 110)], 2.5)
    )
    shelf_mask = shelf.mask()
    room.over(shelf_mask, "#33241a").light(rim(shelf_mask, -1, 0, 2), "#ffd48c", 0.6)
    dial = np.zeros((HEIGHT, WIDTH), np.float32)
    dial[190:206, 912:980] = 1
    room.over(dial, "#ffb24a", 0.9)
    picture = room.layer()
    table = Pen().box(330, 520, 990, 540, radius=5).box(390, 540, 412, 720).box(910, 540, 932, 720)
    table.curve([(600, 520), (592, 480), (615, 456), (655, 456), (678, 480), (670, 520)]).line(
        [(675, 500), (705, 470)], 8
    ).ring(634, 452, 26, 24, 5)
    table.box(500, 494, 530, 520, radius=3).box(790, 494, 820, 520, radius=3)
    table_mask = table.mask()
    furniture = Canvas().over(table_mask, "#1a0f0b").light(rim(table_mask, 0, -1, 2), "#ffd791", 0.9).layer()
    chairs = (
        Canvas()
        .over(
            Pen()
            .box(270, 400, 284, 720)
            .box(270, 570, 400, 584)
            .box(1036, 400, 1050, 720)
            .box(920, 570, 1050, 584)
            .mask(),
            "#140c09",
        )
        .layer()
    )
    ines = props.Walker("ines", 470, "#150c0a", pose="sit", carries="mug", shine=1, light="#ffce82", from_left=False)
    theo = props.Walker("theo", 480, "#150c0a", pose="sit", facing=-1, shine=1, light="#ffce82")
    rain = Particles(random, 120, "#a9c4e6", (-60, 560), streak=18, box=(122, 112, 378, 326), opacity=0.4)
    steam = _puffs("#fff3dc")
    shade = Pen(200, 400).line([(100, 0), (100, 210)], 3).polygon([(84, 210), (116, 210), (160, 262), (40, 262)]).mask()
    lamp = Canvas(200, 400).over(shade, "#1c120c").light(glow(95, 2.2), "#fff0c4", 0.9, 5, 175).layer(smooth=True)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        rain.draw(frame, t)
        frame[214:222, 120:380] = (216, 199, 154)
        frame[112:328, 246:254] = (216, 199, 154)
        if int(t * 1.6) % 2:
            frame[214:220, 990:996] = (255, 70, 50)
        lamp.draw(frame, 600 + 9 * np.sin(t * 1.2), -60)
        chairs.draw(frame)
        ines.draw(frame, 372, 742, t, 0.3)
        theo.draw(frame, 948, 746, t + 1, 0.3)
        furniture.draw(frame)
        for k in range(6):
            age = (t * 0.34 + k / 6) % 1
            steam[int(age * (len(steam) - 1))].draw(
                frame, 690 + 26 * np.sin(age * 5 + k) - 60, 440 - age * 190 - 60, 0.5 * np.sin(np.pi * age)
            )

    return paint


def _puffs(colour: Colour) -> list[Layer]:
    return [
        Canvas(120, 120).light(glow(18 + 2.4 * k, 2), colour, 0.5, int(42 - 2.4 * k), int(42 - 2.4 * k)).layer()
        for k in range(17)
    ]
