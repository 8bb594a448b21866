"""Conversions divided anew by a newer version of the models: the same rows, beside the old, and bounded work."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from groundswell.attribution import backfill
from groundswell.attribution import credits as crediting
from groundswell.attribution.backfill import credit_again
from groundswell.attribution.eligibility import LOOKED_AT_MAX, TOUCHES_MAX, eligible
from groundswell.attribution.tables import Credit
from groundswell.platform.clock import utc_now
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.events.places import Shared, make_shared, viewer
from tests.support import App

FACTS = ("conversion_id", "kind", "model", "touch_id", "share_id", "moment_id", "title_id", "sharer_id", "channel",
         "weight_ppm", "amount_minor", "currency")  # fmt: skip


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


async def looked_at(app: App) -> int:
    days = app.runtime.settings.attribution_window_days
    return sum([n async for n in credit_again(app.runtime.database, ago(days=90), utc_now(), days)])


async def credits(app: App) -> dict[int, list[tuple[Any, ...]]]:
    """By version, what was given."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    async with app.runtime.database.transaction() as session:
        for row in await session.scalars(select(Credit)):
            found.setdefault(row.model_version, []).append(tuple(str(getattr(row, name)) for name in FACTS))
    return {version: sorted(rows) for version, rows in found.items()}


@pytest.mark.slow
async def test_a_newer_version_divides_everything_anew_and_leaves_the_old(
    app: App, shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await app.service_key("conversions:write")
    other = await make_shared(app.runtime.database, app.runtime.settings, subject="vera", channel="qr")
    for n in range(3):
        earlier = await visit(app, shared, ago(days=3))
        token = await visit(app, other, ago(days=1), previous=earlier)
        who = {"viewer": f"v{n}"}
        await report(app, service, conversion("sign_up", ago(hours=9), id=f"up{n}", touch=token, **who))
        await report(app, service, conversion("subscription", ago(hours=8), 1001, id=f"sub{n}", **who))
        for part in range(2):
            refund = conversion("refund", ago(hours=2), 333, id=f"r{n}-{part}", original=f"sub{n}", **who)
            assert (await report(app, service, refund)).status_code == 201
    before = await credits(app)
    assert await looked_at(app) == 0
    monkeypatch.setattr(crediting, "MODELS_VERSION", 2)
    monkeypatch.setattr(backfill, "MODELS_VERSION", 2)
    monkeypatch.setattr(backfill, "AT_ONCE", 2)
    assert await looked_at(app) == 12
    after = await credits(app)
    assert after[1] == before[1]
    assert after[2] == after[1]
    assert await looked_at(app) == 0


async def test_a_visit_that_is_known_only_afterwards_earns_then(app: App, shared: Shared) -> None:
    service = await app.service_key("conversions:write")
    token = await visit(app, shared, ago(hours=5))
    await report(app, service, conversion("sign_up", ago(hours=4)))
    assert await credits(app) == {}
    await report(app, service, conversion("trial", ago(hours=3), touch=token))
    assert await looked_at(app) == 1
    assert {row[1] for row in (await credits(app))[1]} == {"trial", "sign_up"}


@pytest.mark.slow
async def test_a_million_touches_cost_no_more_than_a_thousand(app: App, shared: Shared) -> None:
    """The newest are looked at, whether they can earn or not, and no plan may read the rest."""
    async with app.runtime.database.transaction() as session:
        busy = await viewer(session, "busy")
        fill = """INSERT INTO touches (id, viewer_id, event_id, at, share_id, matched_by)
            SELECT gen_random_uuid(), :who, gen_random_uuid(), now() - n * interval '1 second', :share, 'login'
            FROM generate_series(1, 30000) n"""
        await session.execute(text(fill), {"who": busy.id, "share": shared.share.id})
    asked: list[tuple[str, Any]] = []
    engine = app.runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, given, *rest: asked.append((sql, given)))
    async with app.runtime.database.transaction() as session:
        found = await eligible(session, busy.id, utc_now(), 30)
        assert len(found) == TOUCHES_MAX
        assert found[-1].at - found[0].at == (TOUCHES_MAX - 1) * timedelta(seconds=1)
        sql, given = next(each for each in asked if "unnest" in each[0])
        connection = await session.connection()
        rows = (await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", given)).scalar_one()
    read = [
        node["Actual Rows"] * node["Actual Loops"]
        for node in nodes(rows[0]["Plan"])
        if "touches" in str(node.get("Relation Name"))
    ]
    assert read
    assert max(read) <= LOOKED_AT_MAX + 1


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for below in plan.get("Plans", ()) for node in nodes(below))]
