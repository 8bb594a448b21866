"""Decoding times that are the times of the order of display."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator

from av.packet import Packet
from av.video.stream import VideoStream

MOST_REORDERED = 40
"""More packets than any codec decodes ahead (16 pictures, of two fields each, and some)."""


def in_display_order(packets: Iterable[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """The packets, in decoding order as they come, with new decoding times: of the n-th packet the n-th smallest
    presentation time, raised where need be so that they rise. A packet lasts until the next."""
    held: deque[Packet[VideoStream]] = deque()
    shown: list[int] = []
    last: Packet[VideoStream] | None = None
    for packet in packets:
        held.append(packet)
        heapq.heappush(shown, packet.pts or 0)
        if len(held) > MOST_REORDERED:
            if last is not None:
                yield _until(last, shown[0])
            last = _placed(held.popleft(), heapq.heappop(shown), last)
    while held:
        if last is not None:
            yield _until(last, shown[0])
        last = _placed(held.popleft(), heapq.heappop(shown), last)
    if last is not None:
        yield last


def _placed(packet: Packet[VideoStream], at: int, before: Packet[VideoStream] | None) -> Packet[VideoStream]:
    packet.dts = at if before is None or before.dts is None else max(at, before.dts + 1)
    return packet


def _until(packet: Packet[VideoStream], following: int) -> Packet[VideoStream]:
    packet.duration = max(1, following - (packet.dts or 0))
    return packet
