"""The packets of a transport stream (ISO 13818-1), and the programme maps in them, as they stand in a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from groundswell.media.remote import opened

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]

SYNC = 0x47
PACKET = 188
MAP = 2
LENGTHS = (PACKET, 192, 204)
"""A packet alone, with a time before it, or with check bytes behind it."""
AT_ONCE = 8192
LOST_AFTER = 3
"""So many packets in a row that do not begin as one do: their places are looked for anew."""
READ_FOR_MAPS = 4
"""So many times ``AT_ONCE`` packets: maps come several times a second."""


def tracks_beside(path: Path, track: int) -> frozenset[int] | None:
    """The tracks (packet identifiers) of the programme that ``track`` is in; None where there is but one programme, as
    in most files. A recording of a whole transponder has several, of television and of radio."""
    programmes: dict[int, set[int]] = {}
    with opened(path) as file:
        maps = {section for rows in islice(packets(file), READ_FOR_MAPS) for section in maps_in(rows, *begins(rows))}
    for section in filter(is_whole, maps):
        number = int.from_bytes(section[3:5], "big")
        programmes.setdefault(number, set()).update(pid for pid, _ in kinds(section))
    within = [tracks for tracks in programmes.values() if track in tracks]
    return frozenset(set[int]().union(*within)) if len(programmes) > 1 and within else None


def maps_in(rows: Bytes, starting: Places, at: Places) -> Iterator[bytes]:
    """The sections of programme maps that begin in packets, given which begin something, and where in them."""
    first = [rows[starting, at + n] for n in range(3)]
    mapped = (first[0] == 0) & (first[1] == MAP) & (first[2] >> 4 == 0xB)
    for row, begin in zip(starting[mapped], at[mapped] + 1, strict=True):
        yield rows[row, begin:PACKET].tobytes()


def is_whole(section: bytes) -> bool:
    """Whether a section is all in its packet, and undamaged."""
    rest = 0xFFFF_FFFF
    end = _length(section)
    for byte in section[:end]:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1 ^ (0x04C1_1DB7 if rest >> 31 else 0)) & 0xFFFF_FFFF
    return rest == 0 and 16 <= end <= len(section)


def kinds(section: bytes) -> Iterator[tuple[int, int]]:
    """The tracks of a programme map, and the kind of each."""
    at, end = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF), _length(section) - 4
    while at + 5 <= end:
        yield int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF, section[at]
        at += 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)


def _length(section: bytes) -> int:
    return 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)


def begins(rows: Bytes) -> tuple[Places, Places]:
    """Which packets begin something, and where in them."""
    control = rows[:, 3] >> 4 & 3
    found = np.flatnonzero((rows[:, 0] == SYNC) & (rows[:, 1] & 0xC0 == 0x40) & (control & 1 == 1))
    at = 4 + np.where(control[found] & 2, rows[found, 4].astype(np.intp) + 1, 0)
    return found[at <= PACKET - 4], at[at <= PACKET - 4]


def packets(file: BinaryIO) -> Iterator[Bytes]:
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
