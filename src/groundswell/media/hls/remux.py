"""A title's whole picture on its presentation timeline: packets where they can be copied, else encoded."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from groundswell.media.bitstream.avc import AvcConfig
from groundswell.media.errors import MediaError
from groundswell.media.isobmff import boxes
from groundswell.media.isobmff.display_order import in_display_order
from groundswell.media.isobmff.init_segment import TO_ENTRY, InitSegment
from groundswell.media.output.mux import put
from groundswell.media.profiles import profile_named
from groundswell.media.reading.frames import decode_between, rewind
from groundswell.media.reading.packets import CannotCopy
from groundswell.media.reading.source import OpenSource
from groundswell.media.rendering.encoder import Encoder, Quality
from groundswell.media.rendering.picture import Pictures
from groundswell.media.smartcut.avc_copy import AvcCopy
from groundswell.media.smartcut.coding import USUAL_RATE, Coding
from groundswell.media.smartcut.copier import Copier
from groundswell.media.smartcut.hevc_copy import HevcCopy
from groundswell.media.title import TitleIndex

from .codec_names import hevc_codec
from .fragments import fragmented

COPIERS: dict[str, type[Copier]] = {"h264": AvcCopy, "hevc": HevcCopy}
CHANGES = "changing_parameter_sets"


def shown_packets(title: OpenSource, index: TitleIndex) -> Iterator[Packet[VideoStream]]:
    """Every packet of the picture from the first keyframe on, its time on the title's presentation timeline.

    Raises `CannotCopy` where packets alone do not show what is to be seen: where an edit list hides pictures, a piece
    does not begin with a keyframe, or parameter sets change.
    """
    sets = _parameter_sets(title, index)
    begun = False
    for reader, shift in _pieces(title):
        first = True
        for packet in reader.packets(reader.video):
            begun = begun or packet.is_keyframe
            if not packet.size or not begun:
                continue
            if first and shift and not packet.is_keyframe:
                raise CannotCopy("join")
            if packet.has_sidedata("new_extradata") and not first:
                raise CannotCopy(CHANGES)
            if packet.is_keyframe and sets is not None:
                _note(sets, packet)
            first = False
            if packet.pts is not None:
                packet.pts += shift
            yield packet


def _pieces(title: OpenSource) -> Iterator[tuple[OpenSource, int]]:
    """What to read from, at its beginning, and by how much it is shown later than it says."""
    if title.timeline.plain:
        rewind(title, title.video)
        yield title, 0
    for piece in title.timeline.pieces:
        if piece.window.hidden:
            raise CannotCopy("hidden_pictures")
        reader = title.reading(piece.window)
        rewind(reader, reader.video)
        yield reader, piece.shift


def _parameter_sets(title: OpenSource, index: TitleIndex) -> Copier | None:
    try:
        found = COPIERS.get(index.video.codec)
        return None if found is None else found(Coding.of_title(title, index))
    except CannotCopy:
        return None


def _note(sets: Copier, packet: Packet[VideoStream]) -> None:
    try:
        sets.take(packet)
    except CannotCopy as reason:
        if str(reason) == CHANGES:
            raise


def encode_video(title: OpenSource, index: TitleIndex, tick: Fraction, path: Path) -> str:
    """Write every picture, encoded, as a fragmented track; the codec's name (RFC 6381)."""
    with fragmented(path, tick.denominator, each_s=None) as output:
        for packet in in_display_order(_encoded(title, index, tick, output)):
            put(output, packet)
    with path.open("rb") as file:
        head = file.read(_init_size(path))
    init = InitSegment.parse(head)
    return "avc1." + AvcConfig.parse(init.record).lead.hex() if init.entry == "avc1" else hevc_codec(init.record)


def _encoded(
    title: OpenSource, index: TitleIndex, tick: Fraction, output: OutputContainer
) -> Iterator[Packet[VideoStream]]:
    pictures: Pictures | None = None
    encoder: Encoder | None = None
    scale, origin = title.tick / tick, title.origin / tick
    for pts, frame in decode_between(title, title.pts(0), None):
        if pictures is None or encoder is None:
            pictures = Pictures(frame, title.video.sample_aspect_ratio, profile_named("source"))
            rate = index.video.frame_rate or USUAL_RATE
            encoder = Encoder.open(output, pictures.shape, tick, rate, Quality())
            encoder.stream.codec_context.max_b_frames = 0
        for at, made in pictures.take(round(pts * scale - origin), frame):
            encoder.add(made, at)
        yield from _drained(encoder)
    if pictures is None or encoder is None:
        raise MediaError("damaged", "No picture of this video can be decoded.")
    for at, made in pictures.finish():
        encoder.add(made, at)
    encoder.finish()
    yield from _drained(encoder)


def _drained(encoder: Encoder) -> Iterator[Packet[VideoStream]]:
    for packet in encoder.packets:
        packet.time_base, packet.stream = encoder.tick, encoder.stream
        yield packet
    encoder.packets.clear()


def _init_size(path: Path) -> int:
    return next(box.start - 8 for box in boxes.top_level(path) if box.kind == "moof")


def size_in(path: Path, init_size: int) -> tuple[int, int]:
    """Width and height of the coded picture, as the sample entry says."""
    with path.open("rb") as file:
        head = file.read(init_size)
    stsd = next(boxes.find(head, *TO_ENTRY))
    entry = next(boxes.boxes(head, stsd.start + 8, stsd.end))
    return int.from_bytes(head[entry.start + 24 : entry.start + 26], "big"), int.from_bytes(
        head[entry.start + 26 : entry.start + 28], "big"
    )
