"""A licence that ends stops everything at that instant, and leaves a record; renewing it lifts the record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from groundswell.platform.clock import utc_now
from groundswell.trust.licence_expiry import record
from groundswell.trust.tables import Decision
from tests.catalog.rows import add_title
from tests.support import App

ENDS = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def shelf(app: App) -> App:
    async with app.runtime.database.transaction() as session:
        await add_title(session, "fog")
    return app


async def put(app: App, **terms: Any) -> str:
    body = {"scope": "title", "title": "fog", **terms}
    answer = await app.http.put("/v1/rights", json=body, headers=app.signed_in("ravi", "rights"))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def decisions(app: App) -> list[Decision]:
    async with app.runtime.database.transaction() as session:
        return list((await session.scalars(select(Decision).order_by(Decision.id))).all())


async def recorded(app: App, at: datetime) -> tuple[int, int]:
    async with app.runtime.database.transaction() as session:
        return await record(session, at)


async def test_the_end_of_a_licence_is_recorded_once_with_its_rule(shelf: App) -> None:
    rule = await put(shelf, territory="DE", closes_at=ENDS.isoformat())
    assert await recorded(shelf, ENDS - timedelta(microseconds=1)) == (0, 0)
    assert await recorded(shelf, ENDS) == (1, 0)
    assert await recorded(shelf, ENDS + timedelta(days=1)) == (0, 0)
    (decision,) = await decisions(shelf)
    assert (decision.subject_kind, str(decision.subject_id), decision.rule) == ("licence", rule, rule)
    assert (decision.reason_code, decision.decided_by, decision.action) == ("licence_ended", "rule", "hide")
    assert decision.explanation == "Fog: the licence to share it in DE ended on 1 March 2026."


async def test_renewing_or_removing_the_rule_lifts_the_record(shelf: App) -> None:
    await put(shelf, closes_at=ENDS.isoformat())
    now = ENDS + timedelta(days=1)
    assert await recorded(shelf, now) == (1, 0)
    rule = await put(shelf, closes_at=(now + timedelta(days=1)).isoformat())
    assert await recorded(shelf, now) == (0, 1)
    assert await recorded(shelf, now + timedelta(days=1)) == (1, 0)
    await shelf.http.delete(f"/v1/rights/{rule}", headers=shelf.signed_in("ravi", "rights"))
    assert await recorded(shelf, now + timedelta(days=1)) == (0, 1)
    assert [each.lifted_by for each in await decisions(shelf)] == ["rule", "rule"]


async def test_a_rule_that_is_written_is_looked_at_by_the_next_job(shelf: App) -> None:
    await put(shelf, closes_at=(utc_now() - timedelta(seconds=1)).isoformat())
    await shelf.run_jobs()
    (decision,) = await decisions(shelf)
    listed = await shelf.http.get("/v1/decisions?kind=licence", headers=shelf.signed_in("tess", "trust"))
    assert [each["id"] for each in listed.json()["items"]] == [str(decision.id)]
    page = await shelf.http.get("/console/trust", headers=shelf.signed_in("tess", "trust"))
    assert "Licence" in page.text
    assert f"/console/rights/rules/{decision.rule}" in page.text
