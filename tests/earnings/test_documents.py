"""Statements as they are printed."""

from typing import Any

import pytest

from groundswell.earnings.documents import printed


def document(currency: str, **terms: int | None) -> dict[str, Any]:
    promised = {"hold_days": 14, "floor_minor": 1_000, "creator_cap_minor": None} | terms
    return {
        "currency": currency, "period": "2026-05", "amount_minor": 123_456, "pool_amount_minor": 500_000,
        "lines": [{"name": "kiss", "amount_minor": 123_456}], "adjustments": [{"amount_minor": -456}],
        "terms": promised,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [
        ("EUR", ["€1,234.56", "€5,000.00", "-€4.56", "€1,230.00", "€10.00", "€2.00"]),
        ("JPY", ["¥123,456", "¥500,000", "-¥456", "¥123,000", "¥1,000", "¥200"]),
    ],
)
def test_amounts_have_the_digits_of_their_currency(currency: str, amounts: list[str]) -> None:
    amount, pool, taken, net, floor, cap = amounts
    shown = printed(document(currency, creator_cap_minor=200))
    assert (shown["amount_minor"], shown["pool_amount_minor"]) == (amount, pool)
    assert [(line["name"], line["amount"]) for line in shown["lines"]] == [("kiss", amount)]
    assert [line["amount"] for line in shown["adjustments"]] == [taken]
    assert (shown["adjusted"], shown["net"]) == (taken, net)
    assert shown["terms"] == {"hold_days": 14, "floor_minor": floor, "creator_cap_minor": cap}
    assert (shown["currency"], shown["period"]) == (currency, "2026-05")


def test_where_there_is_no_cap_none_is_printed() -> None:
    assert printed(document("EUR"))["terms"]["creator_cap_minor"] == ""
