"""A moment's own page has no dead end: report, pass on, go on with a touch, for everybody; its maker is a link."""

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from groundswell.attribution.tables import Touch
from groundswell.events.tables import LoggedEvent
from groundswell.shares.api import qr_svg
from groundswell.shares.tables import Share
from groundswell.trust.tables import Report
from tests.moments.clipping import clipped
from tests.shares.sharing import share, shared
from tests.support import App

BROWSER = {
    "Accept": "text/html",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
}


async def page_of(app: App, moment: dict[str, Any], **headers: str) -> str:
    answer = await app.http.get(f"/m/{moment['code']}", headers=BROWSER | headers)
    assert answer.status_code == 200
    return answer.text


async def test_everybody_may_report_it_and_pass_it_on(app: App, moment: dict[str, Any]) -> None:
    page = await page_of(app, moment)
    assert "data-share" in page
    action = re.search(r'action="(/m/[^"]+/report)"', page)
    assert action
    answer = await app.http.post(action[1], data={"reason_code": "spam", "text": "Again"}, headers=BROWSER)
    assert answer.status_code == 200
    async with app.runtime.database.transaction() as session:
        assert (await session.scalars(select(Report.reason_code))).all() == ["spam"]
    passed_on = await share(app, None, moment=moment["code"])
    assert (passed_on.status_code, passed_on.json()["generation"]) == (201, 0)


async def test_a_private_one_cannot_be_passed_on_by_a_visitor(app: App, title: UUID) -> None:
    private = await clipped(app, visibility="private")
    answer = await share(app, None, moment=private["code"])
    assert (answer.status_code, answer.json()["code"]) == (404, "moment_unknown")


@pytest.mark.slow
async def test_going_on_from_it_is_a_touch_of_its_maker_s(app: App, moment: dict[str, Any]) -> None:
    page = await page_of(app, moment)
    assert f'href="/m/{moment["code"]}/go"' in page
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Share)) == 0, "looking at it writes nothing"
    for _ in range(2):
        on = await app.http.get(f"/m/{moment['code']}/go", headers=BROWSER)
        assert on.status_code == 303
        away = await app.http.get(on.headers["location"], headers=BROWSER)
        assert away.status_code == 302
        assert re.search(r"/watch/numbers\?t=\d+&gs=\w+", away.headers["location"])
    token = away.headers["location"].rpartition("gs=")[2]
    await app.http.get("/v1/me", headers=app.signed_in("newcomer"))
    key = await app.service_key("conversions:write")
    report = {"id": "1", "kind": "sign_up", "viewer": "newcomer", "at": "2026-11-28T12:00:00Z", "touch": token}
    async with app.runtime.database.transaction() as session:
        (row,) = (await session.scalars(select(Share))).all()
        assert (row.channel, row.generation, str(row.moment_id)) == ("page", 0, moment["id"])
        report["at"] = (await session.scalar(select(func.now()))).isoformat()
    answer = await app.http.post("/v1/conversions", json=report, headers=key)
    assert answer.status_code == 201, answer.text
    async with app.runtime.database.transaction() as session:
        assert (await session.scalars(select(Touch.share_id))).all() == [row.id]
        kinds = (await session.scalars(select(LoggedEvent.kind).where(LoggedEvent.share_id == row.id))).all()
        assert set(kinds) == {"continue", "sign_up"}


async def test_its_page_is_no_link_that_anybody_sent(app: App, moment: dict[str, Any]) -> None:
    await app.http.get(f"/m/{moment['code']}/go", headers=BROWSER)
    ada = app.signed_in()
    mine = (await app.http.get(f"/moments/{moment['code']}", headers=BROWSER | ada)).text
    assert "Nobody has made a link to it yet." in mine
    revoked = await app.http.delete(f"/v1/moments/{moment['id']}/links", headers=ada)
    assert revoked.json() == {"revoked": 0}
    assert "page" not in {channel["name"] for channel in (await app.http.get("/v1/channels")).json()}
    refused = await share(app, channel="page", moment=moment["id"])
    assert (refused.status_code, refused.json()["code"]) == (422, "channel_unknown")


async def test_a_creator_is_a_link_wherever_named(app: App, moment: dict[str, Any]) -> None:
    assert "/creators/" not in await page_of(app, moment)
    form = {"handle": "ada_l", "display_name": "Ada", "bio": "", "code": ""}
    await app.http.post("/creator", data=form, headers=app.signed_in())
    assert 'href="/creators/ada_l"' in await page_of(app, moment)
    token = (await shared(app, moment=moment["id"]))["token"]
    assert 'href="/creators/ada_l"' in (await app.http.get(f"/s/{token}", headers=BROWSER)).text
    assert 'href="http://test/join?code=ADAL10"' in (await app.http.get("/creators/ada_l", headers=BROWSER)).text


async def test_a_code_shows_the_clip_and_another_one_goes_on_on_the_phone(app: App, moment: dict[str, Any]) -> None:
    link = await shared(app, channel="qr", moment=moment["id"])
    assert (await app.http.get(link["qr_url"])).content == qr_svg(link["url"])
    page = (await app.http.get(f"/s/{link['token']}", headers=BROWSER)).text
    address = re.search(r'src="(/s/[^"]+/go\.svg)"', page)
    assert address
    assert (await app.http.get(address[1])).content == qr_svg(f"{link['go_url']}?from=landing")


@pytest.mark.parametrize("code", ["nobody", "zzzzzzzzzz"])
async def test_going_on_from_what_is_not_there_says_so(app: App, code: str) -> None:
    answer = await app.http.get(f"/m/{code}/go", headers=BROWSER)
    assert answer.status_code == 404
