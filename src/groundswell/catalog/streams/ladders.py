"""A stream's ladder, from its playlists and the heads of its tracks: what is kept of it at import."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from groundswell.media import AudioTrack, Limits, MediaError, TitleIndex, run_bounded
from groundswell.media.streams import dash_manifest as dash
from groundswell.media.streams import hls_playlist as hls
from groundswell.media.streams.ladder import (
    Ladder,
    StreamSegment,
    StreamTrack,
    SubtitleRendition,
    checked,
    chosen,
    us_of,
)
from groundswell.media.streams.stretch import SegmentFacts
from groundswell.platform.settings import Settings

from .reader import MediaReader, same_place

Form = Literal["hls", "dash"]
AUDIO_MAX = 16
SUBTITLES_MAX = 40
PERIODS_MAX = 500
STEADY = Fraction(25)
"""Frames a second where the picture's rate varies, for judging how far off a time may be."""
WRAP_S = Fraction(1 << 33, 90_000)


@dataclass(frozen=True)
class FoundLadder:
    """A ladder, and what the title engine would say of the title."""

    ladder: Ladder
    index: TitleIndex


async def find_ladder(
    settings: Settings, reader: MediaReader, address: str, folder: Path, limits: Limits
) -> FoundLadder:
    """The ladder at ``address``: HLS or DASH, whichever it turns out to be.

    Args:
        folder: an empty one, for the heads of tracks.

    Raises:
        MediaError: it cannot be cut from, and why.
        AddressUnreachable, AnswerTooSlow, AnswerRefused: not now.
    """
    text, home = await reader.text(address)
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        form: Form = "dash"
        tracks = await _dash(settings, reader, text, home)
        subtitles: tuple[SubtitleRendition, ...] = ()
    else:
        form = "hls"
        *tracks, subtitles = await _hls(settings, reader, text, home)
    video, *audio = tracks
    for track in (video, *audio):
        for part in (*track.inits, *track.segments):
            same_place(settings, home, part.url)
    heads = _Heads(reader, folder, limits)
    if form == "dash":
        video, *audio = [await heads.to_what_is_there(track) for track in (video, *audio)]
    said = video.shifts
    video, index = await (heads.settle(video) if form == "hls" else heads.settle_on_zero(video))
    heard: list[StreamTrack] = []
    facts: list[SegmentFacts] = []
    for track in audio:
        shifts = tuple(shift + video.shifts[0] - said[0] for shift in track.shifts) if said else video.shifts
        if max(s.run for s in track.segments) >= len(shifts):
            raise MediaError("bad_playlist", "Sound and picture have not the same discontinuities.")
        facts.append(await heads.of(track, next(s for s in track.segments if not s.gap), "audio"))
        heard.append(track.model_copy(update={"shifts": shifts, "channels": track.channels or facts[-1].channels}))
    timed = await heads.timed(video, index.video.frame_rate or STEADY)
    if not timed and video.fragmented:
        video = await heads.to_its_end(video)
    duration_us = video.segments[-1].end_us
    ladder = Ladder(
        form=form,
        address=address,
        duration_us=duration_us,
        video=video,
        audio=tuple(heard),
        subtitles=subtitles,
        timed=timed,
    )
    return FoundLadder(ladder, _as_title(index, ladder, facts))


def _as_title(index: TitleIndex, ladder: Ladder, facts: Sequence[SegmentFacts]) -> TitleIndex:
    """What was probed of the first segment, as of the whole."""
    video = replace(index.video, keyframes_us=(), frame_count=None)
    audio = index.audio
    if ladder.audio:
        audio = tuple(
            AudioTrack(
                index=n,
                codec=said.codec,
                profile=None,
                language=track.language,
                title=track.label or None,
                channels=said.channels,
                sample_rate=said.sample_rate,
                default=track.default,
                start_us=0,
            )
            for n, (track, said) in enumerate(zip(ladder.audio, facts, strict=True))
        )
    index = replace(index, container=ladder.form, size_bytes=0, duration_us=ladder.duration_us, timeline=None)
    return replace(index, video=video, audio=audio)


