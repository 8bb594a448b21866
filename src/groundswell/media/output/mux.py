"""Write a clip: moov first, no edit list, whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any, Protocol

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from groundswell.media.errors import MediaError, writing

from .grid import Grid

# Signed composition offsets (ctts version 1) let the first frame sit at 0 without an edit list.
OPTIONS = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


class Sink(Protocol):
    """What takes a file's bytes one after the other."""

    def write(self, data: bytes, /) -> int: ...


@contextmanager
def new_file(destination: Path) -> Iterator[Path]:
    """A temporary path beside ``destination`` that takes its place, synced to disk, when the block succeeds.

    When the block fails nothing is left behind. Raises ``disk_full`` or ``cannot_write``.
    """
    temporary = destination.with_name(f".{destination.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        if not destination.parent.is_dir():
            raise MediaError("cannot_write", f"There is no folder {destination.parent}.")
        yield temporary
        try:
            _sync(temporary)
            os.replace(temporary, destination)
            _sync(destination.parent)
        except OSError as error:
            raise writing(error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def mp4(target: Path | Sink, options: Mapping[str, str] = OPTIONS) -> Iterator[OutputContainer]:
    """An MP4 to fill. Errors while opening or closing come out as writing errors, those in between as they are: mostly
    they are the title's."""
    try:
        output = av.open(
            os.fspath(target) if isinstance(target, Path) else target, "w", format="mp4", options=dict(options)
        )
    except (av.error.FFmpegError, OSError, MemoryError) as error:
        raise writing(error) from error
    try:
        yield output
    except BaseException:
        _close_quietly(output)
        raise
    try:
        output.close()
    except (av.error.FFmpegError, OSError, MemoryError) as error:
        raise writing(error) from error


def _close_quietly(output: OutputContainer) -> None:
    try:
        output.close()
    except Exception:
        return


def lay_out(packets: list[Packet[VideoStream]], grid: Grid, stream: VideoStream) -> None:
    """Give packets in decoding order their final times: presentation from ``grid``, decoding times that
    step like it, shifted back by just the reordering there is."""
    pts = [p.pts for p in packets if p.pts is not None]
    rank = {at: n for n, at in enumerate(sorted(pts))}
    times = grid.times
    delay = max((times[n] - times[rank[p]] for n, p in enumerate(pts)), default=0)
    for n, (packet, at) in enumerate(zip(packets, pts, strict=True)):
        packet.pts = times[rank[at]]
        packet.dts = times[n] - delay
        packet.time_base = grid.tick
        packet.duration = grid.length(rank[at] if n + 1 < len(pts) else n)  # the last says when the film ends
        packet.stream = stream


def interleave(output: OutputContainer, *tracks: Sequence[Packet[Any]], timescale: int | None = None) -> None:
    """Mux tracks whose packets carry their final times, in order of decoding time."""
    if timescale is not None:
        output.options["video_track_timescale"] = str(timescale)
    ticks = [Fraction(track[0].time_base) if track else Fraction(1) for track in tracks]
    common = lcm(*(tick.denominator for tick in ticks))
    scales = [int(tick * common) for tick in ticks]
    queue = [((p.dts or 0) * scales[n], n, k, p) for n, track in enumerate(tracks) for k, p in enumerate(track)]
    queue.sort(key=lambda entry: entry[:3])
    for *_, packet in queue:
        put(output, packet)


def put(output: OutputContainer, packet: Packet[Any]) -> None:
    """Mux a packet that carries its final times. Raises ``disk_full``, ``out_of_memory`` or ``cannot_write``."""
    try:
        output.mux_one(packet)
    except (av.error.FFmpegError, OSError, MemoryError) as error:
        raise writing(error) from error
