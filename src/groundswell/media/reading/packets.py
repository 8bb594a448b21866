"""The packets of a stretch of a title, in decoding order, as the container has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

from .frames import BACK_OFF_S, seek
from .source import OpenSource

Packets: TypeAlias = "list[Packet[VideoStream]]"
MOST_BYTES = 1 << 30


class CannotCopy(Exception):
    """Why a stretch cannot be copied, in a word or two for `CutResult.fallback_reason`."""


@dataclass(frozen=True)
class PacketStretch:
    """``packets`` from the keyframe at or before the start; ``wanted`` the sorted pts of the frames between
    start and end; ``following`` the pts of the frame after them, None at the end of the title."""

    packets: Packets
    wanted: list[int]
    following: int | None


def gather(title: OpenSource, lo: int, hi: int) -> PacketStretch:
    """Read what lies between ``lo`` and ``hi`` (ticks of the title's presentation timeline).

    Raises `CannotCopy` when times are missing or doubled, so that packets and frames cannot be matched, and for what
    lies on both sides of a join, where nothing is copied across, and for what has lost packets.
    """
    if title.timeline.plain:
        return _gather(title, lo, hi)
    parts = list(title.timeline.parts(lo, hi))
    if len(parts) != 1:
        raise CannotCopy("join")
    part = parts[0]
    found = _gather(title.reading(part.piece.window), part.lo, hi - part.piece.shift)
    shift, after = part.piece.shift, part.piece.end
    for packet in found.packets:
        packet.pts = (packet.pts or 0) + shift
        packet.dts = None if packet.dts is None else packet.dts + shift
    following = after if found.following is None else found.following + shift
    return PacketStretch(found.packets, [pts + shift for pts in found.wanted], following)


def _gather(title: OpenSource, lo: int, hi: int) -> PacketStretch:
    for back in (*BACK_OFF_S, None):
        seek(title, None if back is None else lo - int(back / title.tick))
        found = _read(title, lo, hi, from_start=back is None)
        if found is not None:
            return found
    raise CannotCopy("no_keyframe")


def _read(title: OpenSource, lo: int, hi: int, *, from_start: bool) -> PacketStretch | None:
    packets: Packets = []
    hidden = title.window.hidden if title.window is not None else frozenset()
    following: int | None = None
    size = 0
    for packet in title.packets(title.video):
        if not packet.size:
            continue
        if packet.pts is None:
            raise CannotCopy("missing_times")
        if packets and packet.has_sidedata("new_extradata"):
            raise CannotCopy("changing_parameter_sets")
        if packet.is_keyframe and packet.pts <= lo:
            packets.clear()
            size = 0
        if not packets and not packet.is_keyframe:
            continue
        if not packets and packet.pts > lo and not from_start:
            return None
        if packet.pos in hidden and lo <= packet.pts < hi:
            raise CannotCopy("hidden_pictures")
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
    if any(packet.is_corrupt for packet in packets):
        raise CannotCopy("damaged")  # what is left of it a decoder has to say
    return PacketStretch(packets, wanted, following)
