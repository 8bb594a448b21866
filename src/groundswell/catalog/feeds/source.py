"""Where a feed comes from: a file, or an address that is fetched into one before it is read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, get_args
from urllib.parse import urlsplit, urlunsplit

import httpx

from groundswell.catalog.bulk import LINE_MAX, RawLine, ReadLine

from .mrss import items
from .table import FeedUnreadable, rows

Format = Literal["ndjson", "csv", "mrss"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[str, Format] = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".xml": "mrss", ".rss": "mrss"}
FETCHED_MAX = 2 << 30
TIMEOUT = httpx.Timeout(30, read=60)


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
    return found


@contextmanager
def fetched(source: str, etag: str | None = None, most: int = FETCHED_MAX) -> Iterator[FetchedFeed]:
    """The feed at ``source``, for as long as the block lasts; an address that answers that it is still ``etag`` is not
    fetched again.

    Raises:
        FeedUnreadable: there is none, it is larger than ``most`` bytes, or its server does not answer it.
    """
    if not is_address(source):
        if not Path(source).is_file():
            raise FeedUnreadable(f"There is no file {source}.")
        yield FetchedFeed(Path(source))
        return
    with tempfile.NamedTemporaryFile(prefix="groundswell-feed-") as file:
        path = Path(file.name)
        try:
            said, unchanged = _fetch(source, etag, path, most)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FeedUnreadable(f"{without_secrets(source)} does not answer: {_words(error)}.") from None
        yield FetchedFeed(path, said, unchanged)


def _words(error: Exception) -> str:
    """Without the address, which may hold a secret."""
    return f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else type(error).__name__


def _fetch(source: str, etag: str | None, path: Path, most: int) -> tuple[str | None, bool]:
    headers = {} if etag is None else {"If-None-Match": etag}
    size = 0
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=True, max_redirects=5) as http,
        http.stream("GET", source, headers=headers) as answer,
        path.open("wb") as file,
    ):
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return etag, True
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > most:
                raise FeedUnreadable(f"It is larger than {most >> 20} MiB.")
            file.write(piece)
    return answer.headers.get("etag"), False


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
