"""The card at the end of a clip: what it was, where to watch on, and a code to point a phone at.

Drawn once and shown for `CARD_US` after the last frame, in silence. The code is QR (ISO/IEC 18004) at error correction
level Q, since it is looked at across a room and through a codec, with the four modules of quiet that readers want.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from groundswell.media.end_card_text import CARD_US, EndCard
from groundswell.media.output.grid import Grid
from groundswell.media.subtitles.layout import broken, draw_row, width_of
from groundswell.media.times import SECOND_US

QUIET = 4
LEADING = 1.3
BACKGROUND, FAINT, WHITE = (13, 15, 20), (170, 178, 190), (255, 255, 255)
Colour = tuple[int, int, int]
Modules = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def modules(link: str) -> Modules:
    """The dark modules of the code for a link, without its quiet zone."""
    import segno  # what a clip without a card does not need is not loaded

    return np.array([[bool(cell) for cell in row] for row in segno.make(link, error="q", micro=False).matrix])


def card_picture(card: EndCard, width: int, height: int) -> Image.Image:
    """The card in RGB at a size."""
    image = Image.new("RGBA", (width, height), (*BACKGROUND, 255))
    code = _code(card.link, round(min(width, height) * 0.5))
    top, bottom = (height - code.height) // 2, (height + code.height) // 2
    image.paste(code, ((width - code.width) // 2, top))
    gap, size = round(min(width, height) * 0.045), round(min(width, height) * 0.062)
    title, large = _set(card.title, width, size, top - 2 * gap)
    service, small = _set(card.service, width, round(size * 0.75), height - bottom - 2 * gap)
    _write(image, title, large, (width / 2, top - gap - len(title) * large * LEADING), WHITE)
    _write(image, service, small, (width / 2, bottom + gap), FAINT)
    return image.convert("RGB")


def _code(link: str, side: int) -> Image.Image:
    """Whole pixels a module, so that edges stay sharp."""
    dark = np.pad(modules(link), QUIET)
    scale = max(1, side // len(dark))
    code = Image.fromarray(np.where(dark, 0, 255).astype(np.uint8)).resize(
        (len(dark) * scale,) * 2, Image.Resampling.NEAREST
    )
    return code.convert("RGB")


def _set(text: str, width: int, size: int, room: float) -> tuple[list[str], int]:
    """Rows of text that fit in ``room`` pixels of height, and their size: as large as that allows, up to ``size``."""
    size = max(8, size)
    rows = broken(text, width * 0.86, size)
    while size > 8 and len(rows) * size * LEADING > room:
        size = max(8, size * 9 // 10)
        rows = broken(text, width * 0.86, size)
    return rows, size


def _write(image: Image.Image, rows: list[str], size: int, top: tuple[float, float], fill: Colour) -> None:
    for n, row in enumerate(rows):
        baseline = top[1] + (n * LEADING + 0.95) * size
        draw_row(image, row, top[0] - width_of(row, size) / 2, baseline, size, fill, 0)


def card_frame(card: EndCard, width: int, height: int) -> VideoFrame:
    """The card as the rendered profiles have their pictures: 4:2:0, BT.709, limited range."""
    frame = VideoFrame.from_image(card_picture(card, width, height))  # type: ignore[no-untyped-call]
    shaped: VideoFrame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    return shaped


def with_card(grid: Grid, rate: Fraction) -> Grid:
    """A clip's grid with the frames of a card after it, at the clip's own pace."""
    step = Fraction(grid.length(0)) if grid.steady and len(grid.times) > 1 else 1 / rate / grid.tick
    count = max(1, round(Fraction(CARD_US, SECOND_US) / grid.tick / step))
    added = tuple(grid.duration + round(n * step) for n in range(count))
    return Grid(grid.tick, (*grid.times, *added), grid.duration + round(count * step), grid.steady)
