"""Days by the clocks of a zone: when they begin and end, and how an engine that knows no zones cuts them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.insights.engines.duckdb import DuckDB
from groundswell.insights.reports.funnel import local_day
from groundswell.platform.clock import day_begin, day_end, day_of, local_days, zone_name, zone_names

CHANGING = ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Australia/Lord_Howe", "Africa/Cairo",
            "America/St_Johns", "Asia/Kathmandu", "UTC")  # fmt: skip
zones = st.sampled_from(CHANGING)
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
TWO_YEARS_US = 2 * 365 * 86_400_000_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.integers(0, TWO_YEARS_US - 1).map(lambda us: BEGIN + timedelta(microseconds=us))
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(zones, days)
def test_days_follow_one_another_and_hold_their_instants(zone: str, day: date) -> None:
    begin, end = day_begin(day, zone), day_end(day, zone)
    assert end == day_begin(day + timedelta(days=1), zone)
    assert timedelta(hours=22) < end - begin < timedelta(hours=26)
    assert day_of(begin, zone) == day_of(end - timedelta(microseconds=1), zone) == day
    assert day_of(begin - timedelta(microseconds=1), zone) == day - timedelta(days=1)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_on_which_clocks_change_is_shorter_or_longer(day: date, hours: int) -> None:
    assert day_end(day, "Europe/Berlin") - day_begin(day, "Europe/Berlin") == timedelta(hours=hours)


def test_where_clocks_skip_midnight_the_day_begins_when_they_do() -> None:
    begin = day_begin(date(2026, 4, 24), "Africa/Cairo")
    assert begin.astimezone(ZoneInfo("Africa/Cairo")).hour == 1
    assert day_of(begin - timedelta(seconds=1), "Africa/Cairo") == date(2026, 4, 23)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(zones, st.lists(instants, min_size=1, max_size=40))
def test_an_engine_cuts_days_as_the_clocks_do(zone: str, some: list[datetime]) -> None:
    cut = local_days(zone, FIRST, LAST)
    changes = [since + timedelta(seconds=step) for since, _ in cut.ahead for step in (-1, 0, 1)]
    midnights = [day_begin(at.date(), zone) + timedelta(microseconds=step) for at in some for step in (-1, 0)]
    rows = [at for at in some + changes + midnights if cut.ahead[0][0] <= at]
    engine = DuckDB()
    try:
        table = engine.rows("instants", pa.table({"at": pa.array(rows, pa.timestamp("us", tz="UTC"))}))
        found = engine.run(table.select("at", day=local_day(table.at, cut))).to_pylist()
    finally:
        engine.close()
    assert [row["day"] for row in found] == [str(day_of(row["at"], zone)) for row in found]


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "../etc/passwd", "/etc/localtime", "Europe", "CEST", "x" * 300])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        zone_name(name)


def test_every_zone_that_is_offered_can_be_chosen() -> None:
    assert zone_names()[0] == "UTC"
    assert len(zone_names()) > 300
    assert all(zone_name(name) == name for name in zone_names())
