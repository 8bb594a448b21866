"""Verdicts from outside: a decision like any other, contested and undone in the same way; never of what is severe."""

from typing import Any

import pytest
from sqlalchemy import select

from groundswell.trust.tables import Decision, Report, Review
from tests.events.places import Shared, make_shared
from tests.support import App

WORDS = "The same link under forty moments."


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


async def verdict(app: App, shared: Shared, **said: Any) -> Any:
    body = {
        "subject": {"kind": "moment", "id": shared.moment.code}, "action": "hide", "reason_code": "spam",
        "explanation": WORDS, "tool": "Coop", "rule": "Spam detector",
    }  # fmt: skip
    headers = await app.service_key(said.pop("scope", "moderation"))
    return await app.http.post("/v1/verdicts", json=body | said, headers=headers)


async def flag(app: App, shared: Shared, reason: str = "spam") -> None:
    said = {"moment": shared.moment.code, "reason_code": reason, "text": "Again and again."}
    assert (await app.http.post("/v1/reports", json=said, headers=app.signed_in("ada"))).status_code == 201


async def test_a_verdict_closes_what_waits_and_is_told_as_a_programs(app: App, shared: Shared) -> None:
    await flag(app, shared)
    made = await verdict(app, shared)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["decided_by"], told["rule"], told["source"]) == ("rule", "Coop: Spam detector", "rule")
    assert told["evidence"]["outside"]["tool"] == "Coop"
    async with app.runtime.database.transaction() as session:
        assert (await session.scalars(select(Review).filter_by(closed_at=None))).all() == []
        assert (await session.scalars(select(Report))).one().decision_id is not None
    again = await verdict(app, shared)
    assert (again.status_code, again.json()["code"], again.json()["decision"]) == (
        409, "already_restricted", told["id"],
    )  # fmt: skip
    tess = app.signed_in("tess", "trust")
    lifted = await app.http.post(f"/v1/decisions/{told['id']}/lift", headers=tess)
    assert lifted.status_code == 200, lifted.text


async def test_a_persons_verdict_rests_on_what_was_reported(app: App, shared: Shared) -> None:
    await flag(app, shared)
    told = (await verdict(app, shared, automated=False, action="keep")).json()
    assert (told["action"], told["source"], told["rule"]) == ("keep", "report", None)
    assert told["decided_by"].startswith("key:")
    assert (await verdict(app, shared, action="keep")).json()["code"] == "nothing_waits"


async def test_what_is_no_verdict(app: App, shared: Shared) -> None:
    assert (await verdict(app, shared, scope="webhooks")).json()["code"] == "scope_missing"
    assert (await app.http.post("/v1/verdicts", json={}, headers=app.signed_in("tess", "trust"))).status_code == 401
    nowhere = {"kind": "moment", "id": "nothing"}
    assert (await verdict(app, shared, subject=nowhere)).json()["code"] == "subject_unknown"
    assert (await verdict(app, shared, action="ban")).status_code == 422
    assert (await verdict(app, shared, reason_code="child_abuse")).json()["code"] == "verdict_severe"
    await flag(app, shared, "child_abuse")
    assert (await verdict(app, shared)).json()["code"] == "verdict_severe", "people here have it in hand"
    async with app.runtime.database.transaction() as session:
        assert (await session.scalars(select(Decision))).all() == []
