"""Time, in one place: aware UTC datetimes for instants, integer microseconds for media time.

Media time that people type is read by ``media.times.parse_time``.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

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


def zone_name(text: str) -> str:
    """The name of a time zone (IANA), as it is written there.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return ZoneInfo(text.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text[:60]!r} is no time zone, such as Europe/Berlin or UTC") from None


ZoneName = Annotated[str, AfterValidator(zone_name)]


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """All zones that people choose from: UTC, and those of places."""
    return ("UTC", *sorted(name for name in available_timezones() if _of_a_place(name)))


def _of_a_place(name: str) -> bool:
    area, _, place = name.partition("/")
    return bool(place) and area not in {"Etc", "SystemV", "US", "posix", "right"}


def day_of(at: datetime, zone: str = "UTC") -> date:
    """The day of an instant by the clocks of ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()


def day_begin(day: date, zone: str = "UTC") -> datetime:
    """The first instant of a day by the clocks of ``zone``, in UTC; where they skip midnight, when they do."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def day_end(day: date, zone: str = "UTC") -> datetime:
    """The first instant after a day, in UTC: 23 to 25 hours after it began."""
    return day_begin(day + timedelta(days=1), zone)


@dataclass(frozen=True)
class LocalDays:
    """How instants are cut into days: since when the clocks of a zone are how far ahead of UTC, in order."""

    zone: str
    ahead: tuple[tuple[datetime, timedelta], ...]


UTC_DAYS = LocalDays("UTC", ((EARLIEST, timedelta()),))


@lru_cache(maxsize=256)
def local_days(zone: str, first: date, last: date) -> LocalDays:
    """How the clocks of ``zone`` went from one day to another; before and after, as at either end."""
    place, at, end = ZoneInfo(zone), day_begin(first), day_end(last)
    found = [(at, _ahead(place, at))]
    while at < end:
        later = at + timedelta(days=1)
        if _ahead(place, later) != _ahead(place, at):
            found.append((since := _changed(place, at, later), _ahead(place, since)))
        at = later
    return LocalDays(zone, tuple(found))


def _ahead(place: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(place).utcoffset() or timedelta()


def _changed(place: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the clocks changed, once, between two instants."""
    was = _ahead(place, before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if _ahead(place, middle) == was else (before, middle)
    return after


def format_us(us: int) -> str:
    """Media time for people: ``75_250_000`` → ``1:15``, and ``1:02:03`` from an hour on."""
    minutes, seconds = divmod(us // US_PER_SECOND, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"
