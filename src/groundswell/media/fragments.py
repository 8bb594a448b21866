"""Fragmented MP4 (CMAF) on a title's own timeline: write it, find its parts.

There are no edit lists. Decoding times cannot be negative, so every track of a package is late by the same *lead*: the
time by which pictures are decoded before they are shown. (Signed composition offsets would do without, but not
every player reads them right in fragments.)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import OutputContainer

from . import boxes
from .errors import writing

FLAGS = "+empty_moov+default_base_moof+frag_discont"
CTS_PRESENT, DATA_OFFSET, FIRST_FLAGS = 0x800, 0x1, 0x4


@dataclass(frozen=True)
class Fragment:
    """One moof and its mdat: where in the file, when it decodes first (``tfdt``) and how long it lasts, in ticks."""

    offset: int
    size: int
    time: int
    length: int
    samples: int


@contextmanager
def fragmented(path: Path, timescale: int, *, each_s: int | None) -> Iterator[OutputContainer]:
    """A fragmented MP4 for one track. A fragment begins at every keyframe, or every ``each_s`` seconds."""
    options = {
        "movflags": FLAGS + ("+frag_keyframe" if each_s is None else ""),
        "use_editlist": "0",
        "avoid_negative_ts": "disabled",
        "video_track_timescale": str(timescale),
    }
    if each_s is not None:
        options["frag_duration"] = str(each_s * 1_000_000)
    try:
        output = av.open(os.fspath(path), "w", format="mp4", options=options)
    except (av.error.FFmpegError, OSError, MemoryError) as error:
        raise writing(error) from error
    with output:
        yield output


def find_fragments(path: Path) -> tuple[int, list[Fragment]]:
    """How many bytes the init segment has, and the fragments after it."""
    found: list[Fragment] = []
    init = 0
    top = boxes.top_level(path)
    with path.open("rb") as file:
        for n, box in enumerate(top):
            if box.kind != "moof":
                continue
            start = box.start - 8
            init = init or start
            file.seek(box.start)
            time, length, samples = _timing(file.read(box.end - box.start))
            end = top[n + 1].end if n + 1 < len(top) and top[n + 1].kind == "mdat" else box.end
            found.append(Fragment(start, end - start, time, length, samples))
    return init, found


def _timing(moof: bytes) -> tuple[int, int, int]:
    """Time, length and number of samples of a fragment, in ticks."""
    tfdt = next(boxes.find(moof, "traf", "tfdt"))
    wide = moof[tfdt.start] == 1
    (time,) = struct.unpack_from(">Q" if wide else ">I", moof, tfdt.start + 4)
    tfhd = next(boxes.find(moof, "traf", "tfhd"))
    usual = _default_duration(moof, tfhd.start)
    length = samples = 0
    for trun in boxes.find(moof, "traf", "trun"):
        flags, count, at, step = _trun(moof, trun.start)
        samples += count
        for n in range(count):
            length += struct.unpack_from(">I", moof, at + n * step)[0] if flags & 0x100 else usual
    return time, length, samples


def _default_duration(moof: bytes, at: int) -> int:
    (flags,) = struct.unpack_from(">I", moof, at)
    at += 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    return int(struct.unpack_from(">I", moof, at)[0]) if flags & 0x8 else 0


def _trun(moof: bytes, at: int) -> tuple[int, int, int, int]:
    """Flags, sample count, offset of the first sample's entry, and bytes an entry."""
    flags, count = struct.unpack_from(">II", moof, at)
    flags &= 0xFFFFFF
    first = at + 8 + (4 if flags & DATA_OFFSET else 0) + (4 if flags & FIRST_FLAGS else 0)
    return flags, count, first, 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, CTS_PRESENT))
