"""Read DASH manifests (ISO 23009-1) by the library mpegdash: periods, renditions, segments. No I/O.

What is read: SegmentTemplate by number or time, with and without SegmentTimeline, SegmentList, and SegmentBase, whose
index (``sidx``) is looked at by `segment_index`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import urljoin

from defusedxml.minidom import parseString
from mpegdash.nodes import MPEGDASH
from mpegdash.utils import parse_child_nodes
from pydantic import TypeAdapter, ValidationError

from groundswell.media.errors import MediaError

from .ladder import MOST_SEGMENTS, Rung, StreamRange, StreamSegment, frame_rate, us_of

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_PLACE = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth|)(%0(\d{1,2})d)?\$")
PROTECTION = "content_protections"


@dataclass(frozen=True)
class ManifestTrack:
    """A representation in one period. ``index`` is where its ``sidx`` lies, where its segments are to be found in that;
    ``offset`` the time in its media that is shown when the period begins, in seconds."""

    kind: str
    rung: Rung
    width: int
    frame_rate: Fraction | None
    language: str | None
    label: str
    main: bool
    offset: Fraction
    init: StreamRange | None
    segments: tuple[StreamSegment, ...]
    index: StreamRange | None = None


@dataclass(frozen=True)
class ManifestPeriod:
    """Times of segments are those of the title, in microseconds."""

    start: Fraction
    duration: Fraction
    tracks: tuple[ManifestTrack, ...]


@dataclass(frozen=True)
class _Around:
    """What surrounds a representation: what it does not say itself is said there."""

    base: str
    start: Fraction
    duration: Fraction
    parents: tuple[Any, ...] = field(repr=False)

    def first(self, name: str) -> Any:
        return next((v for p in reversed(self.parents) if (v := getattr(p, name, None)) not in (None, [], "")), None)

    def merged(self, kind: str) -> dict[str, Any] | None:
        """The attributes of a SegmentTemplate, SegmentList or SegmentBase, the innermost last."""
        found: dict[str, Any] | None = None
        for parent in self.parents:
            for each in getattr(parent, kind, None) or []:
                said = {k: v for k, v in vars(each).items() if v is not None}
                found = {**(found or {}), **said}
        return found


def read_manifest(text: str, url: str) -> list[ManifestPeriod]:
    """The periods of a manifest.

    Raises ``bad_playlist`` for what is none, ``live_stream`` for one that is not static. Representations that are
    protected are left out; ``encrypted_cenc`` where there are no others.
    """
    manifest = _parsed(text)
    if (manifest.type or "static") != "static":
        raise MediaError("live_stream", "The manifest is dynamic: it is live, not on demand.")
    base = _joined(url, manifest)
    periods: list[ManifestPeriod] = []
    at, protected = Fraction(0), 0
    wholes = _seconds(manifest.media_presentation_duration)
    for number, period in enumerate(manifest.periods or []):
        start = _seconds(period.start)
        start = at if start is None else start
        following = manifest.periods[number + 1 :]
        after = _seconds(following[0].start) if following else wholes
        duration = _seconds(period.duration) or (None if after is None else after - start)
        if duration is None or duration <= 0:
            raise MediaError("bad_playlist", "The manifest does not say how long a period lasts.")
        around = _Around(_joined(base, period), start, duration, (period,))
        tracks = list(_tracks(around))
        protected += sum(track is None for track in tracks)
        periods.append(ManifestPeriod(start, duration, tuple(t for t in tracks if t is not None)))
        at = start + duration
    if not any(track.kind == "video" for each in periods for track in each.tracks):
        if protected:
            raise MediaError("encrypted_cenc", "The stream is protected (DRM). Name a clear stream or mezzanine.")
        raise MediaError("no_video_stream", "The manifest has no picture.")
    return periods


def _parsed(text: str) -> Any:
    try:
        document = parseString(text, forbid_dtd=True)
        manifest = parse_child_nodes(document, "MPD", MPEGDASH)[0]
    except Exception as error:  # the library's own errors are of every kind
        raise MediaError("bad_playlist", f"This manifest cannot be read ({type(error).__name__}).") from error
    for period in manifest.periods or []:
        if not period.adaptation_sets:
            raise MediaError("bad_playlist", "A period of the manifest has nothing in it.")
    return manifest


def _tracks(around: _Around) -> Iterator[ManifestTrack | None]:
    for group in around.parents[-1].adaptation_sets:
        inside = _Around(_joined(around.base, group), around.start, around.duration, (*around.parents, group))
        for number, each in enumerate(group.representations or []):
            parents = (*inside.parents, each)
            place = _Around(_joined(inside.base, each), around.start, around.duration, parents)
            kind = _kind(place)
            if kind not in {"video", "audio"}:
                continue
            if getattr(each, PROTECTION, None) or getattr(group, PROTECTION, None):
                yield None
                continue
            yield _track(kind, place, each, number)


def _kind(place: _Around) -> str:
    said: str = place.first("content_type") or place.first("mime_type") or ""
    return said.partition("/")[0]


def _track(kind: str, place: _Around, each: Any, number: int) -> ManifestTrack:
    codecs, height = place.first("codecs") or "", place.first("height") or 0
    roles = [role.value for parent in place.parents for role in getattr(parent, "roles", None) or []]
    rung = Rung(at=number, bandwidth=each.bandwidth or 0, height=height, codecs=codecs)
    told: dict[str, Any] = {
        "rung": rung,
        "width": place.first("width") or 0,
        "frame_rate": frame_rate(place.first("frame_rate")),
        "main": "main" in roles,
    }
    told |= {"language": place.first("lang"), "label": place.first("label") or ""}
    names = {"RepresentationID": str(each.id or ""), "Bandwidth": each.bandwidth or 0}
    if (template := place.merged("segment_templates")) is not None:
        init = template.get("initialization")
        where = None if init is None else StreamRange(url=urljoin(place.base, _filled(init, names)))
        segments = tuple(_template(template, place, names))
        return ManifestTrack(kind, offset=_offset(template), init=where, segments=segments, **told)
    if (listed := place.merged("segment_lists")) is not None:
        segments = tuple(_list(listed, place))
        return ManifestTrack(kind, offset=_offset(listed), init=_init(listed, place), segments=segments, **told)
    single = place.merged("segment_bases") or {}
    if "index_range" not in single:
        raise MediaError("bad_playlist", "A representation says neither its segments nor where their index lies.")
    index = _bytes(place.base, single["index_range"])
    init = _init(single, place) or StreamRange(url=place.base, offset=0, size=index.offset)
    return ManifestTrack(kind, offset=_offset(single), init=init, segments=(), index=index, **told)


def _offset(said: dict[str, Any]) -> Fraction:
    return Fraction(said.get("presentation_time_offset") or 0, said.get("timescale") or 1)


def _init(said: dict[str, Any], place: _Around) -> StreamRange | None:
    for each in said.get("initializations") or []:
        url = urljoin(place.base, each.source_url or "")
        return StreamRange(url=url) if each.range is None else _bytes(url, each.range)
    return None


def _bytes(url: str, said: str) -> StreamRange:
    found = re.fullmatch(r"(\d{1,15})-(\d{1,15})", said)
    if found is None or int(found.group(2)) < int(found.group(1)):
        raise MediaError("bad_playlist", f"{said} is no byte range.")
    first, last = int(found.group(1)), int(found.group(2))
    return StreamRange(url=url, offset=first, size=last - first + 1)


def _template(said: dict[str, Any], place: _Around, names: dict[str, Any]) -> Iterator[StreamSegment]:
    media = said.get("media")
    if media is None:
        raise MediaError("bad_playlist", "A SegmentTemplate has no media.")
    first = said.get("start_number", 1)
    for number, (time, start_us, duration_us) in enumerate(_times(said, place), first):
        url = urljoin(place.base, _filled(media, {**names, "Number": number, "Time": time}))
        yield StreamSegment(url=url, start_us=start_us, duration_us=duration_us, init=0)


def _list(said: dict[str, Any], place: _Around) -> Iterator[StreamSegment]:
    urls = said.get("segment_urls") or []
    for each, (_, start_us, duration_us) in zip(urls, _times(said, place, len(urls)), strict=False):
        url = urljoin(place.base, each.media or "")
        where = StreamRange(url=url) if each.media_range is None else _bytes(url, each.media_range)
        yield StreamSegment(**where.model_dump(), start_us=start_us, duration_us=duration_us, init=0)


def _times(said: dict[str, Any], place: _Around, most: int = MOST_SEGMENTS + 1) -> Iterator[tuple[int, int, int]]:
    """For each segment its time in the media, and when it is shown and how long, in microseconds of the title."""
    scale, offset = said.get("timescale") or 1, said.get("presentation_time_offset") or 0
    end = us_of(place.start + place.duration)
    for time, length in _raw_times(said, place, scale, offset, most):
        start_us = us_of(place.start + Fraction(time - offset, scale))
        stop_us = min(end, us_of(place.start + Fraction(time + length - offset, scale)))
        if start_us >= end:
            return
        yield time, start_us, max(1, stop_us - start_us)


def _raw_times(said: dict[str, Any], place: _Around, scale: int, offset: int, most: int) -> Iterator[tuple[int, int]]:
    lines = [s for each in said.get("segment_timelines") or [] for s in each.Ss or []]
    if not lines:
        length = said.get("duration")
        if not length:
            length = round(place.duration * scale)
        yield from ((offset + n * length, length) for n in range(most))
        return
    at, count = 0, 0
    stop = offset + round(place.duration * scale)
    for number, line in enumerate(lines):
        at = line.t if line.t is not None else at
        if not line.d or line.d < 0:
            raise MediaError("bad_playlist", "A SegmentTimeline has a segment without a duration.")
        following = lines[number + 1].t if number + 1 < len(lines) and lines[number + 1].t is not None else stop
        times = (line.r or 0) + 1 if (line.r or 0) >= 0 else -(-(following - at) // line.d)
        for _ in range(times):
            yield at, line.d
            at, count = at + line.d, count + 1
            if count >= most:
                return


def _filled(template: str, names: dict[str, Any]) -> str:
    def fill(found: re.Match[str]) -> str:
        name, width = found.group(1), found.group(3)
        if not name:
            return "$"
        if name not in names:
            raise MediaError("bad_playlist", f"An address has ${name}$ where there is none.")
        text = str(names[name])
        return text.zfill(int(width)) if width else text

    return _PLACE.sub(fill, template)


def _joined(base: str, node: Any) -> str:
    given = [each.base_url_value or "" for each in getattr(node, "base_urls", None) or []]
    return urljoin(base, str(given[0])) if given else base


def _seconds(said: str | None) -> Fraction | None:
    if said is None:
        return None
    try:
        length = _DURATION.validate_python(said)
    except ValidationError:
        raise MediaError("bad_playlist", f"{said} is no duration.") from None
    return Fraction(length // timedelta(microseconds=1), 1_000_000)


def segment_index(data: bytes, where: StreamRange, period: ManifestPeriod, offset: Fraction) -> list[StreamSegment]:
    """The segments that a ``sidx`` (ISO 14496-12, 8.16.3) names, whose bytes lie at ``where``.

    Raises ``bad_playlist`` for what is none, or one that leads to others.
    """
    size, kind = int.from_bytes(data[:4], "big"), data[4:8]
    if kind != b"sidx" or size > len(data) or size < 32:
        raise MediaError("bad_playlist", "There is no index where the manifest says that it lies.")
    wide = data[8] == 1
    scale = int.from_bytes(data[16:20], "big")
    width = 8 if wide else 4
    time = int.from_bytes(data[20 : 20 + width], "big")
    first = int.from_bytes(data[20 + width : 20 + 2 * width], "big")
    at = 20 + 2 * width
    count = int.from_bytes(data[at + 2 : at + 4], "big")
    if not scale or at + 4 + 12 * count > size:
        raise MediaError("bad_playlist", "The index of a representation cannot be read.")
    return list(_indexed(data[at + 4 :], count, (time, scale), where, where.offset + size + first, period, offset))


def _indexed(
    rows: bytes,
    count: int,
    clock: tuple[int, int],
    where: StreamRange,
    place: int,
    period: ManifestPeriod,
    offset: Fraction,
) -> Iterator[StreamSegment]:
    time, scale = clock
    for n in range(count):
        size, length = (int.from_bytes(rows[12 * n + k : 12 * n + k + 4], "big") for k in (0, 4))
        if size >> 31:
            raise MediaError("bad_playlist", "The index of a representation leads to other indexes.")
        start_us = us_of(period.start + Fraction(time, scale) - offset)
        stop_us = us_of(period.start + Fraction(time + length, scale) - offset)
        yield StreamSegment(
            url=where.url, offset=place, size=size, start_us=start_us, duration_us=max(1, stop_us - start_us), init=0
        )
        time, place = time + length, place + size


def runs_of(periods: Sequence[Sequence[StreamSegment]]) -> list[StreamSegment]:
    """The segments of a track in all periods, each a run with an init segment of its own."""
    return [
        segment.model_copy(update={"run": run, "init": None if segment.init is None else run})
        for run, segments in enumerate(periods)
        for segment in segments
    ]
