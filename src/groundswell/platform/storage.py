"""Object storage: a local folder by default; S3, GCS or Azure by setting. Keys are forward-slash paths."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, from_url

from .settings import Settings

CHUNK = 1024 * 1024


class ObjectStore:
    """Files by key. What ``put_file`` has acknowledged is there whole, or (before) not at all.

    The store's calls run in threads of ours rather than as its own futures: those are answered from foreign threads,
    and one that answers while the interpreter ends takes the whole process down with it.

    Args:
        url: ``file:///…``, ``s3://…``, ``gs://…`` or ``az://…``.
        cache: folder in which objects of a remote store are kept while the media engine reads them.
    """

    def __init__(self, url: str, cache: Path) -> None:
        self.url, self.cache = url, cache
        parts = urlsplit(url)
        self.folder = Path(parts.path) if parts.scheme == "file" else None
        if self.folder is not None:
            self.store = LocalStore(self.folder, mkdir=True)
        else:
            self.store = from_url(url)  # type: ignore[assignment]

    async def put_file(self, key: str, source: Path) -> None:
        """Store a local file under ``key`` (streamed; multipart when large)."""
        await asyncio.to_thread(obstore.put, self.store, key, source, chunk_size=8 * CHUNK)

    async def put_bytes(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(obstore.put, self.store, key, content)

    async def get_bytes(self, key: str) -> bytes:
        """The whole object. Raises ``FileNotFoundError``."""
        return await asyncio.to_thread(lambda: bytes(obstore.get(self.store, key).bytes()))

    async def size(self, key: str) -> int:
        """Bytes of the object. Raises ``FileNotFoundError``."""
        return (await asyncio.to_thread(obstore.head, self.store, key))["size"]

    async def exists(self, key: str) -> bool:
        try:
            await asyncio.to_thread(obstore.head, self.store, key)
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes [start, end) in pieces of at most 1 MiB."""
        while start < end:
            length = min(CHUNK, end - start)
            yield bytes(await asyncio.to_thread(obstore.get_range, self.store, key, start=start, length=length))
            start += length

    async def delete(self, key: str) -> None:
        """Remove the object; a missing one is no error."""
        try:
            await asyncio.to_thread(obstore.delete, self.store, key)
        except (FileNotFoundError, NotFoundError):
            return

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
            await asyncio.to_thread(self._fetch_parts, key, ranges, folder / PurePosixPath(key).name)
        return folder

    def _fetch_parts(self, key: str, ranges: Sequence[tuple[int, int]], path: Path) -> None:
        starts, lengths = [start for start, _ in ranges], [length for _, length in ranges]
        with path.open("wb") as file:
            fetched = obstore.get_ranges(self.store, key, starts=starts, lengths=lengths)
            for start, piece in zip(starts, fetched, strict=True):
                file.seek(start)
                file.write(piece)

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


def open_store(settings: Settings) -> ObjectStore:
    """The store that ``settings`` name."""
    url = settings.storage_url or (settings.data_dir / "objects").resolve().as_uri()
    return ObjectStore(url, settings.data_dir / "cache")
