"""Object storage: a local folder by default; S3, GCS or Azure by setting. Keys are forward-slash paths."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, from_url

from .settings import Settings, writing_data

if TYPE_CHECKING:
    from obstore import ObjectMeta

R = TypeVar("R")

CHUNK = 1024 * 1024
AT_ONCE = 32
"""Calls to stores at once in one process."""

_threads = ThreadPoolExecutor(AT_ONCE, "storage")
"""Not the event loop's own, in which tokens are verified: a store that takes its time keeps nobody else waiting."""


class ObjectStore:
    """Files by key. What ``put_file`` has acknowledged is there whole, or (before) not at all.

    The store's calls run in threads of ours rather than as its own futures: those are answered from foreign threads,
    and one that answers while the interpreter ends takes the whole process down with it.

    Args:
        url: ``file:///…``, ``s3://…``, ``gs://…`` or ``az://…``.
        cache: folder in which objects of a remote store are kept while the media engine reads them.
        options: how it is reached, as object_store calls it (``aws_endpoint`` …), where the environment does not say.
    """

    def __init__(self, url: str, cache: Path, options: Mapping[str, str] | None = None) -> None:
        self.url, self.cache = url, cache
        parts = urlsplit(url)
        self.folder = Path(parts.path) if parts.scheme == "file" else None
        if self.folder is not None:
            self.store = LocalStore(self.folder, mkdir=True)
        else:
            plain = any(value.startswith("http://") for value in (options or {}).values())
            client: Any = {"allow_http": True} if plain else None
            config: Any = dict(options or {})
            self.store = from_url(url, config=config, client_options=client)  # type: ignore[assignment]

    async def put_file(self, key: str, source: Path) -> None:
        """Store a local file under ``key`` (streamed; multipart when large)."""
        await self._call(obstore.put, key, source, chunk_size=8 * CHUNK)

    async def put_bytes(self, key: str, content: bytes) -> None:
        await self._call(obstore.put, key, content)

    async def get_bytes(self, key: str) -> bytes:
        """The whole object. Raises ``FileNotFoundError``."""
        return await self._call(lambda store: bytes(obstore.get(store, key).bytes()))

    async def head(self, key: str) -> "ObjectMeta":
        """What the store says of the object. Raises ``FileNotFoundError``."""
        return await self._call(obstore.head, key)

    async def size(self, key: str) -> int:
        """Bytes of the object. Raises ``FileNotFoundError``."""
        return (await self.head(key))["size"]

    async def exists(self, key: str) -> bool:
        try:
            await self.head(key)
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes [start, end) in pieces of at most 1 MiB."""
        while start < end:
            length = min(CHUNK, end - start)
            yield bytes(await self._call(obstore.get_range, key, start=start, length=length))
            start += length

    async def delete(self, key: str) -> None:
        """Remove the object; a missing one is no error."""
        try:
            await self._call(obstore.delete, key)
        except (FileNotFoundError, NotFoundError):
            return

    async def names(self, prefix: str | None = None) -> list[str]:
        """The keys of all objects (below ``prefix``): for a backup, not for a request."""

        def listed(store: Any) -> list[str]:
            return [entry["path"] for batch in obstore.list(store, prefix) for entry in batch]

        return await self._call(listed)

    async def _call(self, work: Callable[..., R], *arguments: Any, **options: Any) -> R:
        """What ``work`` returns when it is given the store and ``arguments``, in a thread for stores."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads, partial(work, self.store, *arguments, **options))

    async def local_parts(self, parts: Mapping[str, Sequence[tuple[int, int]]], folder: Path) -> Path:
        """A folder with files on this machine that hold at least ``parts`` of objects: byte ranges as (offset, size),
        by key. All keys are of one folder; the files have their names.

        A local store gives its own folder; of remote objects just these bytes are fetched, into sparse files in
        ``folder``, which is made. Raises ``FileNotFoundError``.
        """
        if self.folder is not None:
            paths = [self.folder / key for key in parts]
            if missing := [path for path in paths if not path.is_file()]:
                raise FileNotFoundError(missing[0])
            return paths[0].parent
        await asyncio.to_thread(folder.mkdir)
        for key, ranges in parts.items():
            await self._call(_fetch_parts, key, ranges, folder / PurePosixPath(key).name)
        return folder

    async def local_path(self, key: str) -> Path:
        """A file on this machine with the object's bytes, for libraries that read files.

        A local store gives its own file; a remote object is fetched once and kept in the cache.
        """
        if self.folder is not None:
            path = self.folder / key
            if not path.is_file():
                raise FileNotFoundError(key)
            return path
        digest = hashlib.sha256(key.encode()).hexdigest()
        path = self.cache / digest[:2] / (digest + Path(key).suffix)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                async for piece in self.read(key, 0, await self.size(key)):
                    file.write(piece)
            partial.replace(path)
        return path


def _fetch_parts(store: Any, key: str, ranges: Sequence[tuple[int, int]], path: Path) -> None:
    """Fetch byte ranges of an object, as (offset, size), into a sparse file."""
    starts, lengths = [start for start, _ in ranges], [length for _, length in ranges]
    with path.open("wb") as file:
        for start, piece in zip(starts, obstore.get_ranges(store, key, starts=starts, lengths=lengths), strict=True):
            file.seek(start)
            file.write(piece)


def open_store(settings: Settings) -> ObjectStore:
    """The store that ``settings`` name.

    Raises:
        DataFolderUnwritable: it is to be in the data folder, which cannot be written to.
    """
    objects = settings.data_dir / "objects"
    if settings.storage_url is None:
        with writing_data(settings.data_dir):
            objects.mkdir(parents=True, exist_ok=True)
    url = settings.storage_url or objects.resolve().as_uri()
    options = {name: value.get_secret_value() for name, value in settings.storage_options.items()}
    return ObjectStore(url, settings.data_dir / "cache", options)
