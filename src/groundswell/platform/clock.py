"""Time, in one place: aware UTC datetimes for instants, integer microseconds for media time."""

from datetime import UTC, datetime

US_PER_SECOND = 1_000_000


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def format_us(us: int) -> str:
    """Media time for people: ``75_250_000`` → ``00:01:15`` (hours, minutes, whole seconds)."""
    seconds = us // US_PER_SECOND
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
