"""Decode exactly the frames of a stretch of a title, whatever the container's seeking is like."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from fractions import Fraction
from heapq import heappop, heappush
from itertools import chain, islice
from typing import Literal, cast

import av
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .errors import BROKEN_PACKET
from .source import Source, Track

SkipType = Literal["DEFAULT", "NONREF"]
BACK_OFF_S = (0, 2, 12)
LOOKED_AT = 32
TIMED_BY_STORAGE = frozenset({"avi", "mxf", "asf"})
DEEPEST = 16
"""Most pictures an H.264 or H.265 decoder holds back."""


def decode_between(
    source: Source, lo: int, hi: int | None, *, skip: SkipType = "DEFAULT"
) -> Iterator[tuple[int, VideoFrame]]:
    """Frames with ``lo <= pts < hi`` (ticks of the video track) in order of presentation, as (pts, frame).

    Seeks to the keyframe before ``lo``. When decoding from there does not bring the first frame wanted (an
    open GOP, a gradual refresh, a container whose index lies), starts again from further back, at last from
    the beginning of the file: what comes out is what decoding the whole title would have brought,
    less the pictures that ``skip`` leaves out.
    """
    after = lo
    try:
        for pts, frame in _decode_between(source, lo, hi, skip):
            after = pts + 1
            yield pts, frame
    except _LostAtTheEnd:
        source.decode_in_turn()
        yield from _decode_between(source, after, hi, skip)


class _LostAtTheEnd(Exception):
    """Pictures did not come out. Decoding side by side, those still on their way are lost when one of the last is
    broken, sometimes without a word."""


def _decode_between(source: Source, lo: int, hi: int | None, skip: SkipType) -> Iterator[tuple[int, VideoFrame]]:
    clock = _clock_of(source)
    if clock is not _Clock.DISPLAY:
        decode = _decode_untimed if clock is _Clock.NONE else _decode_ranked
        yield from _in_order(decode(source, lo, hi))
        return
    for back in BACK_OFF_S:
        target = lo - int(back / source.tick)
        frames = _attempt(source, target, lo, hi, skip)
        first = next(frames, None)
        if first is not None and first[0] is not None:
            yield from _in_order(((p, f) for p, f in _chain(first, frames) if f is not None))
            return
    yield from _in_order((p, f) for p, f in _attempt(source, None, lo, hi, skip) if f is not None and p is not None)


def seek(source: Source, target: int | None) -> None:
    """Go to the keyframe at or before ``target`` ticks, or to the beginning of the file for None."""
    container = source.container
    start = source.video.start_time or 0
    if target is not None and target > start:
        try:
            container.seek(target, stream=source.video, backward=True)
            return
        except av.error.FFmpegError:
            pass
    rewind(source, source.video)


def _seeks_back(source: Source, stream: Stream) -> bool:
    start = min(stream.start_time or 0, 0)
    if "mp4" in source.container.format.name:  # where several pictures share the first time, this is before them all
        start -= 1 << 40
    try:
        source.container.seek(start, stream=stream, backward=True)
    except av.error.FFmpegError:
        return False
    return True


def rewind(source: Source, stream: Track) -> Track:
    """Go to the beginning of the file; the stream to read from there. A container that cannot seek is opened anew, and
    so is ASF, which loses the time of the packet it seeks to."""
    if source.container.format.name == "asf" or not _seeks_back(source, stream):
        source.reopen()
    return cast(Track, source.container.streams[stream.index])


_Maybe = tuple[int | None, VideoFrame | None]


def _attempt(source: Source, target: int | None, lo: int, hi: int | None, skip: SkipType) -> Iterator[_Maybe]:
    """Frames from ``lo`` on, or first (None, None) when starting at ``target`` cannot be trusted.

    ``target`` None is the beginning of the file, which is always trusted.
    """
    seek(source, target)
    decoder = _stream_decoder(source)
    decoder.skip_frame = skip
    skips = decoder.name == "h264" and not source.interlaced  # what is marked as referred to by nothing truly is
    trusted = target is None
    landed = False
    wanted: set[int] = set()
    for packet in source.packets(source.video):
        if not trusted and not landed and packet.size and packet.is_keyframe and packet.pts is not None:
            landed = True
            if packet.pts > lo:
                yield None, None
                return
        if packet.pts is not None and packet.pts >= lo and not packet.is_discard and packet.size:
            wanted.add(packet.pts)
        if skips:
            before = packet.pts is not None and packet.pts < lo
            decoder.skip_frame = "NONREF" if before else skip
        for frame in _decode(source, decoder, packet):
            pts = time_of(frame, source)
            if pts is None or pts < lo:
                continue
            if not trusted and any(earlier < pts for earlier in wanted):
                yield None, None
                return
            trusted = True
            wanted.discard(pts)
            if hi is not None and pts >= hi:
                return
            yield pts, frame
    if wanted and skip == "DEFAULT" and source.threads == "AUTO":
        raise _LostAtTheEnd


def _stream_decoder(source: Source) -> VideoCodecContext:
    decoder = source.video.codec_context
    decoder.flush_buffers()
    decoder.skip_frame = "DEFAULT"
    return decoder


def _decode(source: Source, decoder: VideoCodecContext, packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        frames = packet.decode() if packet.size else decoder.decode(None)
    except BROKEN_PACKET:
        if not packet.size and source.threads == "AUTO":
            raise _LostAtTheEnd from None
        return []
    except EOFError:
        return []
    return [f for f in frames if isinstance(f, VideoFrame)]


def time_of(frame: VideoFrame, source: Source) -> int | None:
    """The presentation time of a decoded frame in ticks of the video track."""
    pts = frame.pts if frame.pts is not None else frame.dts
    if pts is None or frame.time_base is None or frame.time_base == source.tick:
        return pts
    return round(pts * Fraction(frame.time_base) / source.tick)


def _chain(first: _Maybe, rest: Iterator[_Maybe]) -> Iterator[tuple[int, VideoFrame | None]]:
    yield first  # type: ignore[misc]
    yield from rest  # type: ignore[misc]


def _in_order(frames: Iterator[tuple[int, VideoFrame | None]]) -> Iterator[tuple[int, VideoFrame]]:
    """Nudge broken times forward, so that each frame comes at least a tick after the one before."""
    last: int | None = None
    for pts, frame in frames:
        at = pts if last is None else max(pts, last + 1)
        last = at
        assert frame is not None
        yield at, frame


class _Clock(Enum):
    """What the times of a container's packets mean: when a picture is shown, merely the order of storage (AVI, MXF
    and ASF with B-frames), or nothing (raw streams)."""

    DISPLAY = auto()
    STORAGE = auto()
    NONE = auto()


def is_timed_by_storage(source: Source) -> bool:
    """Whether packets say in which order they are stored, not when their pictures are shown. Moves on."""
    return source.container.format.name in TIMED_BY_STORAGE and _clock_of(source) is _Clock.STORAGE


def _clock_of(source: Source) -> _Clock:
    seek(source, None)
    pts = [p.pts for p in islice(source.packets(source.video), LOOKED_AT) if p.size]
    known = [at for at in pts if at is not None]
    if not known:
        return _Clock.NONE
    reorders = source.video.codec_context.has_b_frames
    stored = source.container.format.name == "avi" or (len(known) > 2 and known == sorted(known))
    return _Clock.STORAGE if reorders and stored else _Clock.DISPLAY


def _decode_ranked(source: Source, lo: int, hi: int | None) -> Iterator[tuple[int, VideoFrame | None]]:
    """Pictures come out of the decoder in the order of display, their times in another: the earliest picture gets
    the earliest time. Begins well before ``lo``, since only whole groups of pictures have their times to themselves.
    """
    seek(source, lo - int(BACK_OFF_S[-1] / source.tick))
    decoder = _stream_decoder(source)
    times: list[int] = []
    held: deque[VideoFrame] = deque()
    for packet in chain(source.packets(source.video), (None,)):
        for frame in _decode(source, decoder, packet) if packet is not None else ():
            if (pts := time_of(frame, source)) is not None:
                heappush(times, pts)
                held.append(frame)
        while len(held) > (DEEPEST if packet is not None else 0):
            pts, frame = heappop(times), held.popleft()
            if hi is not None and pts >= hi:
                return
            if pts >= lo:
                yield pts, frame


def _decode_untimed(source: Source, lo: int, hi: int | None) -> Iterator[tuple[int, VideoFrame]]:
    rate = source.video.guessed_rate or Fraction(25)
    seek(source, None)
    decoder = _stream_decoder(source)
    count = 0
    for packet in source.packets(source.video):
        for frame in _decode(source, decoder, packet):
            pts = round(count / rate / source.tick)
            count += 1
            if hi is not None and pts >= hi:
                return
            if pts >= lo:
                yield pts, frame
