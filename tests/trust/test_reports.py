"""Reports about moments: from anyone, once, to staff."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, insert, select, update

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Base
from groundswell.platform.ids import random_code
from groundswell.trust.decisions import active
from groundswell.trust.reports import MOST_IN_WINDOW
from groundswell.trust.reports import report as take_in
from groundswell.trust.tables import Decision, Report, Review
from tests.catalog.rows import add_title, add_viewer
from tests.support import App


async def add_moment(app: App, code: str) -> UUID:
    async with app.runtime.database.transaction() as session:
        title, viewer = await add_title(session, f"film-{code}".lower()), await add_viewer(session, random_code())
        row = {"id": uuid4(), "code": code, "viewer_id": viewer.id, "title_id": title.id, "start_us": 0, "end_us": 1}
        await session.execute(insert(Base.metadata.tables["moments"]).values(source_id=title.current_source_id, **row))
        return row["id"]  # type: ignore[return-value]


@pytest.fixture
async def moment_id(app: App) -> UUID:
    return await add_moment(app, "AbCd123456")


async def report(app: App, moment: object, *, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    says = {"moment": str(moment), "reason_code": "privacy", "text": "That is me.", **body}
    return await app.http.post("/v1/reports", json=says, headers=headers or {})


async def listed(app: App, **params: Any) -> list[dict[str, Any]]:
    answer = await app.http.get("/v1/reports", params=params, headers=app.signed_in("tess", "trust"))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_anyone_reports_by_code_or_id_and_staff_see_it(app: App, moment_id: UUID) -> None:
    by_visitor = await report(app, "AbCd123456")
    by_viewer = await report(app, moment_id, headers=app.signed_in("ada"))
    assert (by_visitor.status_code, by_viewer.status_code) == (201, 201)
    assert "reporter" not in by_visitor.json()
    seen = await listed(app)
    assert [each["moment_id"] for each in seen] == [str(moment_id)] * 2
    assert seen[0]["reporter"].startswith("viewer:")
    assert seen[1]["reporter"].startswith("visitor:")
    assert "127.0.0.1" not in seen[1]["reporter"]
    assert seen[1]["text"] == "That is me."


async def test_reporting_again_while_one_is_open_changes_nothing(app: App, moment_id: UUID) -> None:
    first, second = (await report(app, moment_id)).json(), (await report(app, moment_id, reason_code="spam")).json()
    assert first == second
    assert len(await listed(app)) == 1
    await app.http.post(f"/v1/reports/{first['id']}/dismiss", headers=app.signed_in("tess", "trust"))
    assert (await report(app, moment_id)).json()["id"] != first["id"]


@pytest.mark.slow
async def test_two_hundred_accounts_against_one_moment_decide_nothing_and_make_one_review(
    app: App, moment_id: UUID
) -> None:
    """A crowd gets a moment looked at, no earlier than one person would, and takes nothing down."""
    said: dict[str, Any] = {"reason_code": "spam", "text": "Take it down!", "moment_id": moment_id}
    due = []
    for number in range(200):
        async with app.runtime.database.transaction() as session:
            await take_in(session, reporter=f"viewer:{UUID(int=number)}", **said)
        if number in {0, 199}:
            async with app.runtime.database.transaction() as session:
                (review,) = (await session.scalars(select(Review))).all()
                due.append((review.id, review.lane, review.due_at, review.closed_at))
    assert due[0] == due[1]
    async with app.runtime.database.transaction() as session:
        assert await active(session, "moment", moment_id) is None
        assert await session.scalar(select(func.count()).select_from(Decision)) == 0
    tess = app.signed_in("tess", "trust")
    (item,) = (await app.http.get("/v1/reviews", headers=tess)).json()["items"]
    whole = (await app.http.get(f"/v1/reviews/{item['id']}", headers=tess)).json()
    assert whole["report_count"] == 200


async def test_a_decision_closes_the_reports_about_its_moment(app: App, moment_id: UUID) -> None:
    other = await add_moment(app, "Other12345")
    await report(app, moment_id)
    await report(app, moment_id, headers=app.signed_in("ada"))
    await report(app, other)
    decision = await app.http.post(
        "/v1/decisions",
        json={
            "subject": {"kind": "moment", "id": "AbCd123456"},
            "reason_code": "privacy",
            "explanation": "Shows a person who did not agree.",
        },
        headers=app.signed_in("tess", "trust"),
    )
    closed = await listed(app, open=False)
    assert [each["decision_id"] for each in closed] == [decision.json()["id"]] * 2
    assert [each["moment_id"] for each in await listed(app, open=True)] == [str(other)]
    assert len(await listed(app, moment=str(moment_id))) == 2


async def test_reports_are_read_page_by_page(app: App, moment_id: UUID) -> None:
    made = [(await report(app, moment_id, headers=app.signed_in(who))).json()["id"] for who in ("ada", "ben", "cleo")]
    tess = app.signed_in("tess", "trust")
    first = (await app.http.get("/v1/reports", params={"limit": 2}, headers=tess)).json()
    assert [each["id"] for each in first["items"]] == [made[2], made[1]]
    rest = (await app.http.get("/v1/reports", params={"limit": 2, "cursor": first["next"]}, headers=tess)).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([made[0]], None)


async def test_dismissing(app: App, moment_id: UUID) -> None:
    made = (await report(app, moment_id)).json()["id"]
    headers = app.signed_in("tess", "trust")
    dismissed = (await app.http.post(f"/v1/reports/{made}/dismiss", headers=headers)).json()
    assert (dismissed["decision_id"], dismissed["closed_at"] is not None) == (None, True)
    again = (await app.http.post(f"/v1/reports/{made}/dismiss", headers=headers)).json()
    assert again["closed_at"] == dismissed["closed_at"]
    assert (await app.http.post(f"/v1/reports/{uuid4()}/dismiss", headers=headers)).json()["code"] == "not_found"


@pytest.mark.slow
async def test_a_flood_is_stopped_and_told_when_to_come_back(app: App) -> None:
    moments = [await add_moment(app, f"Flood{n:05}") for n in range(MOST_IN_WINDOW + 1)]
    answers = [await report(app, moment) for moment in moments]
    assert [answer.status_code for answer in answers] == [201] * MOST_IN_WINDOW + [429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 3500 < int(answers[-1].headers["retry-after"]) <= 3600
    assert (await report(app, moments[-1], headers=app.signed_in("ada"))).status_code == 201
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Report).values(created_at=utc_now() - timedelta(hours=2)))
    assert (await report(app, moments[-1])).status_code == 201


async def test_reports_that_cannot_be(app: App, moment_id: UUID) -> None:
    assert (await report(app, "none")).json()["code"] == "subject_unknown"
    for nonsense in ({"reason_code": "boring"}, {"text": "x" * 2001}, {"moment": ""}, {"text": "a\x00b"}):
        answer = await report(app, **{"moment": moment_id, **nonsense})  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), nonsense
    for headers, code in ((app.signed_in("ravi", "rights"), "role_missing"), ({}, "token_missing")):
        assert (await app.http.get("/v1/reports", headers=headers)).json()["code"] == code
