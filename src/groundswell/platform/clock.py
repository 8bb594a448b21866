"""Time, in one place: aware UTC datetimes for instants, integer microseconds for media time.

Media time that people type is read by ``media.times.parse_time``.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

US_PER_SECOND = 1_000_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Instants before the one, or from the other on, mean nothing here; between them all can be reckoned with."""

EARLIEST_DAY, LATEST_DAY = date(2000, 1, 1), date(2200, 12, 31)


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC; without a zone it is taken as UTC.

    Raises:
        ValueError: it lies before ``EARLIEST``, or not before ``LATEST``.
    """
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise ValueError("must lie between the years 1970 and 9000")
    return aware.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""An instant as the API takes it: with a zone, and given on in UTC."""


def parse_instant(text: str) -> datetime:
    """An instant as people and browsers' fields write it (ISO 8601; without a zone it is UTC).

    Raises:
        ValueError: it is none, or out of range.
    """
    return in_utc(datetime.fromisoformat(text.strip()))


def parse_day(text: str | None) -> date | None:
    """A day as addresses have it (ISO 8601); None when it is none, or out of range."""
    try:
        day = date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return day if EARLIEST_DAY <= day <= LATEST_DAY else None


def format_us(us: int) -> str:
    """Media time for people: ``75_250_000`` → ``1:15``, and ``1:02:03`` from an hour on."""
    minutes, seconds = divmod(us // US_PER_SECOND, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
