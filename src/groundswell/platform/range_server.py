"""Offering a remote object to the media engine piece by piece, so that of a title only what a clip needs is fetched.

Blocks that were fetched are kept on this machine: several renditions of one clip, and clips of one scene, fetch them
once. Reading on in order fetches a little ahead, growing with what has been read, so that a long clip costs few
requests and a short one few bytes.
"""

import asyncio
import hashlib
import json
import os
import struct
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

BLOCK = 64 << 10
MOST_AHEAD = 64
"""Blocks."""
AHEAD_SHARE = 16
"""One block is fetched ahead for so many read in order."""

ASKED = struct.Struct(">QQ")
ANSWERED = struct.Struct(">q")

_fetching: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)


class RangedStore(Protocol):
    """What objects are read from. ``url`` and a key name one for ever; blocks of it are kept below ``cache``."""

    @property
    def url(self) -> str: ...

    @property
    def cache(self) -> Path: ...

    @property
    def folder(self) -> Path | None: ...

    async def size(self, key: str) -> int: ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]: ...


class Blocks:
    """An object in blocks that are fetched when first read and kept in ``folder``. ``fetched`` counts bytes."""

    def __init__(self, store: RangedStore, key: str, size: int) -> None:
        self.store, self.key, self.size = store, key, size
        digest = hashlib.sha256(f"{store.url}\n{key}\n{size}".encode()).hexdigest()
        self.folder = store.cache / "blocks" / digest[:2] / digest
        self.fetched = 0
        self._next, self._run = 0, 0

    async def read(self, offset: int, length: int) -> bytes:
        """Bytes [offset, offset + length), fewer at the end. Raises what the store raises."""
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        first, last = offset // BLOCK, (end - 1) // BLOCK
        async with _fetching[str(self.folder)]:
            await self._fetch_missing(first, last)
        whole = await asyncio.to_thread(self._join, first, last)
        return whole[offset - first * BLOCK : end - first * BLOCK]

    async def _fetch_missing(self, first: int, last: int) -> None:
        missing = [n for n in range(first, last + 1) if not self._path(n).exists()]
        self._run = self._run + last - first + 1 if first <= self._next <= last + 1 else last - first + 1
        self._next = last + 1
        if not missing:
            return
        ahead = min(MOST_AHEAD, self._run // AHEAD_SHARE)
        stop = min(last + 1 + ahead, -(-self.size // BLOCK))
        stop = next((n for n in range(last + 1, stop) if self._path(n).exists()), stop)
        start, end = missing[0] * BLOCK, min(stop * BLOCK, self.size)
        data = b"".join([piece async for piece in self.store.read(self.key, start, end)])
        self.fetched += len(data)
        await asyncio.to_thread(self._keep, missing[0], data)

    def _keep(self, first: int, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for n in range(-(-len(data) // BLOCK)):
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(data[n * BLOCK : (n + 1) * BLOCK])
            os.replace(file.name, self._path(first + n))

    def _join(self, first: int, last: int) -> bytes:
        return b"".join(self._path(n).read_bytes() for n in range(first, last + 1))

    def _path(self, number: int) -> Path:
        return self.folder / str(number)


@asynccontextmanager
async def offered(
    store: RangedStore, key: str, suffix: str, folder: Path, for_good: tuple[type[Exception], ...] = ()
) -> AsyncIterator[Path]:
    """A path under which the media engine reads the object: a local store's own file, or a note that leads to blocks.

    Args:
        suffix: of such notes.
        folder: an empty one, of a short path (sockets' have a limit), for the note and the socket; the caller's to
            remove, also when this process is killed.
        for_good: what the store raises when another try would do no better; it comes out as it is.

    Raises:
        FileNotFoundError: there is no such object.
        OSError: the store could not be read meanwhile, whatever the engine made of it.
    """
    if store.folder is not None:
        path = store.folder / key
        if not path.is_file():
            raise FileNotFoundError(key)
        yield path
        return
    blocks = Blocks(store, key, await store.size(key))
    troubles: list[Exception] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = ASKED.unpack(await reader.readexactly(ASKED.size))
                try:
                    data = await blocks.read(*asked)
                except Exception as error:
                    troubles.append(error)
                    writer.write(ANSWERED.pack(-1))
                else:
                    writer.write(ANSWERED.pack(len(data)) + data)
                await writer.drain()
        writer.close()

    address, note = folder / "socket", folder / f"title{suffix}"
    server = await asyncio.start_unix_server(answer, address)
    await asyncio.to_thread(note.write_text, json.dumps({"socket": str(address), "size": blocks.size}))
    try:
        yield note
    except Exception as error:
        if troubles:
            if isinstance(troubles[0], for_good):
                raise troubles[0] from error
            raise OSError(f"The store could not be read: {troubles[0]}") from error
        raise
    finally:
        server.close()


def trim_cache(cache: Path, most_bytes: int) -> int:
    """Remove the files read least recently until the cache holds at most ``most_bytes``; returns how many went."""
    found = []
    for path in cache.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                seen = path.stat()
                found.append((max(seen.st_atime, seen.st_mtime), seen.st_size, path))
    total, gone = sum(size for _, size, _ in found), 0
    for _, size, path in sorted(found):
        if total <= most_bytes:
            break
        path.unlink(missing_ok=True)
        total, gone = total - size, gone + 1
    return gone
