"""Creators: becoming one, being seen, and what one's moments brought."""

from typing import Any
from uuid import UUID

import pytest

from groundswell.trust.decisions import decide
from tests.earnings.world import World, build
from tests.support import App


@pytest.fixture
async def world(app: App) -> World:
    return await build(app.runtime.database)


async def become(app: App, subject: str, **fields: Any) -> Any:
    body = {"handle": subject, "display_name": subject.title()} | fields
    return await app.http.post("/v1/creators", json=body, headers=app.signed_in(subject))


async def test_a_viewer_becomes_a_creator_with_a_code_to_say_aloud(app: App) -> None:
    answer = await become(app, "noor", handle="@Noor", bio="Trains and rain.")
    assert answer.status_code == 201
    noor = answer.json()
    assert (noor["handle"], noor["code"], noor["url"]) == ("noor", "NOOR10", "/creators/noor")
    assert (await app.http.get("/v1/creators/me", headers=app.signed_in("noor"))).json() == noor
    changed = await app.http.patch("/v1/creators/me", json={"bio": "Rain."}, headers=app.signed_in("noor"))
    assert (changed.json()["bio"], changed.json()["display_name"]) == ("Rain.", "Noor")
    public = await app.http.get("/v1/creators/NOOR")
    assert public.json()["bio"] == "Rain."


async def test_handles_and_codes_are_of_one_person(app: App) -> None:
    await become(app, "noor")
    taken = await become(app, "eve", handle="noor")
    assert (taken.status_code, taken.json()["code"]) == (409, "handle_taken")
    code = await become(app, "eve", code="noor10")
    assert (code.status_code, code.json()["code"]) == (409, "code_taken")
    again = await become(app, "noor", handle="noor2")
    assert (again.status_code, again.json()["code"]) == (409, "creator_already")
    similar = await become(app, "eve", handle="no_or")
    assert similar.status_code == 201
    assert similar.json()["code"].startswith("NOOR")
    assert similar.json()["code"] != "NOOR10"


UNFIT: list[dict[str, Any]] = [
    {"handle": "me"},
    {"handle": "a"},
    {"handle": "no or"},
    {"handle": "ñoor"},
    {"handle": "x" * 31},
    {"handle": 7},
    {"display_name": "   "},
    {"display_name": "x" * 61},
    {"display_name": "a\u202eb"},
    {"bio": "x" * 501},
    {"code": "NO"},
    {"code": "NOOR 10"},
    {"role": "admin"},
]


async def test_unfit_profiles_are_refused(app: App) -> None:
    for fields in UNFIT:
        answer = await become(app, "noor", **fields)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), fields


async def test_nobody_and_strangers(app: App) -> None:
    assert (await app.http.post("/v1/creators", json={"handle": "x1", "display_name": "X"})).status_code == 401
    unknown = await app.http.get("/v1/creators/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "creator_unknown")
    missing = await app.http.get("/v1/creators/me", headers=app.signed_in("ada"))
    assert (missing.status_code, missing.json()["code"]) == (404, "creator_missing")


async def test_a_public_page_shows_only_what_is_public(app: App, world: World) -> None:
    await world.creator("noor")
    for name, visibility in [("kiss", "public"), ("secret", "unlisted"), ("diary", "private"), ("stolen", "public")]:
        await world.moment("noor", name, visibility=visibility)
    async with world.database.transaction() as session:
        await decide(
            session,
            kind="moment",
            subject_id=world.moments["stolen"],
            action="hide",
            reason_code="copyright",
            explanation="Taken down.",
            decided_by="tess",
        )
    page = (await app.http.get("/v1/creators/noor")).json()
    assert [moment["caption"] for moment in page["moments"]] == ["kiss"]
    assert page["public_moments"] == {"value": 1, "counts": "Public moments that are up now."}
    assert "viewer_id" not in page


async def test_results_count_people_once_and_say_what_they_count(app: App, world: World) -> None:
    headers = app.signed_in("noor")
    await become(app, "noor")
    me = (await app.http.get("/v1/me", headers=headers)).json()
    world.viewers["noor"] = UUID(me["id"])
    await world.moment("noor", "kiss")
    await world.moment("noor", "rain")
    await world.moment("ada", "another's")
    share = await world.share("kiss", "noor")
    other = await world.share("kiss")
    await world.happen("kiss", "share", "", "", share=share, verdict=None)
    await world.happen("kiss", "unfurl", "robot", "robot2", share=share, verdict="unfurl")
    await world.happen("kiss", "click", "v1", "v1", "v2", share=share)
    await world.happen("kiss", "click", "v1", share=other)
    await world.happen("kiss", "click", "bot", share=share, verdict="robot")
    await world.happen("kiss", "play", "v1", "v1", share=share)
    await world.happen("kiss", "play", "v1", share=other)
    await world.happen("kiss", "play", "self", viewer=world.viewers["noor"])
    await world.happen("another's", "click", "v1")
    results = (await app.http.get("/v1/creators/me/results", headers=headers)).json()
    total = results["total"]
    assert {name: total[name] for name in ("shares", "unfurls", "clicks", "plays")} == {
        "shares": 2,
        "unfurls": 2,
        "clicks": 3,
        "plays": 1,
    }
    assert set(results["counts"]) >= {"shares", "clicks", "plays", "revenue"}
    assert {moment["caption"]: moment["clicks"] for moment in results["moments"]} == {"kiss": 3, "rain": 0}
    past = await app.http.get(
        "/v1/creators/me/results",
        params={"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"},
        headers=headers,
    )
    assert past.json()["total"]["clicks"] == 0
    for bounds in ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, {"from": "2001-01-01T00:00:00Z"}):
        refused = await app.http.get("/v1/creators/me/results", params=bounds, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "period_impossible")
