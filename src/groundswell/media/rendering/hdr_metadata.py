"""What an HDR picture says of the screen it was graded on (SMPTE ST 2086) and of its brightest parts (CTA-861.3)."""

from __future__ import annotations

import struct
from fractions import Fraction

from av.video.frame import VideoFrame

from groundswell.media.reading.side_data import side_data

CHROMATICITY = 50_000
LUMINANCE = 10_000
MASTERING = struct.Struct("22i")
"""``AVMasteringDisplayMetadata``: red, green, blue and white as x and y, least and most luminance (each a fraction of
two numbers), then whether there are primaries and whether there is luminance."""
LIGHT = struct.Struct("2I")
"""``AVContentLightMetadata``: the brightest sample, and the brightest picture's mean, in cd/m²."""


def x265_parameters(frame: VideoFrame) -> str:
    """Parameters that make x265 say the same; none where the picture says nothing."""
    said = side_data(frame)
    return _mastering(said.get("MASTERING_DISPLAY_METADATA", b"")) + _light(said.get("CONTENT_LIGHT_LEVEL", b""))


def _mastering(data: bytes) -> str:
    if len(data) < MASTERING.size:
        return ""
    *numbers, has_primaries, has_luminance = MASTERING.unpack_from(data)
    values = [Fraction(a, b) if b else Fraction(0) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    if not has_primaries or not has_luminance:
        return ""
    rx, ry, gx, gy, bx, by, wx, wy = (round(value * CHROMATICITY) for value in values[:8])
    least, most = (round(value * LUMINANCE) for value in values[8:])
    return f":master-display=G({gx},{gy})B({bx},{by})R({rx},{ry})WP({wx},{wy})L({most},{least})"


def _light(data: bytes) -> str:
    if len(data) < LIGHT.size:
        return ""
    brightest, mean = LIGHT.unpack_from(data)
    return f":max-cll={brightest},{mean}"
