"""Quiet hours by the clocks where somebody is: also where a night has 23 hours or 25."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from groundswell.notifications.choices import as_set, next_digest
from groundswell.notifications.quiet_hours import after_quiet, is_quiet
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"]
)
CHANGES = st.sampled_from([datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
                           datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC)])  # fmt: skip
INSTANTS = st.builds(lambda at, s: at + timedelta(seconds=s), CHANGES, st.integers(-100_000, 100_000))
MINUTES = st.integers(0, 1439)


@settings(max_examples=150, deadline=None)
@given(INSTANTS, ZONES, MINUTES, MINUTES)
@example(datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC), "Europe/Berlin", 90, 150)  # 02:30 is never
@example(datetime(2026, 10, 25, 0, 40, tzinfo=UTC), "Europe/Berlin", 90, 150)  # 02:30 is twice
def test_what_is_quiet_waits_for_the_first_minute_that_is_not(at: datetime, zone: str, begin: int, end: int) -> None:
    due = after_quiet(at, zone, begin, end)
    if begin == end or not is_quiet(at, zone, begin, end):
        assert due == at
        return
    assert at < due <= at + timedelta(hours=26)
    assert not is_quiet(due, zone, begin, end)
    here = due.astimezone(ZoneInfo(zone))
    assert here.second == 0
    before = at
    while before < due:  # and no minute sooner
        assert is_quiet(before, zone, begin, end)
        before = before.replace(second=0, microsecond=0) + timedelta(minutes=1)


@settings(max_examples=60, deadline=None)
@given(INSTANTS, ZONES, st.sampled_from(["daily", "weekly"]))
def test_a_digest_is_due_in_the_morning(now: datetime, zone: str, digest: str) -> None:
    choice = as_set(uuid7())
    choice.time_zone, choice.digest = zone, digest
    due = next_digest(choice, Settings(), now)
    here = due.astimezone(ZoneInfo(zone))
    assert now < due <= now + timedelta(days=8 if digest == "weekly" else 1, hours=2)
    assert (here.hour, here.minute) == (8, 0)
    assert digest == "daily" or here.weekday() == 0
