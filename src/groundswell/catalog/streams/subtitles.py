"""The lines of a stream's WebVTT renditions, on the title's timeline."""

import asyncio
import re
from dataclasses import replace
from fractions import Fraction

from groundswell.media import Cue, Cues, MediaError
from groundswell.media.streams.ladder import Ladder, SubtitleRendition, us_of
from groundswell.media.subtitles.cues import parse_subtitles

from .reader import MediaReader

SEGMENTS_MAX = 5_000
CLOCK = 90_000
WRAP_US = us_of(Fraction(1 << 33, CLOCK))
_MAP = re.compile(r"^X-TIMESTAMP-MAP=(.*)$", re.MULTILINE)
_LOCAL = re.compile(r"LOCAL:(?:(\d{1,4}):)?(\d{1,4}):(\d{1,4})\.(\d{3})")
_MPEGTS = re.compile(r"MPEGTS:(\d{1,15})")


async def lines_in(ladder: Ladder, reader: MediaReader) -> dict[str, Cues]:
    """The lines by language. A rendition that cannot be read is left out: the picture can be cut without it."""
    found: dict[str, Cues] = {}
    for rendition in ladder.subtitles:
        try:
            found.setdefault(rendition.language, await _lines(ladder, rendition, reader))
        except MediaError:
            continue
    return found


async def _lines(ladder: Ladder, rendition: SubtitleRendition, reader: MediaReader) -> Cues:
    shifts = ladder.video.shifts
    seen: dict[tuple[int, int, str], Cue] = {}
    for segment in rendition.segments[:SEGMENTS_MAX]:
        if segment.gap:
            continue
        text = (await asyncio.to_thread((await reader.kept(segment)).read_bytes)).decode("utf-8-sig", "replace")
        late = _late(text, us_of(shifts[min(segment.run, len(shifts) - 1)]), segment.start_us)
        for cue in parse_subtitles(text):
            moved = replace(cue, start_us=cue.start_us + late, end_us=cue.end_us + late)
            if moved.start_us >= 0:
                seen.setdefault((moved.start_us, moved.end_us, moved.text), moved)
    return Cues(sorted(seen.values(), key=lambda cue: (cue.start_us, cue.end_us)))


def _late(text: str, shift_us: int, expected_us: int) -> int:
    """By how much cues are shown later than they say (RFC 8216, 3.5)."""
    header = _MAP.search(text.partition("-->")[0])
    if header is None:
        return 0
    local, ticks = _LOCAL.search(header.group(1)), _MPEGTS.search(header.group(1))
    if local is None or ticks is None:
        return 0
    hours, minutes, seconds, millis = (int(part or 0) for part in local.groups())
    said_us = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + millis * 1_000
    at_us = us_of(Fraction(int(ticks.group(1)), CLOCK)) + shift_us
    at_us += round((expected_us - at_us) / WRAP_US) * WRAP_US
    return at_us - said_us
