"""Read HLS playlists (RFC 8216) by the library m3u8: which renditions there are, and their segments. No I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import urljoin

import m3u8

from groundswell.media.errors import MediaError

from .ladder import Rung, StreamRange, StreamSegment, checked, frame_rate, us_of

PLAIN_SOUND = frozenset({"aac", "ac3", "ec3", "mp3"})


@dataclass(frozen=True)
class PlaylistRendition:
    """A sound or subtitle rendition. ``url`` is None where it is in the picture's own segments."""

    url: str | None
    language: str | None
    name: str
    default: bool
    channels: int


@dataclass(frozen=True)
class Variant:
    """A rung of the ladder with the groups that belong to it."""

    url: str
    rung: Rung
    width: int
    frame_rate: Fraction | None
    audio: str | None
    subtitles: str | None


@dataclass(frozen=True)
class Multivariant:
    variants: tuple[Variant, ...]
    renditions: dict[tuple[str, str], list[PlaylistRendition]]
    """By type (``AUDIO``, ``SUBTITLES``) and group."""


def parse(text: str, url: str) -> Any:
    """A playlist. Raises ``bad_playlist`` for what is none, ``encrypted_hls`` for one with keys."""
    if not text.lstrip("\ufeff").startswith("#EXTM3U"):
        raise MediaError("bad_playlist", "This is no HLS playlist.")
    if "#EXT-X-DEFINE" in text:
        raise MediaError("bad_playlist", "This playlist has variables (EXT-X-DEFINE), which are not filled in.")
    try:
        playlist = m3u8.loads(text.lstrip("\ufeff"), uri=url)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, m3u8.ParseError) as error:
        raise MediaError("bad_playlist", f"This playlist cannot be read ({type(error).__name__}).") from error
    keys = [*playlist.keys, *playlist.session_keys]
    methods = sorted({key.method for key in keys if key is not None and key.method != "NONE"})
    if methods:
        said = " and ".join(methods)
        raise MediaError("encrypted_hls", f"The stream is encrypted ({said}). Name a clear rendition or mezzanine.")
    return playlist


def read_multivariant(playlist: Any, url: str) -> Multivariant:
    """The variants with a picture, and what goes with them."""
    variants = []
    for number, each in enumerate(playlist.playlists):
        info = each.stream_info
        codecs, (width, height) = info.codecs or "", info.resolution or (0, 0)
        if codecs and not height and all(_is_sound(name) for name in codecs.split(",")):
            continue
        rung = Rung(at=number, bandwidth=info.bandwidth or 0, height=height, codecs=codecs)
        rate = frame_rate(info.frame_rate)
        where = urljoin(url, each.uri)
        variants.append(Variant(where, rung, width, rate, info.audio, info.subtitles))
    found: dict[tuple[str, str], list[PlaylistRendition]] = {}
    for each in playlist.media:
        channels = re.match(r"\d{1,3}", each.channels or "")
        rendition = PlaylistRendition(
            None if each.uri is None else urljoin(url, each.uri),
            each.language,
            each.name or each.language or "",
            each.default == "YES",
            int(channels.group()) if channels else 0,
        )
        found.setdefault((each.type, each.group_id), []).append(rendition)
    return Multivariant(tuple(variants), found)


def _is_sound(codec: str) -> bool:
    return codec.strip().startswith(("mp4a", "ac-3", "ec-3", "opus", "fLaC", "mp3"))


def read_media(playlist: Any, url: str) -> tuple[tuple[StreamRange, ...], tuple[StreamSegment, ...]]:
    """Init segments and segments of a media playlist.

    Raises ``live_stream`` for one that has no end, ``packed_audio`` and ``bad_playlist``.
    """
    if not playlist.is_endlist:
        raise MediaError("live_stream", "The playlist has no end (EXT-X-ENDLIST): it is live, not on demand.")
    inits: dict[StreamRange, int] = {}
    found: list[StreamSegment] = []
    at, run, after = Fraction(0), 0, dict[str, int]()
    for number, each in enumerate(playlist.segments):
        run += bool(each.discontinuity and number)
        duration = _duration(each.duration)
        init = None
        if each.init_section is not None:
            where = _range(urljoin(url, each.init_section.uri), each.init_section.byterange, {})
            init = inits.setdefault(where, len(inits))
        place = _range(urljoin(url, each.uri), each.byterange, after)
        start = us_of(at)
        at += duration
        found.append(
            StreamSegment(
                url=place.url,
                offset=place.offset,
                size=place.size,
                start_us=start,
                duration_us=max(1, us_of(at) - start),
                run=run,
                init=init,
                gap=bool(each.gap_tag),
            )
        )
    _refuse_packed(found)
    return tuple(inits), checked(found)


def _refuse_packed(segments: Sequence[StreamSegment]) -> None:
    first = segments[0] if segments else None
    if first is not None and first.init is None:
        ending = first.url.partition("?")[0].rpartition(".")[2].lower()
        if ending in PLAIN_SOUND:
            raise MediaError("packed_audio", f"Sound in {ending} segments without a container is not read.")


def _duration(said: Any) -> Fraction:
    try:
        duration = Fraction(str(said)).limit_denominator(1_000_000)
    except (ValueError, ZeroDivisionError):
        raise MediaError("bad_playlist", f"{said} is no duration of a segment.") from None
    if not 0 <= duration <= 86_400:
        raise MediaError("bad_playlist", f"{said} is no duration of a segment.")
    return duration


def _range(url: str, said: str | None, after: dict[str, int]) -> StreamRange:
    """``n[@o]`` at an address; without ``@o`` it goes on where the last one ended."""
    if not said:
        return StreamRange(url=url)
    found = re.fullmatch(r"(\d{1,15})(?:@(\d{1,15}))?", said.strip('"'))
    if found is None or int(found.group(1)) == 0:
        raise MediaError("bad_playlist", f"{said} is no byte range.")
    size = int(found.group(1))
    offset = int(found.group(2)) if found.group(2) else after.get(url, 0)
    after[url] = offset + size
    return StreamRange(url=url, offset=offset, size=size)
