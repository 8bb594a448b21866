"""Old days leave PostgreSQL when, and only when, they are in the lake and nothing can need them."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from groundswell.events.event import Event
from groundswell.events.lake.delta import EVENTS, open_delta
from groundswell.events.lake.retention import drop_old_days
from groundswell.events.lake.sealer import Sealer
from groundswell.events.log.event_log import record
from groundswell.events.log.partitions import partition
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.support import App

pytestmark = pytest.mark.usefixtures("still_server")


async def drop(database: Database, settings: Settings, now: datetime | None = None) -> list[date]:
    async with await database.connect(autocommit=True) as connection:
        return await drop_old_days(connection, settings, now or utc_now())


async def test_days_are_dropped_when_sealed_and_old(database: Database, database_url: str, settings: Settings) -> None:
    settings = settings.model_copy(update={"event_keep_days": 5, "attribution_window_days": 10})
    now = utc_now()
    events = {days: Event(kind="click", at=now - timedelta(days=days)) for days in (0, 9, 11, 14, 40)}
    async with database.transaction() as session:
        await record(session, *events.values())
    assert await drop(database, settings) == [], "nothing is sealed yet"
    sealer = Sealer(database_url, settings)
    sealer.seal()
    async with database.transaction() as session:
        await record(session, late := Event(kind="click", at=now - timedelta(days=40)))
    assert await drop(database, settings) == [(now - timedelta(days=14)).date()], "a late event of day 40 is not sealed"
    sealer.seal()
    sealer.close()
    assert await drop(database, settings) == [(now - timedelta(days=40)).date()]
    async with database.transaction() as session:
        left = set(await session.scalars(text("SELECT id FROM events")))
        gone = await session.scalar(
            text("SELECT to_regclass(:name)"), {"name": partition(now.date() - timedelta(days=40))}
        )
    assert left == {events[days].id for days in (0, 9, 11)}
    assert gone is None
    delta = open_delta(settings, EVENTS)
    assert delta is not None
    ids = delta.to_pyarrow_table()["id"].to_pylist()
    assert sorted(ids) == sorted([*[str(event.id) for event in events.values()], str(late.id)])


async def test_events_of_a_day_that_may_be_gone_are_refused(app: App) -> None:
    app.runtime.settings.event_keep_days = 40
    key = await app.service_key("events:write")
    old = {"kind": "click", "at": (utc_now() - timedelta(days=41)).isoformat()}
    answer = await app.http.post("/v1/events", json={"events": [old]}, headers=key)
    assert answer.json()["code"] == "event_too_old"
