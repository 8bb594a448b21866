"""Put a stretch of a stream together: the segments of each track as one file on the title's own timeline.

Nothing is decoded. The stretch lies on a clock that begins some whole seconds off the title's, so that times keep to
the tick, and a note beside it says by how much (`groundswell.media.remote`): the engine then reads it as the title.
"""

from __future__ import annotations

import heapq
import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from groundswell.media.bitstream.adts import AdtsHeader
from groundswell.media.errors import MediaError, from_read_error, writing
from groundswell.media.hls.fragments import FLAGS
from groundswell.media.isobmff import boxes
from groundswell.media.model import Frozen, Ratio
from groundswell.media.output.mux import put
from groundswell.media.reading import drm
from groundswell.media.reading.probe import index_of
from groundswell.media.reading.source import audio_streams, open_source
from groundswell.media.title import TitleIndex

from .ladder import us_of

DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,mpegts"
AHEAD_S = 10
"""The stretch's clock is so far ahead that nothing on it is before zero."""
WRAP = 1 << 33
SYNC = b"\x47"
TS_TICK = Fraction(1, 90_000)
TO_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


class StretchPiece(Frozen):
    """Segments of one track and one run, joined in ``file`` behind their init segment. ``track`` 0 is the picture,
    others count its sound renditions from 1. ``expected_us`` is when the playlist shows the first of them."""

    file: str
    track: int
    shift: Ratio
    expected_us: int


@dataclass(frozen=True)
class Stretch:
    """What a stretch holds of the title: pictures from the keyframe at ``first_us`` until ``end_us``."""

    first_us: int
    end_us: int


@dataclass
class _Source:
    """An open piece with the tracks to take out of it, each with the number of its track in the stretch."""

    container: InputContainer
    piece: StretchPiece
    tracks: dict[int, int]
    video: VideoStream | None
    unwrap: int | None = None
    framed: frozenset[int] = frozenset()
    """Tracks of AAC in ADTS."""
    ahead: deque[Packet[Any]] = field(default_factory=deque)
    """Packets that were read to see what they are."""
    _demuxed: Iterator[Packet[Any]] | None = None

    def seconds(self, at: int, tick: Fraction) -> Fraction:
        """A time of the piece on the title's timeline."""
        return (at + (self.unwrap or 0)) * tick + self.piece.shift

    def settle(self, at: int, tick: Fraction) -> None:
        """By the first time that is met: how often its 33-bit clock has wrapped (ISO 13818-1) since the run began."""
        if self.unwrap is None:
            off = Fraction(self.piece.expected_us, 1_000_000) - (at * tick + self.piece.shift)
            self.unwrap = round(off / (WRAP * tick)) * WRAP if "mpegts" in self.container.format.name else 0

    def packets(self) -> Iterator[Packet[Any]]:
        """Those of its tracks, each once."""
        while self.ahead:
            yield self.ahead.popleft()
        yield from self._demux()

    def _demux(self) -> Iterator[Packet[Any]]:
        if self._demuxed is None:
            self._demuxed = self.container.demux([self.container.streams[index] for index in self.tracks])
        try:
            for packet in self._demuxed:
                if packet.size and packet.stream_index in self.tracks:
                    yield packet
        except IndexError:  # a track turned up that was not announced: PyAV stops at the end
            return
        except av.error.FFmpegError as error:
            raise from_read_error(error) from error

    def config(self, index: int) -> bytes:
        """The AudioSpecificConfig of a track of AAC in ADTS, by its first packet."""
        for packet in chain(tuple(self.ahead), self._read_ahead()):
            if packet.stream_index == index and (header := AdtsHeader.parse(bytes(packet))) is not None:
                return header.config
        raise MediaError("damaged", "The sound of the stream cannot be read.")

    def _read_ahead(self) -> Iterator[Packet[Any]]:
        for packet in self._demux():
            self.ahead.append(packet)
            yield packet


