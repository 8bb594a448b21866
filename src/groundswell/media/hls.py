"""Package a title as CMAF HLS without transcoding the picture: one file a track, one fragment a GOP.

Playlists point into the files by byte range, so a clip of any length costs a few lines of text
(RFC 8216; ISO 23000-19).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Literal

from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from .codecs import audio_codec, video_codec
from .errors import MediaError
from .fragments import Fragment, find_fragments, fragmented
from .frames import rewind
from .mux import new_file
from .probe import audio_streams, index_of
from .sound import SoundShape, Span, can_copy, encode_exact, exact_samples
from .source import Source, open_source
from .times import SECOND_US, to_us
from .title import Frozen, Ratio, TitleIndex

VIDEO_CODECS = frozenset({"h264", "hevc", "av1", "vp9"})
SEGMENT_US = 4 * SECOND_US
AUDIO_FRAGMENT_S = 4
FINEST = 1_000_000
LOOKED_AT = 64


class Segment(Frozen):
    """A byte range of a track's file and when it is shown, in microseconds of the title's timeline."""

    offset: int
    size: int
    start_us: int
    duration_us: int

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us


class PackagedTrack(Frozen):
    """One track's file. ``codecs`` is its RFC 6381 name; ``init_size`` how many bytes the init segment has."""

    kind: Literal["video", "audio"]
    file: str
    codecs: str
    init_size: int
    timescale: int
    segments: tuple[Segment, ...]
    bandwidth: int
    width: int = 0
    height: int = 0
    frame_rate: Ratio | None = None
    language: str | None = None
    name: str = ""
    channels: int = 0
    default: bool = False


class Package(Frozen):
    """A packaged title, stored as JSON beside its files."""

    lead: Ratio
    """Seconds by which media times in the files are later than times on the title's timeline."""
    video: PackagedTrack
    audio: tuple[PackagedTrack, ...]

    def to_json(self) -> str:
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Package:
        return cls.model_validate_json(text)


def package(source: str | Path, folder: str | Path) -> Package:
    """Write ``video.mp4`` and ``audio0.mp4`` … to ``folder`` (which is there): the picture by remux, AAC sound
    too, other sound as AAC. Every sample's time is its time on the title's timeline plus the package's ``lead``.

    Raises ``cannot_package`` for pictures that HLS cannot carry or that have no times, and the reading reasons
    of `probe`.
    """
    folder = Path(folder)
    with open_source(source) as title:
        index = index_of(title)
        if index.video.codec not in VIDEO_CODECS:
            raise MediaError("cannot_package", f"HLS cannot carry {index.video.codec}.")
        video, lead = _video(title, index, folder / "video.mp4")
        audio = tuple(
            _audio(title, index, stream, lead, n, folder / f"audio{n}.mp4")
            for n, stream in enumerate(audio_streams(title.container))
        )
        title.check_unchanged()
    return Package(lead=lead, video=video, audio=audio)


def _video(title: Source, index: TitleIndex, path: Path) -> tuple[PackagedTrack, Fraction]:
    try:
        name = video_codec(title, index)
    except (ValueError, IndexError) as error:
        raise MediaError("cannot_package", "The codec's record cannot be read.") from error
    tick = title.tick if title.tick.numerator == 1 and title.tick.denominator <= FINEST else Fraction(1, FINEST)
    starts: list[int] = []
    with new_file(path) as temporary:
        with fragmented(temporary, tick.denominator, each_s=None) as output:
            stream = output.add_stream_from_template(title.video, opaque=True)
            if index.video.codec == "hevc":
                stream.codec_context.codec_tag = "hvc1"
            late = 0
            for n, packet in enumerate(_timed(title, tick)):
                if n == 0:
                    late = max(0, -(packet.dts or 0))
                if packet.is_keyframe:
                    starts.append(to_us((packet.pts or 0) * tick))
                packet.pts, packet.dts = (packet.pts or 0) + late, (packet.dts or 0) + late
                packet.stream = stream
                output.mux_one(packet)
        init_size, found = find_fragments(temporary)
    segments = _segments(found, starts if len(starts) == len(found) else None, tick, late * tick)
    track = PackagedTrack(
        kind="video",
        file=path.name,
        codecs=name,
        init_size=init_size,
        timescale=tick.denominator,
        segments=segments,
        bandwidth=_bandwidth(segments),
        width=index.video.coded_width,
        height=index.video.coded_height,
        frame_rate=index.video.frame_rate,
    )
    return track, late * tick


