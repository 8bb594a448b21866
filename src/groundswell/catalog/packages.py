"""A title's package: its tracks as CMAF files in object storage, and the index that says where each segment lies.

A package is made at import by remux, never by transcoding the picture. Its files lie beside its index, under a name
made from that index, so a package that is there never changes.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from groundswell.media import Limits, MediaError, Package, TitleIndex, run_bounded
from groundswell.platform.problems import Problem
from groundswell.platform.storage import ObjectStore

from .playback import PLAIN
from .streams.sources import is_elsewhere
from .tables import Source

INDEX = "package.json"
KEPT = 64
"""Packages whose index a process keeps in memory: a few hundred kilobytes each for a feature film."""

OF_THE_FILE = frozenset({"source_changed", "source_missing", "unreadable", "disk_full", "cancelled"})
"""Refusals that say nothing about the codecs: the import fails with them."""


class NotPackaged(Problem):
    """``code`` is the clip engine's reason where it gave one."""

    status, code, title = 404, "not_packaged", "This title is not packaged for streaming; its MP4 plays instead."


class TitleElsewhere(Problem):
    status, code, title = 404, "title_elsewhere", "This title is played from the service's own address."


@dataclass(frozen=True)
class Packaged:
    """What packaging came to: the files of ``package`` lie in ``folder``; or the reason code in ``refusal``."""

    folder: Path | None = None
    package: Package | None = None
    refusal: str | None = None

    @property
    def name(self) -> str:
        """A name that no other package has."""
        assert self.package is not None
        return hashlib.sha256(self.package.to_json().encode()).hexdigest()[:16]


async def packaged(
    file: Path, folder: Path, limits: Limits, on_progress: Callable[[float], object] | None = None
) -> Packaged:
    """Package ``file`` into ``folder``, which is made. A refusal is a result: such titles are played as MP4.

    Raises:
        MediaError: the file is gone, has changed or cannot be read, or there is no room.
    """
    await asyncio.to_thread(folder.mkdir)
    asked = {"source": str(file), "folder": str(folder)}
    try:
        package = Package.model_validate(await run_bounded("package", asked, limits, on_progress))
    except MediaError as refusal:
        if refusal.code in OF_THE_FILE:
            raise
        return Packaged(refusal=refusal.code)
    await asyncio.to_thread((folder / INDEX).write_text, package.to_json())
    return Packaged(folder, package)


def copies_play(index: TitleIndex) -> bool:
    """Whether every current browser plays what is copied out of the title into MP4: H.264, eight bits, 4:2:0, upright
    scan, standard range. (Sound that MP4 cannot carry everywhere is made over by the clip engine.)"""
    picture = index.video
    return (
        picture.codec == "h264" and picture.pixel_format in PLAIN and not (picture.interlaced or picture.colour.is_hdr)
    )


_read: OrderedDict[str, Package] = OrderedDict()


async def package_at(store: ObjectStore, key: str) -> Package:
    """The package whose index lies under ``key``.

    Raises:
        NotPackaged: the store has lost it.
    """
    if key in _read:
        _read.move_to_end(key)
        return _read[key]
    try:
        text = await store.get_bytes(key)
    except FileNotFoundError:
        raise NotPackaged() from None
    package = _read[key] = await asyncio.to_thread(Package.from_json, text)
    while len(_read) > KEPT:
        _read.popitem(last=False)
    return package


async def package_of(store: ObjectStore, source: Source) -> Package:
    """The package of a version of a title.

    Raises:
        NotPackaged: it has none, and why.
    """
    if is_elsewhere(source.storage_key):
        raise TitleElsewhere()
    if source.package_key is None:
        raise NotPackaged(reason=source.package_refusal)
    return await package_at(store, source.package_key)


def key_beside(index_key: str, file: str) -> str:
    """Where ``file`` of the package with this index lies."""
    return f"{index_key.rpartition('/')[0]}/{file}"
