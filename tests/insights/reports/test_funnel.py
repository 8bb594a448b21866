"""Every number of the loop, as the engine finds it and as one would count it by hand, row by row."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from groundswell.attribution.models import PPM
from groundswell.events.traffic.verdicts import DOUBT
from groundswell.insights.reports import funnel, leaders
from groundswell.insights.reports.breakdown import RANKABLE
from groundswell.insights.reports.funnel_rows import WEIGHTS, rows_by_key

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
EVENTS = ibis.schema(
    {
        "id": "string", "kind": "string", "at": "timestamp('UTC')", "verdict": "string", "verdict_reason": "string",
        "verdict_rule": "string", "visitor": "string", "viewer_id": "string", "share_id": "string",
        "moment_id": "string", "title_id": "string", "channel": "string", "territory": "string",
        "amount_minor": "int64",
    }
)  # fmt: skip
CREDITS = ibis.schema(
    {
        "id": "string", "conversion_id": "string", "kind": "string", "at": "timestamp('UTC')", "model": "string",
        "model_version": "int64", "weight_ppm": "int64", "amount_minor": "int64", "currency": "string",
        "share_id": "string", "moment_id": "string", "title_id": "string", "channel": "string",
    }
)  # fmt: skip
KINDS = ("share", "unfurl", "click", "continue", "play", "sign_up", "subscription", "cancellation", "refund", "churn")
Row = dict[str, Any]

names = st.sampled_from(["a", "b", "c"])
instants = st.integers(0, 120 * 86_400 * 4).map(lambda quarter: BEGAN + timedelta(seconds=quarter / 4))
of_one_day = st.integers(0, 20).map(lambda hours: BEGAN + timedelta(hours=hours))
events = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(KINDS), "at": st.one_of(instants, of_one_day),
            "verdict": st.sampled_from(["human", "robot", None]),
            "verdict_reason": st.sampled_from(["agent", "rate", None]),
            "verdict_rule": st.sampled_from(["r1", DOUBT, None]), "visitor": st.one_of(st.none(), names),
            "viewer_id": st.one_of(st.none(), names), "share_id": st.one_of(st.none(), names), "moment_id": names,
            "title_id": names, "channel": st.sampled_from(["x", "copy"]), "territory": st.sampled_from(["DE", None]),
            "amount_minor": st.sampled_from([-999, -500, None, 999]),
        }
    ),
    max_size=25,
).map(lambda rows: [row | {"id": f"e{n}"} for n, row in enumerate(rows)])  # fmt: skip
credits = st.lists(
    st.fixed_dictionaries(
        {
            "conversion_id": st.integers(0, 24).map(lambda n: f"e{n}"), "kind": st.sampled_from(funnel.CREDIT_STEPS),
            "at": st.one_of(instants, of_one_day), "model": st.sampled_from(["last_touch", "linear"]),
            "model_version": st.sampled_from([1, 2]), "weight_ppm": st.sampled_from([0, 250_000, 333_333, PPM]),
            "amount_minor": st.integers(-2000, 2000), "currency": st.sampled_from(["EUR", "USD", None]),
            "share_id": st.one_of(st.none(), names), "moment_id": names, "title_id": names,
            "channel": st.sampled_from(["x", "copy"]),
        }
    ),
    max_size=25,
).map(lambda rows: [row | {"id": f"c{n}"} for n, row in enumerate(rows)])  # fmt: skip
on_few = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Backend]:
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


def table(rows: list[Row], schema: ibis.Schema) -> ir.Table:
    return ibis.memtable([{name: row[name] for name in schema.names} for row in rows], schema=schema)


def found(engine: Backend, asked: ir.Table) -> list[Row]:
    rows: list[Row] = engine.to_pyarrow(asked).to_pylist()
    return rows


def people(rows: list[Row]) -> dict[str, set[str]]:
    """Who did each thing: a visitor once, and one without a name at each visit."""
    seen: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["verdict"] == "human" and row["kind"] in funnel.OF_PEOPLE:
            seen[row["kind"]].add(row["visitor"] or row["id"])
    return seen


@pytest.mark.slow
@on_few
@given(rows=events)
def test_people_are_counted_once_and_what_is_sent_each_time(engine: Backend, rows: list[Row]) -> None:
    for dimension in (None, "title", "day"):
        keys = {None: lambda row: "", "title": lambda row: row["title_id"], "day": lambda row: f"{row['at']:%Y-%m-%d}"}
        expected: Counter[tuple[str, str]] = Counter()
        for key in {keys[dimension](row) for row in rows}:
            of_key = [row for row in rows if keys[dimension](row) == key]
            expected |= Counter({(key, kind): len(who) for kind, who in people(of_key).items()})
            sent = {("share", None), ("share", "human"), ("unfurl", "unfurl")}
            expected |= Counter((key, row["kind"]) for row in of_key if (row["kind"], row["verdict"]) in sent)
        asked = funnel.visits(funnel.by_dimension(table(rows, EVENTS), dimension, {}))
        got = [(row["key"], row["kind"], row["count"]) for row in found(engine, asked)]
        assert got == sorted((key, kind, count) for (key, kind), count in expected.items())


@pytest.mark.slow
@on_few
@given(rows=credits, model=st.sampled_from(["last_touch", "linear"]), version=st.sampled_from([1, 2]))
def test_credit_of_one_model_sums_to_the_millionth(engine: Backend, rows: list[Row], model: str, version: int) -> None:
    expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if (row["model"], row["model_version"]) == (model, version) and row["weight_ppm"] > 0:
            sums = expected[row["channel"], row["kind"], row["currency"]]
            sums[0] += row["weight_ppm"]
            sums[1] += row["amount_minor"]
    of_model = funnel.with_model(table(rows, CREDITS), model, version)
    got = found(engine, funnel.conversions(funnel.by_dimension(of_model, "channel", {})))
    assert {(r["key"], r["kind"], r["currency"]): [r["millionths"], r["amount_minor"]] for r in got} == expected


@on_few
@given(rows=events, first=st.integers(0, 119), days=st.integers(1, 30))
def test_a_period_is_whole_utc_days_to_the_last_instant(
    engine: Backend, rows: list[Row], first: int, days: int
) -> None:
    begin = BEGAN.date() + timedelta(days=first)
    last = begin + timedelta(days=days - 1)
    got = {row["id"] for row in found(engine, funnel.within(table(rows, EVENTS), begin, last))}
    assert got == {row["id"] for row in rows if begin <= row["at"].date() <= last}


@pytest.mark.parametrize("at", ["2026-03-01T00:00:00", "2026-03-02T23:59:59.999999"])
def test_the_edges_of_a_period_lie_in_it(engine: Backend, at: str) -> None:
    row = dict.fromkeys(EVENTS.names) | {
        "id": "e",
        "kind": "click",
        "at": datetime.fromisoformat(at).replace(tzinfo=UTC),
    }
    assert len(found(engine, funnel.within(table([row], EVENTS), date(2026, 3, 1), date(2026, 3, 2)))) == 1
    assert found(engine, funnel.within(table([row], EVENTS), date(2026, 3, 3), date(2026, 3, 9))) == []
    assert found(engine, funnel.within(table([row], EVENTS), date(2026, 2, 1), date(2026, 2, 28))) == []


@pytest.mark.slow
@on_few
@given(rows=events, titles=st.sets(names, min_size=1), channel=st.sampled_from(["x", "copy"]))
def test_narrowing_keeps_the_rows_of_any_value_in_every_dimension(
    engine: Backend, rows: list[Row], titles: set[str], channel: str
) -> None:
    narrowed = funnel.among(table(rows, EVENTS), {"title": titles, "channel": [channel]}, {})
    expected = {row["id"] for row in rows if row["title_id"] in titles and row["channel"] == channel}
    assert {row["id"] for row in found(engine, narrowed)} == expected
    assert "key" not in narrowed.columns


@on_few
@given(rows=events)
def test_robots_are_listed_by_what_gave_them_away(engine: Backend, rows: list[Row]) -> None:
    robots = [row for row in rows if row["verdict"] == "robot"]
    expected = Counter((row["verdict_reason"], row["verdict_rule"]) for row in robots)
    got = found(engine, funnel.excluded(table(rows, EVENTS)))
    assert {(row["reason"], row["rule"]): row["events"] for row in got} == expected
    assert [row["events"] for row in got] == sorted((row["events"] for row in got), reverse=True)


@pytest.mark.slow
@on_few
@given(rows=events)
def test_what_the_service_reported_is_counted_whoever_brought_it(engine: Backend, rows: list[Row]) -> None:
    expected = Counter(row["kind"] for row in rows if row["kind"] in funnel.CREDIT_STEPS)
    got = found(engine, funnel.reported(table(rows, EVENTS)))
    assert [(row["kind"], row["total"]) for row in got] == sorted(expected.items())


def whole(instant: datetime) -> int:
    return int(instant.timestamp() // 1)


def ended(paid: Row, rows: list[Row], days: int) -> bool:
    """Whether a subscription did not last: cancelled, given back in full, or found to have churned."""
    for row in rows:
        if row["viewer_id"] is None or row["viewer_id"] != paid["viewer_id"]:
            continue
        after, within = whole(row["at"]) - whole(paid["at"]), days * 86_400
        back = (
            None if None in (paid["amount_minor"], row["amount_minor"]) else paid["amount_minor"] + row["amount_minor"]
        )
        cancelled = row["kind"] == "cancellation"
        refunded = row["kind"] == "refund" and back is not None and back <= 0
        churned = row["kind"] == "churn" and 0 <= after < within + 2 * 86_400
        if churned or ((cancelled or refunded) and 0 <= after < within):
            return True
    return False


@pytest.mark.slow
@on_few
@given(rows=events, given_credits=credits, days=st.sampled_from(funnel.STAYED_DAYS), as_of=instants)
def test_who_stayed_is_who_paid_long_enough_ago_and_did_not_leave(
    engine: Backend, rows: list[Row], given_credits: list[Row], days: int, as_of: datetime
) -> None:
    long_ago = as_of - timedelta(days=days)
    due = {row["id"]: row for row in rows if row["kind"] == "subscription" and row["at"] <= long_ago}
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for credit in given_credits:
        if credit["kind"] == "subscription" and credit["conversion_id"] in due:
            sums = expected[credit["title_id"]]
            sums[0] += credit["weight_ppm"]
            sums[1] += 0 if ended(due[credit["conversion_id"]], rows, days) else credit["weight_ppm"]
    keyed = funnel.by_dimension(table(given_credits, CREDITS), "title", {})
    got = found(engine, funnel.staying(keyed, table(rows, EVENTS), days, as_of))
    assert {row["key"]: [row["due"], row["stayed"]] for row in got} == expected


@pytest.mark.slow
@on_few
@given(rows=events, given_credits=credits)
def test_cycle_times_are_nearest_rank(engine: Backend, rows: list[Row], given_credits: list[Row]) -> None:
    taken = sorted(
        whole(credit["at"]) - whole(share["at"])
        for credit in given_credits
        for share in rows
        if credit["kind"] == "sign_up" and credit["weight_ppm"] == PPM
        if share["kind"] == "share" and share["share_id"] is not None and share["share_id"] == credit["share_id"]
    )
    (got,) = found(engine, funnel.cycle_times(table(given_credits, CREDITS), table(rows, EVENTS)))
    assert got["sign_ups"] == len(taken)
    for name, percent in (("median_s", 50), ("p90_s", 90)):
        assert got[name] == (taken[ceil(len(taken) * percent / 100) - 1] if taken else None)


@pytest.mark.slow
@on_few
@given(rows=events, given_credits=credits, first=st.integers(0, 60), days=st.integers(1, 60))
def test_what_newcomers_brought_is_counted_within_a_week_of_each_step(
    engine: Backend, rows: list[Row], given_credits: list[Row], first: int, days: int
) -> None:
    begin, span = BEGAN.date() + timedelta(days=first), 7 * 86_400
    last = begin + timedelta(days=days - 1)
    doubted = {
        row["id"] for row in rows
        if row["kind"] == "sign_up" and (row["verdict"] not in (None, "human") or row["verdict_rule"] == DOUBT)
    }  # fmt: skip
    joined: dict[str, datetime] = {}
    for row in rows:
        of_period = begin <= row["at"].date() <= last
        if row["kind"] == "sign_up" and row["viewer_id"] and of_period and row["id"] not in doubted:
            joined[row["viewer_id"]] = min(row["at"], joined.get(row["viewer_id"], row["at"]))
    expected: Counter[tuple[str, int, int]] = Counter()
    for viewer, at in joined.items():
        made = [
            row for row in rows
            if row["kind"] == "share" and row["viewer_id"] == viewer and 0 <= whole(row["at"]) - whole(at) <= span
        ]  # fmt: skip
        brought = sum(
            credit["weight_ppm"]
            for credit in given_credits
            for share in made
            if credit["kind"] == "sign_up" and share["share_id"] is not None and credit["conversion_id"] not in doubted
            if credit["share_id"] == share["share_id"] and 0 <= whole(credit["at"]) - whole(share["at"]) <= span
        )
        expected[f"{at:%Y-%m-%d}", len(made), brought] += 1
    credited = table(given_credits, CREDITS)
    asked = funnel.offspring(credited, credited, table(rows, EVENTS), begin, last, timedelta(days=7))
    got = found(engine, asked)
    assert [(row["day"], row["shares"], row["millionths"], row["viewers"]) for row in got] == sorted(
        (*key, viewers) for key, viewers in expected.items()
    )
    assert max((row["newest"] for row in got), default=None) == max(joined.values(), default=None)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, credits, st.sampled_from([(each,) for each in RANKABLE] + [WEIGHTS]), st.integers(1, 3))
def test_the_first_are_those_that_sorting_all_would_put_first(
    engine: Backend, happened: list[Row], credited: list[Row], by: tuple[str, ...], most: int
) -> None:
    seen = leaders.known(funnel.by_dimension(table(happened, EVENTS), "title", {}))
    shares = leaders.known(funnel.by_dimension(table(credited, CREDITS), "title", {}))
    models = {name: shares.filter(shares.model == name) for name in ("last_touch", "linear")}
    found = engine.to_pyarrow(leaders.leaders(seen, models, "linear", by, most)).to_pylist()
    visits, expected = engine.to_pyarrow(funnel.visits(seen)).to_pylist(), {}
    for name, theirs in models.items():
        rows = rows_by_key(visits, engine.to_pyarrow(funnel.conversions(theirs)).to_pylist())

        def measure(row: Any) -> tuple[float, ...]:
            left = max((each.net_minor for each in row.revenue), default=0)
            return tuple(-left if step == "revenue" else -row.counts.get(step, 0) for step in by)

        expected[name] = [row.key for row in sorted(rows, key=lambda row: (measure(row), row.key))]
    assert [each["key"] for each in found] == expected["linear"][:most]
    for each in found:
        assert each["rank_linear"] == expected["linear"].index(each["key"]) + 1
        if each["key"] in expected["last_touch"]:
            assert each["rank_last_touch"] == expected["last_touch"].index(each["key"]) + 1
