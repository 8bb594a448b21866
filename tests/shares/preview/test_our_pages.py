"""Every kind of page of ours, looked at as every place looks: nothing is broken, and nothing is given away."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from groundswell.catalog.tables import Title
from groundswell.platform.clock import utc_now
from groundswell.shares.preview.assessment import Preview
from groundswell.shares.preview.fetcher import Fetcher, only_at
from groundswell.shares.preview.lab import Lab
from groundswell.shares.preview.targets import TARGETS
from groundswell.shares.tables import Share
from tests.moments.clipping import set_rights, take_down, worker
from tests.shares.preview.site import picture
from tests.shares.sharing import shared
from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")

KINDS = {"discord": "video", "telegram": "video", "imessage": "video", "wordpress": "embed"}


@pytest.fixture
async def made(app: App, moment: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Ada's moment, with its media made."""
    async with worker(app):
        for name in ("poster.jpg", "wide.mp4"):
            for _ in range(6):
                if (await app.http.get(f"/m/{moment['code']}/{name}")).status_code == 200:
                    break
        yield moment


async def look(app: App, path: str) -> dict[str, Preview]:
    transport = httpx.ASGITransport(app.asgi)
    async with httpx.AsyncClient(transport=transport) as client:
        previews = await Lab(Fetcher(client, only_at("http://test"))).look(f"http://test{path}")
    return {each.target.name: each for each in previews}


def codes(preview: Preview) -> set[str]:
    return {each.code for each in preview.broken}


async def backdrop(app: App) -> None:
    """The title has a backdrop, which is what a spoiler's card shows."""
    await app.runtime.store.put_bytes("titles/numbers/backdrop.jpg", picture(1280, 720))
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Title).values(backdrop_key="titles/numbers/backdrop.jpg"))


@pytest.mark.slow
async def test_a_share_a_moment_and_their_cards(app: App, made: dict[str, Any]) -> None:
    token = (await shared(app, moment=made["code"]))["token"]
    for path in (f"/s/{token}", f"/m/{made['code']}"):
        for name, preview in (await look(app, path)).items():
            assert codes(preview) == set(), f"{path} on {name}: {preview.broken}"
            assert preview.card.kind == KINDS.get(name, "large"), f"{path} on {name}"
            assert "Numbers" in preview.card.title


@pytest.mark.slow
async def test_a_spoiler_shows_neither_its_picture_nor_its_words(app: App, made: dict[str, Any]) -> None:
    await backdrop(app)
    ada = app.signed_in("ada")
    words = {"spoiler": True, "caption": "The butler did it"}
    assert (await app.http.patch(f"/v1/moments/{made['id']}", json=words, headers=ada)).status_code == 200
    token = (await shared(app, moment=made["code"]))["token"]
    for name, preview in (await look(app, f"/s/{token}")).items():
        card = preview.card
        assert not preview.serious, f"{name}: {preview.broken}"
        assert "butler" not in f"{card.title} {card.description}"
        assert card.video == "", name
        assert "poster" not in card.image, f"{name}: {card.image}"


async def gone_down(app: App, moment: dict[str, Any], token: str) -> None:
    await take_down(app, moment["code"])


async def gone_expired(app: App, moment: dict[str, Any], token: str) -> None:
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Share).values(expires_at=utc_now() - timedelta(seconds=1)))


async def gone_unlicensed(app: App, moment: dict[str, Any], token: str) -> None:
    await set_rights(app, closes_at=(utc_now() - timedelta(seconds=1)).isoformat())


@pytest.mark.slow
@pytest.mark.parametrize("go", [gone_down, gone_expired, gone_unlicensed], ids=["taken down", "expired", "licence"])
async def test_what_is_gone_is_a_bare_link_everywhere(app: App, made: dict[str, Any], go: Any) -> None:
    token = (await shared(app, moment=made["code"]))["token"]
    await go(app, made, token)
    for name, preview in (await look(app, f"/s/{token}")).items():
        assert codes(preview) == {"page_status"}, name
        assert (preview.card.kind, preview.card.title, preview.card.image) == ("none", "", ""), name
        assert "og:image" not in preview.found.page.content.decode()


@pytest.mark.slow
async def test_the_player_page_is_for_frames_and_not_for_cards(app: App, made: dict[str, Any]) -> None:
    for name, preview in (await look(app, f"/embed/{made['code']}")).items():
        assert preview.found.page.ok, name
        assert codes(preview) <= {"image_missing", "url_missing", "description_missing", "oembed_missing"}, name


@pytest.mark.slow
async def test_the_lab_draws_the_cards_for_staff(app: App, made: dict[str, Any]) -> None:
    token = (await shared(app, moment=made["code"]))["token"]
    mira = app.signed_in("mira", "marketer")
    for url in (f"/s/{token}", f"http://test/s/{token}"):
        page = await app.http.get("/console/previews", params={"url": url}, headers=mira)
        assert page.status_code == 200
        assert page.text.count("as it should be") == len(TARGETS)
        assert f'src="/m/{made["code"]}/poster.jpg' in page.text
    await take_down(app, made["code"])
    page = await app.http.get("/console/previews", params={"url": f"/s/{token}"}, headers=mira)
    assert page.text.count("<code>page_status</code>") == len(TARGETS)


ELSEWHERE = [
    "http://evil.example/s/x",
    "//evil.example/s/x",
    "https://test/s/x",
    "http://test:8080/s/x",
    "http://test@evil.example/",
    "http://user:word@test/s/x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://[",
    "x",
]


async def test_the_lab_looks_at_our_own_pages_only(app: App) -> None:
    mira = app.signed_in("mira", "marketer")
    for url in ELSEWHERE:
        page = await app.http.get("/console/previews", params={"url": url}, headers=mira)
        assert page.status_code == 422, url
        assert "url_not_ours" in page.text, url


async def test_the_lab_is_for_staff(app: App) -> None:
    assert (await app.http.get("/console/previews", headers=app.signed_in("ada"))).status_code == 403
    assert (await app.http.get("/console/previews", headers=app.signed_in("tess", "trust"))).status_code == 200
