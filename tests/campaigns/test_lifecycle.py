"""A campaign is made once, with the rule of its credit; nothing of it changes afterwards but that it can end early."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from groundswell.attribution.models import MODELS_VERSION
from groundswell.campaigns import lifecycle
from groundswell.platform.clock import utc_now
from tests.events.places import Shared, make_shared
from tests.support import App

PATH = "/v1/campaigns"


@pytest.fixture
def mira(app: App) -> dict[str, str]:
    return app.signed_in("mira", "marketer")


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


def wish(**fields: Any) -> dict[str, Any]:
    now = utc_now()
    window = {
        "begins_at": (now - timedelta(days=7)).isoformat(),
        "ends_at": (now + timedelta(days=7)).isoformat(),
    }
    return {"key": "autumn", "name": "Autumn", **window, **fields}


async def test_it_is_made_with_the_rule_of_now(app: App, mira: dict[str, str], shared: Shared) -> None:
    noor = app.signed_in("noor")
    await app.http.post("/v1/creators", json={"handle": "noor", "display_name": "Noor"}, headers=noor)
    about = {"titles": [shared.title.slug, str(shared.title.id)], "creators": ["@Noor"], "territories": ["DE", "AT"]}
    budget = {"minor": 250_000, "currency": "EUR"}
    made = await app.http.post(PATH, json=wish(**about, budget=budget, terms="Ten clips."), headers=mira)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["titles"], told["creators"], told["territories"]) == ([shared.title.slug], ["noor"], ["AT", "DE"])
    assert (told["model"], told["model_version"], told["attribution_window_days"]) == ("last", MODELS_VERSION, 30)
    assert (told["budget"], told["terms"], told["ended_at"]) == (budget, "Ten clips.", None)
    assert (await app.http.get(f"{PATH}/autumn", headers=mira)).json() == told
    assert (await app.http.get(PATH, headers=mira)).json() == {"items": [told], "next": None}


async def test_what_becomes_the_default_later_does_not_change_it(
    app: App, mira: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.http.post(PATH, json=wish(), headers=mira)
    monkeypatch.setattr(lifecycle, "DEFAULT_MODEL", "linear")
    await app.http.post(PATH, json=wish(key="winter"), headers=mira)
    assert [(await app.http.get(f"{PATH}/{key}", headers=mira)).json()["model"] for key in ("autumn", "winter")] == [
        "last",
        "linear",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "model = 'first'",
        "model_version = 9",
        "attribution_window_days = 1",
        "titles = '{}'",
        "ends_at = ends_at + interval '1 day'",
        "budget_minor = 1, currency = 'EUR'",
        "terms = 'Other.'",
    ],
)
async def test_the_database_lets_nothing_of_it_change(shared_app: App, change: str) -> None:
    mira = shared_app.signed_in("mira", "marketer")
    await shared_app.http.post(PATH, json=wish(key="kept"), headers=mira)
    made = (await shared_app.http.get(f"{PATH}/kept", headers=mira)).json()
    assert made["key"] == "kept"
    for statement in (f"UPDATE campaigns SET {change}", "DELETE FROM campaigns"):
        with pytest.raises(IntegrityError, match="fixed when it is made"):
            async with shared_app.runtime.database.transaction() as session:
                await session.execute(text(statement))
    assert (await shared_app.http.get(f"{PATH}/kept", headers=mira)).json() == made


async def test_it_ends_early_once(app: App, mira: dict[str, str]) -> None:
    await app.http.post(PATH, json=wish(), headers=mira)
    ended = (await app.http.post(f"{PATH}/autumn/end", headers=mira)).json()
    assert ended["until"] == ended["ended_at"]
    assert datetime.fromisoformat(ended["ended_at"]) <= utc_now()
    assert (await app.http.post(f"{PATH}/autumn/end", headers=mira)).json() == ended
    with pytest.raises(IntegrityError, match="only be ended, once"):
        async with app.runtime.database.transaction() as session:
            await session.execute(text("UPDATE campaigns SET ended_at = NULL"))


async def test_one_that_is_over_or_never_began_ends_as_it_should(app: App, mira: dict[str, str]) -> None:
    now = utc_now()
    over = {"begins_at": (now - timedelta(days=9)).isoformat(), "ends_at": (now - timedelta(days=2)).isoformat()}
    await app.http.post(PATH, json=wish(key="over", **over), headers=mira)
    assert (await app.http.post(f"{PATH}/over/end", headers=mira)).json()["ended_at"] is None
    coming = {"begins_at": (now + timedelta(days=2)).isoformat(), "ends_at": (now + timedelta(days=9)).isoformat()}
    await app.http.post(PATH, json=wish(key="coming", **coming), headers=mira)
    ended = (await app.http.post(f"{PATH}/coming/end", headers=mira)).json()
    assert ended["until"] == ended["begins_at"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"ends_at": "2020-01-01T00:00Z"}, 422, "campaign_period_invalid"),
        ({"begins_at": "2024-01-01T00:00Z"}, 422, "campaign_period_invalid"),
        ({"begins_at": "2026-01-01T00:00"}, 422, "invalid"),
        ({"attribution_window_days": 31}, 422, "campaign_window_too_long"),
        ({"attribution_window_days": 0}, 422, "invalid"),
        ({"model": "best"}, 422, "invalid"),
        ({"titles": ["nothing"]}, 404, "title_unknown"),
        ({"titles": []}, 422, "invalid"),
        ({"creators": ["nobody"]}, 404, "creator_unknown"),
        ({"territories": ["Germany"]}, 422, "invalid"),
        ({"key": "No Key"}, 422, "invalid"),
        ({"name": " "}, 422, "invalid"),
        ({"name": "a\0b"}, 422, "invalid"),
        ({"budget": {"minor": 1, "currency": "ZZZ"}}, 422, "currency_unknown"),
        ({"clicks": 1}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_reason(
    shared_app: App, fields: dict[str, Any], status: int, code: str
) -> None:
    mira = shared_app.signed_in("mira", "marketer")
    answer = await shared_app.http.post(PATH, json=wish(**fields), headers=mira)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_key_is_taken_once_and_only_marketers_make_one(app: App, mira: dict[str, str]) -> None:
    assert (await app.http.post(PATH, json=wish(), headers=mira)).status_code == 201
    again = await app.http.post(PATH, json=wish(name="Other"), headers=mira)
    assert (again.status_code, again.json()["code"]) == (409, "campaign_taken")
    refused = await app.http.post(PATH, json=wish(key="mine"), headers=app.signed_in("ada"))
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    for path in (f"{PATH}/none", f"{PATH}/none/results"):
        missing = await app.http.get(path, headers=mira)
        assert (missing.status_code, missing.json()["code"]) == (404, "campaign_unknown")


async def test_they_are_listed_newest_first_page_by_page(app: App, mira: dict[str, str]) -> None:
    for number in range(3):
        await app.http.post(PATH, json=wish(key=f"c-{number}"), headers=mira)
    first = (await app.http.get(f"{PATH}?limit=2", headers=mira)).json()
    rest = (await app.http.get(f"{PATH}?limit=2&cursor={first['next']}", headers=mira)).json()
    assert [each["key"] for each in (*first["items"], *rest["items"])] == ["c-2", "c-1", "c-0"]
    assert rest["next"] is None
