"""How a link shows its moment: chosen when made, changed later, never less strict than the link it came by."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from groundswell.platform.clock import utc_now
from groundswell.shares.cards import card
from tests.moments.clipping import clipped, come_for, set_rights, take_down, worker
from tests.shares.sharing import resolved, share, shared
from tests.support import App


async def change(app: App, id: str, subject: str = "ada", **options: Any) -> httpx.Response:
    return await app.http.patch(f"/v1/shares/{id}", json=options, headers=app.signed_in(subject))


def tags(found: Any, app: App) -> dict[str, str]:
    return {name: content for _, name, content in card(found, app.runtime.settings).metas()}


async def test_a_link_is_as_it_was_wished_for(app: App, moment: dict[str, Any]) -> None:
    wish = {"shape": "vertical", "captions": False, "spoiler": True, "credit": False}
    made = await shared(app, moment=moment["id"], **wish)
    assert {name: made[name] for name in wish} == wish
    said = tags(await resolved(app, made["token"]), app)
    assert "og:video" not in said, "a spoiler's film stays out of previews"
    assert "Ada" not in said["description"]
    assert "Look" not in said["description"]


@pytest.mark.parametrize(("shape", "size"), [("wide", "1280×720"), ("vertical", "720×1280"), ("square", "720×720")])
async def test_every_shape_is_in_the_card_with_its_size(
    app: App, moment: dict[str, Any], shape: str, size: str
) -> None:
    made = await shared(app, moment=moment["id"], shape=shape)
    said = tags(await resolved(app, made["token"]), app)
    assert said["og:video"].endswith(f"/{shape}.mp4")
    assert f"{said['og:video:width']}×{said['og:video:height']}" == size
    oembed = (await app.http.get("/v1/oembed", params={"url": made["url"]})).json()
    landscape = {"wide": True, "vertical": False, "square": None}[shape]
    assert {True: oembed["width"] > oembed["height"], False: oembed["width"] < oembed["height"]}.get(
        landscape, oembed["width"] == oembed["height"]
    )


async def test_options_change_and_the_address_stays(app: App, moment: dict[str, Any]) -> None:
    made = await shared(app, moment=moment["id"])
    later = (utc_now() + timedelta(days=1)).isoformat()
    changed = (await change(app, made["id"], shape="square", expires_at=later)).json()
    assert (changed["token"], changed["shape"], changed["captions"]) == (made["token"], "square", True)
    assert changed["expires_at"] is not None
    assert (await change(app, made["id"], expires_at=None)).json()["expires_at"] is None
    past = await change(app, made["id"], expires_at="2020-01-01T00:00:00Z")
    assert (past.status_code, past.json()["code"]) == (422, "expiry_past")


async def test_links_of_others_and_links_that_ended_do_not_change(app: App, moment: dict[str, Any]) -> None:
    made = await shared(app, moment=moment["id"])
    assert (await change(app, made["id"], "noor", shape="square")).json()["code"] == "share_unknown"
    assert (await change(app, made["id"], shape="round")).status_code == 422
    await app.http.delete(f"/v1/shares/{made['id']}", headers=app.signed_in())
    assert (await change(app, made["id"], shape="square")).json()["code"] == "link_revoked"
    other = await shared(app, moment=moment["id"])
    await take_down(app, moment["id"])
    assert (await change(app, other["id"], shape="square")).json()["code"] == "taken_down"


async def test_passed_on_a_link_is_no_less_strict(app: App, moment: dict[str, Any]) -> None:
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    first = await shared(app, moment=moment["id"], spoiler=True, credit=False, expires_at=soon)
    passed = await shared(app, "noor", parent=first["token"])
    assert (passed["spoiler"], passed["credit"], passed["expires_at"]) == (True, False, first["expires_at"])
    eased = (await change(app, passed["id"], "noor", spoiler=False, credit=True, expires_at=None)).json()
    assert (eased["spoiler"], eased["credit"], eased["expires_at"]) == (True, False, first["expires_at"])


async def test_all_links_to_my_moment_are_withdrawn_at_once(
    app: App, moment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.shares.lifecycle.PAGE", 1)  # a hit has more than are held in memory
    mine = await shared(app, moment=moment["id"])
    theirs = await shared(app, "noor", parent=mine["token"])
    address = f"/v1/moments/{moment['code']}/links"
    assert (await app.http.delete(address, headers=app.signed_in("noor"))).json()["code"] == "moment_unknown"
    assert (await app.http.delete(address, headers=app.signed_in())).json() == {"revoked": 2}
    for link in (mine, theirs):
        assert (await app.http.get(f"/s/{link['token']}", headers={"Accept": "text/html"})).status_code == 410
    assert (await app.http.delete(address, headers=app.signed_in())).json() == {"revoked": 0}
    again = await shared(app, moment=moment["id"])
    assert (await share(app, None, parent=again["token"])).status_code == 201


@pytest.mark.slow
async def test_saving_is_a_right_of_its_own(app: App, moment: dict[str, Any]) -> None:
    await app.run_jobs()
    made = await shared(app, "ada", "tiktok", moment=moment["id"], shape="square")
    assert made["video_url"] == f"/s/{made['token']}/clean.mp4?purpose=download", "TikTok takes no mark"
    assert (
        (await shared(app, "ada", "instagram", moment=moment["id"]))["video_url"].split("?")[0].endswith("stories.mp4")
    )
    square = await shared(app, "ada", "discord", moment=moment["id"], shape="square")
    assert "/square.mp4" in square["video_url"]
    async with worker(app):  # what is saved has a card at its end, and is made when asked for
        saved = await come_for(app, f"/m/{moment['code']}/wide.mp4?purpose=download")
    assert saved.status_code == 200
    assert saved.headers["content-disposition"].startswith("attachment")
    await set_rights(app, download=False)
    refused = await app.http.get(f"/m/{moment['code']}/wide.mp4?purpose=download")
    assert (refused.status_code, refused.json()["code"]) == (403, "download_off")
    played = await app.http.get(f"/m/{moment['code']}/wide.mp4")
    assert played.status_code == 200
    assert "content-disposition" not in played.headers
    link = await shared(app, moment=moment["id"])
    assert (link["video_url"], link["video_refused"]["code"]) == (None, "download_off")


async def test_a_private_moment_stays_out_of_the_options(app: App, moment: dict[str, Any]) -> None:
    made = await shared(app, moment=moment["id"])
    await clipped(app, "noor")
    body = {"visibility": "private"}
    await app.http.patch(f"/v1/moments/{moment['id']}", json=body, headers=app.signed_in())
    assert (await app.http.get(f"/s/{made['token']}", headers={"Accept": "text/html"})).status_code == 404
