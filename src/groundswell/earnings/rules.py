"""What money depends on, as data: what each basis counts, the smallest payout, the bounds of a month. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from babel.numbers import get_currency_precision

RULES = "2027-02"
"""The version of the rules in this module and in ``eligible_views``; kept with every pool that was divided by them."""

RULES_BY_ANY_VERDICT = "2027-01"
"""The version before: what a pool had seen was taken for counted, though a verdict or the want of a rate had kept it
back."""

MINIMUM_PAYOUT_UNITS = 10
HOLD_DAYS = 14
"""How long what was counted is held, where nobody says otherwise: the time in which a sale can be withdrawn from
(Directive 2011/83/EU, Article 9)."""
PLAYS_OF_ONE = 20
"""How many plays of one visitor of a day count for one creator, where a pool says nothing else: a browser that goes
through all of somebody's moments is one person's, however many there are."""

POOL_MOST_MINOR = 10**10
"""The most that one pool may hold: a hundred million of a currency with cents. More is a slip of the hand."""


@dataclass(frozen=True)
class PoolTerms:
    """What a pool promises, fixed when it is funded.

    Args:
        hold_days: days from the count in which nothing of it is paid.
        floor_minor: the least that is paid out at once; None: ten units of the currency.
        creator_cap_minor: the most that one creator gets; what is cut off goes back to the service.
        person_cap: the most that one person counts for one creator of what is counted of a month, in the basis' unit;
            None: ``PLAYS_OF_ONE`` where plays are counted, else no cap.
        tax_ppm: what part of revenue is tax, in millionths of it; it counts for nobody.
    """

    hold_days: int = HOLD_DAYS
    floor_minor: int | None = None
    creator_cap_minor: int | None = None
    person_cap: int | None = None
    tax_ppm: int = 0

    def of(self, basis: str) -> "PoolTerms":
        """The terms of a pool of ``basis``, with what is said where nothing else is."""
        return replace(self, person_cap=PLAYS_OF_ONE) if self.person_cap is None and basis == "plays" else self


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
            "Plays by people of a creator's moments, five seconds or more watched: one per visitor, moment and UTC "
            "day. Robots, link previews, the creator's own plays, those of browsers that ask not to be told "
            "apart and of moments that were taken down are not counted.",
            "event",
        ),
        Basis(
            "conversions",
            "millionths of a credited subscription",
            "Paid subscriptions and renewals credited to shares of a creator's moments or to their code, in "
            "millionths: one conversion is 1,000,000, divided by the credit model over what led to it. Refunded ones, "
            "those that cost nothing, the creator's own and those of moments that were taken down are not counted.",
            "conversion",
        ),
        Basis(
            "revenue",
            "credited revenue in minor units",
            "What subscriptions and renewals brought in the pool's currency (others at the rate entered for their "
            "day), less refunds and tax, as credited to shares of a creator's moments or to their code. The creator's "
            "own and those of moments that were taken down are not counted.",
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