@dataclass
class _Clock:
    """Times of a piece's track, in its ticks: whole numbers, for there are some for every packet.

    Args:
        later: to be added for times of the stretch.
        second: of how many a tick lasts.
        offset: seconds to be added for times of the title.
    """

    tick: Fraction
    later: int
    second: float
    offset: Fraction
    last: int = -(1 << 62)

    @classmethod
    def of(cls, source: _Source, tick: Fraction, first: int, base: int) -> _Clock:
        source.settle(first, tick)
        offset = source.seconds(0, tick)
        return cls(tick, round((offset - base) / tick), float(tick), offset)

    def seconds(self, at: int) -> Fraction:
        """A time of the piece on the title's timeline."""
        return at * self.tick + self.offset


def join_stretch(pieces: Sequence[StretchPiece], destination: str | Path) -> Stretch:
    """Write the stretch beside ``destination``, and the note that leads to it there.

    Raises ``encrypted_cenc``, ``no_video_stream``, ``damaged`` for pieces that are not what a playlist promised, and
    what writing does.
    """
    destination = Path(destination)
    base = min(piece.expected_us for piece in pieces) // 1_000_000 - AHEAD_S
    with ExitStack() as opened:
        sources = [opened.enter_context(_opened(piece, pieces)) for piece in pieces]
        if not any(source.video is not None for source in sources):
            raise MediaError("no_video_stream", "The segments of the stream hold no picture.")
        plain = _alike(sources)
        media = destination.with_suffix(".mp4" if plain else ".ts")
        found = _write(sources, media, base, plain=plain)
    destination.write_text(json.dumps({"media": str(media), "origin": str(-base)}), encoding="utf-8")
    return found


def _container(path: str | Path) -> InputContainer:
    """A file of segments, open. A transport stream is known by its sync byte (ISO 13818-1, 2.4.3.2): FFmpeg wants ten
    packets to tell by, and a short segment of sound has fewer. Raises ``encrypted`` for one that is scrambled."""
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    with Path(path).open("rb") as file:
        head = file.read(1 << 16)
    drm.refuse_scrambled(head)
    form = "mpegts" if head.startswith(SYNC) else None
    return av.open(f"file:{path}", "r", format=form, container_options=options, metadata_errors="replace")


@contextmanager
def _opened(piece: StretchPiece, pieces: Sequence[StretchPiece]) -> Iterator[_Source]:
    path = Path(piece.file)
    try:
        container = _container(path)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError("damaged", "A segment of the stream cannot be read.") from error
    with container:
        if "mp4" in container.format.name:
            drm.refuse_protected(boxes.read_moov(path))
        separate = any(other.track for other in pieces)
        tracks: dict[int, int] = {}
        video = None
        if piece.track == 0:
            video = next(iter(container.streams.video), None)
            if video is None:
                raise MediaError("no_video_stream", "The segments of the stream hold no picture.")
            tracks[video.index] = 0
        heard = audio_streams(container) if piece.track or not separate else []
        for number, stream in enumerate(heard[:1] if piece.track else heard):
            tracks[stream.index] = piece.track + number if piece.track else 1 + number
        framed = frozenset(s.index for s in heard if s.codec_context.name == "aac" and not s.codec_context.extradata)
        yield _Source(container, piece, tracks, video, framed=framed)


def _alike(sources: Sequence[_Source]) -> bool:
    """Whether all pictures go by the same parameter sets, and so fit under one sample entry."""
    found = {bytes(s.video.codec_context.extradata or b"") for s in sources if s.video is not None}
    return len(found) == 1


