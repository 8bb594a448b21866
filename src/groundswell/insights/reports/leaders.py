"""Which keys of a dimension come first, as Ibis expressions: a report reads the rows of those, however many there are.

A key without what is counted has none of it, and comes after those that have some. Among equals the key's own order
decides, so that a rank means the same every time.
"""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from groundswell.platform.clock import UTC_DAYS, LocalDays

from .breakdown import MOST_ROWS, UNKNOWN
from .funnel import CREDIT_STEPS, OF_PEOPLE, of_people, sent, visits
from .funnel_rows import WEIGHTS


def known(keyed: ir.Table) -> ir.Table:
    """With ``UNKNOWN`` for a key that is empty or missing."""
    return keyed.mutate(key=keyed.key.nullif("").fill_null(UNKNOWN))


def leaders(
    events: ir.Table,
    credits: Mapping[str, ir.Table],
    model: str,
    by: Sequence[str] = WEIGHTS,
    most: int = MOST_ROWS,
    days: LocalDays = UTC_DAYS,
) -> ir.Table:
    """The first ``most`` keys by ``model``, in order: ``key``, and for each model of ``credits`` the column
    ``rank_<model>``, null for a key that has nothing by that model.

    Args:
        events, credits: with a column ``key`` that is never null.
        by: steps, or ``revenue``: the most that is left in one currency, in minor units.
    """
    ranks = {name: _ranked(events, given, by, days, f"rank_{name}") for name, given in credits.items()}
    found = ranks[model].filter(ranks[model][f"rank_{model}"] <= most)
    for name, ranking in ranks.items():
        if name != model:
            found = found.left_join(ranking, "key").drop("key_right")
    return found.order_by(f"rank_{model}")


def _ranked(events: ir.Table, credits: ir.Table, by: Sequence[str], days: LocalDays, column: str) -> ir.Table:
    seen = ibis.union(of_people(events).select("key"), sent(events).select("key"), credits.select("key"), distinct=True)
    for n, step in enumerate(by):
        measure = _measure(events, credits, step, days).select(measured="key", **{f"measure_{n}": "measure"})
        seen = seen.left_join(measure, seen.key == measure.measured).drop("measured")
    order = [ibis.desc(seen[f"measure_{n}"].fill_null(0)) for n in range(len(by))]
    rank = ibis.row_number().over(ibis.window(order_by=[*order, seen.key])) + 1
    return seen.select("key", **{column: rank})


def _measure(events: ir.Table, credits: ir.Table, step: str, days: LocalDays) -> ir.Table:
    """Per ``key``: how much of ``step`` there is."""
    if step == "revenue":
        return _revenue(credits)
    if step in CREDIT_STEPS:
        given = credits.filter(credits.kind == step)
        return given.group_by("key").aggregate(measure=given.weight_ppm.sum().cast("int64"))
    if step in OF_PEOPLE:
        return visits(events.filter(events.kind == step), days).select("key", measure="count")
    shared = sent(events).filter(lambda each: each.kind == step)
    return shared.group_by("key").aggregate(measure=shared.count())


def _revenue(credits: ir.Table) -> ir.Table:
    paid = credits.filter(credits.currency.notnull())
    paid = paid.group_by("key", "currency", "kind").aggregate(amount=paid.amount_minor.sum().fill_null(0).abs())
    left = paid.mutate(left=ibis.ifelse(paid.kind == "refund", -paid.amount, paid.amount))
    left = left.group_by("key", "currency").aggregate(left=left.left.sum())
    return left.group_by("key").aggregate(measure=left.left.max().cast("int64"))


def only(keyed: ir.Table, keys: ir.Table) -> ir.Table:
    """The rows whose key is in ``keys``, a table: of a thousand keys none is written into the statement."""
    return keyed.semi_join(keys, "key")
