"""Shared by tests: a title that is packaged, and a player's walk from a moment's address to its frames."""

import asyncio
import re
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from groundswell.catalog.packages import INDEX
from groundswell.catalog.tables import Source, Title
from groundswell.media import package
from tests.media.film import Film, numbers
from tests.moments.clipping import SIZE
from tests.support import App

PACKAGED = Film(frames=300, rate=Fraction(10), gop=20, size=SIZE)
"""30 s at 10 frames a second, a keyframe every 2 s; every frame carries its number."""


def packed(folder: Path, film: Path) -> list[Path]:
    """Package a film into a new folder; its files."""
    folder.mkdir()
    found = package(film, folder)
    (folder / INDEX).write_text(found.to_json())
    return list(folder.iterdir())


async def pack(app: App, title: UUID, film: Path, folder: Path, *, copies_play: bool = True) -> Source:
    """Package the media of a title, as an import does."""
    key = f"sources/{title}/hls/"
    for file in packed(folder, film):
        await app.runtime.store.put_file(key + file.name, file)
    async with app.runtime.database.transaction() as session:
        source = await session.get_one(Source, (await session.get_one(Title, title)).current_source_id)
        source.package_key, source.copies_play = key + INDEX, copies_play
    return source


async def watch(app: App, main: str, file: Path, headers: dict[str, str] | None = None) -> tuple[list[int], float]:
    """What a player that starts at ``main`` gets: the numbers of all frames, in order, and where it would start."""
    text = (await app.http.get(main, headers=headers)).text
    variant = next(row for row in text.splitlines() if row and not row.startswith("#"))
    base = main.rpartition("/")[0] + "/"
    playlist = await app.http.get(base + variant, headers=headers)
    assert playlist.status_code == 200, playlist.text
    begins = re.search(r"TIME-OFFSET=([\d.]+),PRECISE=YES", playlist.text)
    content = b""
    for address in addresses(playlist.text):
        piece = await app.http.get(base + variant.rpartition("/")[0] + "/" + address, headers=headers)
        assert piece.status_code == 200, piece.text
        content += piece.content
    await asyncio.to_thread(file.write_bytes, content)
    return [n for _, n in numbers(file)], float(begins[1]) if begins else 0.0


def addresses(playlist: str) -> list[str]:
    """The init segment's address and those of the pieces, in order."""
    init = re.findall(r'EXT-X-MAP:URI="([^"]+)"', playlist)
    return [*init, *(row for row in playlist.splitlines() if row and not row.startswith("#"))]
