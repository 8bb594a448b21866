"""The people in the films, as silhouettes: walking, standing, sitting, floating, and close up in profile."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Literal

from groundswell.demo.films.pen import Pen, Point
from groundswell.demo.films.stage import Field

Who = Literal["ines", "theo", "moss", "juno"]
Pose = Literal["walk", "stand", "sit", "float"]


def _limb(start: Point, angle: float, bend: float, upper: float, lower: float) -> list[Point]:
    """Two bones from ``start``; angles in radians from straight down, positive forward (to the right)."""
    joint = (start[0] + upper * sin(angle), start[1] + upper * cos(angle))
    end = (joint[0] + lower * sin(angle + bend), joint[1] + lower * cos(angle + bend))
    return [start, joint, end]


def person(who: Who, height: float, pose: Pose = "stand", phase: float = 0.0, carries: str = "") -> Field:
    """A full figure facing right, feet at the bottom middle of a (1.1 × height) square mask.

    Args:
        height: px from sole to crown. phase: 0..1 through the walk cycle, or through breathing when standing.
        carries: "" or "case", "lantern", "mug", "pack".
    """
    size = round(height * 1.1)
    pen, u = Pen(size, size, 3), height
    sway = 0.012 * u * sin(2 * pi * phase) if pose != "walk" else 0.012 * u * abs(sin(2 * pi * phase))
    hip: Point = (size / 2, size - 0.48 * u - sway * (pose == "walk"))
    if pose == "sit":
        hip = (size / 2 - 0.08 * u, size - 0.28 * u)
    lean = {"walk": 0.05, "stand": 0.0, "sit": 0.04, "float": 0.35}[pose]
    neck: Point = (hip[0] + 0.34 * u * sin(lean), hip[1] - 0.34 * u * cos(lean) + sway * 0.3)
    _legs(pen, who, pose, phase, hip, u)
    _torso(pen, who, hip, neck, u, pose)
    hand = _arms(pen, pose, phase, neck, u)
    _head(pen, who, (neck[0] + 0.02 * u + lean * 0.1 * u, neck[1] - 0.075 * u), u)
    _burden(pen, carries, hand, neck, u)
    return pen.mask()


def _legs(pen: Pen, who: Who, pose: Pose, phase: float, hip: Point, u: float) -> None:
    thick = u * (0.075 if who in ("moss", "theo") else 0.065)
    for side in (0.0, 0.5):
        swing = sin(2 * pi * (phase + side))
        lift = max(0.0, cos(2 * pi * (phase + side)))
        angle, bend = {
            "walk": (0.48 * swing + 0.1 * lift, -0.15 - 0.85 * lift * (swing < 0.7)),
            "stand": (0.07 if side else -0.05, -0.03),
            "sit": (1.42 - 0.12 * side, -1.35 + 0.3 * side),
            "float": (0.25 + 0.3 * side, -0.9 - 0.3 * side + 0.06 * swing),
        }[pose]
        bones = _limb(hip, angle, bend, 0.235 * u, 0.225 * u)
        pen.line(bones, thick)
        foot = bones[-1]
        toe = 0.0 if pose == "float" else 0.075
        pen.line([foot, (foot[0] + toe * u, foot[1] + 0.01 * u)], thick * 0.62)


def _torso(pen: Pen, who: Who, hip: Point, neck: Point, u: float, pose: Pose) -> None:
    wide = {"ines": 0.085, "theo": 0.1, "moss": 0.125, "juno": 0.082}[who] * u
    low = hip[1] + (0.02 if pose in ("sit", "float") else {"ines": 0.2, "moss": 0.1}.get(who, 0.02)) * u
    flare = wide * (1.25 if who == "ines" and pose not in ("sit", "float") else 0.95)
    drift = hip[0] + (hip[0] - neck[0]) * (low - hip[1]) / max(hip[1] - neck[1], 1)
    pen.curve(
        [
            (neck[0] - wide * 0.8, neck[1] + 0.03 * u),
            (neck[0], neck[1] - 0.02 * u),
            (neck[0] + wide * 0.8, neck[1] + 0.03 * u),
            (hip[0] + wide * (1.1 if who == "moss" else 0.85), hip[1] - 0.12 * u),
            (drift + flare, low),
            (drift, low + 0.012 * u),
            (drift - flare, low),
            (hip[0] - wide * 0.9, hip[1] - 0.12 * u),
        ]
    )


def _arms(pen: Pen, pose: Pose, phase: float, neck: Point, u: float) -> Point:
    """Draw both arms; returns the leading hand."""
    hand = neck
    for side in (0.5, 0.0):
        swing = sin(2 * pi * (phase + side))
        angle, bend = {
            "walk": (-0.4 * swing, 0.35),
            "stand": (0.12 - 0.2 * side, 0.18 + 0.5 * (side == 0)),
            "sit": (0.5, 0.95),
            "float": (0.45 + 0.5 * side + 0.06 * swing, 0.75),
        }[pose]
        bones = _limb((neck[0], neck[1] + 0.05 * u), angle, bend, 0.165 * u, 0.16 * u)
        pen.line(bones, 0.052 * u)
        hand = bones[-1]
    return hand


def _head(pen: Pen, who: Who, at: Point, u: float) -> None:
    x, y = at
    r = 0.062 * u
    pen.line([(x - 0.01 * u, y + r), (x - 0.015 * u, y + r * 1.6)], 0.05 * u)
    pen.ellipse(x, y, r * 0.92, r * 1.1)
    pen.polygon([(x + r * 0.8, y - r * 0.1), (x + r * 1.15, y + r * 0.3), (x + r * 0.75, y + r * 0.4)])
    if who == "ines":
        pen.ellipse(x - r * 0.85, y - r * 0.7, r * 0.55).ellipse(x - r * 0.15, y - r * 0.25, r * 1.0, r * 0.98)
    elif who == "theo":
        pen.curve(
            [(x - r * 1.1, y), (x - r, y - r), (x, y - r * 1.45), (x + r, y - r * 0.8), (x + r * 0.95, y - r * 0.1)]
        )
        pen.ellipse(x - r * 0.1, y - r * 1.5, r * 0.3)
    elif who == "moss":
        pen.curve(
            [
                (x - r * 1.2, y - r * 0.5),
                (x - r * 0.5, y - r * 1.3),
                (x + r * 0.8, y - r * 1.2),
                (x + r * 1.1, y - r * 0.6),
            ]
        )
        pen.line([(x + r * 0.5, y - r * 0.68), (x + r * 1.6, y - r * 0.55)], r * 0.28)
        pen.curve(
            [(x - r * 0.1, y + r * 0.5), (x + r * 0.95, y + r * 0.35), (x + r * 0.8, y + r * 1.2), (x, y + r * 1.25)]
        )
    else:
        pen.curve(
            [
                (x + r * 0.7, y - r * 0.9),
                (x, y - r * 1.35),
                (x - r * 1.1, y - r * 0.8),
                (x - r * 1.25, y + r * 0.6),
                (x - r * 0.5, y + r * 0.9),
                (x - r * 0.1, y),
            ]
        )


def _burden(pen: Pen, carries: str, hand: Point, neck: Point, u: float) -> None:
    x, y = hand
    if carries == "case":
        pen.box(x - 0.09 * u, y + 0.02 * u, x + 0.09 * u, y + 0.13 * u, radius=0.012 * u)
    elif carries == "lantern":
        pen.line([(x, y), (x, y + 0.03 * u)], 0.01 * u).box(x - 0.03 * u, y + 0.03 * u, x + 0.03 * u, y + 0.11 * u)
    elif carries == "mug":
        pen.box(x - 0.02 * u, y - 0.035 * u, x + 0.025 * u, y + 0.02 * u)
    elif carries == "pack":
        pen.box(neck[0] - 0.19 * u, neck[1] + 0.01 * u, neck[0] - 0.05 * u, neck[1] + 0.24 * u, radius=0.04 * u)


_FACE: list[Point] = [
    (0.10, 1.30), (0.17, 1.02), (0.10, 0.86), (0.02, 0.64), (0.00, 0.42), (0.08, 0.20), (0.24, 0.05), (0.44, 0.00),
    (0.62, 0.05), (0.725, 0.17), (0.765, 0.31), (0.775, 0.385), (0.755, 0.44), (0.79, 0.505), (0.845, 0.575),
    (0.875, 0.622), (0.855, 0.652), (0.795, 0.668), (0.80, 0.702), (0.825, 0.722), (0.818, 0.742), (0.785, 0.755),
    (0.812, 0.775), (0.812, 0.800), (0.782, 0.828), (0.785, 0.868), (0.792, 0.915), (0.755, 0.965), (0.66, 0.985),
    (0.56, 0.975), (0.50, 1.03), (0.50, 1.14), (0.56, 1.30),
]  # fmt: skip


def profile(who: Who, size: float, width: int, height: int, x: float, y: float, talking: bool = False) -> Field:
    """A head and shoulders facing right on a (height, width) mask; (x, y) is the crown's left, ``size`` its height."""

    def at(px: float, py: float) -> Point:
        return (x + px * size, y + py * size)

    nose = {"ines": 0.02, "theo": -0.005, "moss": 0.025, "juno": -0.015}[who]
    outline = []
    for px, py in _FACE:
        px += nose if 0.54 < py < 0.66 and px > 0.78 else 0
        if talking and py > 0.745 and px > 0.6 and py < 1.0:  # the jaw drops
            py += 0.022 if py > 0.76 else 0.008
            px -= 0.012
        outline.append(at(px, py))
    pen = Pen(width, height, 2).curve(outline)
    pen.curve(
        [at(-0.75, 2.4), at(-0.55, 1.50), at(0.02, 1.22), at(0.35, 1.16), at(0.62, 1.26), at(0.98, 1.52), at(1.12, 2.4)]
    )
    if who == "ines":
        pen.ellipse(*at(-0.06, 0.30), size * 0.19, size * 0.17).curve(
            [at(0.0, 0.5), at(-0.02, 0.2), at(0.3, -0.05), at(0.62, 0.0), at(0.7, 0.14), at(0.5, 0.3)]
        )
        pen.curve([at(-0.05, 1.35), at(0.05, 1.02), at(0.3, 1.08), at(0.62, 1.16), at(0.66, 1.4)])
    elif who == "theo":
        pen.curve(
            [
                at(-0.06, 0.48),
                at(-0.04, 0.12),
                at(0.25, -0.12),
                at(0.58, -0.08),
                at(0.78, 0.14),
                at(0.785, 0.30),
                at(0.4, 0.36),
            ]
        )
        pen.ellipse(*at(0.26, -0.14), size * 0.085)
    elif who == "moss":
        pen.curve([at(-0.08, 0.32), at(-0.06, 0.06), at(0.3, -0.09), at(0.72, 0.0), at(0.82, 0.2), at(0.4, 0.3)])
        pen.line([at(0.66, 0.24), at(0.98, 0.285)], size * 0.045)
        pen.curve(
            [
                at(0.42, 0.70),
                at(0.79, 0.69),
                at(0.855, 0.715),
                at(0.83, 0.76),
                at(0.80, 0.79),
                at(0.83, 0.92),
                at(0.80, 1.03),
                at(0.62, 1.08),
                at(0.45, 1.0),
            ]
        )
    else:
        pen.curve(
            [
                at(0.68, 0.10),
                at(0.45, -0.07),
                at(0.1, -0.02),
                at(-0.12, 0.25),
                at(-0.13, 0.7),
                at(-0.06, 0.98),
                at(0.18, 1.02),
                at(0.34, 0.8),
                at(0.4, 0.45),
                at(0.62, 0.25),
            ]
        )
    return pen.mask()