def _write(sources: Sequence[_Source], media: Path, base: int, *, plain: bool) -> Stretch:
    options = {"avoid_negative_ts": "disabled"}
    if plain:
        video = next(s.video for s in sources if s.video is not None)
        scale = (video.time_base or TS_TICK).denominator
        options |= {"movflags": FLAGS + "+frag_keyframe", "use_editlist": "0", "video_track_timescale": str(scale)}
    else:
        options |= {"mpegts_copyts": "1"}
    try:
        output = av.open(str(media), "w", format="mp4" if plain else "mpegts", options=options)
    except (av.error.FFmpegError, OSError) as error:
        raise writing(error) from error
    with output:
        return _Joining(sources, output, base, plain=plain).run()


class _Joining:
    def __init__(self, sources: Sequence[_Source], output: OutputContainer, base: int, *, plain: bool) -> None:
        self._output, self._base, self._plain = output, base, plain
        self._sources = sources
        self._streams: dict[int, Any] = {}
        self._last: dict[int, int] = {}
        self._begun = False
        self._first: Fraction | None = None
        self._end = Fraction(0)
        for source in sources:
            for index, number in source.tracks.items():
                if number not in self._streams:
                    self._streams[number] = self._added(source, index)

    def _added(self, source: _Source, index: int) -> Any:
        template = source.container.streams[index]
        stream = self._output.add_stream_from_template(template, opaque=isinstance(template, VideoStream))
        if self._plain and index in source.framed:
            stream.codec_context.extradata = source.config(index)
        if self._plain and template.codec_context.name == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        elif self._plain and isinstance(template, VideoStream):
            stream.codec_context.codec_tag = "avc1" if template.codec_context.name == "h264" else "\0\0\0\0"
        return stream

    def run(self) -> Stretch:
        # One piece of a track after the other, tracks side by side.
        by_track: dict[int, list[_Source]] = {}
        for source in self._sources:
            by_track.setdefault(source.piece.track, []).append(source)
        lanes = [self._timed(each) for each in by_track.values()]
        for _, _, number, packet in heapq.merge(*lanes, key=lambda each: each[:2]):
            self._put(number, packet)
        if self._first is None:
            raise MediaError("damaged", "The segments of the stream hold no keyframe where the clip lies.")
        return Stretch(us_of(self._first), us_of(self._end))

    def _timed(self, sources: Sequence[_Source]) -> Iterator[tuple[float, int, int, Packet[Any]]]:
        """Packets with the second of the stretch at which they decode."""
        count = 0
        for source in sources:
            filters: dict[int, BitStreamFilterContext] = {}
            clocks: dict[int, _Clock] = {}
            for packet in source.packets():
                index = packet.stream_index
                number = source.tracks[index]
                at = packet.dts if packet.dts is not None else packet.pts
                if at is None:
                    continue
                shown = packet.pts if packet.pts is not None else at
                clock = clocks.get(index)
                if clock is None:
                    clock = clocks[index] = _Clock.of(source, Fraction(packet.time_base), shown, self._base)
                if number == 0 and not self._note(packet, clock, shown):
                    continue
                for each in self._filtered(source, packet, filters):
                    self._retime(number, each, shown + clock.later, at + clock.later, clock.tick)
                    count += 1
                    yield (at + clock.later) * clock.second, count, number, each

    def _note(self, packet: Packet[Any], clock: _Clock, shown: int) -> bool:
        """Whether a picture is taken: those before the first keyframe are not."""
        if not self._begun:
            if not packet.is_keyframe:
                return False
            self._begun, self._first = True, clock.seconds(shown)
        ends = shown + (packet.duration or 0)
        if ends > clock.last:
            clock.last = ends
            self._end = max(self._end, clock.seconds(ends))
        return True

    def _filtered(
        self, source: _Source, packet: Packet[Any], filters: dict[int, BitStreamFilterContext]
    ) -> list[Packet[Any]]:
        """Packets as the stretch's container has them: AAC without headers in MP4; where sample entries differ,
        parameter sets in the stream itself (ISO 14496-15, annex B)."""
        if self._plain and packet.stream_index in source.framed:
            return [_unframed(packet)]
        name = TO_ANNEX_B.get(packet.stream.codec_context.name)
        if self._plain or name is None or "mp4" not in source.container.format.name:
            return [packet]
        index = packet.stream_index
        if index not in filters:
            filters[index] = BitStreamFilterContext(name, packet.stream)
        return list(filters[index].filter(packet))

    def _retime(self, number: int, packet: Packet[Any], shown: int, decoded: int, tick: Fraction) -> None:
        last = self._last.get(number)
        if last is not None and decoded <= last:
            decoded = last + 1
        if number:
            shown = max(shown, decoded)
        if shown < decoded:
            raise MediaError("damaged", "The clock of the stream goes back where the clip lies.")
        packet.pts, packet.dts, packet.time_base = shown, decoded, tick
        self._last[number] = decoded

    def _put(self, number: int, packet: Packet[Any]) -> None:
        packet.stream = self._streams[number]
        put(self._output, packet)


