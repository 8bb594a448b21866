"""The packets of a stretch of a title, in decoding order, as the container has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

from .frames import BACK_OFF_S, seek
from .source import Source

Packets: TypeAlias = "list[Packet[VideoStream]]"
MOST_BYTES = 1 << 30


class CannotCopy(Exception):
    """Why a stretch cannot be copied, in a word or two for `CutResult.fallback_reason`."""


@dataclass(frozen=True)
class Stretch:
    """``packets`` from the keyframe at or before the start; ``wanted`` the sorted pts of the frames between
    start and end; ``following`` the pts of the frame after them, None at the end of the title."""

    packets: Packets
    wanted: list[int]
    following: int | None


def gather(title: Source, lo: int, hi: int) -> Stretch:
    """Read what lies between ``lo`` and ``hi`` (ticks of the video track).

    Raises `CannotCopy` when times are missing or doubled, so that packets and frames cannot be matched.
    """
    for back in (*BACK_OFF_S, None):
        seek(title, None if back is None else lo - int(back / title.tick))
        found = _read(title, lo, hi, from_start=back is None)
        if found is not None:
            return found
    raise CannotCopy("no_keyframe")


def _read(title: Source, lo: int, hi: int, *, from_start: bool) -> Stretch | None:
    packets: Packets = []
    following: int | None = None
    size = 0
    for packet in title.packets(title.video):
        if not packet.size:
            continue
        if packet.pts is None:
            raise CannotCopy("missing_times")
        if packet.is_keyframe and packet.pts <= lo:
            packets.clear()
            size = 0
        if not packets and not packet.is_keyframe:
            continue
        if not packets and packet.pts > lo and not from_start:
            return None
        packets.append(packet)
        size += packet.size
        if size > MOST_BYTES:
            raise CannotCopy("too_large_to_hold")
        if packet.pts >= hi and not packet.is_discard:
            following = packet.pts if following is None else min(following, packet.pts)
        if following is not None and packet.dts is not None and packet.dts >= max(hi, following):
            break
    if not packets and not from_start:
        return None
    wanted = sorted(p.pts for p in packets if p.pts is not None and lo <= p.pts < hi and not p.is_discard)
    if len(set(wanted)) != len(wanted):
        raise CannotCopy("doubled_times")
    return Stretch(packets, wanted, following)