async def _hls(settings: Settings, reader: MediaReader, text: str, home: str) -> list[Any]:
    """Tracks as a playlist says, the picture first, and last of all its subtitles."""
    playlist = await asyncio.to_thread(hls.parse, text, home)
    if not playlist.is_variant:
        inits, segments = await asyncio.to_thread(hls.read_media, playlist, home)
        return [StreamTrack(name="video", kind="video", inits=inits, segments=segments), ()]
    main = hls.read_multivariant(playlist, home)
    rung = chosen([v.rung for v in main.variants], settings.stream_height_max)
    variant = next(v for v in main.variants if v.rung is rung)

    async def media(url: str) -> tuple[Any, Any]:
        said, where = await reader.text(same_place(settings, home, url))
        same_place(settings, home, where)
        return await asyncio.to_thread(lambda: hls.read_media(hls.parse(said, where), where))

    inits, segments = await media(variant.url)
    tracks: list[Any] = [
        StreamTrack(
            name="video",
            kind="video",
            codecs=rung.codecs,
            bandwidth=rung.bandwidth,
            width=variant.width,
            height=rung.height,
            frame_rate=variant.frame_rate,
            inits=inits,
            segments=segments,
        )
    ]
    group = main.renditions.get(("AUDIO", variant.audio or ""), [])
    for number, each in enumerate([e for e in group if e.url is not None][:AUDIO_MAX]):
        inits, segments = await media(str(each.url))
        tracks.append(
            StreamTrack(
                name=f"audio{number}",
                kind="audio",
                language=each.language,
                label=each.name,
                channels=each.channels,
                default=each.default,
                inits=inits,
                segments=segments,
            )
        )
    texts = []
    for each in main.renditions.get(("SUBTITLES", variant.subtitles or ""), [])[:SUBTITLES_MAX]:
        if each.url is not None and each.language:
            _, segments = await media(each.url)
            texts.append(SubtitleRendition(language=each.language, segments=segments))
    return [*tracks, tuple(texts)]


async def _dash(settings: Settings, reader: MediaReader, text: str, home: str) -> list[StreamTrack]:
    """Tracks as a manifest says, the picture first."""
    periods = await asyncio.to_thread(dash.read_manifest, text, home)
    if len(periods) > PERIODS_MAX:
        raise MediaError("bad_playlist", f"The manifest has more than {PERIODS_MAX} periods.")
    picked: list[dict[str, dash.ManifestTrack]] = []
    for period in periods:
        videos = [t for t in period.tracks if t.kind == "video"]
        rung = chosen([t.rung for t in videos], settings.stream_height_max)
        found = {"video": next(t for t in videos if t.rung is rung)}
        for track in period.tracks:
            if track.kind == "audio":
                key = f"{track.language or ''}/{track.label}"
                best = found.get(key)
                if best is None or track.rung.bandwidth > best.rung.bandwidth:
                    found[key] = track
        picked.append(found)
    names = [name for name in picked[0] if all(name in found for found in picked)][: AUDIO_MAX + 1]
    tracks = []
    for number, name in enumerate(names):
        parts = [found[name] for found in picked]
        tracks.append(await _track_of(settings, reader, home, periods, parts, number))
    return tracks


async def _track_of(
    settings: Settings,
    reader: MediaReader,
    home: str,
    periods: Sequence[dash.ManifestPeriod],
    parts: Sequence[dash.ManifestTrack],
    number: int,
) -> StreamTrack:
    listed = []
    for period, part in zip(periods, parts, strict=True):
        segments: Sequence[StreamSegment] = part.segments
        if part.index is not None:
            same_place(settings, home, part.index.url)
            data = await reader.read(part.index)
            segments = dash.segment_index(data, part.index, period, part.offset)
        listed.append(segments)
    first = parts[0]
    inits = tuple(part.init for part in parts if part.init is not None)
    if len(inits) != len(parts):
        raise MediaError("bad_playlist", "A representation of the manifest has no init segment.")
    return StreamTrack(
        name="video" if not number else f"audio{number - 1}",
        kind="audio" if number else "video",
        codecs=first.rung.codecs,
        bandwidth=first.rung.bandwidth,
        width=first.width,
        height=first.rung.height,
        frame_rate=first.frame_rate,
        language=first.language,
        label=first.label,
        default=first.main,
        inits=inits,
        segments=checked(dash.runs_of(listed)),
        shifts=tuple(period.start - part.offset for period, part in zip(periods, parts, strict=True)),
    )


