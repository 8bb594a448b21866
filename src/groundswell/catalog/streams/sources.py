"""Where the media of a title are: in the store, at an address, or in a ladder; told by the name of what is stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from groundswell.catalog.tables import Source
from groundswell.media import Limits, MediaError
from groundswell.media.remote import SUFFIX
from groundswell.platform.range_server import offered
from groundswell.platform.runtime import Runtime

from .reader import MediaReader
from .remote_file import RemoteStore, remote_file_at
from .stretches import ladder_at, stretch_of

LADDER, REMOTE = "ladder.json", "remote.json"


def is_ladder(key: str | None) -> bool:
    """Whether what is stored under ``key`` leads to a service's ladder."""
    return key is not None and key.endswith(f"/{LADDER}")


def is_elsewhere(key: str) -> bool:
    """Whether the media that ``key`` leads to are not in our store."""
    return is_ladder(key) or key.endswith(f"/{REMOTE}")


def reader_of(runtime: Runtime) -> MediaReader:
    """What reads the service's media for a process."""
    return MediaReader(runtime.settings, runtime.outbound, runtime.store.cache)


@asynccontextmanager
async def readable(
    runtime: Runtime, source: Source, start_us: int, end_us: int, folder: Path, limits: Limits
) -> AsyncIterator[Path]:
    """A path under which the clip engine reads [start_us, end_us) of a source, wherever it is; of one that is not on
    this machine no more is fetched than that needs.

    Args:
        folder: an empty one, of a short path; the caller's to remove.

    Raises:
        MediaError: it cannot be read, for good.
        FileNotFoundError: the store has lost it.
    """
    if is_ladder(source.storage_key):
        ladder = await ladder_at(runtime.store, source.storage_key)
        async with stretch_of(ladder, reader_of(runtime), start_us, end_us, folder, limits) as path:
            yield path
    elif is_elsewhere(source.storage_key):
        file = await remote_file_at(runtime.store, source.storage_key)
        store = RemoteStore(reader_of(runtime), file, runtime.store.cache)
        async with offered(store, "media", SUFFIX, folder, for_good=(MediaError,)) as path:
            yield path
    else:
        async with offered(runtime.store, source.storage_key, SUFFIX, folder) as path:
            yield path
