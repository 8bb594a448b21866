"""Rates are entered once for a day, from one currency into another, and never for a day that is to come."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from groundswell.earnings import rates
from groundswell.earnings.tables import ExchangeRate
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from tests.support import App

DAY = date(2026, 5, 4)


async def entered(database: Database, **fields: Any) -> ExchangeRate:
    asked = {"currency": "USD", "into": "EUR", "valid_from": DAY, "rate": Decimal("0.92"), "entered_by": "fay"} | fields
    async with database.transaction() as session:
        return await rates.enter(session, **asked)


async def test_a_rate_is_entered_once_with_the_digits_of_both_currencies(database: Database) -> None:
    for into, rate, exponent in (("EUR", "0.92", 0), ("JPY", "150", -2), ("KWD", "0.3", 1)):
        made = await entered(database, into=into, rate=Decimal(rate))
        assert (made.rate, made.exponent, made.entered_by) == (Decimal(rate), exponent, "fay")
        with pytest.raises(rates.RateEntered):
            await entered(database, into=into, rate=Decimal("0.5"))
    assert (await entered(database, currency="EUR", into="USD")).exponent == 0, "the other way round is another"
    assert (await entered(database, valid_from=DAY + timedelta(days=1))).rate == Decimal("0.92")


async def test_no_rate_is_of_a_currency_into_itself_or_of_a_day_to_come(database: Database) -> None:
    today = utc_now().date()
    await entered(database, valid_from=today)
    for wrong in ({"into": "USD"}, {"valid_from": today + timedelta(days=2)}):
        with pytest.raises(rates.RateInvalid):
            await entered(database, **wrong)


async def test_those_entered_last_are_listed_first_page_by_page(app: App) -> None:
    for n in range(5):
        await entered(app.runtime.database, valid_from=DAY - timedelta(days=n))
    fay, found, path = app.signed_in("fay", "finance"), [], "/v1/exchange-rates?limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = (await app.http.get(path + (f"&cursor={cursor}" if cursor else ""), headers=fay)).json()
        found.append([each["valid_from"] for each in page["items"]])
        cursor = page["next"]
    days = [f"{DAY - timedelta(days=n)}" for n in reversed(range(5))]
    assert found == [days[:2], days[2:4], days[4:]]
