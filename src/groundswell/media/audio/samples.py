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

from groundswell.media.errors import BROKEN_PACKET
from groundswell.media.reading.source import OpenSource

from .sound import AAC_FRAME, AAC_RATES, AudioSpan, HeardStretch, stretches_heard

TOLERANCE = 0.008
"""Seconds by which a container's times may be off before it counts as a jump."""
Samples = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def exact_samples(
    source: OpenSource, stream: AudioStream, span: AudioSpan, rate: int, layout: str
) -> Iterator[Samples]:
    """Blocks of float samples, shape (channels, n), that together last exactly the span: sample 0 is heard at
    ``span.start``. What the track does not cover is silence. A block lasts a second where nothing interrupts it."""
    done = 0
    for stretch in stretches_heard(source, stream, span):
        begin, end = (round((at - span.start) * rate) for at in (stretch.span.start, stretch.span.end))
        yield from silent_samples(begin - done, rate, layout)
        done = max(done, begin)
        for block in _samples_of(stretch, source.origin, span, (done, end), rate, layout):
            yield block
            done += block.shape[1]
    yield from silent_samples(round((span.end - span.start) * rate) - done, rate, layout)


def _samples_of(
    stretch: HeardStretch, origin: Fraction, span: AudioSpan, part: tuple[int, int], rate: int, layout: str
) -> Iterator[Samples]:
    """The samples of a stretch from one number of the span's to another, as far as there are any."""
    done, end = part
    position = done
    for at, block in _decoded(stretch, origin, rate, layout):
        if at is not None:
            position = round((at - span.start) * rate)
        silence = max(0, min(position - done, end - done))
        yield from silent_samples(silence, rate, layout)
        done += silence
        heard = block[:, max(0, done - position) :][:, : end - done]
        position += block.shape[1]
        if heard.shape[1]:
            yield heard
            done += heard.shape[1]
        if done >= end:
            return


def silent_samples(samples: int, rate: int, layout: str) -> Iterator[Samples]:
    """Blocks of silence of so many samples in all."""
    while samples > 0:
        yield np.zeros((av.AudioLayout(layout).nb_channels, min(samples, rate)), np.float32)
        samples -= rate


def _decoded(
    stretch: HeardStretch, origin: Fraction, rate: int, layout: str
) -> Iterator[tuple[Fraction | None, Samples]]:
    """Decoded and resampled blocks, each with the time of its first sample, or None where it goes on from the last.
    Small jitter in the container's times is ignored; a jump starts a new run."""
    run: _Run | None = None
    for frame in _frames(stretch, origin):
        if not frame.samples:
            continue
        at = None if frame.pts is None or frame.time_base is None else frame.pts * Fraction(frame.time_base)
        if run is None or not run.takes(frame, at):
            if run is not None:
                yield from run.finish()
                at = run.end if at is None else at
            run = _Run(stretch.span.start if at is None else at, frame, rate, layout)
        yield from run.take(frame)
    if run is not None:
        yield from run.finish()


class _Run:
    """Sound of one shape without a jump, on its way through a resampler that gives it back by the second."""

    def __init__(self, at: Fraction, first: AudioFrame, rate: int, layout: str) -> None:
        self._at: Fraction | None = at
        self._start, self._samples, self._shape = at, 0, _shape_of(first)
        self._resampler = AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=rate)

    @property
    def end(self) -> Fraction:
        return self._start + Fraction(self._samples, self._shape[0])

    def takes(self, frame: AudioFrame, at: Fraction | None) -> bool:
        """Whether a frame heard at a time (None: unknown) goes on from here."""
        apart = 0.0 if at is None else float(at - self._start) - self._samples / self._shape[0]
        return _shape_of(frame) == self._shape and abs(apart) <= TOLERANCE

    def take(self, frame: AudioFrame) -> Iterator[tuple[Fraction | None, Samples]]:
        self._samples += frame.samples
        frame.pts = None
        yield from self._resampled(frame)

    def finish(self) -> Iterator[tuple[Fraction | None, Samples]]:
        yield from self._resampled(None)

    def _resampled(self, frame: AudioFrame | None) -> Iterator[tuple[Fraction | None, Samples]]:
        for out in self._resampler.resample(frame):
            yield self._at, out.to_ndarray().astype(np.float32, copy=False)
            self._at = None


def _shape_of(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def _frames(stretch: HeardStretch, origin: Fraction) -> Iterator[AudioFrame]:
    begun = False
    for start in (stretch.span.start, origin):  # a decoder may have to know what the first packet of all alone says
        broken = False
        for packet in stretch.packets(start):
            try:
                for frame in packet.decode():
                    begun = True
                    yield frame
            except BROKEN_PACKET:
                broken = True
        if begun or not broken:
            return


@dataclass(frozen=True)
class SoundShape:
    """``bit_rate`` is that of a channel."""

    rate: int
    layout: str
    bit_rate: int = 80_000

    @classmethod
    def of(cls, stream: AudioStream, stereo: bool, bit_rate: int = 80_000) -> SoundShape:
        context = stream.codec_context
        channels = context.layout.nb_channels if context.layout else context.channels
        layout = "mono" if channels == 1 else "stereo"
        if not stereo and channels >= 6:
            layout = "5.1"
        return cls(context.sample_rate if context.sample_rate in AAC_RATES else 48000, layout, bit_rate)


def encode_exact(
    output: OutputContainer, blocks: Iterator[Samples], shape: SoundShape, metadata: dict[str, str] | None = None
) -> list[Packet[AudioStream]]:
    """AAC-LC packets timed so that sample 0 is heard at 0. The encoder's priming packet is left out, since
    nothing but an edit list could hide it."""
    stream = output.add_stream("aac", rate=shape.rate, layout=shape.layout, format="fltp")
    assert isinstance(stream, AudioStream)
    stream.metadata.update(metadata or {})
    context = stream.codec_context
    context.bit_rate = shape.bit_rate * max(1, av.AudioLayout(shape.layout).nb_channels)
    packets: list[Packet[AudioStream]] = []
    position = 0
    for block in blocks:
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
