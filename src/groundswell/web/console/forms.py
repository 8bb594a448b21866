"""What people type into the console's forms: amounts, lengths, instants, as the values we keep. Pure."""

from datetime import datetime
from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision

from groundswell.media import MediaError, parse_time
from groundswell.platform import clock
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.problems import Invalid

MAGNITUDE = 30
"""Powers of ten that a number may be large or small by; beyond it, what is calculated with it fails."""


class Unreadable(ValueError):
    """What was typed means nothing here; the message says what would."""


def parse_amount(text: str, currency: str) -> int:
    """``1,250.50`` as minor units of ``currency``.

    Raises:
        Unreadable: not an amount above zero, or finer than the currency's smallest unit.
    """
    digits = get_currency_precision(currency)
    amount = _decimal(text.replace(",", "").replace(" ", ""), "Write an amount such as 1250.50.")
    minor = amount.scaleb(digits)
    if not 0 < minor <= Decimal(10**15):
        raise Unreadable("Write an amount above zero.")
    if minor != minor.to_integral_value():
        raise Unreadable(f"{currency} has {digits} digits after the point.")
    return int(minor)


def parse_rate(text: str) -> Decimal:
    """What one unit of a currency is worth in another: ``0.92``.

    Raises:
        Unreadable: not above zero and below a billion, or finer than ten digits after the point.
    """
    rate = _decimal(text.replace(" ", ""), "Write a rate such as 0.92.")
    if not 0 < rate < 10**9:
        raise Unreadable("Write a rate above zero.")
    if rate != round(rate, 10):
        raise Unreadable("A rate has at most ten digits after the point.")
    return rate


class ReasonMissing(Invalid):
    code, title = "reason_missing", "Say why, in 3 to 500 characters: it is kept for good."


def parse_reason(text: str) -> str:
    """Why something is done, as it is kept.

    Raises:
        ReasonMissing: nothing, or too much, was said.
    """
    said = text.replace("\0", "").strip()
    if not 3 <= len(said) <= 500:
        raise ReasonMissing()
    return said


def parse_ppm(text: str) -> int:
    """A per cent such as ``19`` or ``7.5`` as millionths; nothing typed is 0.

    Raises:
        Unreadable: not from 0 to below 100, or finer than 0.0001.
    """
    if not text.strip():
        return 0
    ppm = _decimal(text.strip().removesuffix("%"), "Write a per cent such as 19, or leave it empty.") * 10_000
    if not 0 <= ppm < 1_000_000 or ppm != ppm.to_integral_value():
        raise Unreadable("Write a per cent from 0 to below 100.")
    return int(ppm)


def parse_seconds(text: str) -> int | None:
    """Seconds such as ``5`` or ``7.5`` as microseconds; nothing typed is None (no rule).

    Raises:
        Unreadable: not a length from 0 s to a day.
    """
    if not text.strip():
        return None
    seconds = _decimal(text.strip().removesuffix("s"), "Write seconds such as 7.5, or leave it empty.")
    if not 0 <= seconds <= 86_400:
        raise Unreadable("Write seconds from 0 to 86,400.")
    return int(seconds * US_PER_SECOND)


def parse_percent(text: str) -> int | None:
    """A whole per cent such as ``10``; nothing typed is None (no rule).

    Raises:
        Unreadable: not a whole number from 0 to 100.
    """
    if not text.strip():
        return None
    percent = _decimal(text.strip().removesuffix("%"), "Write a whole per cent such as 10, or leave it empty.")
    if not 0 <= percent <= 100 or percent != percent.to_integral_value():
        raise Unreadable("Write a whole per cent from 0 to 100.")
    return int(percent)


def parse_days(text: str) -> int | None:
    """Whole days such as ``14``; nothing typed is None (no rule).

    Raises:
        Unreadable: not a whole number from 0 to 36,500.
    """
    if not text.strip():
        return None
    days = _decimal(text, "Write a number of days such as 14, or leave it empty.")
    if not 0 <= days <= 36_500 or days != days.to_integral_value():
        raise Unreadable("Write whole days from 0 to 36,500.")
    return int(days)


def parse_clock(text: str) -> int:
    """A place in a title, ``12:34.5``, ``1:02:03`` or plain seconds, as microseconds.

    Raises:
        Unreadable: anything else.
    """
    try:
        return parse_time(text)
    except MediaError:
        raise Unreadable("Write a time such as 12:34 or 1:02:03.5.") from None


def shown_clock(us: int) -> str:
    """Microseconds as ``parse_clock`` reads them, without loss: ``1:02:03.5``."""
    seconds, rest = divmod(us, US_PER_SECOND)
    minutes, seconds = divmod(seconds, 60)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}{fraction}" if hours else f"{minutes}:{seconds:02}{fraction}"


def parse_instant(text: str) -> datetime | None:
    """What a browser's date-and-time field sends (``2026-12-24T20:00``), taken as UTC; nothing typed is None.

    Raises:
        Unreadable: anything else.
    """
    if not text.strip():
        return None
    try:
        return clock.parse_instant(text)
    except ValueError:
        raise Unreadable("Write a date and time such as 2026-12-24T20:00, in UTC, from the year 1970 on.") from None


def parse_words(text: str) -> list[str] | None:
    """``12, 16, 18`` as its parts; nothing typed is None (no rule)."""
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip())) or None


def _decimal(text: str, otherwise: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Unreadable(otherwise) from None
    if not number.is_finite() or abs(number.adjusted()) > MAGNITUDE:
        raise Unreadable(otherwise)
    return number
