"""Stored objects over HTTP: conditional requests and byte ranges as RFC 9110 (§13, §14) has them, streamed."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from .attachment import attachment
from .problems import NotFound, Problem
from .storage import ObjectStore

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

_RANGE = re.compile(r"\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


class RangeNotSatisfiable(Problem):
    status, code, title = 416, "range_not_satisfiable", "The range asked for lies past the end of the file."


class PreconditionFailed(Problem):
    status, code, title = 412, "precondition_failed", "The file is no longer the one that was asked for."


@dataclass(frozen=True)
class Representation:
    """What the store says of an object: its size in bytes, a strong entity tag and when it was written."""

    size: int
    etag: str
    modified: datetime

    def part(self, offset: int, size: int) -> "Representation":
        """Some of its bytes as an object of their own.

        Raises:
            NotFound: there are not so many.
        """
        if offset + size > self.size:
            raise NotFound()
        return Representation(size, f'"{self.etag.strip(chr(34))}-{offset}-{size}"', self.modified)


async def ranged_response(
    store: ObjectStore,
    key: str,
    request: Request,
    media_type: str,
    *,
    filename: str | None = None,
    immutable: bool = False,
    cache_control: str | None = None,
    part: tuple[int, int] | None = None,
) -> Response:
    """The object under ``key``, whole or the one range that is asked for.

    Several ranges at once, and ranges that make no sense (backwards, another unit), are answered with the whole
    object, as RFC 9110 §14.2 lets a server do. HEAD gets the same headers and no body.

    Args:
        filename: offer it for saving under this name.
        immutable: the bytes under this address never change.
        cache_control: Cache-Control when neither "for ever" nor "ask every time" is right.
        part: answer as if the object were only these bytes of it: (offset, size).

    Raises:
        NotFound: there is no such object, or not so much of it.
        PreconditionFailed: If-Match or If-Unmodified-Since does not hold.
        RangeNotSatisfiable: the range begins past the end.
    """
    whole = await look_up(store, key)
    offset, found = (0, whole) if part is None else (part[0], whole.part(*part))
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": found.etag,
        "Last-Modified": format_datetime(found.modified, usegmt=True),
        "Cache-Control": cache_control or (IMMUTABLE if immutable else REVALIDATE),
        "X-Content-Type-Options": "nosniff",
    }
    if filename is not None:
        headers |= attachment(filename)
    if unchanged(request, found):
        return Response(status_code=304, headers=headers)
    span = wanted_range(request, found) if request.method == "GET" else None
    start, end = span or (0, found.size)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 200 if span is None else 206
    body = store.read(key, offset + start, offset + end) if request.method == "GET" else _nothing()
    return StreamingResponse(body, status, headers, media_type)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def look_up(store: ObjectStore, key: str) -> Representation:
    """What is stored under ``key``.

    Raises:
        NotFound: nothing.
    """
    try:
        meta = await store.head(key)
    except FileNotFoundError:
        raise NotFound() from None
    modified = meta["last_modified"].astimezone(UTC).replace(microsecond=0)
    tag = (meta["e_tag"] or f"{modified.timestamp():.0f}-{meta['size']}").removeprefix("W/").strip('"')
    return Representation(meta["size"], f'"{tag}"', modified)


def unchanged(request: Request, found: Representation) -> bool:
    """True when the client has these bytes already (304). Order of precedence: RFC 9110 §13.2.2.

    Raises:
        PreconditionFailed: the client asked only for bytes that are no longer there.
    """
    headers = request.headers
    if (match := headers.get("if-match")) is not None:
        if match.strip() != "*" and found.etag not in _tags(match, weak=False):
            raise PreconditionFailed()
    elif (since := _date(headers.get("if-unmodified-since"))) and found.modified > since:
        raise PreconditionFailed()
    if (none_match := headers.get("if-none-match")) is not None:
        return none_match.strip() == "*" or found.etag in _tags(none_match, weak=True)
    since = _date(headers.get("if-modified-since"))
    return since is not None and found.modified <= since


def wanted_range(request: Request, found: Representation) -> tuple[int, int] | None:
    """The bytes [start, end) that are asked for, or None for all of them.

    Raises:
        RangeNotSatisfiable: the range begins past the end, or is a suffix of no bytes.
    """
    header = request.headers.get("range")
    if header is None or not _if_range_holds(request.headers.get("if-range"), found):
        return None
    unit, _, ranges = header.partition("=")
    parsed = _RANGE.fullmatch(ranges)
    if unit.strip().lower() != "bytes" or parsed is None:
        return None
    first, last = parsed.groups()
    if first == "":
        if last == "":
            return None
        start, end = max(0, found.size - int(last)), found.size
    else:
        start, end = int(first), min(found.size, int(last) + 1) if last else found.size
        if last and int(last) < start:
            return None
    if start >= found.size:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{found.size}"})
    return start, end


def _if_range_holds(value: str | None, found: Representation) -> bool:
    if value is None:
        return True
    if value.lstrip().startswith(('"', "W/")):
        return value.strip() == found.etag
    return _date(value) == found.modified


def _tags(header: str, *, weak: bool) -> set[str]:
    tags = {tag.strip() for tag in header.split(",")}
    return {tag.removeprefix("W/") for tag in tags} if weak else tags


def _date(value: str | None) -> datetime | None:
    """An HTTP date; anything else is as if it had not been sent."""
    if value is None:
        return None
    try:
        parsed = parsedate_to_datetime(value)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
