"""The sound of a clip: packets copied where that is right to within half an audio frame, else sample-exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from .errors import MediaError
from .frames import BACK_OFF_S, rewind
from .probe import audio_streams
from .source import Source

AAC_RATES = frozenset({96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000})
AAC_FRAME = 1024
PRE_ROLL = Fraction(1, 5)
TOLERANCE = Fraction(3, 100)
COPIED_PROFILES = frozenset({"LC", "HE-AAC", "HE-AACv2"})
Samples = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True)
class Span:
    """The clip's stretch in seconds of the source's own clock."""

    start: Fraction
    end: Fraction


def choose_track(source: Source, wanted: int | None) -> AudioStream | None:
    """The audio track numbered ``wanted``, or the default one, or None for a silent title."""
    streams = audio_streams(source.container)
    if wanted is not None:
        if not 0 <= wanted < len(streams):
            raise MediaError("no_such_track", f"There is no audio track {wanted}; there are {len(streams)}.")
        return streams[wanted]
    default = [s for s in streams if s.disposition & av.stream.Disposition.default]
    return next(iter(default or streams), None)


def can_copy(stream: AudioStream) -> bool:
    """AAC as it stands in any MP4 player. Other codecs are re-encoded, so that the clip plays everywhere."""
    return (
        stream.codec_context.codec.canonical_name == "aac"
        and stream.profile in COPIED_PROFILES
        and bool(stream.codec_context.extradata)
    )


def copied_packets(source: Source, stream: AudioStream, span: Span) -> list[Packet[AudioStream]] | None:
    """The packets whose middle lies in the span, timed from 0. None when copying would put sound out of
    step by more than half a packet: sound that starts late, ends early, has gaps or broken times."""
    rate = stream.codec_context.sample_rate
    samples = stream.codec_context.frame_size or AAC_FRAME
    frame = Fraction(samples, rate)
    found = [(at, p) for at, p in _packets(source, stream, span) if span.start <= at + frame / 2 < span.end]
    if not found or abs(found[0][0] - span.start) > frame * Fraction(11, 20):
        return None
    if found[-1][0] + frame < span.end - frame or any(p.is_corrupt for _, p in found):
        return None
    if any(abs(at - found[0][0] - n * frame) > frame / 2 for n, (at, _) in enumerate(found)):
        return None
    for n, (_, packet) in enumerate(found):
        packet.pts = packet.dts = n * samples
        packet.duration = samples
        packet.time_base = Fraction(1, rate)
    return [p for _, p in found]


def _packets(source: Source, stream: AudioStream, span: Span) -> Iterator[tuple[Fraction, Packet[AudioStream]]]:
    """The packets that may be heard in the span, each with its time in seconds of the source's clock."""
    stream = _seek(source, stream, span.start - PRE_ROLL)
    for packet in source.container.demux(stream):
        if packet.pts is None or not packet.size:
            continue
        at = packet.pts * Fraction(packet.time_base)
        if at >= span.end:
            return
        yield at, packet


def _seek(source: Source, stream: AudioStream, at: Fraction) -> AudioStream:
    """Go to before a time; the track to read from there."""
    tick = stream.time_base
    assert tick is not None
    for back in BACK_OFF_S:
        target = max(int((at - back) / tick), stream.start_time or 0)
        try:
            source.container.seek(target, stream=stream, backward=True)
        except av.error.FFmpegError:
            continue
        first = next((p for p in source.container.demux(stream) if p.pts is not None and p.size), None)
        if first is not None and (first.pts or 0) <= max(target, stream.start_time or 0):
            source.container.seek(target, stream=stream, backward=True)
            return stream
    return rewind(source, stream)


