"""Refuse a transport stream that goes on in other tracks part of the way through.

Broadcast recordings and streams that were put together do so: another programme map, other packet identifiers, another
codec. FFmpeg keeps to the tracks that it found first, and a clip would end, or fall silent, where they do. All packet
headers of the file are looked at, since any part of it may be in other tracks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from groundswell.media.errors import MediaError
from groundswell.media.remote import opened

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
Starts = dict[int, list[int]]
"""By packet identifier, the numbers of the packets in which a picture or a piece of sound begins."""

SYNC = 0x47
PACKET = 188
MAP = 2
LENGTHS = (PACKET, 192, 204)
"""A packet alone, with a time before it, or with check bytes behind it."""
AT_ONCE = 8192
LOST_AFTER = 3
"""So many packets in a row that do not begin as one do: their places are looked for anew."""
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
    kinds = {each for section in found.maps if _is_whole(section) for each in _kinds(section)}
    pids = [pid for pid, _ in kinds if pid in found.pictures or pid in found.sound]
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
    for packets in _packets(file):
        rows, at = _begins(packets)
        first = [packets[rows, at + n] for n in range(4)]
        marked = (first[0] == 0) & (first[1] == 0) & (first[2] == 1)
        for row, kind in zip(rows[marked], first[3][marked], strict=True):
            into = found.pictures if kind in PICTURES else found.sound if kind in SOUND else None
            if into is not None:
                pid = int(packets[row, 1] & 0x1F) << 8 | int(packets[row, 2])
                into.setdefault(pid, []).append(number + int(row))
        mapped = (first[0] == 0) & (first[1] == MAP) & (first[2] >> 4 == 0xB)
        for row, begin in zip(rows[mapped], at[mapped] + 1, strict=True):
            found.maps.add(packets[row, begin:PACKET].tobytes())
        number += len(packets)
    return found


def _is_whole(section: bytes) -> bool:
    """Whether a section is all in its packet, and undamaged."""
    rest = 0xFFFF_FFFF
    end = _length(section)
    for byte in section[:end]:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1 ^ (0x04C1_1DB7 if rest >> 31 else 0)) & 0xFFFF_FFFF
    return rest == 0 and 16 <= end <= len(section)


def _kinds(section: bytes) -> Iterator[tuple[int, int]]:
    """The tracks of a programme map, and the kind of each."""
    at, end = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF), _length(section) - 4
    while at + 5 <= end:
        yield int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF, section[at]
        at += 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)


def _length(section: bytes) -> int:
    return 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)


def _begins(packets: Bytes) -> tuple[Places, Places]:
    """Which packets begin something, and where in them."""
    control = packets[:, 3] >> 4 & 3
    rows = np.flatnonzero((packets[:, 0] == SYNC) & (packets[:, 1] & 0xC0 == 0x40) & (control & 1 == 1))
    at = 4 + np.where(control[rows] & 2, packets[rows, 4].astype(np.intp) + 1, 0)
    return rows[at <= PACKET - 4], at[at <= PACKET - 4]


def _packets(file: BinaryIO) -> Iterator[Bytes]:
    """The packets of a file, many at a time; where they do not follow on each other, from where they do again."""
    data, length = file.read(max(LENGTHS) * AT_ONCE), 0
    while data:
        held = np.frombuffer(data, np.uint8)
        if not length:
            first, length = _found(held)
            if not length:
                data = _more(file, data[-max(LENGTHS) * LOST_AFTER :])
                continue
            held = held[first:]
        rows = held[: len(held) // length * length].reshape(-1, length)
        good = _until_lost(rows)
        if good:
            yield rows[:good]
        rest = held[good * length :].tobytes()
        lost = good < len(rows)
        data = rest[1:] if lost else _more(file, rest)
        length = 0 if lost else length


def _more(file: BinaryIO, rest: bytes) -> bytes:
    """What is left and what follows it; nothing when nothing does."""
    more = file.read(max(LENGTHS) * AT_ONCE)
    return rest + more if more else b""


def _until_lost(rows: Bytes) -> int:
    """How many packets there are before so many in a row that are none."""
    wrong = rows[:, 0] != SYNC
    run = wrong.copy()
    for n in range(1, LOST_AFTER):
        run[:-n] &= wrong[n:]
        run[-n:] = False
    return int(run.argmax()) if run.any() else len(rows)


def _found(held: Bytes) -> tuple[int, int]:
    """Where packets begin, and how long they are; a length of 0 where there are none."""
    sync, best = held == SYNC, (len(held), 0)
    for length in LENGTHS:
        count = len(held) - (LOST_AFTER - 1) * length
        if count > 0:
            all_ = np.logical_and.reduce([sync[n * length : n * length + count] for n in range(LOST_AFTER)])
            if all_.any():
                best = min(best, (int(all_.argmax()), length))
    return best
