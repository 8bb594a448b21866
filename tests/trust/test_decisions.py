"""Restrictions: made once, found, lifted, never gone."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from groundswell.platform import signals
from groundswell.trust.decisions import AlreadyRestricted, active, active_among, decide
from groundswell.trust.signals import Lifted, Restricted
from groundswell.trust.tables import Decision
from tests.catalog.rows import add_title
from tests.support import App


@pytest.fixture
async def title_id(app: App) -> UUID:
    async with app.runtime.database.transaction() as session:
        return (await add_title(session, "fog")).id


async def restrict(app: App, *, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    says = {"subject": {"kind": "title", "id": "fog"}, "reason_code": "rights", "explanation": "Under review."}
    return await app.http.post("/v1/decisions", json=says | body, headers=headers or app.signed_in("tess", "trust"))


async def in_force(app: App, subject_id: UUID, **how: Any) -> Decision | None:
    async with app.runtime.database.transaction() as session:
        return await active(session, "title", subject_id, **how)


async def test_a_restriction_is_recorded_found_and_lifted(app: App, title_id: UUID) -> None:
    made = (await restrict(app, evidence={"claim": "C-1"})).json()
    assert (made["subject_id"], made["action"], made["evidence"]) == (str(title_id), "hide", {"claim": "C-1"})
    assert made["appeal"]
    found = await in_force(app, title_id)
    assert found is not None
    assert (str(found.id), found.explanation) == (made["id"], "Under review.")
    headers = app.signed_in("tess", "trust")
    lifted = (await app.http.post(f"/v1/decisions/{made['id']}/lift", headers=headers)).json()
    assert lifted["lifted_at"] is not None
    assert await in_force(app, title_id) is None
    again = (await app.http.post(f"/v1/decisions/{made['id']}/lift", headers=app.signed_in("ravi", "rights"))).json()
    assert (again["lifted_at"], again["lifted_by"]) == (lifted["lifted_at"], lifted["lifted_by"])
    listed = (await app.http.get("/v1/decisions", headers=headers)).json()["items"]
    assert [decision["id"] for decision in listed] == [made["id"]]


async def test_the_same_restriction_twice_is_refused_and_names_the_first(app: App, title_id: UUID) -> None:
    first, second = await restrict(app), await restrict(app)
    assert (second.status_code, second.json()["code"]) == (409, "already_restricted")
    assert second.json()["decision"] == first.json()["id"]
    assert (await restrict(app, action="demote")).status_code == 201
    await app.http.post(f"/v1/decisions/{first.json()['id']}/lift", headers=app.signed_in("tess", "trust"))
    assert (await restrict(app)).status_code == 201


async def test_of_many_who_restrict_at_once_one_does(app: App, title_id: UUID) -> None:
    answers = await asyncio.gather(*(restrict(app) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_the_sternest_restriction_is_the_one_that_is_told(app: App, title_id: UUID) -> None:
    await restrict(app, action="demote", explanation="Dull.")
    assert await in_force(app, title_id) is None
    demoted = await in_force(app, title_id, actions=["hide", "demote"])
    assert demoted is not None
    assert demoted.explanation == "Dull."
    await restrict(app, action="hide", explanation="Hidden.")
    await restrict(app, action="hold", explanation="Held.")
    for actions in (["hide", "hold"], ["hide", "demote"]):
        found = await in_force(app, title_id, actions=actions)
        assert found is not None
        assert found.explanation == "Hidden."


async def test_many_things_are_looked_up_at_once(app: App, title_id: UUID) -> None:
    await restrict(app)
    async with app.runtime.database.transaction() as session:
        other = (await add_title(session, "mist")).id
        found = await active_among(session, "title", [title_id, other, uuid4()])
        assert await active_among(session, "moment", [title_id]) == {}
    assert list(found) == [title_id]


async def test_only_staff_decide_and_only_about_what_there_is(app: App, title_id: UUID) -> None:
    assert (await restrict(app, headers=app.signed_in("mira", "marketer"))).json()["code"] == "role_missing"
    for subject in ({"kind": "title", "id": "none"}, {"kind": "moment", "id": str(uuid4())}):
        answer = await restrict(app, subject=subject)
        assert (answer.status_code, answer.json()["code"]) == (404, "subject_unknown")
    for nonsense in (
        {"subject": {"kind": "planet", "id": "x"}},
        {"action": "delete"},
        {"explanation": "  "},
        {"explanation": "x" * 2001},
        {"reason_code": "No Code"},
    ):
        assert (await restrict(app, **nonsense)).json()["code"] == "invalid"
    nothing = await app.http.post(f"/v1/decisions/{uuid4()}/lift", headers=app.signed_in("tess", "trust"))
    assert nothing.json()["code"] == "not_found"


async def test_decisions_are_filtered(app: App, title_id: UUID) -> None:
    first = (await restrict(app)).json()["id"]
    await app.http.post(f"/v1/decisions/{first}/lift", headers=app.signed_in("tess", "trust"))
    second = (await restrict(app)).json()["id"]

    async def ids(**params: Any) -> list[str]:
        answer = await app.http.get("/v1/decisions", params=params, headers=app.signed_in("tess", "trust"))
        return [decision["id"] for decision in answer.json()["items"]]

    assert await ids() == [second, first]
    assert await ids(live=True) == [second]
    assert await ids(live=False) == [first]
    assert await ids(kind="moment") == []
    assert await ids(subject=str(title_id)) == [second, first]


@pytest.fixture
def heard() -> Iterator[list[object]]:
    found: list[object] = []

    async def listen(session: object, signal: object) -> None:
        found.append(signal)

    for kind in (Restricted, Lifted):
        signals.on(kind)(listen)
    yield found
    for kind in (Restricted, Lifted):
        signals._subscribers[kind].remove(listen)


async def test_the_rooms_above_hear_of_it(app: App, title_id: UUID, heard: list[object]) -> None:
    made = (await restrict(app)).json()["id"]
    for _ in range(2):
        await app.http.post(f"/v1/decisions/{made}/lift", headers=app.signed_in("tess", "trust"))
    assert [type(signal) for signal in heard] == [Restricted, Lifted]


async def test_a_room_above_that_fails_takes_the_decision_back(app: App, title_id: UUID) -> None:
    async def refuse(session: object, signal: Restricted) -> None:
        raise AlreadyRestricted("not now")

    signals.on(Restricted)(refuse)
    try:
        assert (await restrict(app)).status_code == 409
    finally:
        signals._subscribers[Restricted].remove(refuse)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Decision)) == 0


async def test_a_rule_may_decide_by_itself(app: App, title_id: UUID) -> None:
    async with app.runtime.database.transaction() as session:
        what: dict[str, Any] = {"kind": "title", "subject_id": title_id, "action": "hold", "reason_code": "spam"}
        made = await decide(session, **what, explanation="Odd traffic.", decided_by="rule", rule="bursts/2")
    assert (made.rule, made.decided_by) == ("bursts/2", "rule")