def exact_samples(source: Source, stream: AudioStream, span: Span, rate: int, layout: str) -> Iterator[Samples]:
    """Blocks of float samples, shape (channels, n), that together last exactly the span: sample 0 is heard at
    ``span.start``. What the track does not cover is silence."""
    total = round((span.end - span.start) * rate)
    done = 0
    for at, block in _decoded(source, stream, span, rate, layout):
        offset = round((at - span.start) * rate) - done
        if offset > 0:
            offset = min(offset, total - done)
            yield from silent_samples(offset, rate, layout)
            done += offset
        elif offset < 0:
            block = block[:, -offset:]
        block = block[:, : total - done]
        if block.shape[1]:
            yield block
            done += block.shape[1]
        if done >= total:
            return
    yield from silent_samples(total - done, rate, layout)


def silent_samples(samples: int, rate: int, layout: str) -> Iterator[Samples]:
    """Blocks of silence of so many samples in all."""
    while samples > 0:
        yield np.zeros((av.AudioLayout(layout).nb_channels, min(samples, rate)), np.float32)
        samples -= rate


def _decoded(
    source: Source, stream: AudioStream, span: Span, rate: int, layout: str
) -> Iterator[tuple[Fraction, Samples]]:
    """Decoded and resampled blocks with the time of their first sample. Small jitter in the container's times
    is ignored; a jump starts a new run."""
    resampler, shape = None, None
    expected: Fraction | None = None
    for frame in _frames(source, stream, span):
        if frame.pts is None or frame.time_base is None:
            at = expected if expected is not None else span.start
        else:
            at = frame.pts * Fraction(frame.time_base)
        if expected is not None and abs(at - expected) <= TOLERANCE:
            at = expected
        expected = at + Fraction(frame.samples, frame.sample_rate)
        if (frame.sample_rate, frame.layout.name, frame.format.name) != shape:
            shape = (frame.sample_rate, frame.layout.name, frame.format.name)
            resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
        assert resampler is not None
        frame.pts = None
        for out in resampler.resample(frame):
            yield at, out.to_ndarray().astype(np.float32, copy=False)
            at += Fraction(out.samples, rate)


def _frames(source: Source, stream: AudioStream, span: Span) -> Iterator[AudioFrame]:
    for _, packet in _packets(source, stream, span):
        try:
            yield from packet.decode()
        except (av.error.InvalidDataError, av.error.PatchWelcomeError):
            continue


@dataclass(frozen=True)
class SoundShape:
    rate: int
    layout: str

    @classmethod
    def of(cls, stream: AudioStream, stereo: bool) -> SoundShape:
        context = stream.codec_context
        channels = context.layout.nb_channels if context.layout else context.channels
        layout = "mono" if channels == 1 else "stereo"
        if not stereo and channels >= 6:
            layout = "5.1"
        return cls(context.sample_rate if context.sample_rate in AAC_RATES else 48000, layout)


def encode_exact(output: OutputContainer, blocks: Iterator[Samples], shape: SoundShape) -> list[Packet[AudioStream]]:
    """AAC-LC packets timed so that sample 0 is heard at 0. The encoder's priming packet is left out, since
    nothing but an edit list could hide it."""
    stream = output.add_stream("aac", rate=shape.rate, layout=shape.layout, format="fltp")
    assert isinstance(stream, AudioStream)
    context = stream.codec_context
    context.bit_rate = 80_000 * max(1, av.AudioLayout(shape.layout).nb_channels)
    packets: list[Packet[AudioStream]] = []
    position = 0
    for block in _reblocked(blocks):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=shape.layout)
        frame.sample_rate, frame.pts, frame.time_base = shape.rate, position, Fraction(1, shape.rate)
        position += block.shape[1]
        packets += context.encode(frame)
    packets += context.encode(None)
    kept = [p for p in packets if p.pts is not None and 0 <= p.pts < max(1, position)]
    for packet in kept:
        packet.stream = stream
        packet.time_base = Fraction(1, shape.rate)
        packet.duration = AAC_FRAME
    return kept


def _reblocked(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """The same samples in blocks of one AAC frame; the last may be shorter."""
    held: Samples | None = None
    for block in blocks:
        held = block if held is None else np.concatenate([held, block], axis=1)
        while held.shape[1] >= AAC_FRAME:
            yield held[:, :AAC_FRAME]
            held = held[:, AAC_FRAME:]
    if held is not None and held.shape[1]:
        yield held
