"""Quiet hours: when nothing is pushed, by the clocks where somebody is, also in nights in which they change. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
LONGEST = timedelta(hours=30)
"""Quiet hours are shorter than a day; clocks are never put by more than a few hours."""


def is_quiet(at: datetime, zone: str, begin: int, end: int) -> bool:
    """Whether clocks in ``zone`` show at ``at`` a minute of the day from ``begin`` to ``end`` (exclusive), which may
    lie after midnight. The same minute twice is no time at all."""
    here = at.astimezone(ZoneInfo(zone))
    minute = here.hour * 60 + here.minute
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def after_quiet(at: datetime, zone: str, begin: int | None, end: int | None) -> datetime:
    """``at``, or where that is quiet the first minute afterwards that is not."""
    if begin is None or end is None or not is_quiet(at, zone, begin, end):
        return at
    whole = at.replace(second=0, microsecond=0)
    here = at.astimezone(ZoneInfo(zone))
    minutes = (end - here.hour * 60 - here.minute) % 1440
    there = whole + minutes * MINUTE
    if here.utcoffset() == there.astimezone(ZoneInfo(zone)).utcoffset():
        return there
    while is_quiet(whole, zone, begin, end) and whole - at < LONGEST:  # a night in which the clocks change
        whole += MINUTE
    return whole
