"""Rows of the funnel as people read them: counts by step, and revenue by currency. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from groundswell.attribution.models import PPM
from groundswell.insights.schemas import Revenue, Row

Rows = list[dict[str, Any]]

WEIGHTS = ("subscription", "sign_up", "click", "share")
"""What rows are ranked by where nobody says otherwise: by the first of these, among equals by the next, and so on."""


def rows_by_key(visits: Rows, conversions: Rows, names: Mapping[str, str] | None = None) -> list[Row]:
    """One row a key, those that brought the most subscriptions, sign-ups, clicks and shares first."""
    visited, converted = by_key(visits), by_key(conversions)
    keys = sorted(key for key in visited.keys() | converted.keys() if key is not None)
    rows = [row(key, (names or {}).get(key, key), visited.get(key, []), converted.get(key, [])) for key in keys]
    return sorted(rows, key=_weight, reverse=True)


def _weight(row: Row) -> tuple[float, ...]:
    return tuple(row.counts.get(step, 0) for step in WEIGHTS)


def by_key(rows: Rows) -> dict[str | None, Rows]:
    found: defaultdict[str | None, Rows] = defaultdict(list)
    for each in rows:
        found[each["key"]].append(each)
    return found


def row(key: str, label: str, visits: Rows, conversions: Rows) -> Row:
    """One row of visits (``kind``, ``count``) and conversions (``kind``, ``millionths``, amounts)."""
    counts: defaultdict[str, float] = defaultdict(float)
    for each in visits:
        counts[each["kind"]] += each["count"]
    for each in conversions:
        counts[each["kind"]] += each["millionths"] / PPM
    return Row(key=key, label=label, counts=dict(counts), revenue=revenue(conversions))


def revenue(conversions: Rows) -> list[Revenue]:
    """By currency: what was paid, given back, and what is left."""
    gross: defaultdict[str, int] = defaultdict(int)
    refunded: defaultdict[str, int] = defaultdict(int)
    for each in conversions:
        if each["currency"] is not None:
            into = refunded if each["kind"] == "refund" else gross
            into[each["currency"]] += abs(int(each["amount_minor"] or 0))
    return [
        Revenue(
            currency=currency,
            gross_minor=gross[currency],
            refunded_minor=refunded[currency],
            net_minor=gross[currency] - refunded[currency],
        )
        for currency in sorted(gross.keys() | refunded.keys())
    ]
