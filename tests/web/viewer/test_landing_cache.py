"""Landing pages kept for visitors: the same bytes, a click each, gone the moment anything changes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from groundswell.events.tables import LoggedEvent
from groundswell.events.visits.link_lookup import LinkLookup
from groundswell.events.visits.redirect import Redirects
from groundswell.platform.clock import utc_now
from groundswell.platform.notified_cache import CacheListener
from groundswell.web.viewer import landing_cache
from groundswell.web.viewer.landing_cache import LandingPages
from tests.events.tickets import without_ticket
from tests.moments.clipping import set_rights, take_down
from tests.shares.sharing import shared
from tests.support import App

BROWSER = {
    "Accept": "text/html",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
}


async def clicks(app: App) -> int:
    async with app.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).where(LoggedEvent.kind == "click")) or 0


def kept(app: App) -> int:
    return len(app.services.get(LandingPages)._facts)


async def visit(app: App, token: str, **headers: str) -> Any:
    return await app.http.get(f"/s/{token}", headers=BROWSER | headers)


async def test_every_visitor_gets_the_same_page_and_counts(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    first, second = await visit(app, token), await visit(app, token)
    assert kept(app) == 1
    assert first.status_code == 200
    assert without_ticket(first.content) == without_ticket(second.content)
    assert {**first.headers, "x-request-id": ""} == {**second.headers, "x-request-id": ""}
    assert await clicks(app) == 2
    discord = "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"
    assert (await visit(app, token, **{"User-Agent": discord})).status_code == 200
    assert await clicks(app) == 2, "a robot's look is an unfurl"


async def test_whoever_is_signed_in_gets_a_page_of_their_own(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    await visit(app, token)
    session = await app.session("ada")
    assert "Account of Ada" in (await visit(app, token, **session)).text
    assert "Account of Ada" in (await visit(app, token, **app.signed_in())).text
    assert "Account of" not in (await visit(app, token)).text


@pytest.mark.slow
@pytest.mark.parametrize("change", ["words", "revoke", "take down", "rights", "delete", "options"])
async def test_a_change_is_seen_by_the_next_visitor(app: App, moment: dict[str, Any], change: str) -> None:
    link = await shared(app, moment=moment["id"])
    assert (await visit(app, link["token"])).status_code == 200
    mine = app.signed_in()
    if change == "words":
        await app.http.patch(f"/v1/moments/{moment['id']}", json={"caption": "Other words"}, headers=mine)
    elif change == "revoke":
        await app.http.delete(f"/v1/shares/{link['id']}", headers=mine)
    elif change == "take down":
        await take_down(app, moment["id"])
    elif change == "rights":
        await set_rights(app, sharing=False)
    elif change == "delete":
        await app.http.delete(f"/v1/moments/{moment['id']}", headers=mine)
    else:
        await app.http.patch(f"/v1/shares/{link['id']}", json={"spoiler": True}, headers=mine)
    await app.services.get(CacheListener).synchronize()  # the database's announcement has been heard
    answer = await visit(app, link["token"])
    expected = {"words": 200, "options": 200, "rights": 403}.get(change, 410)
    assert answer.status_code == expected
    assert ("Other words" in answer.text) == (change == "words")


@pytest.mark.slow
async def test_a_link_that_expires_meanwhile_is_not_served_from_memory(app: App, moment: dict[str, Any]) -> None:
    soon = utc_now() + timedelta(seconds=3)
    token = (await shared(app, moment=moment["id"], expires_at=soon.isoformat()))["token"]
    assert (await visit(app, token)).status_code == 200
    await asyncio.sleep((soon - utc_now()).total_seconds() + 0.05)
    assert (await visit(app, token)).status_code == 410


@pytest.mark.slow
async def test_a_licence_that_ends_meanwhile_ends_what_is_in_memory_at_that_instant(
    app: App, moment: dict[str, Any]
) -> None:
    soon = utc_now() + timedelta(seconds=3)
    body = {"scope": "title", "title": moment["title"]["slug"], "closes_at": soon.isoformat()}
    put = await app.http.put("/v1/rights", json=body, headers=app.signed_in("ravi", "rights"))
    assert put.status_code == 200, put.text
    token = (await shared(app, moment=moment["id"]))["token"]
    assert (await visit(app, token)).status_code == 200
    assert (await visit(app, token + "/go")).status_code == 302
    assert kept(app)
    await asyncio.sleep((soon - utc_now()).total_seconds() + 0.01)
    assert (await visit(app, token)).status_code == 403
    assert (await app.http.get(f"/s/{token}/go")).json()["code"] == "licence_ended"


@pytest.mark.slow
async def test_a_licence_that_ends_while_a_link_is_looked_up_is_not_missed(
    app: App, moment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    soon = utc_now() + timedelta(seconds=2)
    body = {"scope": "title", "title": moment["title"]["slug"], "closes_at": soon.isoformat()}
    put = await app.http.put("/v1/rights", json=body, headers=app.signed_in("ravi", "rights"))
    assert put.status_code == 200, put.text

    find = LinkLookup.find

    async def slowly(*asked: Any) -> Any:
        found = await find(*asked)
        await asyncio.sleep((soon - utc_now()).total_seconds() + 0.05)
        return found

    monkeypatch.setattr(LinkLookup, "find", slowly)
    assert (await app.http.get(f"/s/{token}/go")).status_code == 302, "it was judged before the end"
    assert (await app.http.get(f"/s/{token}/go")).json()["code"] == "licence_ended"


@pytest.mark.slow
async def test_a_change_is_heard_before_it_is_answered(app: App, moment: dict[str, Any]) -> None:
    for _ in range(15):
        link = await shared(app, moment=moment["id"])
        assert (await visit(app, link["token"])).status_code == 200
        assert (await visit(app, link["token"] + "/go")).status_code == 302
        revoked = await app.http.delete(f"/v1/shares/{link['id']}", headers=app.signed_in())
        assert revoked.status_code == 204, revoked.text
        assert (await visit(app, link["token"])).status_code == 410
        assert (await visit(app, link["token"] + "/go")).status_code == 303, "to the page that says why not"


async def test_all_links_of_a_moment_show_one_page_and_each_counts_for_itself(app: App, moment: dict[str, Any]) -> None:
    """However often a moment is passed on, its page is made once."""
    links = [await shared(app, moment=moment["id"]) for _ in range(3)]
    pages = [await visit(app, link["token"]) for link in links]
    assert kept(app) == 1
    assert (await visit(app, links[1]["token"])).status_code == 200
    assert kept(app) == 1
    for link, page in zip(links, pages, strict=True):
        assert page.status_code == 200
        others = [each["token"] for each in links if each is not link]
        assert link["token"] in page.text
        assert not any(token in page.text for token in others)
        plain = without_ticket(page.content).replace(link["token"].encode(), b"")
        assert plain == without_ticket(pages[0].content).replace(links[0]["token"].encode(), b"")
    async with app.runtime.database.transaction() as session:
        counted = await session.execute(
            select(LoggedEvent.share_id, func.count()).where(LoggedEvent.kind == "click").group_by(LoggedEvent.share_id)
        )
        assert {str(share): times for share, times in counted} == {
            link["id"]: times for link, times in zip(links, (1, 2, 1), strict=True)
        }


async def test_a_link_that_is_withdrawn_ends_alone(app: App, moment: dict[str, Any]) -> None:
    first, second = [await shared(app, moment=moment["id"]) for _ in range(2)]
    for link in (first, second):
        assert (await visit(app, link["token"])).status_code == 200
    await app.http.delete(f"/v1/shares/{first['id']}", headers=app.signed_in())
    assert (await visit(app, first["token"])).status_code == 410
    assert (await visit(app, second["token"])).status_code == 200
    assert kept(app) == 1


@pytest.mark.slow
async def test_a_page_is_shared_by_links_with_the_same_options_and_channel_alone(
    app: App, moment: dict[str, Any]
) -> None:
    plain = await shared(app, moment=moment["id"])
    spoiler = await shared(app, moment=moment["id"], spoiler=True)
    upright = await shared(app, moment=moment["id"], shape="vertical")
    sent = await shared(app, moment=moment["id"], channel="whatsapp")
    pages = {
        name: await visit(app, link["token"])
        for name, link in {"plain": plain, "spoiler": spoiler, "upright": upright, "sent": sent}.items()
    }
    assert "spoiler-veil" in pages["spoiler"].text
    assert "spoiler-veil" not in pages["plain"].text
    assert "vertical.mp4" in pages["upright"].text
    assert "vertical.mp4" not in pages["plain"].text
    assert kept(app) == 4
    slug = moment["title"]["slug"]
    for_whatsapp = {"scope": "title", "title": slug, "targets": ["whatsapp"]}
    put = await app.http.put("/v1/rights", json=for_whatsapp, headers=app.signed_in("ravi", "rights"))
    assert put.status_code == 200, put.text
    assert (await visit(app, sent["token"])).status_code == 200
    assert (await visit(app, plain["token"])).status_code == 403, "by that channel it may not be shown"


async def test_a_link_in_somebodys_words_stays_as_it_is(app: App, moment: dict[str, Any]) -> None:
    mine, other = [await shared(app, moment=moment["id"]) for _ in range(2)]
    words = f"The whole scene: /s/{mine['token']}"
    patched = await app.http.patch(f"/v1/moments/{moment['id']}", json={"caption": words}, headers=app.signed_in())
    assert patched.status_code == 200, patched.text
    for link in (mine, other, mine, other):
        assert words in (await visit(app, link["token"])).text


async def test_a_link_that_leads_nowhere_is_not_looked_up_again_on_its_way(
    app: App, moment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who follows a link that was withdrawn comes this way."""
    link = await shared(app, moment=moment["id"])
    await app.http.delete(f"/v1/shares/{link['id']}", headers=app.signed_in())
    headers = [(b"host", b"test"), (b"user-agent", BROWSER["User-Agent"].encode())]
    scope = {"type": "http", "method": "GET", "path": f"/s/{link['token']}", "query_string": b"", "headers": headers}
    found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    assert landing_cache.answer_soon(app.services, scope, found.set_result)
    assert await found is None, "the usual way says why"
    destinations = app.services.get(Redirects).destinations
    monkeypatch.setattr(type(destinations), "ask", None)
    assert not await landing_cache.send_kept(app.services, scope, None, None)  # type: ignore[arg-type]
