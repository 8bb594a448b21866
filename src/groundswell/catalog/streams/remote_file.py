"""One media file at an address whose server answers byte ranges: read as an object of a store is."""

from collections.abc import AsyncIterator
from pathlib import Path

from groundswell.media import MediaError
from groundswell.media.model import Frozen
from groundswell.media.streams.ladder import StreamRange
from groundswell.platform.storage import ObjectStore

from .reader import MediaReader

PIECE = 4 << 20


class RemoteFile(Frozen):
    """A file as it was when it was indexed."""

    url: str
    size: int
    etag: str | None = None


class RemoteStore:
    """What ``offered`` reads a remote file from. It answers only while the file is the one that was indexed."""

    folder = None

    def __init__(self, reader: MediaReader, file: RemoteFile, cache: Path) -> None:
        self._reader, self._file = reader, file
        self.url = f"{file.url}\n{file.etag}"
        self.cache = cache

    async def size(self, key: str) -> int:
        return self._file.size

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes [start, end). Raises ``MediaError``, or an outbound problem that passes."""
        while start < end:
            length = min(PIECE, end - start)
            part = StreamRange(url=self._file.url, offset=start, size=length)
            yield await self._reader.read(part, total=self._file.size, etag=self._file.etag)
            start += length


async def remote_file_at(store: ObjectStore, key: str) -> RemoteFile:
    """The file kept under ``key``.

    Raises:
        MediaError: ``source_missing``.
    """
    try:
        return RemoteFile.model_validate_json(await store.get_bytes(key))
    except FileNotFoundError:
        raise MediaError("source_missing") from None
