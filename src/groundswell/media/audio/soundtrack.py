"""The sound track of a clip: copied where that is right, else made anew."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from groundswell.media.reading.source import OpenSource
from groundswell.media.request import AudioDone, Order

from .sound import AudioSpan, can_copy, choose_track, copied_packets, language_of

if TYPE_CHECKING:
    from .samples import Samples

HELD_S = 90
"""Sound that lasts no longer is decoded once and held (35 MB in stereo at 48 kHz); else once to be measured and once to
be changed."""


def add_sound(
    title: OpenSource, order: Order, output: OutputContainer, span: AudioSpan, silence: Fraction = Fraction(0)
) -> tuple[list[Packet[AudioStream]], AudioDone]:
    """The clip's audio packets, on a track of ``output`` of their own; ``silence`` are seconds to add at the end."""
    stream = None if order.target.silent else choose_track(title, order.audio_track)
    if stream is None:
        return [], "none"
    if order.audio == "copy" and not order.target.renders and can_copy(stream):
        copied = copied_packets(title, stream, span)
        if copied is not None:
            track = output.add_stream_from_template(stream)
            track.metadata.update(language_of(stream))
            for packet in copied:
                packet.stream = track
            return copied, "copy"
    return _encoded(title, order, stream, output, span, silence), "exact"


def _encoded(
    title: OpenSource, order: Order, stream: AudioStream, output: OutputContainer, span: AudioSpan, silence: Fraction
) -> list[Packet[AudioStream]]:
    from .loudness import normalised  # what a plain cut does not need is not loaded
    from .samples import SoundShape, encode_exact, exact_samples, silent_samples

    shape = SoundShape.of(stream, stereo=order.target.renders, bit_rate=order.target.sound_rate)

    def samples() -> Iterator[Samples]:
        yield from exact_samples(title, stream, span, shape.rate, shape.layout)
        yield from silent_samples(round(silence * shape.rate), shape.rate, shape.layout)

    if not order.target.renders:
        return encode_exact(output, samples(), shape, language_of(stream))
    if span.end - span.start > HELD_S:
        return encode_exact(output, normalised(samples, shape.rate, shape.layout), shape, language_of(stream))
    held = list(samples())
    louder = normalised(lambda: iter(held), shape.rate, shape.layout)
    return encode_exact(output, louder, shape, language_of(stream))
