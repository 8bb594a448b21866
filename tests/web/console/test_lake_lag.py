"""When the lake is behind, every page of the console says so, and so does whatever watches the service."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import LoggedEvent
from groundswell.platform.clock import utc_now
from tests.support import App
from tests.web.console.loop.test_overview import text_of

PAGES = {"/console/loop": "marketer", "/console/traffic": "trust", "/console/finance": "finance"}


async def lag(app: App) -> float:
    return float((await app.http.get("/readyz")).json()["lake_lag_s"])


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
async def test_every_page_says_how_far_the_numbers_are_behind(app: App, path: str) -> None:
    somebody = app.signed_in("somebody", PAGES[path])
    assert "The numbers are" not in text_of(await app.http.get(path, headers=somebody))
    async with app.runtime.database.transaction() as session:
        await record(session, Event(kind="click", at=utc_now(), verdict="human"))
    assert await lag(app) < 60
    async with app.runtime.database.transaction() as session:
        await session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        written = LoggedEvent.received_at - timedelta(minutes=5)
        await session.execute(update(LoggedEvent).values(received_at=written))
        await session.execute(text("ALTER TABLE events ENABLE TRIGGER USER"))
    page = await app.http.get(path, headers=somebody)
    assert page.status_code == 200
    assert "The numbers are 5 minutes behind" in text_of(page)
    assert 300 <= await lag(app) < 400
