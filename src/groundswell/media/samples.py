"""Sound to the sample: decoded, cut, and encoded as AAC."""

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

from .sound import AAC_FRAME, AAC_RATES, Span, packets_heard
from .source import Source

TOLERANCE = Fraction(3, 100)
Samples = np.ndarray[tuple[int, int], np.dtype[np.float32]]


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
    for packet in packets_heard(source, stream, span):
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


def encode_exact(
    output: OutputContainer, blocks: Iterator[Samples], shape: SoundShape, metadata: dict[str, str] | None = None
) -> list[Packet[AudioStream]]:
    """AAC-LC packets timed so that sample 0 is heard at 0. The encoder's priming packet is left out, since
    nothing but an edit list could hide it."""
    stream = output.add_stream("aac", rate=shape.rate, layout=shape.layout, format="fltp")
    assert isinstance(stream, AudioStream)
    stream.metadata.update(metadata or {})
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
