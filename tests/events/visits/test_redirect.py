"""The direct form of a link leads to the title, with the click committed first; or says why it leads nowhere."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from groundswell.catalog.tables import Title
from groundswell.events.tables import LoggedEvent
from groundswell.events.visits.deferred_response import DeferredResponse
from groundswell.events.visits.redirect import Redirects
from groundswell.events.visits.touch_tokens import read_touch_token
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.shares.tables import Share
from groundswell.trust.tables import Decision
from tests.events.places import Shared, make_shared
from tests.events.test_api import BROWSER, logged
from tests.support import App

PERSON = {"User-Agent": BROWSER}


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


async def go(app: App, token: str, query: str = "", **headers: str) -> httpx.Response:
    app.http.cookies.clear()
    return await app.http.get(f"/s/{token}/go{query}", headers=PERSON | headers)


async def until_refused(app: App, token: str, code: str) -> None:
    """Changes reach other processes' memories within milliseconds; ours is one of them."""
    async with asyncio.timeout(5):
        while (answer := await go(app, token)).status_code == 302:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert answer.json()["code"] == code


async def test_a_click_leads_to_the_title_and_is_committed(app: App, shared: Shared) -> None:
    answer = await go(app, shared.token)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["location"])
    assert (target.netloc, target.path) == ("test", f"/watch/{shared.title.slug}")
    query = parse_qs(target.query)
    assert query["t"] == ["72"]
    (row,) = await logged(app)
    touched = read_touch_token(app.runtime.settings.secret, query["gs"][0])
    assert touched is not None
    assert (touched.id, touched.at) == (row.id, row.at)
    assert (row.kind, row.verdict, row.share_id, row.moment_id, row.title_id, row.channel) == (
        "click",
        "human",
        shared.share.id,
        shared.moment.id,
        shared.title.id,
        "x",
    )
    assert row.visitor
    assert answer.headers["cache-control"] == "private, no-store"


async def test_going_on_from_the_landing_page_starts_where_the_clip_ended(app: App, shared: Shared) -> None:
    answer = await go(app, shared.token, "?from=landing")
    assert "?t=87&" in answer.headers["location"]
    assert [row.kind for row in await logged(app)] == ["continue"]


async def test_the_next_visit_names_the_one_before(app: App, shared: Shared) -> None:
    first = await go(app, shared.token)
    token = parse_qs(urlsplit(first.headers["location"]).query)["gs"][0]
    assert first.headers["set-cookie"].startswith(f"gs_visit={token}; Max-Age=2592000; Path=/; HttpOnly")
    await go(app, shared.token, Cookie=f"other=1; gs_visit={token}")
    first_row, second_row = await logged(app)
    assert "previous" not in (first_row.inputs or {})
    assert (second_row.inputs or {})["previous"] == token


async def test_who_opts_out_is_counted_and_not_followed(app: App, shared: Shared) -> None:
    answer = await go(app, shared.token, **{"Sec-GPC": "1", "Cookie": "gs_visit=abc"})
    assert answer.headers["location"] == f"http://test/watch/{shared.title.slug}?t=72"
    assert "set-cookie" not in answer.headers
    (row,) = await logged(app)
    assert (row.kind, row.verdict, row.visitor) == ("click", "human", None)
    assert "previous" not in (row.inputs or {})


async def test_a_preview_robot_is_an_unfurl_and_gets_the_page_with_the_card(app: App, shared: Shared) -> None:
    answer = await go(app, shared.token, **{"User-Agent": "WhatsApp/2.23.20.0"})
    assert answer.headers["location"] == f"http://test/s/{shared.token}"
    (row,) = await logged(app)
    assert (row.kind, row.verdict, row.verdict_reason) == ("unfurl", "unfurl", "fetches_for:whatsapp")


