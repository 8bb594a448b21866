"""A picture that somebody gives: a poster, a backdrop. Made into a JPEG of the size it is shown at."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from groundswell.media.errors import MediaError

from .stills import jpeg_below, write_whole

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 100_000_000


def artwork(
    path: str | Path, destination: str | Path, size: tuple[int, int], *, biggest_bytes: int = 600_000
) -> tuple[int, int]:
    """A JPEG that fills ``size`` (or less, where the picture is smaller), upright, without metadata.

    Raises `MediaError`: ``source_missing``, ``unreadable``, ``bad_picture``, ``too_large_picture``.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise MediaError("source_missing", f"There is no file {path}.") from error
    except OSError as error:
        raise MediaError("unreadable", str(error)) from error
    image = _decoded(data)
    scale = min(1.0, image.width / size[0], image.height / size[1])
    fitted = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    write_whole(Path(destination), jpeg_below(ImageOps.fit(image, fitted, Image.Resampling.LANCZOS), biggest_bytes))
    return fitted


def _decoded(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise MediaError("too_large_picture")
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGB")
    except Image.DecompressionBombError as error:
        raise MediaError("too_large_picture") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise MediaError("bad_picture") from error
