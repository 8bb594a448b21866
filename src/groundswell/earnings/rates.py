"""Exchange rates: entered, dated, never changed and never computed. A sale counts at the rate of its day."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from babel.numbers import get_currency_precision
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, Invalid

from .tables import ExchangeRate


class RateEntered(Conflict):
    code, title = "rate_entered", "There is a rate for these currencies and this day; rates are never changed."


class RateInvalid(Invalid):
    code, title = "rate_invalid", "A rate is from one currency into another, from a day on that is not to come."


async def enter(
    session: AsyncSession, *, currency: str, into: str, valid_from: date, rate: Decimal, entered_by: str
) -> ExchangeRate:
    """Enter what one unit of ``currency`` was worth in ``into`` from a day on. Pools that are counted later use it.

    Raises:
        RateInvalid: the currencies are one, or the day is to come.
        RateEntered: there is one.
    """
    if currency == into or valid_from > utc_now().date():
        raise RateInvalid()
    exponent = get_currency_precision(into) - get_currency_precision(currency)
    row = {"id": uuid7(), "currency": currency, "into": into, "valid_from": valid_from, "rate": rate}
    row |= {"exponent": exponent, "entered_by": entered_by}
    made = insert(ExchangeRate).values(row).on_conflict_do_nothing().returning(ExchangeRate)
    entered = (await session.scalars(made)).one_or_none()
    if entered is None:
        raise RateEntered()
    return entered


async def newest(session: AsyncSession, limit: int, after: UUID | None = None) -> Sequence[ExchangeRate]:
    """Rates, those entered last first; ``after`` is the last one of the page before."""
    query = select(ExchangeRate).order_by(ExchangeRate.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(ExchangeRate.id < after))).all()
