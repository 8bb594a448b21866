"""Times that viewers type into forms, as the trimmer's fields take them. Pure."""

import re

from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.problems import Problem

_TIME = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,6}))?", re.ASCII)
SECONDS_A_MINUTE = 60


class TimeUnreadable(Problem):
    status, code, title = 422, "time_unreadable", "Type a time like 01:12.500."


def parse_time(text: str) -> int:
    """Microseconds from ``SS``, ``SS.mmm``, ``MM:SS.mmm`` or ``H:MM:SS.mmm``.

    Raises:
        TimeUnreadable: anything else, such as ``1:2:3:4`` or ``NaN``.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise TimeUnreadable()
    hours, minutes, seconds, fraction = match.groups()
    too_many_seconds = minutes is not None and int(seconds) >= SECONDS_A_MINUTE
    too_many_minutes = hours is not None and int(minutes) >= SECONDS_A_MINUTE
    if too_many_seconds or too_many_minutes:
        raise TimeUnreadable()
    whole = (int(hours or 0) * SECONDS_A_MINUTE + int(minutes or 0)) * SECONDS_A_MINUTE + int(seconds)
    return whole * US_PER_SECOND + int((fraction or "").ljust(6, "0"))


def written_time(us: int) -> str:
    """``72_500_000`` as ``01:12.500``; minutes run past 59, as ``parse_time`` takes them."""
    milliseconds = round(us / 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
