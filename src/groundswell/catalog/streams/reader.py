"""Bytes of the service's media by address: checked, bounded, and kept on this machine for the next who asks.

Redirects are followed as far as the guard lets them; what a refusal says never holds a query, which may be a signature.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

from groundswell.media import MediaError
from groundswell.media.streams.ladder import StreamRange
from groundswell.platform.outbound import (
    AddressNotAllowed,
    Answer,
    AnswerRefused,
    AnswerTooLarge,
    Outbound,
    fetch,
    without_query,
)
from groundswell.platform.settings import Settings

from .access import access_to

PLAYLIST_MAX = 8 << 20
SEGMENT_MAX = 64 << 20
PLAYLIST_S, SEGMENT_S = 20.0, 60.0
GONE = frozenset({401, 403, 404, 410})
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")

_fetching: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)


class MediaReader:
    """Reads as ``settings`` allow and say. ``fetched`` counts bytes that came over the network."""

    def __init__(self, settings: Settings, outbound: Outbound, cache: Path) -> None:
        self._settings, self._outbound = settings, outbound
        self._folder = cache / "segments"
        self.fetched = 0

    async def text(self, url: str) -> tuple[str, str]:
        """A playlist or manifest, and where it was after redirects.

        Raises:
            MediaError: ``bad_playlist`` for one that is too large or no text, ``segment_missing``, ``other_host``.
            AddressUnreachable, AnswerTooSlow, AnswerRefused: not now.
        """
        try:
            answer = await self._get(url, {}, PLAYLIST_MAX, PLAYLIST_S)
        except AnswerTooLarge:
            most = f"{PLAYLIST_MAX >> 20} MiB"
            raise MediaError("bad_playlist", f"{without_query(url)} is larger than {most}.") from None
        content = answer.content
        try:
            return content.decode("utf-8-sig"), self._unsigned(answer.url, url)
        except UnicodeDecodeError:
            raise MediaError("bad_playlist", f"{without_query(url)} is not written in UTF-8.") from None

    def _unsigned(self, where: str, url: str) -> str:
        """``where`` without what was added to ``url``, so that addresses beside it do not carry it."""
        query = access_to(self._settings, url).query
        return where.replace(query, "").rstrip("?&") if query else where

    async def kept(self, part: StreamRange) -> Path:
        """A file with the bytes of ``part``.

        Raises:
            MediaError: ``segment_missing``, ``wrong_size``, ``no_ranges``, ``stream_changed``, ``other_host``.
            AddressUnreachable, AnswerTooSlow, AnswerRefused: not now.
        """
        digest = hashlib.sha256(f"{part.url}\n{part.offset}\n{part.size}".encode()).hexdigest()
        path = self._folder / digest[:2] / digest
        async with _fetching[digest]:
            if not path.exists():
                content = await self.read(part)
                await asyncio.to_thread(_keep, path, content)
        _fetching.pop(digest, None)
        return path

    async def read(self, part: StreamRange, *, total: int | None = None, etag: str | None = None) -> bytes:
        """The bytes of ``part``, from the network; of a file that is still of so many bytes and of this entity tag,
        where they are given. Raises as `kept`."""
        ranged = part.size is not None
        headers = {"Accept-Encoding": "identity"}
        if part.size is not None:
            if part.size > SEGMENT_MAX:
                raise MediaError("wrong_size", f"A segment of {part.size >> 20} MiB is larger than is taken.")
            headers["Range"] = f"bytes={part.offset}-{part.offset + part.size - 1}"
        most = SEGMENT_MAX if part.size is None else part.size
        shown = without_query(part.url)
        try:
            answer = await self._get(part.url, headers, most, SEGMENT_S)
        except AnswerTooLarge:
            code = "no_ranges" if ranged else "wrong_size"
            raise MediaError(code, f"{shown} answers more than was asked for.") from None
        if ranged:
            _check_range(part, answer)
            _check_same(part, answer, total, etag)
        said = answer.headers.get("content-length", "")
        if not answer.content or (said.isdecimal() and int(said) != len(answer.content)):
            raise MediaError("wrong_size", f"{shown} says another size than it sends.")
        return answer.content

    async def _get(self, url: str, headers: dict[str, str], most: int, seconds: float) -> Answer:
        access = access_to(self._settings, url)
        try:
            self._outbound.check(url)
            answer = await fetch(
                self._outbound.shared,
                access.signed(url),
                most_bytes=most,
                seconds=seconds,
                headers={**access.headers, **headers},
            )
        except AddressNotAllowed as refusal:
            raise MediaError("other_host", refusal.detail) from None
        except AnswerRefused as refusal:
            answered = refusal.members.get("answered")
            if answered == 416:
                raise MediaError("stream_changed", f"{without_query(url)} has no such bytes any more.") from None
            if answered in GONE:
                raise MediaError("segment_missing", f"{without_query(url)} answers HTTP {answered}.") from None
            raise
        self.fetched += len(answer.content)
        return answer

    async def sized(self, url: str) -> tuple[int, str | None, str]:
        """How many bytes there are at ``url``, by a range of one; its entity tag; where it was after redirects.

        Raises:
            MediaError: ``no_ranges``, and as `kept`.
        """
        try:
            answer = await self._get(url, {"Range": "bytes=0-0", "Accept-Encoding": "identity"}, 1, PLAYLIST_S)
        except AnswerTooLarge:
            raise MediaError("no_ranges", f"{without_query(url)} does not answer byte ranges.") from None
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        if answer.status != 206 or found is None or found.group(3) == "*":
            raise MediaError("no_ranges", f"{without_query(url)} does not answer byte ranges.")
        return int(found.group(3)), answer.headers.get("etag"), self._unsigned(answer.url, url)


def _check_same(part: StreamRange, answer: Answer, total: int | None, etag: str | None) -> None:
    said = answer.headers.get("content-range", "").rpartition("/")[2]
    if total is not None and said not in {str(total), "*"}:
        raise MediaError("stream_changed", f"{without_query(part.url)} has another size than when it was indexed.")
    if etag is not None and answer.headers.get("etag") not in {None, etag}:
        raise MediaError("stream_changed", f"{without_query(part.url)} is not the file that was indexed.")


def _check_range(part: StreamRange, answer: Answer) -> None:
    shown = without_query(part.url)
    if answer.status != 206:
        raise MediaError("no_ranges", f"{shown} does not answer byte ranges.")
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if found is None or int(found.group(1)) != part.offset:
        raise MediaError("no_ranges", f"{shown} answers another range than was asked for.")
    if len(answer.content) != part.size:
        raise MediaError("wrong_size", f"{shown} has {len(answer.content)} bytes where there should be {part.size}.")


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)


def same_place(settings: Settings, home: str, url: str) -> str:
    """``url``, which a playlist at ``home`` names, where it may: on the same host, or on one that the settings list.

    Raises:
        MediaError: ``other_host``.
    """
    there, here = urlsplit(url), urlsplit(home)
    if there.scheme in {"http", "https"} and there.hostname:
        if (there.scheme, there.netloc) == (here.scheme, here.netloc):
            return url
        if settings.outbound_hosts:
            try:
                return Outbound(settings).check(url)
            except AddressNotAllowed:
                pass
    words = f"The playlist names {there.scheme or 'no scheme'}://{there.hostname or ''}: another place than its own."
    raise MediaError("other_host", f"{words} GROUNDSWELL_OUTBOUND_HOSTS lists the hosts that it may.")
