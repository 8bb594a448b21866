"""A title's storyboard, with the tiles that may not be looked at painted over."""

import asyncio
import io
from functools import lru_cache

from PIL import Image, ImageDraw

from groundswell.media.analysis.stills import Storyboard
from groundswell.platform.storage import ObjectStore

from .providers import TitleView
from .tables import Source

KEPT = 64
"""Painted storyboards that a process keeps in memory, of some 200 KB each."""


def storyboard_of(source: Source) -> Storyboard | None:
    """How the tiles of a title's storyboard lie."""
    if source.storyboard is None or source.storyboard_key is None:
        return None
    return Storyboard(**source.storyboard | {"times_us": tuple(source.storyboard["times_us"])})


def veiled_tiles(board: Storyboard, view: TitleView) -> tuple[int, ...]:
    """The numbers of the tiles that are on screen while ``view`` does not show the title."""
    ends = (*board.times_us[1:], max(board.duration_us, board.times_us[-1] + 1))
    return tuple(
        n for n, (start, end) in enumerate(zip(board.times_us, ends, strict=True)) if not view.shows(start, end)
    )


async def painted(store: ObjectStore, key: str, board: Storyboard, tiles: tuple[int, ...]) -> bytes:
    """The JPEG under ``key`` with ``tiles`` black."""
    return await asyncio.to_thread(_painted, await store.get_bytes(key), board, tiles)


@lru_cache(maxsize=KEPT)
def _painted(jpeg: bytes, board: Storyboard, tiles: tuple[int, ...]) -> bytes:
    sheet = Image.open(io.BytesIO(jpeg)).convert("RGB")
    brush = ImageDraw.Draw(sheet)
    for n in tiles:
        x, y = n % board.columns * board.tile_width, n // board.columns * board.tile_height
        brush.rectangle((x, y, x + board.tile_width - 1, y + board.tile_height - 1), fill="black")
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=75, optimize=True)
    return out.getvalue()
