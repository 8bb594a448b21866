"""The audit page: from whatever is in hand to everything before and behind it, each amount reckoned again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from groundswell.earnings import payouts, pools
from groundswell.earnings.audit_trail import trail
from groundswell.earnings.tables import StatementDocument
from tests.campaigns.test_lifecycle import PATH

from .test_campaigns import Walk, walk
from .world import NOT_HELD, closed_month, in_closed_month

__all__ = ["walk"]  # fixtures


@pytest.mark.slow
async def test_every_cent_is_followed_to_the_click_and_back(walk: Walk) -> None:
    app, world = walk.app, walk.world
    before = in_closed_month() - timedelta(days=8)  # the campaign began a week ago, which may be in that month
    (play,) = await world.happen("kiss", "play", "v1", at=before)
    await world.happen("fall", "play", "v2", "v3", at=before)
    await walk.campaign()
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    sale = await walk.shop.sell("bea", "kiss", minor=1000)
    await walk.settle()
    async with app.runtime.database.transaction() as session:
        stream: dict[str, Any] = {"period": closed_month(), "basis": "plays", "currency": "EUR", "created_by": "fay"}
        pool = await pools.fund(session, **stream, amount_minor=30_001, terms=NOT_HELD)
    await pools.run(app.runtime.database, pool.id)
    async with app.runtime.database.transaction() as session:
        paid = await payouts.pay_creator(session, world.creators["noor"], "EUR", "pia", "SEPA 7")
        assert paid.amount_minor == 10_000 + 900
    await walk.shop.refund(sale, "bea", 500)
    await walk.settle()

    async with app.runtime.database.transaction() as session:
        number = await session.scalar(select(StatementDocument.number).order_by(StatementDocument.number).limit(1))
        lines = ("payouts", "statements", "postings", "campaign_earnings", "conversions")
        ids = [id for table in lines for id in await session.scalars(text(f"SELECT id::text FROM {table}"))]
        events = await session.scalars(text("SELECT event_id::text FROM touches"))
        asked = [*ids, *events, str(play), "SEPA 7", str(number), "#1", sale]
        assert len(asked) > 20
        for each in asked:
            followed = await trail(session, each)
            assert followed.difference_minor == 0, each
            for step in (followed.this, *followed.behind, *followed.before):
                assert step.currency == (None if step.minor is None else "EUR"), step
        found = await trail(session, "SEPA 7")
        assert sorted({step.kind for step in found.behind}) == ["earning", "statement"]
        played = await trail(session, str(play))
        assert [step.kind for step in played.before] == ["statement"]
        (counted,) = (await trail(session, str(played.before[0].id))).behind
        assert (counted.id, counted.words.partition(",")[0]) == (play, "play of “kiss”")
        (earning, *_) = [step for step in found.behind if step.kind == "earning" and "subscription" in step.words]
        behind = await trail(session, str(earning.id))
        assert [step.kind for step in behind.behind] == ["conversion", "event"]
        assert [step.id for step in behind.before] == [paid.id]
        assert [step.id for step in (await trail(session, str(behind.behind[1].id))).before]

    fay = await app.session("fay", "finance")
    shown = await app.http.get("/console/finance/trail?q=SEPA+7", headers=fay)
    assert shown.status_code == 200
    assert "Difference 0" in shown.text
    missing = await app.http.get("/console/finance/trail?q=nothing", headers=fay)
    assert missing.status_code == 404
    assert "trail_unknown" in missing.text
    for path in ("/console/campaigns/autumn/pay", "/console/campaigns/autumn/earnings"):
        assert (await app.http.get(path, headers=fay)).status_code == 200
    noor = await app.session("noor")
    for path in ("/creator/campaigns", "/creator/campaigns/autumn"):
        assert (await app.http.get(path, headers=noor)).status_code == 200
    posted = {"moment": str(world.moments["kiss"]), "url": "http://plain.example.com/x"}
    refused = await app.http.post("/creator/campaigns/autumn/submissions", data=posted, headers=noor)
    assert refused.status_code == 422
