"""Emoji in colour, shaped and drawn by HarfBuzz: joined families, flags and shades of skin are one picture each."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from uharfbuzz import Buffer, Font

SUBPIXELS = 64
"""In how many parts of a pixel glyphs are measured."""


def width_of(text: str, path: str, size: int) -> float:
    """How many pixels ``text`` takes in the font at ``path``, at ``size`` pixels."""
    advances = (position.x_advance for position in _shaped(text, _font(path, size)).glyph_positions)
    return float(sum(advances)) / SUBPIXELS


def draw(image: Image.Image, text: str, path: str, size: int, left: float, baseline: float) -> None:
    """Draw ``text`` over ``image`` (RGBA), from ``left`` on, standing on ``baseline``; what lies outside is cut off."""
    import uharfbuzz

    font = _font(path, size)
    shaped = _shaped(text, font)
    for glyph, position in zip(shaped.glyph_infos, shaped.glyph_positions, strict=True):
        paint = uharfbuzz.RasterPaint()
        paint.scale_factor = SUBPIXELS, SUBPIXELS
        extents = font.get_glyph_extents(glyph.codepoint)
        if extents is not None and paint.set_glyph_extents(extents):
            paint.paint_glyph(font, glyph.codepoint)
            made = paint.render()
            at = made.extents
            picture = Image.frombuffer(
                "RGBA", (at.width, at.height), bytes(made.buffer), "raw", "BGRa", at.stride, -1
            )  # with colours multiplied by opacity, from the lowest row up
            x = left + position.x_offset / SUBPIXELS + at.x_origin
            _lay(image, picture, round(x), round(baseline - at.y_origin - at.height))
        left += position.x_advance / SUBPIXELS


def _lay(image: Image.Image, picture: Image.Image, x: int, y: int) -> None:
    seen = (max(0, -x), max(0, -y), min(picture.width, image.width - x), min(picture.height, image.height - y))
    if seen[0] < seen[2] and seen[1] < seen[3]:
        image.alpha_composite(picture, (max(0, x), max(0, y)), seen)


def _shaped(text: str, font: Font) -> Buffer:
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer)
    return buffer


@lru_cache(maxsize=16)
def _font(path: str, size: int) -> Font:
    import uharfbuzz  # what a clip without words does not need is not loaded

    font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(path)))
    font.scale = size * SUBPIXELS, size * SUBPIXELS
    return font
