"""The sound of a clip: packets copied where that is right to within half an audio frame, else sample-exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import ceil
from typing import cast

import av
from av.audio.stream import AudioStream
from av.packet import Packet

from groundswell.media.errors import MediaError
from groundswell.media.reading.edits import has_several_edits
from groundswell.media.reading.frames import BACK_OFF_S, rewind
from groundswell.media.reading.probe import on_grid
from groundswell.media.reading.source import OpenSource
from groundswell.media.timeline import SoundPiece

AAC_RATES = frozenset({96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000})
AAC_FRAME = 1024
PRE_ROLL = Fraction(1, 5)
UNNOTICED = Fraction(1, 100)
"""Seconds that sound may be out of step (ITU-R BT.1359: it is noticed from 45 ms early on)."""
APART_S = 2
"""Seconds by which sound may be stored later than the pictures it is heard with."""
LOST_WHEN_SOUGHT = frozenset({("ogg", "flac")})
"""Containers and codecs of sound whose packets get wrong times after a seek."""
COPIED_PROFILES = frozenset({"LC", "HE-AAC", "HE-AACv2"})


@dataclass(frozen=True)
class AudioSpan:
    """The clip's stretch in seconds of the source's own clock."""

    start: Fraction
    end: Fraction


def choose_track(source: OpenSource, wanted: int | None) -> AudioStream | None:
    """The audio track numbered ``wanted``, or the default one, or None for a silent title."""
    streams = source.heard
    if wanted is not None:
        if not 0 <= wanted < len(streams):
            raise MediaError("no_such_track", f"There is no audio track {wanted}; there are {len(streams)}.")
        return streams[wanted]
    default = [s for s in streams if s.disposition & av.stream.Disposition.default]
    return next(iter(default or streams), None)


def language_of(stream: AudioStream) -> dict[str, str]:
    """What to say of the language of a clip's sound, as a track's metadata."""
    language = stream.metadata.get("language")
    return {"language": language} if language else {}


def can_copy(stream: AudioStream) -> bool:
    """AAC as it stands in any MP4 player. Other codecs are re-encoded, so that the clip plays everywhere."""
    return (
        stream.codec_context.codec.canonical_name == "aac"
        and stream.profile in COPIED_PROFILES
        and bool(stream.codec_context.extradata)
    )


def copied_packets(source: OpenSource, stream: AudioStream, span: AudioSpan) -> list[Packet[AudioStream]] | None:
    """The packets whose middle lies in the span, timed from 0. None when copying would put sound out of
    step by more than half a packet or than anybody notices: sound that starts late, ends early, has gaps or broken
    times, or packets as long as they are at 8 kHz."""
    if is_pieced(source, stream):
        return None
    rate = stream.codec_context.sample_rate
    samples = stream.codec_context.frame_size or AAC_FRAME
    frame = Fraction(samples, rate)
    tick = Fraction(stream.time_base or 1)
    lo, hi = ceil((span.start - frame / 2) / tick), ceil((span.end - frame / 2) / tick)
    heard = (p for p in packets_heard(source, stream, span) if not p.is_discard)
    found = [p for p in heard if p.pts is not None and lo <= p.pts < hi]
    at = [p.pts for p in found if p.pts is not None]
    if not found or abs(at[0] * tick - span.start) > min(frame * Fraction(11, 20), UNNOTICED):
        return None
    if at[-1] * tick + frame < span.end - frame or any(p.is_corrupt for p in found):
        return None
    if not on_grid(at, tick, 1 / frame, frame / 2 / tick):
        return None
    for n, packet in enumerate(found):
        packet.pts = packet.dts = n * samples
        packet.duration = samples
        packet.time_base = Fraction(1, rate)
    return found


def sound_pieces(source: OpenSource, stream: AudioStream) -> tuple[SoundPiece, ...]:
    """The pieces of a track of sound, none where its times are the container's own."""
    tracks = [s.index for s in source.heard]
    return dict(zip(tracks, source.timeline.sound, strict=False)).get(stream.index, ())


def is_pieced(source: OpenSource, stream: AudioStream) -> bool:
    """Whether a track is put together of pieces, so that its packets cannot simply follow each other: they overlap, and
    what stands in the codec's record may be true of one piece only."""
    return len(sound_pieces(source, stream)) > 1 or has_several_edits(source.moov, b"soun")


