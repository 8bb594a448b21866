"""A week that is not over is set against as many days of the one before, and is not called a week."""

from datetime import date, timedelta

import pytest

from groundswell.insights.reports.weekly import week_slice
from groundswell.platform.clock import utc_now
from tests.support import App
from tests.web.console.loop.test_overview import text_of

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (MONDAY + timedelta(days=20), MONDAY + timedelta(days=6)),
        (MONDAY + timedelta(days=6), MONDAY + timedelta(days=6)),
        (MONDAY + timedelta(days=2), MONDAY + timedelta(days=2)),
        (MONDAY - timedelta(days=9), MONDAY),
    ],
)
def test_both_have_the_same_days(today: date, last: date) -> None:
    this, before = week_slice(MONDAY, today)
    assert (this.first, this.last) == (MONDAY, last)
    assert (before.first, before.last) == (MONDAY - timedelta(days=7), last - timedelta(days=7))


@pytest.mark.slow
async def test_the_page_says_which_days(app: App) -> None:
    mira = app.signed_in("mira", "marketer")
    over = text_of(await app.http.get("/console/weekly", headers=mira))
    assert "The week of" in over
    assert "so far" not in over
    today = utc_now().date()
    page = text_of(await app.http.get(f"/console/weekly?week={today}", headers=mira))
    assert ("so far" in page) == (today.weekday() != 6)
