"""Times that viewers type into forms, as the trimmer's fields take them. Pure."""

from groundswell.media import MediaError
from groundswell.media import parse_time as parse
from groundswell.platform.problems import Problem


class TimeUnreadable(Problem):
    status, code, title = 422, "time_unreadable", "Type a time like 01:12.500."


def parse_time(text: str) -> int:
    """Microseconds from a time as ``media.times`` reads it: ``SS.mmm``, ``MM:SS.mmm`` or ``H:MM:SS.mmm``.

    Raises:
        TimeUnreadable: anything else, such as ``1:2:3:4`` or ``NaN``.
    """
    try:
        return parse(text)
    except MediaError:
        raise TimeUnreadable() from None


def written_time(us: int) -> str:
    """``72_500_000`` as ``01:12.500``; minutes run past 59, as ``parse_time`` takes them."""
    milliseconds = round(us / 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
