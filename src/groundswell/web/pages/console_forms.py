"""What people type into the console's forms: amounts and lengths, as the integers we keep. Pure."""

from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision

US_PER_SECOND = 1_000_000


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


def _decimal(text: str, otherwise: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Unreadable(otherwise) from None
    if not number.is_finite():
        raise Unreadable(otherwise)
    return number