@pytest.mark.parametrize(
    "headers", [{"User-Agent": "python-requests/2.32"}, {"User-Agent": ""}, {"Sec-Purpose": "prefetch;prerender"}]
)
async def test_a_robot_is_kept_apart_and_gets_no_token(app: App, shared: Shared, headers: dict[str, str]) -> None:
    answer = await go(app, shared.token, **headers)
    assert answer.status_code == 302
    assert "gs=" not in answer.headers["location"]
    assert [(row.kind, row.verdict) for row in await logged(app)] == [("click", "robot")]


async def test_asking_for_the_head_alone_is_no_click(app: App, shared: Shared) -> None:
    answer = await app.http.head(f"/s/{shared.token}/go", headers=PERSON)
    assert answer.status_code == 302
    assert await logged(app) == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_only_get_follows_a_link(app: App, shared: Shared, method: str) -> None:
    answer = await app.http.request(method, f"/s/{shared.token}/go")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_links_that_were_never_ours(app: App, shared: Shared) -> None:
    for token in (shared.token[:-1], shared.token[:-1] + "é", "x" * 5000, "a", "%00" * 12, shared.token + "1"):
        answer = await go(app, token)
        assert (answer.status_code, answer.json()["code"]) == (404, "link_forged")
    assert await logged(app) == []


async def test_a_browser_is_led_to_the_page_that_says_why_not(app: App, shared: Shared) -> None:
    answer = await go(app, "forged123", Accept="text/html,application/xhtml+xml")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://test/s/forged123")


async def test_a_revoked_link_stops_at_once(app: App, shared: Shared) -> None:
    assert (await go(app, shared.token)).status_code == 302
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Share).filter_by(id=shared.share.id).values(revoked_at=utc_now()))
    await until_refused(app, shared.token, "link_revoked")


async def test_a_link_ends_at_its_hour_even_while_remembered(app: App, shared: Shared) -> None:
    async with app.runtime.database.transaction() as session:
        soon = utc_now() + timedelta(milliseconds=400)
        await session.execute(update(Share).filter_by(id=shared.share.id).values(expires_at=soon))
    await asyncio.sleep(0.05)
    assert (await go(app, shared.token)).status_code == 302
    await until_refused(app, shared.token, "link_expired")


async def test_a_deleted_moment_stops_at_once(app: App, shared: Shared) -> None:
    assert (await go(app, shared.token)).status_code == 302
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).filter_by(id=shared.moment.id).values(deleted_at=utc_now()))
    await until_refused(app, shared.token, "moment_deleted")


async def test_a_moment_taken_down_stops_at_once_and_others_go_on(app: App, shared: Shared) -> None:
    other = await make_shared(app.runtime.database, app.runtime.settings)
    assert (await go(app, shared.token)).status_code == 302
    assert (await go(app, other.token)).status_code == 302
    async with app.runtime.database.transaction() as session:
        session.add(
            Decision(
                subject_kind="moment",
                subject_id=shared.moment.id,
                action="hide",
                reason_code="other",
                explanation="No.",
                decided_by="tess",
                appeal="Write to us.",
            )
        )
    await until_refused(app, shared.token, "taken_down")
    assert (await go(app, other.token)).status_code == 302


async def test_clicks_at_once_share_commits_and_none_is_lost(app: App, shared: Shared) -> None:
    await go(app, shared.token)
    answers = await asyncio.gather(*[go(app, shared.token) for _ in range(200)])
    assert {answer.status_code for answer in answers} == {302}
    async with app.runtime.database.transaction() as session:
        xids = list(await session.scalars(select(LoggedEvent.xid)))
    assert len(xids) == 201
    assert len(set(xids)) < 100


async def test_a_link_that_is_looked_up_without_a_task_leads_where_it_does_with_one(app: App, shared: Shared) -> None:
    redirects, found = app.services.get(Redirects), asyncio.get_running_loop().create_future()

    def asked(token: str, method: str = "GET", query: bytes = b"from=landing") -> dict[str, Any]:
        headers = [(b"user-agent", BROWSER.encode())]
        return {"method": method, "path": f"/s/{token}/go", "query_string": query, "headers": headers, "client": None}

    assert redirects.answer_soon(asked(shared.token), found.set_result)
    async with asyncio.timeout(5):
        answer = await found
    assert isinstance(answer, DeferredResponse)
    assert (answer.status, answer.arrival.kind) == (302, "continue")
    assert f"/watch/{shared.title.slug}?t=87&" in dict(answer.headers)[b"location"].decode()
    for other in (asked(shared.token, "HEAD"), asked("forged123")):
        assert not redirects.answer_soon(other, found.set_result), "the usual way says what it is"


