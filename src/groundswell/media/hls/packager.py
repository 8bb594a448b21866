"""Package a title as CMAF HLS without transcoding the picture: one file a track, one fragment a GOP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from groundswell.media.audio.samples import SoundShape, encode_exact, exact_samples
from groundswell.media.audio.sound import AudioSpan, can_copy, is_pieced
from groundswell.media.errors import MediaError
from groundswell.media.isobmff.display_order import in_display_order
from groundswell.media.output.mux import new_file, put
from groundswell.media.reading.frames import TIMES_OF_STORAGE, is_timed_by_storage, rewind
from groundswell.media.reading.packets import CannotCopy
from groundswell.media.reading.probe import index_of
from groundswell.media.reading.source import OpenSource, open_source
from groundswell.media.times import SECOND_US
from groundswell.media.title import TitleIndex

from .codec_names import audio_codec, video_codec
from .fragments import find_fragments, fragmented
from .package import Package, PackagedTrack, bandwidth_of, segments_of
from .remux import encode_video, shown_packets, size_in

VIDEO_CODECS = frozenset({"h264", "hevc", "av1", "vp9"})
AUDIO_FRAGMENT_S = 4
FINEST = 1_000_000
LOOKED_AT = 250
FURTHEST = (1 << 31) - 1
"""Ticks between decoding and showing a picture, as many as a fragment can say."""


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
        heard = title.heard
        files = [folder / "video.mp4", *(folder / f"audio{n}.mp4" for n in range(len(heard)))]
        with _all_or_none(files):
            video, lead = _video(title, index, files[0])
            audio = tuple(_audio(title, index, stream, lead, n, files[n + 1]) for n, stream in enumerate(heard))
            title.check_unchanged()
    return Package(lead=lead, video=video, audio=audio)


@contextmanager
def _all_or_none(files: list[Path]) -> Iterator[None]:
    """Half a package is none."""
    try:
        yield
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise


class _Reordered(Exception):
    """Pictures are reordered by more ticks than those looked at first."""


def _video(title: OpenSource, index: TitleIndex, path: Path) -> tuple[PackagedTrack, Fraction]:
    """The picture as it is where every player can follow it, else encoded: pictures whose packets do not say when they
    are shown or that an edit list hides, or pieces with parameter sets of their own, cannot stand under one init
    segment."""
    tick = title.tick if title.tick.numerator == 1 and title.tick.denominator <= FINEST else Fraction(1, FINEST)
    with new_file(path) as temporary:
        try:
            if is_timed_by_storage(title):
                raise CannotCopy(TIMES_OF_STORAGE)
            lead = _copied_video(title, index, tick, temporary)
            name = _codec_name(title, index)
        except CannotCopy:
            lead, name = 0, encode_video(title, index, tick, temporary)
        init_size, fragments = find_fragments(temporary)
        size = size_in(temporary, init_size)
    segments = segments_of(fragments, tick, lead * tick)
    track = PackagedTrack(
        kind="video",
        file=path.name,
        codecs=name,
        init_size=init_size,
        timescale=tick.denominator,
        segments=segments,
        bandwidth=bandwidth_of(segments),
        width=size[0],
        height=size[1],
        frame_rate=index.video.frame_rate,
    )
    return track, lead * tick


def _codec_name(title: OpenSource, index: TitleIndex) -> str:
    try:
        return video_codec(title, index)
    except (ValueError, IndexError) as error:
        raise MediaError("cannot_package", "The codec's record cannot be read.") from error


def _copied_video(title: OpenSource, index: TitleIndex, tick: Fraction, path: Path) -> int:
    _codec_name(title, index)
    late = 0
    while True:
        try:
            return _write_video(title, index, tick, late, path)
        except _Reordered as found:
            late = int(found.args[0])


def _write_video(title: OpenSource, index: TitleIndex, tick: Fraction, late: int, path: Path) -> int:
    """Write the track; by how many ticks it is later than the title's timeline, so that nothing is before 0."""
    packets = in_display_order(_timed(title, index, tick))
    first = list(islice(packets, LOOKED_AT))
    late = max([late, *((p.dts or 0) - (p.pts or 0) for p in first)])
    lead = max(0, -(first[0].dts or 0)) if first else 0
    with fragmented(path, tick.denominator, each_s=None, late=late) as output:
        stream = output.add_stream_from_template(title.video, opaque=True)
        if index.video.codec == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        for packet in chain(first, packets):
            packet.pts, packet.dts = (packet.pts or 0) + late + lead, (packet.dts or 0) + lead
            if packet.pts < packet.dts:
                raise _Reordered(late + packet.dts - packet.pts)
            if packet.pts - packet.dts > FURTHEST:
                raise MediaError("cannot_package", "The picture's times leap to and fro.")
            packet.stream = stream
            put(output, packet)
    return lead


def _timed(title: OpenSource, index: TitleIndex, tick: Fraction) -> Iterator[Packet[VideoStream]]:
    """Every packet of the picture from its first keyframe on, its presentation time in ``tick`` on the title's
    timeline."""
    scale, origin = title.tick / tick, title.origin / tick
    for packet in shown_packets(title, index):
        if packet.pts is None:
            raise MediaError("cannot_package", "The picture's packets have no times.")
        packet.pts, packet.time_base = round(packet.pts * scale - origin), tick
        packet.duration = round((packet.duration or 0) * scale)
        yield packet


def _audio(
    title: OpenSource, index: TitleIndex, stream: AudioStream, lead: Fraction, n: int, path: Path
) -> PackagedTrack:
    known = index.audio[n]
    with new_file(path) as temporary:
        with fragmented(temporary, 90_000, each_s=AUDIO_FRAGMENT_S) as output:
            if copied := can_copy(stream) and not is_pieced(title, stream):
                name, rate = audio_codec(stream), known.sample_rate
                track = output.add_stream_from_template(stream)
                for packet in _heard(title, stream, rate, lead):
                    packet.stream = track
                    put(output, packet)
            else:
                shape = SoundShape.of(stream, stereo=True)
                name, rate = "mp4a.40.2", shape.rate
                begin = Fraction(max(0, index.video.start_us) if title.stretch else 0, SECOND_US)
                span = AudioSpan(title.origin + begin, title.origin + Fraction(index.duration_us, SECOND_US))
                blocks = exact_samples(title, stream, span, shape.rate, shape.layout)
                for packet in encode_exact(output, blocks, shape):
                    packet.pts = packet.dts = (packet.pts or 0) + round(lead * rate)
                    put(output, packet)
        init_size, found = find_fragments(temporary)
    segments = segments_of(found, Fraction(1, rate), lead)
    return PackagedTrack(
        kind="audio",
        file=path.name,
        codecs=name,
        init_size=init_size,
        timescale=rate,
        segments=segments,
        bandwidth=bandwidth_of(segments),
        language=known.language,
        name=known.title or known.language or f"Track {n + 1}",
        channels=known.channels if copied else min(2, known.channels),
        default=known.default,
    )


def _heard(title: OpenSource, stream: AudioStream, rate: int, lead: Fraction) -> Iterator[Packet[AudioStream]]:
    """The sound's packets, timed in samples; what would be before the beginning of the file is left out."""
    found = rewind(title, stream)
    last = -1
    for packet in title.packets(found):
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
