"""What money depends on, as data: what each basis counts, the smallest payout, the bounds of a month. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from babel.numbers import get_currency_precision

RULES = "2026-11"
"""The version of the rules in this module and in ``counting``; kept with every pool that was divided by them."""

MINIMUM_PAYOUT_UNITS = 10


@dataclass(frozen=True)
class Basis:
    """What a pool is divided over. ``counts`` says it in words wherever the number is shown."""

    name: str
    unit: str
    counts: str
    evidence: Literal["event", "conversion"]


BASES: dict[str, Basis] = {
    basis.name: basis
    for basis in (
        Basis(
            "plays",
            "eligible plays",
            "Plays by people of a creator's moments: one per visitor, moment and UTC day. Robots, link previews, the "
            "creator's own plays and moments that were taken down are not counted.",
            "event",
        ),
        Basis(
            "conversions",
            "millionths of a credited subscription",
            "Subscriptions and renewals credited to shares of a creator's moments, in millionths: one conversion is "
            "1,000,000, divided by the credit model over the shares that led to it. Refunded ones, the creator's own "
            "and those of moments that were taken down are not counted.",
            "conversion",
        ),
    )
}


def minimum_payout(currency: str) -> int:
    """The least that is paid out at once, in minor units: ten units of the currency. Less is carried over."""
    return int(MINIMUM_PAYOUT_UNITS * 10 ** get_currency_precision(currency))


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """The first instant of a month ``YYYY-MM`` and of the next, in UTC.

    Raises:
        ValueError: not a month.
    """
    year, month = (int(part) for part in period.split("-"))
    return datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def period_of(at: datetime) -> str:
    """The month of an instant, in UTC: ``YYYY-MM``."""
    return f"{at.astimezone(UTC):%Y-%m}"
