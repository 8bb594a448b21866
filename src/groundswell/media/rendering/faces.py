"""Where faces are in a picture: OpenCV's cascades of Haar features (Viola & Jones, CVPR 2001), which its wheel brings.

Good enough to keep a crop from cutting somebody's face in two: upright faces, from the front or the side, of an eighth
of the picture's height or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import cv2

LONG_SIDE = 320
SMALLEST = 0.13
"""Of the picture's height."""

NEIGHBOURS = 6
"""How many of the overlapping windows have to agree; fewer find faces in foliage."""

CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")
Grey = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


@dataclass(frozen=True)
class DetectedFace:
    """A face's box, each side 0 to 1 of the picture's."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


def find_faces(grey: Grey) -> list[DetectedFace]:
    """The faces in a picture of brightness (rows, columns); each once, the largest first."""
    import cv2  # a fifth of a second that a plain cut does not need

    rows, columns = grey.shape
    least = max(24, round(SMALLEST * rows))
    found: list[DetectedFace] = []
    picture = cv2.equalizeHist(np.ascontiguousarray(grey))
    for turned in (False, True):  # the cascade knows profiles that look to the left
        seen = cv2.flip(picture, 1) if turned else picture
        for cascade in _cascades()[1:] if turned else _cascades():
            for x, y, w, h in cascade.detectMultiScale(seen, 1.1, NEIGHBOURS, minSize=(least, least)):
                left = columns - x - w if turned else x
                box = (left / columns, y / rows, (left + w) / columns, (y + h) / rows)
                found.append(DetectedFace(*map(float, box)))
    found.sort(key=lambda face: -face.area)
    return [face for n, face in enumerate(found) if not any(_same(face, larger) for larger in found[:n])]


@cache
def _cascades() -> tuple[cv2.CascadeClassifier, ...]:
    import cv2

    cv2.setNumThreads(1)  # it runs beside an encoder
    folder: str = cv2.data.haarcascades  # type: ignore[attr-defined]
    return tuple(cv2.CascadeClassifier(folder + name) for name in CASCADES)


def _same(one: DetectedFace, other: DetectedFace) -> bool:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width > 0 and height > 0 and width * height > 0.4 * min(one.area, other.area)
