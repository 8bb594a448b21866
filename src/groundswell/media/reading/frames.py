"""Decode exactly the frames of a stretch of a title, whatever the container's seeking is like."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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

from groundswell.media.errors import BROKEN_PACKET

from .account import FrameAccount
from .discontinuities import STREAMS
from .source import UNTIMED, OpenSource, Track

SkipType = Literal["DEFAULT", "NONREF"]
BACK_OFF_S = (0, 2, 12)
LOOKED_AT = 32
TIMED_BY_STORAGE = frozenset({"avi", "mxf", "asf", "gxf"})
TIMES_OF_STORAGE = "times_of_storage"
"""Why such pictures are not copied."""
DEEPEST = 16
"""Most pictures an H.264 or H.265 decoder holds back."""
UNTIMED_NEAR_S = Fraction(1, 2)
"""So near before the start all pictures of a stream are decoded: one without a time gets it from its neighbours."""
MOST_UNTIMED = 64
"""So many pictures in a row may wait for one that has a time."""


def decode_between(
    source: OpenSource, lo: int, hi: int | None, *, skip: SkipType = "DEFAULT", account: FrameAccount | None = None
) -> Iterator[tuple[int, VideoFrame]]:
    """Frames with ``lo <= pts < hi`` (ticks of the title's presentation timeline) in order of presentation, as
    (pts, frame).

    Seeks to the keyframe before ``lo``. When decoding from there does not bring the first frame wanted (an
    open GOP, a gradual refresh, a container whose index lies), starts again from further back, at last from
    the beginning of the file: what comes out is what decoding the whole title would have brought,
    less the pictures that ``skip`` leaves out. Pieces of the timeline follow each other; frames whose times do not
    rise come a tick after the one before. ``account`` is told what the packets say.
    """
    last: int | None = None
    account = account or FrameAccount()
    for pts, frame in _decode_pieces(source, lo, hi, skip, account):
        account.see(pts)
        last = pts if last is None else max(pts, last + 1)
        yield last, frame


def _decode_pieces(
    source: OpenSource, lo: int, hi: int | None, skip: SkipType, account: FrameAccount
) -> Iterator[tuple[int, VideoFrame]]:
    if source.timeline.plain:
        yield from _decode_all(source, lo, hi, skip, account)
        return
    for part in source.timeline.parts(lo, hi):
        account.piece(part.number, part.piece.shift)
        for pts, frame in _decode_all(source.reading(part.piece.window), part.lo, part.hi, skip, account):
            yield pts + part.piece.shift, frame


def _decode_all(
    source: OpenSource, lo: int, hi: int | None, skip: SkipType, account: FrameAccount
) -> Iterator[tuple[int, VideoFrame]]:
    after = lo
    try:
        for pts, frame in _decode_between(source, lo, hi, skip, account):
            after = pts + 1
            yield pts, frame
    except _LostAtTheEnd:
        source.decode_in_turn()
        yield from _decode_between(source, after, hi, skip, account)


class _LostAtTheEnd(Exception):
    """Pictures did not come out. Decoding side by side, those still on their way are lost when one of the last is
    broken, sometimes without a word."""


def _decode_between(
    source: OpenSource, lo: int, hi: int | None, skip: SkipType, account: FrameAccount
) -> Iterator[tuple[int, VideoFrame]]:
    clock = _clock_of(source)
    if clock is not _Clock.DISPLAY:
        account.whole = False
        decode = _decode_untimed if clock is _Clock.NONE else _decode_ranked
        yield from decode(source, lo, hi)
        return
    for back in BACK_OFF_S:
        target = lo - int(back / source.tick)
        frames = _attempt(source, target, lo, hi, skip, account)
        first = next(frames, None)
        if first is not None and first[0] is not None:
            yield from ((p, f) for p, f in _chain(first, frames) if f is not None)
            return
    yield from ((p, f) for p, f in _attempt(source, None, lo, hi, skip, account) if f is not None and p is not None)


def seek(source: OpenSource, target: int | None) -> None:
    """Go to the keyframe at or before ``target`` ticks of the source's own clock, or to the beginning (of its window)
    for None."""
    container, window = source.container, source.window
    if window is not None and window.by == "byte":
        container.seek(window.place(target), unsupported_byte_offset=True)
        return
    if window is not None and (target is None or target < window.first):
        container.seek(window.first, stream=source.video, backward=True)
        return
    start = source.video.start_time or 0
    if target is not None and target > start:
        try:
            container.seek(target, stream=source.video, backward=True)
            return
        except av.error.FFmpegError:
            pass
    rewind(source, source.video)


def _seeks_back(source: OpenSource, stream: Stream) -> bool:
    start = min(stream.start_time or 0, 0)
    if "mp4" in source.container.format.name:  # where several pictures share the first time, this is before them all
        start -= 1 << 40
    try:
        source.container.seek(start, stream=stream, backward=True)
    except av.error.FFmpegError:
        return False
    return True


def _to_first_byte(source: OpenSource) -> bool:
    """Whether a stream is now at its first byte. (A seek by time may land past it: keyframes may lack the decoding
    time that is looked for, and a clock that is about to start again begins below zero.)"""
    try:
        source.container.seek(0, unsupported_byte_offset=True)
    except av.error.FFmpegError:
        return False
    return True


def rewind(source: OpenSource, stream: Track) -> Track:
    """Go to the beginning of the file, or of the source's window; the stream to read from there. A container that
    cannot seek is opened anew, and so is ASF, which loses the time of the packet it seeks to."""
    if source.window is not None:
        seek(source, None)
    elif source.container.format.name in STREAMS:
        if not _to_first_byte(source):
            source.reopen()
    elif source.container.format.name == "asf" or not _seeks_back(source, stream):
        source.reopen()
    return cast(Track, source.container.streams[stream.index])


_Maybe = tuple[int | None, VideoFrame | None]


def _attempt(
    source: OpenSource, target: int | None, lo: int, hi: int | None, skip: SkipType, account: FrameAccount
) -> Iterator[_Maybe]:
    """Frames from ``lo`` on, or first (None, None) when starting at ``target`` cannot be trusted.

    ``target`` None is the beginning of the file, which is always trusted.
    """
    seek(source, target)
    decoder = _stream_decoder(source)
    decoder.skip_frame = skip
    skips = decoder.name == "h264" and not source.interlaced  # what is marked as referred to by nothing truly is
    account.start(lo)
    landing = _Landing(source, lo, account, trusted=target is None)
    for pts, frame in timed(_decoded(source, decoder, landing, skip, skips), _usual_step(source)):
        if landing.past:
            break
        if pts < lo or pts in landing.hidden:
            continue
        if not landing.trusts(pts):
            break
        if hi is not None and pts >= hi:
            return
        yield pts, frame
    if landing.past:
        yield None, None
        return
    if landing.wanted and skip == "DEFAULT" and source.threads == "AUTO":
        raise _LostAtTheEnd


@dataclass
class _Landing:
    """Whether decoding began early enough: at a keyframe not past ``lo``, and no picture wanted stayed away."""

    source: OpenSource
    lo: int
    account: FrameAccount
    trusted: bool
    past: bool = False
    landed: bool = False
    wanted: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)

    def note(self, packet: Packet[VideoStream]) -> bool:
        """Whether to go on, having read a packet."""
        if not packet.size:
            return True
        if packet.pts is None:
            self.account.whole = False
            return True
        if not self.trusted and not self.landed and packet.is_keyframe:
            self.landed = True
            if packet.pts > self.lo:
                self.past = True
                return False
        window = self.source.window
        if window is not None and packet.pos in window.hidden:
            self.hidden.add(packet.pts)
        elif packet.pts >= self.lo and not packet.is_discard:
            self.wanted.add(packet.pts)
            self.account.tell(packet.pts)
        return True

    def trusts(self, pts: int) -> bool:
        """Whether a picture may come now."""
        if not self.trusted and any(earlier < pts for earlier in self.wanted):
            self.past = True
            return False
        self.trusted = True
        self.wanted.discard(pts)
        return True


def _decoded(
    source: OpenSource, decoder: VideoCodecContext, landing: _Landing, skip: SkipType, skips: bool
) -> Iterator[tuple[int | None, VideoFrame]]:
    near = int(UNTIMED_NEAR_S / source.tick) if source.container.format.name in STREAMS else 0
    for packet in source.packets(source.video):
        if not landing.note(packet):
            return
        if skips:
            before = packet.pts is not None and packet.pts < landing.lo - near
            decoder.skip_frame = "NONREF" if before else skip
        for frame in _decode(source, decoder, packet, landing.account):
            yield frame_time(frame, source), frame


def _usual_step(source: OpenSource) -> int:
    return max(1, round(1 / (source.video.average_rate or source.video.guessed_rate or Fraction(25)) / source.tick))


def timed(frames: Iterable[tuple[int | None, VideoFrame]], step: int) -> Iterator[tuple[int, VideoFrame]]:
    """Frames in order of presentation with a time each: those without get one between their neighbours'."""
    last: int | None = None
    waiting: list[VideoFrame] = []
    for pts, frame in frames:
        if pts is None and len(waiting) < MOST_UNTIMED:
            waiting.append(frame)
            continue
        at = pts if pts is not None else (last or 0) + (len(waiting) + 1) * step
        yield from _spread(waiting, last, at, step)
        waiting.clear()
        last = at
        yield at, frame
    yield from _spread(waiting, last, None, step)


def _spread(
    frames: list[VideoFrame], after: int | None, before: int | None, step: int
) -> Iterator[tuple[int, VideoFrame]]:
    """Where there is a gap, it lies before a keyframe: what begins anew begins with one, and what ends ends before."""
    count = len(frames)
    gap = next((n for n, frame in enumerate(frames, 1) if frame.key_frame), count + 1)
    for n, frame in enumerate(frames, 1):
        if after is not None and before is not None and after < before <= after + 2 * step * (count + 1):
            yield after + (before - after) * n // (count + 1), frame
        elif before is not None and (after is None or (n >= gap and after < before)):
            yield before - (count + 1 - n) * step, frame
        else:
            yield (after if after is not None else -step) + n * step, frame


def _stream_decoder(source: OpenSource) -> VideoCodecContext:
    decoder = source.video.codec_context
    decoder.flush_buffers()
    decoder.skip_frame = "DEFAULT"
    return decoder


def _decode(
    source: OpenSource, decoder: VideoCodecContext, packet: Packet[VideoStream], account: FrameAccount | None = None
) -> list[VideoFrame]:
    try:
        frames = packet.decode() if packet.size else decoder.decode(None)
    except BROKEN_PACKET:
        if not packet.size and source.threads == "AUTO":
            raise _LostAtTheEnd from None
        if account is not None:
            account.broken = True
        return []
    except EOFError:
        return []
    found = [f for f in frames if isinstance(f, VideoFrame)]
    if account is not None and (packet.is_corrupt or any(frame.is_corrupt for frame in found)):
        account.broken = True
    return found


def time_of(frame: VideoFrame, source: OpenSource) -> int | None:
    """The time of a decoded frame in ticks of the video track: when it is shown, else when it was decoded."""
    return _ticks(frame.pts if frame.pts is not None else frame.dts, frame, source)


def frame_time(frame: VideoFrame, source: OpenSource) -> int | None:
    """When a decoded frame is shown, in ticks of the video track's own clock; None where its packet did not say."""
    return _ticks(frame.pts, frame, source)


def _ticks(pts: int | None, frame: VideoFrame, source: OpenSource) -> int | None:
    if pts is None or frame.time_base is None or frame.time_base == source.tick:
        return pts
    return round(pts * Fraction(frame.time_base) / source.tick)


def _chain(first: _Maybe, rest: Iterator[_Maybe]) -> Iterator[tuple[int, VideoFrame | None]]:
    yield first  # type: ignore[misc]
    yield from rest  # type: ignore[misc]


class _Clock(Enum):
    """What the times of a container's packets mean: when a picture is shown, merely the order of storage (AVI, GXF, MXF
    and ASF with B-frames), or nothing (raw streams)."""

    DISPLAY = auto()
    STORAGE = auto()
    NONE = auto()


def is_timed_by_storage(source: OpenSource) -> bool:
    """Whether packets say in which order they are stored, not when their pictures are shown. Moves on."""
    return source.container.format.name in TIMED_BY_STORAGE and _clock_of(source) is _Clock.STORAGE


def _clock_of(source: OpenSource) -> _Clock:
    seek(source, None)
    pts = [p.pts for p in islice(source.packets(source.video), LOOKED_AT) if p.size]
    known = [at for at in pts if at is not None]
    if not known:
        return _Clock.NONE
    reorders = source.video.codec_context.has_b_frames
    stored = source.container.format.name in UNTIMED or (len(known) > 2 and known == sorted(known))
    streams = source.container.format.name in STREAMS  # one whose pieces differ may reorder pictures in but some
    return _Clock.STORAGE if reorders and stored and not streams else _Clock.DISPLAY


def _decode_ranked(source: OpenSource, lo: int, hi: int | None) -> Iterator[tuple[int, VideoFrame]]:
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


def _decode_untimed(source: OpenSource, lo: int, hi: int | None) -> Iterator[tuple[int, VideoFrame]]:
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
