"""Refuse a transport stream that goes on in other tracks part of the way through.

Broadcast recordings and streams that were put together do so: another programme map, other packet identifiers, another
codec. FFmpeg keeps to the tracks that it found first, and a clip would end, or fall silent, where they do. All packet
headers of the file are looked at, since any part of it may be in other tracks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from groundswell.media.errors import MediaError
from groundswell.media.remote import opened

from .transport_stream import begins, is_whole, kinds, maps_in, packets

Starts = dict[int, list[int]]
"""By packet identifier, the numbers of the packets in which a picture or a piece of sound begins."""

FEWEST = 3
"""What begins less often is a stray."""
PICTURES, SOUND = frozenset(range(0xE0, 0xF0)), frozenset({0xBD, *range(0xC0, 0xE0)})
"""What packets say that they are; 0xBD is AC-3 and DTS, and subtitles, which are where sound is."""


@dataclass
class _Tracks:
    """Where tracks begin something; ``maps`` are the programme maps, which say of what kind they are."""

    pictures: Starts = field(default_factory=dict)
    sound: Starts = field(default_factory=dict)
    maps: set[bytes] = field(default_factory=set)


def refuse_changed_tracks(path: Path) -> None:
    """Raises ``tracks_change`` when pictures, or sound, are in one track here and in another there, or when a track is
    of another codec from somewhere on."""
    with opened(path) as file:
        found = _read(file)
    if _take_turns(found.pictures):
        raise MediaError("tracks_change")
    if _take_turns(found.sound):
        raise MediaError("tracks_change", "Part of the way through, the sound goes on in another track.")
    told = {each for section in found.maps if is_whole(section) for each in kinds(section)}
    pids = [pid for pid, _ in told if pid in found.pictures or pid in found.sound]
    if len(pids) > len(set(pids)):
        raise MediaError("tracks_change", "Part of the way through, a track goes on in another codec.")


def _take_turns(starts: Starts) -> bool:
    """Whether a track is where the fullest one is not. Tracks side by side (languages, programmes) are not."""
    found = sorted((np.array(each) for each in starts.values() if len(each) >= FEWEST), key=len)
    if len(found) < 2:
        return False
    fullest = found.pop()
    for each in found:
        beside = np.searchsorted(fullest, each[-1]) - np.searchsorted(fullest, each[0])
        if beside * 4 < len(each):
            return True
    return False


def _read(file: BinaryIO) -> _Tracks:
    found, number = _Tracks(), 0
    for held in packets(file):
        rows, at = begins(held)
        first = [held[rows, at + n] for n in range(4)]
        marked = (first[0] == 0) & (first[1] == 0) & (first[2] == 1)
        for row, kind in zip(rows[marked], first[3][marked], strict=True):
            into = found.pictures if kind in PICTURES else found.sound if kind in SOUND else None
            if into is not None:
                pid = int(held[row, 1] & 0x1F) << 8 | int(held[row, 2])
                into.setdefault(pid, []).append(number + int(row))
        found.maps.update(maps_in(held, rows, at))
        number += len(held)
    return found
