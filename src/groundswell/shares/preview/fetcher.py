"""Fetching as a preview robot does: so many bytes, so many redirects, so long, and nowhere that is not allowed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx

REDIRECTS, SECONDS, BYTES = 10, 15.0, 60_000_000
"""Our own patience where a place does not write down its own."""

Allowed = Callable[[str], bool]


@dataclass(frozen=True)
class Fetched:
    """What came of a request.

    ``failed`` is why nothing came: ``address_refused``, ``too_many_redirects``, ``too_slow`` or ``unreachable``.
    ``content`` is at most as much as was asked for, and ``whole`` says whether that was all of it. ``size`` is the
    length that the server gave, or what was read.
    """

    url: str
    failed: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    whole: bool = True
    size: int = 0
    redirects: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.failed and 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def anywhere(url: str) -> bool:
    """Any http or https address."""
    return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)


def only_at(base_url: str) -> Allowed:
    """Addresses of one service alone: for pages on which people choose what is fetched."""
    ours = origin_of(base_url)

    def allowed(url: str) -> bool:
        return origin_of(url) == ours

    return allowed


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of a plain http or https address; None for anything else, names and passwords included."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        return None
    return parts.scheme, parts.hostname, port


class Fetcher:
    """Fetches through ``client``, only where ``allowed``; every redirect is asked for anew.

    Args:
        patience: scales the places' time limits (tests are in a hurry).
    """

    def __init__(self, client: httpx.AsyncClient, allowed: Allowed = anywhere, patience: float = 1.0) -> None:
        self._client, self._allowed, self._patience = client, allowed, patience

    async def fetch(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        bytes_: int | None = None,
        redirects: int | None = None,
        seconds: float | None = None,
    ) -> Fetched:
        """GET ``url``; never raises for what the other side does."""
        began = time.monotonic()
        most = REDIRECTS if redirects is None else redirects
        try:
            async with asyncio.timeout((SECONDS if seconds is None else seconds) * self._patience):
                return await self._follow(url, headers, BYTES if bytes_ is None else bytes_, most, began)
        except TimeoutError:
            return Fetched(url, "too_slow", seconds=time.monotonic() - began)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
            return Fetched(url, "unreachable", seconds=time.monotonic() - began)

    async def _follow(self, url: str, headers: Mapping[str, str], bytes_: int, most: int, began: float) -> Fetched:
        for hop in range(most + 1):
            if not self._allowed(url):
                return Fetched(url, "address_refused", redirects=hop)
            async with self._client.stream("GET", url, headers=dict(headers), follow_redirects=False) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers["location"])
                    continue
                content, whole = await _read(answer, bytes_)
            size = _size(answer.headers, len(content))
            took = time.monotonic() - began
            return Fetched(url, "", answer.status_code, answer.headers, content, whole, size, hop, took)
        return Fetched(url, "too_many_redirects", redirects=most + 1)


async def _read(answer: httpx.Response, most: int) -> tuple[bytes, bool]:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > most:
            return bytes(content[:most]), False
    return bytes(content), True


def _size(headers: Mapping[str, str], read: int) -> int:
    total = headers.get("content-range", "").rpartition("/")[2]
    if total.isdecimal():
        return int(total)
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() and "content-encoding" not in headers else read
