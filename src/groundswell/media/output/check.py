"""Look at a finished clip as a player would, before anyone else does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from groundswell.media.errors import MediaError
from groundswell.media.isobmff import boxes

from .grid import Grid
from .similarity import Plane, likeness, plane_of

LEAST_PSNR = 26.0
LOOK_ON = 2


@dataclass(frozen=True)
class Witness:
    """What a picture of the clip looks like in the title: the very same when copied, near to it when encoded."""

    luma: Plane
    exact: bool


@dataclass(frozen=True)
class Seam:
    """Pictures that must decode: number ``start`` to number ``end``, and those they need."""

    start: int
    end: int


def check_clip(
    path: Path,
    grid: Grid,
    *,
    seams: Sequence[Seam],
    witnesses: dict[int, Witness] | None = None,
    audio_until: Fraction | None,
) -> None:
    """Raise ``check_failed`` unless the clip at ``path`` is what it should be.

    Looked at: moov before mdat and no edit list; as many pictures as ``grid`` has, at its times exactly;
    decoding times that rise; sound (if ``audio_until``, seconds, says there is some) that begins at 0 and ends
    within two audio frames of the picture. Then the pictures around each of ``seams`` are decoded: all must come,
    undamaged, and those with a witness (by number) must look like it.
    """
    _check_layout(path)
    try:
        with av.open(str(path)) as clip:
            packets = _check_pictures(clip, grid)
            _check_sound(clip, audio_until)
            for seam in seams:
                _check_seam(clip, grid, packets, seam, witnesses or {})
    except av.error.FFmpegError as error:
        raise _fail(f"The clip does not read back ({error}).") from error


def _fail(what: str) -> MediaError:
    return MediaError("check_failed", what)


def _check_layout(path: Path) -> None:
    kinds = [box.kind for box in boxes.top_level(path)]
    if "moov" not in kinds or "mdat" not in kinds or kinds.index("moov") > kinds.index("mdat"):
        raise _fail("The index does not come first.")
    if boxes.has_edit_list(boxes.read_moov(path)):
        raise _fail("There is an edit list.")


def _check_pictures(clip: InputContainer, grid: Grid) -> list[Packet[VideoStream]]:
    stream = clip.streams.video[0]
    packets = [p for p in clip.demux(stream) if p.size]
    if len(packets) != len(grid.times):
        raise _fail(f"{len(packets)} pictures instead of {len(grid.times)}.")
    scale = Fraction(stream.time_base or 1) / grid.tick
    times = sorted(p.pts * scale.numerator for p in packets if p.pts is not None)
    if times != [at * scale.denominator for at in grid.times]:
        raise _fail("Pictures are not at their times.")
    if any(a.dts is None or b.dts is None or a.dts >= b.dts for a, b in pairwise(packets)):
        raise _fail("Decoding times do not rise.")
    if not packets[0].is_keyframe:
        raise _fail("The first picture is no keyframe.")
    return packets


def _check_sound(clip: InputContainer, until: Fraction | None) -> None:
    streams = clip.streams.audio
    if until is None:
        if streams:
            raise _fail("There is sound where none was asked for.")
        return
    stream = streams[0]
    clip.seek(0)
    packets = [p for p in clip.demux(stream) if p.size]
    if not packets or packets[0].pts != 0:
        raise _fail("The sound does not begin with the picture.")
    last = packets[-1]
    tick = Fraction(stream.time_base or 1)
    end, frame = ((last.pts or 0) + (last.duration or 0)) * tick, (last.duration or 1024) * tick
    if abs(end - until) > 2 * frame:
        raise _fail(f"The sound ends at {float(end):.3f} s, the picture at {float(until):.3f} s.")


def _check_seam(
    clip: InputContainer,
    grid: Grid,
    packets: list[Packet[VideoStream]],
    seam: Seam,
    witnesses: dict[int, Witness],
) -> None:
    stream = clip.streams.video[0]
    scale = grid.tick / Fraction(stream.time_base or 1)
    number = {at * scale.numerator // scale.denominator: n for n, at in enumerate(grid.times)}
    keys = [p for p in packets if p.is_keyframe and p.pts is not None and number[p.pts] <= seam.start]
    clip.seek(keys[-1].dts or 0, stream=stream, backward=True)
    stream.codec_context.flush_buffers()
    last = min(seam.end + LOOK_ON, len(grid.times) - 1)
    wanted = seam.start
    for frame in _decoded(clip, stream, grid.times[seam.start] * scale):
        here = number.get(frame.pts if frame.pts is not None else -1)
        if here is None or here < wanted:
            continue
        if here > wanted or frame.is_corrupt:
            raise _fail(f"Picture {wanted} does not decode.")
        if (frame.width, frame.height) != (stream.width, stream.height):
            raise _fail(f"Picture {wanted} is {frame.width}×{frame.height}, not {stream.width}×{stream.height}.")
        if here in witnesses:
            compare(here, plane_of(frame), witnesses[here])
        if here >= last:
            return
        wanted += 1
    raise _fail(f"Picture {wanted} does not decode.")


def _decoded(clip: InputContainer, stream: VideoStream, start: Fraction) -> Iterator[VideoFrame]:
    """Pictures from here on; of those before ``start`` (ticks of the stream) none that nothing refers to."""
    decoder = stream.codec_context
    skips = decoder.name == "h264"
    for packet in clip.demux(stream):
        if skips:
            decoder.skip_frame = "NONREF" if packet.pts is not None and packet.pts < start else "DEFAULT"
        yield from packet.decode()


def compare(number: int, seen: Plane, witness: Witness) -> None:
    """Raise ``check_failed`` unless picture ``number`` is what the witness saw."""
    if seen == witness.luma:
        return
    near = likeness(seen, witness.luma)
    if witness.exact:
        raise _fail(f"Picture {number} was copied but differs ({near:.1f} dB).")
    if near < LEAST_PSNR:
        raise _fail(f"Picture {number} is far from the title's ({near:.1f} dB).")
