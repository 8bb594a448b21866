"""Where a feed comes from: a file, or an address that is fetched into one before it is read."""

import asyncio
import hashlib
import json
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, get_args
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from groundswell.catalog.bulk import LINE_MAX, RawLine, ReadLine
from groundswell.platform.outbound import AnswerTooLarge, AnswerTooSlow, Outbound, answering

from . import jellyfin, plex
from .library import LibraryServer
from .mrss import items
from .table import FeedUnreadable, rows

Format = Literal["ndjson", "csv", "mrss", "jellyfin", "plex"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[str, Format] = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".xml": "mrss", ".rss": "mrss"}
FETCHED_MAX = 2 << 30
LIBRARIES = {"jellyfin": jellyfin, "plex": plex}
"""Media servers, which are asked for what they have page by page."""
QUIET_S, FETCH_S = 60.0, 3600.0
"""How long a server may be silent, and how long all of a feed may take."""
TAKEN = frozenset({httpx.codes.OK, httpx.codes.NOT_MODIFIED})


@dataclass(frozen=True)
class FetchedFeed:
    """A feed on this machine. ``etag`` is what its server calls this version; ``unchanged``: it is the one known."""

    path: Path
    etag: str | None = None
    unchanged: bool = False


def is_address(source: str) -> bool:
    """Whether ``source`` is fetched; else it is a file."""
    return source.startswith(("http://", "https://"))


def without_secrets(source: str) -> str:
    """``source`` as it may be shown and kept: an address without its user name and query."""
    if not is_address(source):
        return source
    parts = urlsplit(source)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def format_of(source: str, chosen: str | None) -> Format:
    """How a feed is written: as chosen, or by the ending of its name.

    Raises:
        FeedUnreadable: neither says.
    """
    ending = Path(urlsplit(source).path if is_address(source) else source).suffix.lower()
    found = next((each for each in FORMATS if each == chosen), None) or ENDINGS.get(ending)
    if found is None:
        raise FeedUnreadable(f"How is it written? Say --format {', '.join(FORMATS)}.")
    if found in LIBRARIES and (not is_address(source) or set(source) & set("?#")):
        raise FeedUnreadable(f"A server ({found}) is named by its address, such as https://media.example.")
    return found


@asynccontextmanager
async def fetched(
    outbound: Outbound,
    source: str,
    etag: str | None = None,
    most: int = FETCHED_MAX,
    library: str | None = None,
    token: str = "",
) -> AsyncIterator[FetchedFeed]:
    """The feed at ``source``, for as long as the block lasts; an address that answers that it is still ``etag`` is not
    fetched again.

    Args:
        library: which of ``LIBRARIES`` the address is; what it has is asked for with ``token``, a line each.

    Raises:
        FeedUnreadable: there is none.
        Problem: it may not be fetched, its server does not answer it, or it is larger than ``most`` bytes.
    """
    if not is_address(source):
        if not await asyncio.to_thread(Path(source).is_file):
            raise FeedUnreadable(f"There is no file {source}.")
        yield FetchedFeed(Path(source))
        return
    with tempfile.NamedTemporaryFile(prefix="groundswell-feed-") as file:
        if library is not None:
            said, unchanged = await _listed(outbound, source, library, token, etag, file, most)
        else:
            said, unchanged = await _fetch(outbound, source, etag, file, most)
        file.flush()
        yield FetchedFeed(Path(file.name), said, unchanged)


async def _fetch(
    outbound: Outbound, source: str, etag: str | None, file: IO[bytes], most: int
) -> tuple[str | None, bool]:
    address, headers = _credentials(source)
    if etag is not None:
        headers["If-None-Match"] = etag
    async with (
        outbound.client(QUIET_S) as client,
        answering(client, outbound.check(address), seconds=FETCH_S, headers=headers, taken=TAKEN) as answer,
    ):
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return etag, True
        async for piece in answer.aiter_bytes():
            file.write(piece)
            if file.tell() > most:
                raise AnswerTooLarge(f"{without_secrets(source)} answers more than {most >> 20} MiB.")
    return answer.headers.get("etag"), False


async def _listed(
    outbound: Outbound, source: str, library: str, token: str, etag: str | None, file: IO[bytes], most: int
) -> tuple[str | None, bool]:
    """Write what a media server has, a line each. Its version is a hash of all lines."""
    said, home = hashlib.blake2b(digest_size=16), outbound.check(source).rstrip("/")
    kind = LIBRARIES[library]
    try:
        async with outbound.client(QUIET_S) as client, asyncio.timeout(FETCH_S):
            async for entry in kind.entries(LibraryServer(client, home, kind.headers(token))):
                line = json.dumps(entry, sort_keys=True).encode() + b"\n"
                said.update(line)
                file.write(line)
                if file.tell() > most:
                    raise AnswerTooLarge(f"{without_secrets(source)} has more than {most >> 20} MiB to say.")
    except TimeoutError:
        raise AnswerTooSlow(f"{without_secrets(source)} takes too long to say what it has.") from None
    return said.hexdigest(), said.hexdigest() == etag


def _credentials(source: str) -> tuple[str, dict[str, str]]:
    """``source`` without its user name and password, and the header that says them; it goes to no other origin."""
    parts = urlsplit(source)
    if "@" not in parts.netloc:
        return source, {}
    told = ":".join(unquote(each or "") for each in (parts.username, parts.password))
    header = {"Authorization": f"Basic {b64encode(told.encode()).decode()}"}
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), header


def lines_of(path: Path, format: Format) -> Iterator[ReadLine | RawLine]:
    """The lines, rows or items of a feed, one after another.

    Raises:
        FeedUnreadable: it cannot be read at all, or not any further.
    """
    try:
        if format == "csv":
            with path.open(encoding="utf-8-sig", newline="") as text:
                yield from rows(text)
        else:
            with path.open("rb") as file:
                yield from items(file) if format == "mrss" else _documents(file)
    except UnicodeDecodeError:
        raise FeedUnreadable("It is not written in UTF-8.") from None
    except OSError as error:
        raise FeedUnreadable(f"It cannot be read: {error.strerror}.") from None


def _documents(file: IO[bytes]) -> Iterator[RawLine]:
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        whole = line
        while len(line) > LINE_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_MAX + 1)
        if whole.strip():
            yield RawLine(number, whole)
