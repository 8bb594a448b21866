"""Times as people write them, and the frame grid.

Inside the engine a time is an integer count of microseconds on the title's presentation timeline,
or an integer count of a track's own ticks (``pts`` with a ``time_base``). Never a float.
"""

from __future__ import annotations

import re
from fractions import Fraction

from .errors import MediaError

SECOND_US = 1_000_000
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,3}):)?(\d{1,9})(?:[.,](\d{1,9}))?")


def parse_time(text: str) -> int:
    """``12.5``, ``MM:SS.mmm`` or ``HH:MM:SS.mmm`` in microseconds.

    Raises `MediaError` ``bad_time`` for anything else: NaN, infinity, negative times, a fourth field,
    minutes or seconds of 60 and more after a colon. Minutes that come first run past 59.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None or not text.isascii():
        raise MediaError("bad_time", f"{text!r} is not a time. Write 12.5, 1:02.5 or 0:01:02.500.")
    hours, minutes, seconds, decimals = found.groups()
    if minutes is not None and (int(seconds) > 59 or (hours is not None and int(minutes) > 59)):
        raise MediaError("bad_time", f"{text!r} is not a time: minutes and seconds run to 59.")
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    fraction = Fraction(int(decimals), 10 ** len(decimals)) if decimals else Fraction(0)
    return to_us(whole + fraction)


def to_us(seconds: Fraction) -> int:
    """Seconds as the nearest microsecond (halves upward)."""
    return int((seconds * SECOND_US * 2 + 1) // 2)


def clock(us: int) -> str:
    """``H:MM:SS.mmm`` for a person."""
    ms = max(0, us) // 1000
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
