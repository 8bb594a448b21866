"""Night Frequency, episode 2: out of doors, and the faces in the windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from groundswell.demo.films import props, trains
from groundswell.demo.films.frequency_train import snowy
from groundswell.demo.films.paint import Random, below, blur, disc, glow, gradient, noise, ridge, rim, rows, smooth
from groundswell.demo.films.pen import Pen
from groundswell.demo.films.people import Who, person, profile
from groundswell.demo.films.space import backlight, bean
from groundswell.demo.films.stage import HEIGHT, WIDTH, Canvas, Frame, Paint
from groundswell.demo.films.weather import Particles, Water, clouds, mist, moon, stars


def oriel_title(random: Random) -> Paint:
    """Mount Oriel under a huge red moon."""
    sky = Canvas().fill(gradient((0, "#1a0710"), (0.4, "#4d1220"), (0.7, "#a8362c"), (0.86, "#e8743b"), (1, "#e8743b")))
    stars(sky, random, 500, 360, "#ffd9c8")
    sky.light(glow(620, 2.4), "#ff7a4a", 0.6, 640 - 620, 390 - 620)
    moon(sky, 640, 390, 150, "#ffb489", random)
    picture = sky.layer()
    bank = clouds(random, WIDTH + 160, "#ff9a5c", "#3a0d18", top=260, bottom=560, cover=0.45, lit_from=1, opacity=0.75)
    x = np.arange(WIDTH + 40, dtype=np.float32)
    peak = 690 - 400 * np.clip(1 - np.abs(x - 700) / 560, 0, 1) ** 1.15 - 60 * np.clip(1 - np.abs(x - 930) / 180, 0, 1)
    mass = below((peak - ridge(random, WIDTH + 40, 0, 34, 90, 0.85)).astype(np.float32))
    rock = noise(random, WIDTH + 40, HEIGHT, 120, 6, 0.5)
    slope = np.clip((rock - 0.5) * 2.2, 0, 1) * mass * (1 - rows(260, 640, width=WIDTH + 40))
    mount = (
        Canvas(WIDTH + 40)
        .over(mass, "#14060d")
        .light(slope, "#d9654a", 0.55)
        .light(rim(mass, -1, -1, 3), "#ffb08a", 0.9)
    )
    oriel = mount.layer(smooth=True)
    low = trains.forest(random, 1500, 706, 30, 110, 60, "#080307")
    express = trains.train(110, 9, "#050203", "#ff9a6a", coaches=2)
    snow = Particles(random, 150, "#ffd0b8", (-18, 34), size=1.5, sway=12, opacity=0.6)
    card = props.TitleCard("Night Frequency", "Episode two  ·  What the mountain heard", "#fff0e2", y=62, size=54)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        bank.draw(frame, -30 - t * 6)
        oriel.draw(frame, -20 + t * 1.4)
        express.draw(frame, -560 + t * 62, 664 - 40)
        low.draw_tiled(frame, -t * 12)
        snow.draw(frame, t)
        card.draw(frame, t, 1.2, 8.3)

    return paint


def platform(random: Random) -> Paint:
    """Varn Junction, sodium light, fog; Moss and his sandwich bag."""
    night = Canvas().fill(gradient((0, "#0d0f0a"), (0.5, "#2b2a12"), (0.8, "#5c4c17"), (1, "#2a210b")))
    picture = night.layer()
    roof_pen = Pen()
    roof_pen.polygon([(-20, 90), (880, 150), (880, 172), (-20, 130)])
    for x in (120, 420, 720):
        roof_pen.box(x, 140, x + 16, 600).polygon([(x - 70, 146), (x + 8, 230), (x + 86, 146)], 1)
        roof_pen.polygon([(x - 44, 146), (x + 8, 202), (x + 60, 146)], 0)
    roof_pen.box(-20, 596, 1300, 622).box(-20, 620, 1300, 720).box(210, 540, 372, 552).box(210, 492, 372, 500).box(
        222, 500, 230, 600
    ).box(352, 500, 360, 600)
    roof_pen.box(960, 250, 970, 600).line([(965, 256), (1040, 240)], 5).ellipse(1044, 246, 16, 9)
    roof = roof_pen.mask()
    halls = Canvas().over(roof, "#0b0a06").light(rim(roof, 1, -1, 2), "#ffc95c", 0.7)
    halls.over(disc(46), "#1a160a", x=560, y=206).over(disc(40), "#ffefc2", x=566, y=212)
    halls.over(Pen().box(604, 160, 610, 210).mask(), "#0b0a06")
    for x in (270, 1044):
        halls.light(glow(300, 2.2), "#ffbf47", 0.8, x - 300, 252 - 300).light(
            glow(26, 1), "#fff6dc", 1, x - 26, 252 - 26
        )
    cone = Pen(scale=2).polygon([(1030, 256), (1058, 256), (1230, 600), (850, 600)]).mask()
    halls.light(blur(cone, 26), "#ffc65c", 0.35)
    station = halls.layer()
    hands = [
        Canvas(100, 100)
        .over(
            Pen(100, 100)
            .line([(50, 50), (50 + 22 * np.sin(a * 0.2), 50 - 22 * np.cos(a * 0.2))], 4)
            .line([(50, 50), (50 + 33 * np.sin(a), 50 - 33 * np.cos(a))], 3)
            .mask(),
            "#241a08",
        )
        .layer()
        for a in np.linspace(1.0, 2.0, 12)
    ]
    fogs = [mist(random, WIDTH + 500, "#d9b45c", 380, 700, 0.5), mist(random, WIDTH + 500, "#8f7a3a", 460, 760, 0.6)]
    moss = props.Walker(
        "moss", 300, "#070603", pose="stand", carries="mug", facing=-1, shine=1, light="#ffd070", from_left=False
    )
    walk = props.Walker("moss", 300, "#070603", carries="case", facing=-1, shine=1, light="#ffd070", from_left=False)
    snow = Particles(random, 220, "#ffe9b8", (-14, 40), size=1.6, sway=10, opacity=0.65)

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        fogs[0].draw(frame, -300 + t * 16)
        station.draw(frame)
        hands[min(11, int(t * 1.2))].draw(frame, 558, 204)
        if t < 2.4:
            walk.draw(frame, 1090 - t * 95, 600, t, 0.95)
        else:
            moss.draw(frame, 1090 - 2.4 * 95, 600, t, 0.3)
        fogs[1].draw(frame, -100 - t * 22)
        snow.draw(frame, t)

    return paint


def driver_face(random: Random) -> Paint:
    """Close: Moss at his side window; lights pass; he has done the sums."""
    back = Canvas().fill(gradient((0, "#061230"), (0.55, "#15397a"), (0.7, "#2f63a8"), (1, "#0a1c40")))
    stars(back, random, 300, 380)
    picture = back.layer()
    hills = snowy(random, 1400, 620, 220, "#0e2556", "#7fa8e8", 7)
    poles = trains.poles(1920, 720, 620, 640, "#040a1c")
    faces = []
    for talk in (False, True):
        mask = profile("moss", 470, WIDTH, HEIGHT, 330, 130, talk)
        canvas = Canvas().over(mask, "#060a16").light(rim(mask, 1, -1, 4), "#7fb0ff", 0.8)
        faces.append(canvas.layer(smooth=True))
    mask = profile("moss", 470, WIDTH, HEIGHT, 330, 130)
    warm = (
        Canvas()
        .light(rim(mask, 1, 0, 14), "#ffc061", 1.6)
        .light(rim(mask, 1, 0, 40), "#ff9a3c", 0.7)
        .layer(smooth=True)
    )
    lamp = Canvas(500, HEIGHT).light(np.repeat(glow(250, 2)[250:251], HEIGHT, 0), "#ffc76b", 0.45).layer()
    pane = (
        Pen().box(0, 0, WIDTH, 34).box(0, 0, 60, HEIGHT).box(1230, 0, WIDTH, HEIGHT).box(0, 690, WIDTH, HEIGHT).mask()
    )
    shell = Canvas().over(pane, "#03060e").light(rim(pane, 1, 1, 3), "#ffc76b", 0.4).layer()

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        hills.draw(frame, -20 - t * 8)
        poles.draw_tiled(frame, -t * 760)
        passing = (t * 0.62 + 0.4) % 1
        lamp.draw(frame, 1500 - passing * 2900)
        bump = 1.5 * np.sin(t * 10) * (np.sin(t * 1.4) > 0)
        speaks = (0.4 < t < 2.2 or 4.6 < t < 8.6) and int(t * 5.2) % 3 != 0
        faces[speaks].draw(frame, -6 + t * 1.2, bump)
        warm.draw(frame, -6 + t * 1.2, bump, 0.15 + 0.85 * float(np.exp(-(((passing - 0.42) / 0.14) ** 2))))
        shell.draw(frame)

    return paint


def dawn(random: Random) -> Paint:
    """A real one: two people in the snow beside a stopped train, and the sun."""
    sky = Canvas().fill(
        gradient(
            (0, "#4d6fb0"), (0.3, "#9fa8d6"), (0.5, "#f2b9bd"), (0.64, "#ffd9a8"), (0.7, "#fff0c4"), (1, "#fff0c4")
        )
    )
    picture = sky.layer()
    sun = (
        Canvas()
        .light(glow(640, 2), "#fff0c0", 0.95, 860 - 640, 330 - 640)
        .over(disc(46), "#fffbe8", x=860 - 48, y=330 - 48)
        .layer(smooth=True)
    )
    bank = clouds(random, WIDTH + 120, "#fff0e0", "#c98fa8", top=40, bottom=330, cover=0.42, lit_from=1, opacity=0.85)
    far = snowy(random, WIDTH + 80, 520, 250, "#8f8fc4", "#ffe0dc", 6)
    near = snowy(random, WIDTH + 120, 575, 150, "#6b78b4", "#ffd9d0", 8)
    field = Canvas()
    drift = below((566 - ridge(random, WIDTH, 0, 22, 8, 1.2)).astype(np.float32))
    field.over(
        drift,
        np.broadcast_to(
            gradient((0, "#ffe3d6"), (0.78, "#ffdccf"), (0.86, "#c3bfe6"), (1, "#8f9bd2")), (HEIGHT, WIDTH, 3)
        ).astype(np.float32),
    )
    field.light(noise(random, WIDTH, HEIGHT, 120, 4, 5) * drift, "#ffffff", 0.3).light(
        rim(drift, 0, -1, 2), "#ffffff", 0.8
    )
    snowfield = field.layer()
    express = trains.train(300, 6, "#2a2447", "#ffe9c8", coaches=2, glow=0.5)
    steps = Pen(scale=2)
    for k in range(26):
        steps.ellipse(330 + k * 13.5 + (k % 2) * 4, 700 - k * 2.2 + (k % 2) * 7, 5, 2.2)
    prints = Canvas().over(steps.mask(), "#6f78b8", 0.8).layer()
    cast: list[tuple[Who, str]] = [("moss", "case"), ("juno", "")]
    pair = [
        props.Walker(who, 168, "#1d1934", pose="stand", carries=c, shine=1.2, light="#fff0cc", from_left=False)
        for who, c in cast
    ]
    pot = Pen(90, 90)
    bean(pot, 45, 86, 64, flower=True)
    gerald = (
        Canvas(90, 90).over(pot.mask(), "#1d1934").light(rim(pot.mask(), 1, -1, 2), "#fff0cc", 1).layer(smooth=True)
    )
    birds = props.gull_layers(24, "#3a3560")

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        sun.draw(frame, 0, 20 - 11 * t)
        bank.draw(frame, -20 - t * 4)
        far.draw(frame, -30 - t * 1.5)
        near.draw(frame, -50 - t * 3)
        express.draw(frame, 480 - express.width + 260, 572 - express.height)
        snowfield.draw(frame)
        prints.draw(frame)
        for walker, x, lag in zip(pair, (700, 778), (0, 1.3), strict=True):
            walker.draw(frame, x, 662, t + lag, 0.25)
        gerald.draw(frame, 790, 540 + 32)
        props.gulls(frame, birds, t, [(980, 260, -18, -3, 0), (1010, 280, -17, -2, 0.4), (950, 290, -19, -4, 0.7)])

    return paint


def window_seat(random: Random) -> Paint:
    """In the carriage: Juno, Moss, and between them Gerald, facing forwards."""
    sky = Canvas().fill(gradient((0, "#f7c98a"), (0.5, "#ffe6ae"), (1, "#ffd08a")))
    backlight(sky, 800, 330, 620, "#fffbe0", 0.9)
    sky.over(disc(58), "#fffdf2", x=800 - 60, y=300 - 60)
    picture = sky.layer()
    strips = []
    for base, high, tone, speed in ((520, 130, "#e8a56a", 30), (560, 90, "#c97f4e", 80)):
        line = ridge(random, 1500, base, high, 14, 1.1)
        strips.append((Canvas(1500).over(below(line), tone).layer(tile=True, smooth=True), speed))
    strips.append((trains.forest(random, 1700, 640, 60, 210, 26, "#7c4a30"), 330))
    poles = trains.poles(1920, 700, 560, 640, "#54301f")
    hole = Pen().box(150, 70, 1130, 520, radius=46).mask()
    wall = 1 - hole
    cabin = Canvas().over(wall, "#3d1f16").light(noise(random, WIDTH, HEIGHT, 200, 3) * wall, "#b8643a", 0.25)
    cabin.light(np.clip(hole - blur(hole, 18), 0, 1), "#fff0c0", 0.4).light(rim(wall, 0, 1, 4), "#ffd79a", 0.9)
    curtains = (
        Pen(scale=2)
        .curve([(90, 40), (240, 40), (226, 280), (160, 540), (90, 540)])
        .curve([(1190, 40), (1040, 40), (1054, 280), (1120, 540), (1190, 540)])
        .mask()
    )
    cabin.over(curtains, "#7a2b20").light(rim(curtains, 1, 0, 8), "#ffb07a", 0.5)
    inside = cabin.layer()
    seats = (
        Pen()
        .box(120, 330, 190, 720, radius=24)
        .box(1090, 330, 1160, 720, radius=24)
        .box(120, 600, 400, 640, radius=14)
        .box(880, 600, 1160, 640, radius=14)
        .box(520, 556, 760, 572, radius=5)
        .box(632, 570, 648, 720)
    )
    bean(seats, 640, 556, 170, flower=True)
    seats.box(560, 520, 590, 556, radius=3).box(700, 520, 730, 556, radius=3)
    furniture_mask = seats.mask()
    furniture = (
        Canvas().over(furniture_mask, "#1f0d0a").light(rim(furniture_mask, 0, -1, 3), "#ffe0a0", 0.9).layer(smooth=True)
    )
    people = []
    seated: list[tuple[Who, int]] = [("juno", 1), ("moss", -1)]
    for who, facing in seated:
        mask = person(who, 520, "sit")[:, ::facing]
        people.append(
            Canvas(mask.shape[1], mask.shape[0])
            .over(mask, "#1a0a09")
            .light(rim(mask, facing, -1, 4), "#ffe3a8", 1.1)
            .layer(smooth=True)
        )

    def paint(frame: Frame, t: float) -> None:
        picture.draw(frame)
        for strip, speed in strips:
            strip.draw_tiled(frame, -t * speed)
        poles.draw_tiled(frame, -t * 620)
        bump = 1.6 * np.sin(t * 9) * (np.sin(t * 1.9) > 0.3)
        inside.draw(frame)
        people[0].draw(frame, 20 + 1.5 * np.sin(t), 190 + bump)
        people[1].draw(frame, 690 + 1.5 * np.sin(t * 0.8 + 1), 190 + bump)
        furniture.draw(frame, 0, bump)

    return paint


def to_the_sea(entries: list[tuple[str, str]]) -> Callable[[Random], Paint]:
    """The 06:40 along the shore; the credits."""

    def build(random: Random) -> Paint:
        sky = Canvas().fill(
            gradient((0, "#1f4f7a"), (0.35, "#5f9fb8"), (0.58, "#c9e0d2"), (0.68, "#fff0d0"), (1, "#fff0d0"))
        )
        sky.light(glow(520, 2), "#fff6da", 0.8, 1040 - 520, 460 - 520)
        sky.over(below(ridge(random, WIDTH, 486, 60, 16, 1.2)), "#8fb5b8", 0.9)
        picture = sky.layer()
        bank = clouds(random, WIDTH + 200, "#fffdf4", "#7fb0bf", top=20, bottom=380, cover=0.44, opacity=0.85)
        water = Water(random, Canvas().fill(np.clip(sky.colour, 0, 1)), 486, "#8fc3c4", depth="#1f5a72", clear=0.7)
        wall = np.zeros((HEIGHT, WIDTH), np.float32)
        wall[604:] = 1
        shore = (
            Canvas()
            .over(wall, "#16333f")
            .light(rim(wall, 0, -1, 2), "#fff3d6", 0.9)
            .light(noise(random, WIDTH, HEIGHT, 60, 4, 3) * wall, "#5f8f94", 0.35)
            .layer()
        )
        express = trains.train(260, 2, "#132a36", "#fff3d6", coaches=4)
        grass = Pen(1600, HEIGHT, 2)
        for x in random.uniform(0, 1600, 340):
            grass.line([(x, 730), (x + random.uniform(-16, 16), 730 - random.uniform(20, 80))], 2.5)
        reeds = Canvas(1600).over(grass.mask(), "#071a22").layer(tile=True, smooth=True)
        birds = props.gull_layers(36, "#ffffff")
        glints = Particles(random, 240, "#fffbe8", size=1.5, box=(860, 490, 1220, 600), twinkle=1)
        veil = Canvas().shade(np.ones((HEIGHT, WIDTH), np.float32), 0.26).layer()
        roll = props.Credits(entries, "#fffaf0", x=400)

        def paint(frame: Frame, t: float) -> None:
            picture.draw(frame)
            bank.draw(frame, -60 - t * 6)
            water.draw(frame, t * 0.8)
            glints.draw(frame, t)
            express.draw(frame, -600 + t * 105, 606 - express.height)
            shore.draw(frame)
            reeds.draw_tiled(frame, -t * 60, 3 * np.sin(t))
            props.gulls(frame, birds, t, [(980, 250, -30, 4, 0), (1040, 220, -34, 6, 0.5), (860, 290, -28, 3, 0.8)])
            veil.draw(frame, opacity=smooth(t, 0.3, 2.0))
            roll.draw(frame, t, 10.0)

        return paint

    return build