async def test_what_is_not_a_link_is_left_to_the_application(app: App) -> None:
    for path in ("/s/go", "/s/a/b/go", "/m/x/go"):
        answer = await app.http.get(path)
        assert answer.status_code == 404
    assert await logged(app) == []


PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"


async def test_it_leads_to_the_services_own_address_of_the_title_on_that_device(app: App, shared: Shared) -> None:
    external_id = f"tt1.{shared.title.slug}"
    watch = {"web": "https://play.example/{external_id}/at/{seconds}", "ios": "https://app.example/{slug}?t={seconds}"}
    async with app.runtime.database.transaction() as session:
        change = update(Title).filter_by(id=shared.title.id)
        await session.execute(change.values(external_id=external_id, watch=watch))
    for _ in range(2):  # looked up, then out of memory
        computer = urlsplit((await go(app, shared.token)).headers["location"])
        assert (computer.netloc, computer.path) == ("play.example", f"/{external_id}/at/72")
        assert read_touch_token(app.runtime.settings.secret, parse_qs(computer.query)["gs"][0]) is not None
        phone = urlsplit((await go(app, shared.token, **{"User-Agent": PHONE})).headers["location"])
        assert (phone.netloc, phone.path) == ("app.example", f"/{shared.title.slug}")
        assert parse_qs(phone.query)["t"] == ["72"]
        on = urlsplit((await go(app, shared.token, "?from=landing", **{"User-Agent": PHONE})).headers["location"])
        assert parse_qs(on.query)["t"] == ["87"], "from the landing page it goes on where the clip ends"


async def test_a_title_for_some_countries_only_is_gone_on_with_wherever_one_is(app: App, shared: Shared) -> None:
    """Who may watch it there is for the service to say; where it may be shown nowhere, the link ends."""
    closed = {"territories": ["DE"], "closes_at": "2026-01-01T00:00:00+00:00"}
    for licence, status in (({"territories": ["DE"]}, 302), (closed, 403)):
        async with app.runtime.database.transaction() as session:
            change = update(Title).filter_by(id=shared.title.id)
            await session.execute(change.values(licences=[licence]))
        if status == 403:
            await until_refused(app, shared.token, "not_licensed")
        assert (await go(app, shared.token)).status_code == status
    landing = await app.http.get(f"/s/{shared.token}", headers=PERSON)
    assert landing.status_code == 403


async def test_a_phone_without_the_app_takes_the_visit_along_through_the_store(app: App, shared: Shared) -> None:
    """What the store hands to the app names the visit; robots, and whoever only asks for the head, bring nobody."""
    store = "https://play.google.com/store/apps/details?id=com.play.example&at={external_id}-{seconds}&referrer="
    app.runtime.settings.watch_urls = {"android": store + "{referrer}"}
    phone = {
        "User-Agent": "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
    }
    answer = await go(app, shared.token, **phone)
    said = parse_qs(urlsplit(answer.headers["location"]).query)
    (row,) = await logged(app)
    token = parse_qs(said["referrer"][0])["gs"][0]
    touched = read_touch_token(app.runtime.settings.secret, token)
    assert touched is not None
    assert touched.id == row.id
    assert said["at"] == [f"{shared.title.external_id}-72"]
    head = await app.http.head(f"/s/{shared.token}/go", headers=phone)
    robot = await go(app, shared.token, **{"User-Agent": "Android Twitterbot/1.0"})
    for answer in (head, robot):
        assert "eferrer%7D" not in answer.headers["location"]
    assert "{" not in answer.headers["location"]
