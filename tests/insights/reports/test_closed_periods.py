"""A period that is over keeps what was first told of it; what is told later says what changed since, and why."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from groundswell.attribution.reverdicts import note
from groundswell.events.event import Event
from groundswell.events.lake.sealer import seal_now
from groundswell.events.log.event_log import record
from groundswell.events.traffic.verdicts import Verdict
from groundswell.insights.reports.closed_periods import KEPT, changes, forget_closed
from groundswell.insights.reports.loop import loop_report
from groundswell.insights.reports.report_filter import Slice
from groundswell.insights.tables import ClosedReport
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from tests.support import App
from tests.web.console.loop.test_overview import text_of


def test_only_what_differs_is_told_in_the_order_of_the_funnel() -> None:
    found = changes({"play": 2, "click": 3, "revenue EUR": 100}, {"play": 2, "click": 2, "sign_up": 1})
    assert [(each.figure, each.before, each.now) for each in found] == [
        ("click", 3, 2),
        ("sign_up", 0, 1),
        ("revenue EUR", 100, 0),
    ]


async def test_what_nobody_can_ask_for_any_more_is_forgotten(database: Database) -> None:
    now = utc_now()
    async with database.transaction() as session:
        for question, age in (("old", KEPT + timedelta(seconds=1)), ("young", KEPT)):
            session.add(ClosedReport(question=question, figures={}, as_of=now - age))
        await session.flush()
        await forget_closed(session, now)
        assert (await session.scalars(select(ClosedReport.question))).all() == ["young"]


@pytest.mark.slow
async def test_late_events_and_verdicts_are_said(app: App, still_server: None) -> None:
    yesterday = utc_now() - timedelta(days=2)
    slice = Slice(yesterday.date(), yesterday.date())
    clicks = [
        Event(kind="click", at=yesterday, visitor=f"v{n}", verdict="human", verdict_reason="x", title_id=uuid7())
        for n in range(3)
    ]

    async def commit(*events: Event) -> None:
        async with app.runtime.database.transaction() as session:
            for event in events:
                await record(session, event)
        await seal_now(app.runtime)

    await commit(clicks[0], clicks[1])
    first = await loop_report(app.runtime, slice)
    assert first.changed is None
    assert (await loop_report(app.runtime, Slice(slice.first, utc_now().date()))).changed is None, "it is not over"
    await commit(clicks[2])
    later = (await loop_report(app.runtime, slice)).changed
    assert later is not None
    assert [(each.figure, each.before, each.now) for each in later.figures] == [("click", 2, 3)]
    assert (later.causes.late, later.causes.verdicts, later.causes.refunds) == (1, 0, 0)
    assert later.first_told == first.as_of
    async with app.runtime.database.transaction() as session:
        for event in clicks[:2]:
            await note(session, {(event.at, event.id): Verdict("robot", "ring", "behaviour-1")})
    await seal_now(app.runtime)
    mira = app.signed_in("mira", "marketer")
    page = await app.http.get(f"/console/loop?from={slice.first}&to={slice.last}", headers=mira)
    words = text_of(page)
    assert "Changed since this period was over" in words
    assert "Clicks: 2, now 1" in words
    assert "2 verdicts changed" in words
    assert "was 2" in words
