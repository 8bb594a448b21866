"""Decode exactly the frames of a stretch of a title, whatever the container's seeking is like."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .source import Source

BACK_OFF_S = (0, 2, 12)


def decode_between(source: Source, lo: int, hi: int | None) -> Iterator[tuple[int, VideoFrame]]:
    """Frames with ``lo <= pts < hi`` (ticks of the video track) in order of presentation, as (pts, frame).

    Seeks to the keyframe before ``lo``. When decoding from there does not bring the first frame wanted (an
    open GOP, a gradual refresh, a container whose index lies), starts again from further back, at last from
    the beginning of the file: what comes out is what decoding the whole title would have brought.
    """
    if not _is_timed(source):
        yield from _decode_untimed(source, lo, hi)
        return
    for back in BACK_OFF_S:
        target = lo - int(back / source.tick)
        frames = _attempt(source, target, lo, hi)
        first = next(frames, None)
        if first is not None and first[0] is not None:
            yield from _in_order(((p, f) for p, f in _chain(first, frames) if f is not None))
            return
    yield from _in_order((p, f) for p, f in _attempt(source, None, lo, hi) if f is not None and p is not None)


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
    rewind(container, source.video)


def rewind(container: InputContainer, stream: Stream) -> None:
    """Go to the beginning of the file; by bytes for raw streams, which know no times."""
    try:
        container.seek(min(stream.start_time or 0, 0), stream=stream, backward=True)
    except av.error.FFmpegError:
        container.seek(0, stream=stream, any_frame=True, unsupported_byte_offset=True)


_Maybe = tuple[int | None, VideoFrame | None]


def _attempt(source: Source, target: int | None, lo: int, hi: int | None) -> Iterator[_Maybe]:
    """Frames from ``lo`` on, or first (None, None) when starting at ``target`` cannot be trusted.

    ``target`` None is the beginning of the file, which is always trusted.
    """
    seek(source, target)
    decoder = _stream_decoder(source)
    trusted = target is None
    landed = False
    wanted: set[int] = set()
    for packet in source.container.demux(source.video):
        if not trusted and not landed and packet.size and packet.is_keyframe and packet.pts is not None:
            landed = True
            if packet.pts > lo:
                yield None, None
                return
        if packet.pts is not None and packet.pts >= lo and not packet.is_discard and packet.size:
            wanted.add(packet.pts)
        for frame in _decode(decoder, packet):
            pts = time_of(frame, source)
            if pts is None or pts < lo:
                continue
            if not trusted and any(earlier < pts for earlier in wanted):
                yield None, None
                return
            trusted = True
            if hi is not None and pts >= hi:
                return
            yield pts, frame


def _stream_decoder(source: Source) -> VideoCodecContext:
    source.video.codec_context.flush_buffers()
    return source.video.codec_context


def _decode(decoder: VideoCodecContext, packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        frames = packet.decode() if packet.size else decoder.decode(None)
    except (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.UnknownError):
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


def _is_timed(source: Source) -> bool:
    """False for raw streams, whose packets carry no times: those are counted instead."""
    seek(source, None)
    for seen, packet in enumerate(source.container.demux(source.video)):
        if packet.pts is not None:
            return True
        if seen > 32:
            break
    return False


def _decode_untimed(source: Source, lo: int, hi: int | None) -> Iterator[tuple[int, VideoFrame]]:
    rate = source.video.guessed_rate or Fraction(25)
    seek(source, None)
    decoder = _stream_decoder(source)
    count = 0
    for packet in source.container.demux(source.video):
        for frame in _decode(decoder, packet):
            pts = round(count / rate / source.tick)
            count += 1
            if hi is not None and pts >= hi:
                return
            if pts >= lo:
                yield pts, frame
