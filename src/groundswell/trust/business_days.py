"""Days on which courts and offices work: what the clock of 17 USC 512(g)(2)(C) runs by. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import holidays
import numpy as np

CALENDAR = "US"
"""The law is of the United States, and so are its holidays."""


@lru_cache(maxsize=64)
def _days_off(first_year: int, last_year: int) -> tuple[date, ...]:
    return tuple(sorted(holidays.country_holidays(CALENDAR, years=range(first_year, last_year + 1))))


def after_business_days(at: datetime, days: int) -> datetime:
    """The end of the ``days``-th business day after the day of ``at``, by UTC. The day itself is not counted;
    Saturdays, Sundays and federal holidays, on the day they are observed, are none.

    Args:
        days: at least 1.
    """
    begun = at.astimezone(UTC).date()
    off = _days_off(begun.year, begun.year + 1 + days // 200)
    # The last working day up to ``begun`` is the zeroth, so that the first after it is 1 also when ``begun`` is none.
    found = np.busday_offset(np.datetime64(begun), days, roll="backward", holidays=np.array(off, dtype="datetime64[D]"))
    last: date = found.astype(date)
    return datetime.combine(last + timedelta(days=1), time(), UTC)


def months_after(at: datetime, months: int) -> datetime:
    """The same time of the same day so many calendar months later; of a shorter month, its last day."""
    whole = at.year * 12 + at.month - 1 + months
    year, month = divmod(whole, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (first_of_next - timedelta(days=1)).day
    return at.replace(year=year, month=month + 1, day=min(at.day, last))