def _timed(title: Source, tick: Fraction) -> Iterator[Packet[VideoStream]]:
    """Every packet of the picture from its first keyframe on, timed in ``tick`` on the title's timeline."""
    rewind(title.container, title.video)
    packets = (p for p in title.container.demux(title.video) if p.size)
    started = _from_keyframe(packets)
    first = [p for _, p in zip(range(LOOKED_AT), started, strict=False)]
    _fill_dts(first)
    scale, origin, last = title.tick / tick, title.origin / tick, None
    for packet in chain(first, started):
        if packet.pts is None or packet.dts is None:
            raise MediaError("cannot_package", "The picture's packets have no times.")
        dts = round(packet.dts * scale - origin)
        dts = dts if last is None else max(dts, last + 1)
        packet.pts, packet.dts, packet.time_base = max(round(packet.pts * scale - origin), dts), dts, tick
        packet.duration = round((packet.duration or 0) * scale)
        last = dts
        yield packet


def _from_keyframe(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    begun = False
    for packet in packets:
        begun = begun or packet.is_keyframe
        if begun:
            yield packet


def _fill_dts(packets: list[Packet[VideoStream]]) -> None:
    """Matroska leaves out the first decoding times: count back from the first there is."""
    known = [n for n, p in enumerate(packets) if p.dts is not None]
    if not known or known[0] == 0:
        return
    step = max(1, packets[0].duration or 1)
    at = packets[known[0]].dts or 0
    for n in range(known[0] - 1, -1, -1):
        at -= step
        packets[n].dts = at


def _audio(title: Source, index: TitleIndex, stream: AudioStream, lead: Fraction, n: int, path: Path) -> PackagedTrack:
    known = index.audio[n]
    with new_file(path) as temporary:
        with fragmented(temporary, 90_000, each_s=AUDIO_FRAGMENT_S) as output:
            if can_copy(stream):
                name, rate = audio_codec(stream), known.sample_rate
                track = output.add_stream_from_template(stream)
                for packet in _heard(title, stream, rate, lead):
                    packet.stream = track
                    output.mux_one(packet)
            else:
                shape = SoundShape.of(stream, stereo=True)
                name, rate = "mp4a.40.2", shape.rate
                span = Span(title.origin, title.origin + Fraction(index.duration_us, SECOND_US))
                blocks = exact_samples(title, stream, span, shape.rate, shape.layout)
                for packet in encode_exact(output, blocks, shape):
                    packet.pts = packet.dts = (packet.pts or 0) + round(lead * rate)
                    output.mux_one(packet)
        init_size, found = find_fragments(temporary)
    segments = _segments(found, None, Fraction(1, rate), lead)
    return PackagedTrack(
        kind="audio",
        file=path.name,
        codecs=name,
        init_size=init_size,
        timescale=rate,
        segments=segments,
        bandwidth=_bandwidth(segments),
        language=known.language,
        name=known.title or known.language or f"Track {n + 1}",
        channels=min(2, known.channels) if name == "mp4a.40.2" and not can_copy(stream) else known.channels,
        default=known.default,
    )


def _heard(title: Source, stream: AudioStream, rate: int, lead: Fraction) -> Iterator[Packet[AudioStream]]:
    """The sound's packets, timed in samples; what would be before the beginning of the file is left out."""
    rewind(title.container, stream)
    last = -1
    for packet in title.container.demux(stream):
        if packet.pts is None or not packet.size:
            continue
        at = round((packet.pts * Fraction(packet.time_base) - title.origin + lead) * rate)
        if at < 0:
            continue
        at = max(at, last + 1)
        packet.pts = packet.dts = last = at
        packet.duration = stream.codec_context.frame_size or 1024
        packet.time_base = Fraction(1, rate)
        yield packet


def _segments(found: list[Fragment], starts: list[int] | None, tick: Fraction, lead: Fraction) -> tuple[Segment, ...]:
    """Fragments joined until a segment lasts long enough."""
    if not found:
        raise MediaError("cannot_package", "There is nothing to package.")
    begins = starts or [max(0, to_us(f.time * tick - lead)) for f in found]
    ends = [*begins[1:], begins[-1] + to_us(found[-1].length * tick)]
    segments: list[Segment] = []
    n = 0
    while n < len(found):
        last = n
        while last + 1 < len(found) and ends[last] - begins[n] < SEGMENT_US * 3 // 4:
            last += 1
        size = found[last].offset + found[last].size - found[n].offset
        segments.append(
            Segment(offset=found[n].offset, size=size, start_us=begins[n], duration_us=max(1, ends[last] - begins[n]))
        )
        n = last + 1
    return tuple(segments)


def _bandwidth(segments: tuple[Segment, ...]) -> int:
    """Peak bits a second over segments, as RFC 8216 wants."""
    return max(s.size * 8 * SECOND_US // s.duration_us for s in segments)