def packets_heard(source: OpenSource, stream: AudioStream, span: AudioSpan) -> Iterator[Packet[AudioStream]]:
    """The packets that may be heard in the span, all with a time on the title's presentation timeline."""
    for stretch in stretches_heard(source, stream, span):
        yield from stretch.packets(stretch.span.start)


@dataclass(frozen=True)
class HeardStretch:
    """Sound of one piece, heard in ``span`` and not beyond. ``packets`` has those to decode for what is heard from an
    instant on; they may begin earlier and run on."""

    span: AudioSpan
    packets: Callable[[Fraction], Iterator[Packet[AudioStream]]]


def stretches_heard(source: OpenSource, stream: AudioStream, span: AudioSpan) -> Iterator[HeardStretch]:
    """What is heard in a span, piece after piece."""
    pieces = sound_pieces(source, stream)
    if not pieces:
        yield HeardStretch(span, lambda at: _packets_heard(source, _seek(source, stream, at - PRE_ROLL), span.end))
    for piece in pieces:
        begin, end = _shown(source, piece)
        heard = AudioSpan(max(span.start, begin), min(span.end, end))
        if heard.start < heard.end:
            yield HeardStretch(heard, partial(_piece_from, source, stream, piece, begin, heard.end))


def _piece_from(
    source: OpenSource, stream: AudioStream, piece: SoundPiece, begin: Fraction, stop: Fraction, at: Fraction
) -> Iterator[Packet[AudioStream]]:
    yield from _piece_heard(source, stream, piece, AudioSpan(max(at - PRE_ROLL, begin), stop))


def _shown(source: OpenSource, sound: SoundPiece) -> tuple[Fraction, Fraction]:
    """While the pictures of its piece are shown, sound is heard; before the first and after the last, too."""
    pictures, last = source.timeline.pieces[sound.piece], len(source.timeline.pieces) - 1
    begin = pictures.begin * source.tick if sound.piece else Fraction(-(10**9))
    end = pictures.end * source.tick if sound.piece < last and pictures.end is not None else Fraction(10**9)
    return begin, end


def _piece_heard(
    source: OpenSource, stream: AudioStream, piece: SoundPiece, span: AudioSpan
) -> Iterator[Packet[AudioStream]]:
    reader = source.reading(piece.window)
    found = cast(AudioStream, reader.container.streams[stream.index])
    found.codec_context.flush_buffers()
    tick = Fraction(found.time_base or 1)
    start, end = (at - piece.shift for at in (span.start, span.end))
    for target in (int((start - APART_S) / tick), None):
        reader.container.seek(piece.window.place(target), unsupported_byte_offset=True)
        first = next((p.pts for p in reader.packets(found) if p.pts is not None and p.size), None)
        if first is not None and first * tick <= start:
            break
    reader.container.seek(piece.window.place(target), unsupported_byte_offset=True)
    shift, least = round(piece.shift / tick), (start - PRE_ROLL) / tick
    for packet in _packets_heard(reader, found, end):
        if (packet.pts or 0) >= least:
            packet.pts = (packet.pts or 0) + shift
            packet.dts = packet.pts
            yield packet


def _packets_heard(source: OpenSource, stream: AudioStream, until: Fraction) -> Iterator[Packet[AudioStream]]:
    end = ceil(until / Fraction(stream.time_base or 1))
    for packet in source.packets(stream):
        if packet.pts is None or not packet.size:
            continue
        if packet.pts >= end:
            return
        yield packet


def _seek(source: OpenSource, stream: AudioStream, at: Fraction) -> AudioStream:
    """Go to before a time; the track to read from there."""
    tick = stream.time_base
    assert tick is not None
    if (source.container.format.name, stream.codec_context.name) in LOST_WHEN_SOUGHT:
        return rewind(source, stream)
    for back in BACK_OFF_S:
        target = max(int((at - back) / tick), stream.start_time or 0)
        try:
            source.container.seek(target, stream=stream, backward=True)
        except av.error.FFmpegError:
            continue
        first = next((p for p in source.packets(stream) if p.pts is not None and p.size), None)
        if first is not None and (first.pts or 0) <= max(target, stream.start_time or 0):
            source.container.seek(target, stream=stream, backward=True)
            return stream
    return rewind(source, stream)
