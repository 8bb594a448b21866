"""What answers say to browsers and caches, and who may read how the service is."""

import re
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from groundswell.accounts.tokens import TokenInvalid, TokenVerifier
from groundswell.demo.identity import IdentityProvider
from groundswell.platform.attachment import attachment
from groundswell.platform.settings import Settings
from groundswell.web.app import create_app
from tests.moments.clipping import add_title
from tests.support import App


async def test_private_answers_are_kept_by_nobody_and_guessed_at_by_nobody(app: App) -> None:
    mira = app.signed_in("mira", "marketer", "finance", "rights", "trust")
    for path in ("/v1/me", "/v1/moments", "/v1/campaigns", "/v1/titles", "/v1/none", "/console/events.csv"):
        answer = await app.http.get(path, headers=mira)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert re.search("no-store|no-cache", answer.headers["cache-control"]), path
        assert "public" not in answer.headers["cache-control"], path
    assert (await app.http.get("/v1/me", headers=mira)).headers["cache-control"] == "no-store"


async def test_the_api_s_page_runs_its_own_script_alone(app: App) -> None:
    answer = await app.http.get("/v1/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert policy.count("'sha256-") == len(re.findall(r"<script>", answer.text)) > 0


async def test_how_we_are_is_told_to_this_machine_or_by_key(app: App) -> None:
    assert (await app.http.get("/metrics")).status_code == 200
    assert (await app.http.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"})).status_code == 404
    elsewhere = httpx.ASGITransport(app.asgi, client=("203.0.113.9", 5))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://test") as http:
        assert (await http.get("/metrics")).status_code == 404
        app.runtime.settings.metrics_key = SecretStr("k" * 20)
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer " + "k" * 19}):
            assert (await http.get("/metrics", headers=headers)).status_code == 404
        assert (await http.get("/metrics", headers={"Authorization": "Bearer " + "k" * 20})).status_code == 200
    assert (await app.http.get("/metrics")).status_code == 404, "with a key, not even this machine without it"


async def test_https_is_kept_to_where_it_is_said(settings: Settings) -> None:
    secure = create_app(settings.model_copy(update={"hsts_s": 3600}), IdentityProvider(settings))
    for scheme, said in (("https", "max-age=3600"), ("http", None)):
        transport = httpx.ASGITransport(secure)
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://test") as http:
            assert (await http.get("/healthz")).headers.get("strict-transport-security") == said


async def test_clips_are_bounded_by_the_minute(app: App, tmp_path: Any) -> None:
    from tests.media.film import make
    from tests.moments.clipping import FILM

    app.runtime.settings.clip_rate_per_minute = 3
    await add_title(app.runtime, make(FILM, tmp_path / "numbers"))
    made = []
    for n in range(5):
        body = {"title": "numbers", "start_us": n * 200_000, "end_us": n * 200_000 + 5_000_000}
        made.append(await app.http.post("/v1/moments", json=body, headers=app.signed_in()))
    assert [answer.status_code for answer in made] == [201, 201, 201, 429, 429]
    assert 1 <= int(made[-1].headers["retry-after"]) <= 60
    moment = made[0].json()["id"]
    trim = {"start_us": 1_000_000, "end_us": 6_000_000}
    assert (await app.http.patch(f"/v1/moments/{moment}", json=trim, headers=app.signed_in())).status_code == 429
    words = {"caption": "still mine"}
    assert (await app.http.patch(f"/v1/moments/{moment}", json=words, headers=app.signed_in())).status_code == 200


@given(st.text(alphabet=" \t\n\u00a0\u3000", max_size=5))
def test_a_token_about_nobody_signs_nobody_in(subject: str) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        identity = IdentityProvider(settings)
        with pytest.raises(TokenInvalid):
            TokenVerifier(settings, identity).verify(identity.token(subject, "Nobody"))


def test_a_file_s_name_is_a_header_whatever_it_holds() -> None:
    for name in ('a"; filename="b.exe', "a\x00\r\nX: y", "\ud800", "Ä/../b", ""):
        (value,) = attachment(name).values()
        assert value.isascii()
        assert value.isprintable()
        assert value.count('"') == value.count("=") - 1 == 0, value
    assert attachment("loop-days.csv") == {"Content-Disposition": 'attachment; filename="loop-days.csv"'}


async def test_a_table_that_there_is_not_is_not_found(app: App) -> None:
    for table in ("%00.%00", "nothing.csv", "a%22b.csv"):
        answer = await app.http.get(f"/console/loop/{table}", headers=app.signed_in("mira", "marketer"))
        assert answer.status_code == 404, table