class _Heads:
    """Looks into first (and, before a join, last) segments."""

    def __init__(self, reader: MediaReader, folder: Path, limits: Limits) -> None:
        self._reader, self._folder, self._limits = reader, folder, limits
        self._count = 0

    async def of(self, track: StreamTrack, segment: StreamSegment, kind: str) -> SegmentFacts:
        """What one segment of a track says."""
        parts = [] if segment.init is None else [track.inits[segment.init]]
        files = [await self._reader.kept(part) for part in (*parts, segment)]
        self._count += 1
        joined = self._folder / f"head{self._count}"
        await asyncio.to_thread(lambda: joined.write_bytes(b"".join(file.read_bytes() for file in files)))
        asked = {"path": str(joined), "kind": kind}
        return SegmentFacts.model_validate(await run_bounded("segment_facts", asked, self._limits))

    async def settle(self, video: StreamTrack) -> tuple[StreamTrack, TitleIndex]:
        """The picture with its shifts: the title begins with the first picture, and each run when the one before has
        ended, to the tick (RFC 8216 only says so to the rounding of its durations)."""
        runs = [segments for _, segments in video.runs()]
        if any(not segments for segments in runs):
            raise MediaError("stream_gap", "A whole stretch of the stream is a gap.")
        first = await self.of(video, runs[0][0], "video")
        lead = Fraction(runs[0][0].start_us, 1_000_000)
        shifts = [lead - first.first]
        for before, after in pairwise(runs):
            ended = await self.of(video, before[-1], "times")
            begun = await self.of(video, after[0], "times")
            gap = Fraction(after[0].start_us - before[-1].end_us, 1_000_000)
            end = ended.end + shifts[-1]
            if not video.fragmented:  # its clock may have wrapped since the run began
                end += round((Fraction(before[-1].end_us, 1_000_000) - end) / WRAP_S) * WRAP_S
            shifts.append(end + gap - begun.first)
        index = _begun_at(TitleIndex.from_document(first.index or {}), lead)
        return video.model_copy(update={"shifts": tuple(shifts), **_seen(video, index)}), index

    async def timed(self, video: StreamTrack, rate: Fraction) -> bool:
        """Whether segments of the picture are shown when the playlist says, to half a frame: by the second, which
        differs first where lengths are only nominal, by one in the middle and by the last, where what was rounded has
        added up. One that cannot be read vouches for nothing."""
        segments = [s for s in video.segments if not s.gap]
        for number in sorted({min(1, len(segments) - 1), len(segments) // 2, len(segments) - 1}):
            segment = segments[number]
            try:
                found = await self.of(video, segment, "times")
            except MediaError:
                return False
            said = Fraction(segment.start_us, 1_000_000) - video.shifts[segment.run]
            if not video.fragmented:
                said -= round((said - found.key) / WRAP_S) * WRAP_S
            if min(abs(said - found.first), abs(said - found.key)) > 1 / (2 * rate):
                return False
        return True

    async def to_what_is_there(self, track: StreamTrack) -> StreamTrack:
        """The track without segments at its end that the server does not have: where a manifest says one length for
        all, a period may be said to be longer than its media."""
        run = track.segments[-1].run
        before = sum(segment.run < run for segment in track.segments)
        there, missing = before, len(track.segments)
        if await self._is_there(track.segments[-1]):
            return track
        while there + 1 < missing:
            middle = (there + missing) // 2
            if await self._is_there(track.segments[middle]):
                there = middle
            else:
                missing = middle
        return track.model_copy(update={"segments": track.segments[: there + 1]})

    async def _is_there(self, segment: StreamSegment) -> bool:
        try:
            await self._reader.kept(segment)
        except MediaError as error:
            return error.code != "segment_missing"
        return True

    async def to_its_end(self, video: StreamTrack) -> StreamTrack:
        """The picture whose last segment ends when its media do: nominal lengths, such as a SegmentList has, add up to
        less than there is."""
        last = video.segments[-1]
        try:
            found = await self.of(video, last, "times")
        except MediaError:
            return video
        end_us = us_of(found.end + video.shifts[last.run])
        if end_us <= last.end_us:
            return video
        longer = last.model_copy(update={"duration_us": end_us - last.start_us})
        return video.model_copy(update={"segments": (*video.segments[:-1], longer)})

    async def settle_on_zero(self, video: StreamTrack) -> tuple[StreamTrack, TitleIndex]:
        """The picture with the shifts that a manifest says, moved so that the first picture is shown at 0."""
        first = await self.of(video, video.segments[0], "video")
        late = first.first + video.shifts[0] - Fraction(video.segments[0].start_us, 1_000_000)
        shifts = tuple(shift - (late if abs(late) < 1 else 0) for shift in video.shifts)
        index = _begun_at(TitleIndex.from_document(first.index or {}), first.first + shifts[0])
        return video.model_copy(update={"shifts": shifts, **_seen(video, index)}), index


def _begun_at(index: TitleIndex, seconds: Fraction) -> TitleIndex:
    """``index`` with its first picture shown when the title shows it: what was probed counts from the first sound of
    the segment, which a transport stream often brings sooner."""
    return replace(index, video=replace(index.video, start_us=us_of(seconds)))


def _seen(video: StreamTrack, index: TitleIndex) -> dict[str, Any]:
    """What a playlist need not say and the picture does."""
    return {
        "width": video.width or index.video.display_width,
        "height": video.height or index.video.display_height,
        "frame_rate": video.frame_rate or index.video.frame_rate,
        "bandwidth": video.bandwidth or us_of(Fraction(2)),
    }
