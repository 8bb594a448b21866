"""Who am I: good tokens, bad tokens, cookies, service keys."""

from datetime import timedelta

import pytest

from groundswell.demo.identity import IdentityProvider
from groundswell.platform.settings import Settings
from tests.support import App


async def test_a_signed_in_viewer_is_named(app: App) -> None:
    answer = await app.http.get("/v1/me", headers=app.signed_in("ada", "finance", name="Ada Lovelace"))
    assert answer.status_code == 200
    me = answer.json()
    assert (me["name"], me["roles"]) == ("Ada Lovelace", ["finance"])
    again = await app.http.get("/v1/me", headers=app.signed_in("ada"))
    assert again.json()["id"] == me["id"]


async def test_unknown_roles_are_dropped(app: App) -> None:
    answer = await app.http.get("/v1/me", headers=app.signed_in("eve", "root", "rights"))
    assert answer.json()["roles"] == ["rights"]


@pytest.mark.parametrize(
    ("token", "code"),
    [("nonsense", "token_invalid"), ("a.b.c", "token_invalid"), ("é", "token_invalid"), ("", "token_missing")],
)
async def test_malformed_tokens_are_refused(app: App, token: str, code: str) -> None:
    header = f"Bearer {token}".encode() if token else b""
    answer = await app.http.get("/v1/me", headers={b"authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_expired_foreign_and_forged_tokens_are_refused(app: App, settings: Settings) -> None:
    async def code(token: str) -> str:
        answer = await app.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        return str(answer.json()["code"])

    assert await code(app.identity.token("ada", "Ada", lifetime=timedelta(minutes=-5))) == "token_expired"
    stranger = IdentityProvider(settings.model_copy(update={"data_dir": settings.data_dir / "elsewhere"}))
    assert await code(stranger.token("ada", "Ada")) == "token_invalid"
    foreign = IdentityProvider(settings.model_copy(update={"jwt_audience": "another-service"}))
    assert await code(foreign.token("ada", "Ada")) == "token_invalid"


async def test_the_cookie_signs_in_too(app: App) -> None:
    answer = await app.http.get("/v1/me", headers=await app.session("ada"))
    assert answer.json()["name"] == "Ada"
