"""How times, counts and money are written on pages (Jinja filters)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal, get_currency_precision
from markupsafe import Markup

from groundswell.events.lake.lag import LATE
from groundswell.platform.clock import format_us, utc_now

from .languages import DEFAULT, gettext
from .languages import spoken as spoken_language

_zone: ContextVar[str] = ContextVar("zone", default="UTC")


@contextmanager
def reading_in(zone: str) -> Iterator[None]:
    """Tell instants in ``zone`` for as long as the block lasts."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def moment_time(us: int) -> Markup:
    """A place in a title within a sentence: ``0:59``, which runs from left to right in every language."""
    return Markup('<bdi dir="ltr">{}</bdi>').format(format_us(us))


def if_translated(text: str) -> str:
    """``text`` in the language of the page; empty where nobody has said it in that language."""
    said = gettext(text) if text else ""
    return said if said != text or spoken_language() == DEFAULT else ""


def spoken(us: int) -> str:
    """A length of time in words: ``1 minute 12 seconds``."""
    minutes, seconds = divmod(round(us / 1_000_000), 60)
    parts = [(minutes, "minute"), (seconds, "second")]
    words = [
        gettext(f"{{count}} {noun}{'' if count == 1 else 's'}").format(count=count) for count, noun in parts if count
    ]
    return " ".join(words) or gettext("{count} seconds").format(count=0)


def running_time(us: int) -> str:
    """A title's length as people say it: ``2 min``, ``1 h 42 min``, or seconds below a minute."""
    minutes = round(us / 60_000_000)
    if minutes == 0:
        return gettext("{count} s").format(count=us // 1_000_000)
    if minutes < 60:
        return gettext("{count} min").format(count=minutes)
    return gettext("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)


def iso_duration(us: int) -> str:
    """An ISO 8601 duration in seconds, for schema.org and ``<time>``."""
    return f"PT{us / 1_000_000:.3f}".rstrip("0").rstrip(".") + "S"


def number(value: float, digits: int = 0) -> str:
    """``12,345`` or ``0.31``; at most ``digits`` decimals."""
    return format_decimal(round(value, digits), locale=spoken_language())


def decimal(value: float, digits: int = 2) -> str:
    """``0.10``: always with ``digits`` decimals, for numbers that are read under one another."""
    return f"{value:,.{digits}f}"


def quoted(words: str) -> str:
    """``“words”``; what is a quotation already stays as it is."""
    return words if words[:1] in {"“", '"', "„", "«"} else f"“{words}”"


REASONS = {
    "nothing_says_otherwise": "Nothing says otherwise",
    "no_user_agent": "No name given",
    "datacentre": "From a data centre",
    "preview_header": "Fetched ahead by a browser",
    "fetches_for": "Link preview",
    "reported_by_service": "Reported by the service",
    "http-library": "Script or library",
    "seo": "SEO crawler",
    "rate": "Too many links at once",
    "self_referral": "The sharer's own click",
    "shared_device": "Many accounts in one browser",
    "ring": "Clicking each other's links",
    "too_soon": "Bought seconds after the click",
    "too_even": "Sales too even over the day",
}


def reason(code: str) -> str:
    """Why a visit has its verdict, in words: ``Search engine: Googlebot`` of ``search-engine:Googlebot\\/``."""
    name, _, found = code.partition(":")
    words = REASONS.get(name) or name.replace("-", " ").replace("_", " ").capitalize()
    plain = found.replace("\\", "").strip("^$/ ")
    return f"{words}: {plain}" if plain else words


def compact(value: float) -> str:
    """``12K``: a count where space is short."""
    return format_compact_decimal(value, locale=spoken_language(), fraction_digits=1 if value >= 1000 else 0)


def money(minor: int, currency: str) -> str:
    """Integer minor units as ``€12.34``."""
    amount = minor / 10 ** get_currency_precision(currency)
    return format_currency(amount, currency, locale=spoken_language())


def percent(ratio: float, digits: int = 1) -> str:
    """A ratio as ``12.3 %``."""
    return f"{ratio * 100:.{digits}f} %"


def day(when: date) -> str:
    """``23 Nov 2026``."""
    return format_date(when, "d MMM yyyy", locale=spoken_language())


def named_day(key: str) -> str:
    """``day``, of a day as rows have it: ``2026-11-23``."""
    return day(date.fromisoformat(key))


def instant(when: datetime) -> str:
    """``23 Nov 2026, 19:59 UTC``, or in the time zone in which the page is read: ``20:59 CET``."""
    there = when.astimezone(ZoneInfo(_zone.get()))
    return f"{format_datetime(there, 'd MMM yyyy, HH:mm', locale=spoken_language())} {_abbreviated(there)}"


def clock_time(when: str) -> str:
    """``19:59:07 UTC``, likewise, of an instant as programs write it."""
    there = datetime.fromisoformat(when).astimezone(ZoneInfo(_zone.get()))
    return f"{there:%H:%M:%S} {_abbreviated(there)}"


def _abbreviated(there: datetime) -> str:
    """``CET``; ``UTC+04`` where a zone has no name."""
    name = there.tzname() or "UTC"
    return name if name[:1].isalpha() else f"UTC{name}"


def whole_days(zone: str) -> str:
    """``whole UTC days``, ``whole days in Europe/Berlin``: how a period is cut."""
    return "whole UTC days" if zone == "UTC" else f"whole days in {zone.replace('_', ' ')}"


def sentence(words: str) -> str:
    """``words`` with a capital to begin with; names in it, such as UTC and DE, stay as they are (Jinja's own
    ``capitalize`` makes all of it small)."""
    return words[:1].upper() + words[1:]


def ago(when: datetime) -> str:
    """``3 minutes ago``."""
    return format_timedelta(when - utc_now(), add_direction=True, locale=spoken_language())


def lateness(lag: timedelta | None) -> str | None:
    """How late the lake is, when that is late enough to tell: "4 minutes"; None otherwise."""
    if lag is None or lag <= LATE:
        return None
    minutes = int(lag.total_seconds() // 60)
    if minutes < 120:
        return counted(minutes, "minute")
    return counted(minutes // 60, "hour") if minutes < 48 * 60 else counted(minutes // 1440, "day")


def counted(value: int, noun: str, plural: str | None = None) -> str:
    """``1 share``, ``2 shares``."""
    return f"{number(value)} {noun if value == 1 else plural or noun + 's'}"


def week_end(monday: date) -> date:
    """The Sunday of the week that begins on ``monday``."""
    return monday + timedelta(days=6)


FILTERS: dict[str, Callable[..., Any]] = {"clock": format_us} | {
    function.__name__: function
    for function in (
        moment_time,
        if_translated,
        spoken,
        running_time,
        iso_duration,
        number,
        decimal,
        quoted,
        reason,
        compact,
        money,
        percent,
        day,
        named_day,
        instant,
        clock_time,
        whole_days,
        sentence,
        ago,
        counted,
        week_end,
    )
}
