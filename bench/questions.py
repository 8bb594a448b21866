"""Every question that the reports ask of the lake, by name."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa

from bench.lakes import FIRST, name
from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.tables import Credit
from groundswell.campaigns.results import values_of
from groundswell.insights.reports import funnel
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.insights.reports.engine import Lake, Rows, credit_rows
from groundswell.insights.reports.virality import WINDOW

DAYS = 8
LAST = FIRST + timedelta(days=DAYS - 1)
AS_OF = datetime(2026, 9, 8, tzinfo=UTC)
MOMENTS, SHARES = 400, 4000
SPARK_IS_ASKED = ("day", "scene", "territory", "generation")
"""Dimensions that a Spark cluster is asked about in every test run: each way in which one is found. (Every question
takes it seconds; the benchmark asks them all.)"""


def named() -> dict[str, pa.Table]:
    """What ids stand for; some are of nothing known, as after an erasure."""
    moments: list[dict[str, Any]] = [
        {
            "moment_id": name("moment", n),
            "maker_id": name("viewer", n % 23),
            "scene_id": name("moment", n // 3),
        }
        for n in range(MOMENTS)
        if n % 11
    ]
    shares: list[dict[str, Any]] = [
        {
            "share_id": name("share", n), "sharer_id": name("viewer", n % 97) if n % 5 else None,
            "root_id": name("share", n // 7), "parent_id": name("share", n // 7) if n % 7 else None,
            "generation": str(n % 4), "week": str(FIRST + timedelta(days=7 * (n % 9))),
        }
        for n in range(SHARES)
    ]  # fmt: skip
    converted: list[dict[str, Any]] = [
        {"conversion_id": name("event", n), "territory": ("DE", "FR", None)[n % 3]} for n in range(0, 24_000, 2)
    ]
    columns = {"moments": moments, "shares": shares, "converted": converted}
    return {
        table: pa.table({column: pa.array([row[column] for row in rows], pa.string()) for column in rows[0]})
        for table, rows in columns.items()
    }


def questions(lake: Lake, dimensions: Iterable[str | None] = (None, *DIMENSIONS)) -> Iterator[tuple[str, Any]]:
    """Name and expression: each report's, over most of the lake's days."""
    first, last = FIRST + timedelta(days=1), LAST - timedelta(days=1)
    events, credits = (funnel.within(table, first, last) for table in (lake.events, lake.credits))
    for dimension in dimensions:
        keyed = funnel.by_dimension(events, dimension, lake.named)
        yield f"visits by {dimension}", funnel.visits(keyed)
        model = funnel.by_dimension(funnel.with_model(credits, "position", MODELS_VERSION), dimension, lake.named)
        yield f"conversions by {dimension}", funnel.conversions(model)
    for model in ("last", "linear"):
        given = funnel.by_dimension(funnel.with_model(credits, model, MODELS_VERSION), "channel", lake.named)
        yield f"conversions by {model}", funnel.conversions(given)
    for days in funnel.STAYED_DAYS:
        yield f"staying {days}", funnel.staying(funnel.by_dimension(credits, "title", {}), lake.logged, days, AS_OF)
    where = {"channel": "x", "territory": "DE", "generation": "2"}
    narrowed = funnel.sliced(events, where, lake.named)
    yield "narrowed visits", funnel.visits(funnel.by_dimension(narrowed, "day", lake.named))
    of = {"title": [name("title", n) for n in range(30)], "maker": [name("viewer", n) for n in range(20)]}
    campaign = funnel.among(events, of, lake.named)
    yield "campaign visits", funnel.visits(funnel.by_dimension(campaign, "channel", lake.named))
    credited = credit_rows(lake.engine, "campaign_credits", [values_of(each) for each in campaign_credits()])
    for dimension in ("day", "maker"):
        keyed = funnel.by_dimension(credited, dimension, lake.named)
        yield f"campaign conversions by {dimension}", funnel.conversions(keyed)
    keyed = funnel.by_dimension(credited, None, lake.named)
    yield "campaign staying", funnel.staying(keyed, lake.logged, funnel.STAYED_DAYS[0], AS_OF)
    yield "reported", funnel.reported(events)
    yield "excluded", funnel.excluded(events)
    last_touch, given = (funnel.with_model(table, "last", MODELS_VERSION) for table in (lake.credits, lake.given))
    yield "cycle times", funnel.cycle_times(last_touch, lake.logged)
    yield "offspring", funnel.offspring(last_touch, given, lake.logged, first, first + timedelta(days=2), WINDOW)


def campaign_credits() -> Iterator[Credit]:
    """Credit that was reckoned for a campaign and that no lake holds: some without amounts, titles or shares."""
    for n in range(300):
        sold = n % 3 == 0
        yield Credit(
            id=UUID(name("credit", n)),
            at=AS_OF - timedelta(hours=n, microseconds=n),
            kind="subscription" if sold else "sign_up",
            conversion_id=UUID(name("event", n * 2)),
            model="linear",
            model_version=1,
            touch_id=UUID(name("touch", n)),
            share_id=UUID(name("share", n)) if n % 7 else None,
            moment_id=UUID(name("moment", n % MOMENTS)) if n % 7 else None,
            title_id=None,
            sharer_id=None,
            channel="x" if n % 2 else 'code, "typed"',
            weight_ppm=1_000_000 // (n % 4 + 1),
            amount_minor=n * 100 if sold else None,
            currency="EUR" if sold else None,
        )


def differing(expected: dict[str, Rows], found: dict[str, Rows]) -> dict[str, list[Any]]:
    """By question, rows that are in one answer and not at the same place of the other."""
    assert expected.keys() == found.keys()
    wrong: dict[str, list[Any]] = {}
    for question, rows in expected.items():
        answer = found[question]
        pairs: list[Any] = [(one, other) for one, other in zip(rows, answer, strict=False) if one != other]
        pairs += max(rows, answer, key=len)[min(len(rows), len(answer)) :]
        if pairs:
            wrong[question] = pairs
    return wrong