def _unframed(packet: Packet[Any]) -> Packet[Any]:
    data = bytes(packet)
    header = AdtsHeader.parse(data)
    if header is None:
        return packet
    bare: Packet[Any] = Packet(data[header.size :])
    bare.pts, bare.dts, bare.duration = packet.pts, packet.dts, packet.duration
    bare.time_base, bare.is_keyframe = packet.time_base, True
    return bare


class SegmentFacts(Frozen):
    """What the head of a track says. Seconds are of its own clock: ``first`` when its first picture (or sound) is
    shown, ``key`` when the first keyframe is, and ``end`` when the last one in the file ends. ``index`` is the
    picture's, as `probe` would give it."""

    first: Ratio
    key: Ratio
    end: Ratio
    codec: str = ""
    channels: int = 0
    sample_rate: int = 0
    index: dict[str, Any] | None = None


def segment_facts(path: str | Path, kind: str) -> SegmentFacts:
    """Look into a segment behind its init segment, for its ``audio``, for its ``video``, or for no more than the
    ``times`` of its video. Raises the reading reasons of `probe`."""
    path = Path(path)
    if kind == "audio":
        return _sound_facts(path)
    if kind == "times":
        first, key, end = _span(path, "video")
        return SegmentFacts(first=first, key=key, end=end)
    with open_source(path) as source:
        index: TitleIndex = index_of(source)
        codec = index.video.codec
    first, key, end = _span(path, "video")
    return SegmentFacts(first=first, key=key, end=end, codec=codec, index=index.to_document())


def _sound_facts(path: Path) -> SegmentFacts:
    first, key, end = _span(path, "audio")
    with _container(path) as container:
        stream: AudioStream = audio_streams(container)[0]
        context = stream.codec_context
        channels = context.layout.nb_channels if context.layout else context.channels
        codec, rate = context.codec.canonical_name, context.sample_rate
    return SegmentFacts(first=first, key=key, end=end, codec=codec, channels=channels, sample_rate=rate)


def _span(path: Path, kind: str) -> tuple[Fraction, Fraction, Fraction]:
    """When the first picture or sound in a file is shown, the first keyframe is, and the last one ends, in seconds of
    its clock."""
    try:
        with _container(path) as container:
            if "mp4" in container.format.name:
                drm.refuse_protected(boxes.read_moov(path))
            streams = container.streams.video if kind == "video" else audio_streams(container)
            if not streams:
                raise MediaError("no_video_stream" if kind == "video" else "no_audio")
            tick = Fraction(streams[0].time_base or 1)
            packets = (p for p in container.demux(streams[0]) if p.size)
            times = [(p.pts, p.duration or 0, p.is_keyframe) for p in packets if p.pts is not None]
    except (av.error.FFmpegError, OSError) as error:
        raise from_read_error(error) from error
    if not times:
        raise MediaError("damaged", "A segment of the stream holds nothing that has a time.")
    first, end = min(at for at, _, _ in times), max(at + length for at, length, _ in times)
    key = min((at for at, _, is_key in times if is_key), default=first)
    return first * tick, key * tick, end * tick
