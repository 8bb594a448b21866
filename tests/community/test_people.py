"""Following, letting in, and keeping apart: on every surface there is."""

import json
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine, event, select, text

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tokens import TokenVerifier
from groundswell.community.collection_tables import Collection
from groundswell.community.comment_tables import Comment
from groundswell.community.tables import Follow
from groundswell.notifications.tables import Notification
from groundswell.web.route_powers import every_route
from tests.community.made_supercuts import as_made
from tests.events.places import Shared, make_shared, viewer
from tests.support import App


async def person(app: App, subject: str) -> str:
    """Have somebody known here; returns their handle."""
    async with app.runtime.database.transaction() as session:
        claims = app.services.get(TokenVerifier).verify(app.identity.token(subject, subject.title()))
        return (await viewer_of(session, claims)).handle


async def creator(app: App, subject: str) -> str:
    body = {"handle": subject, "display_name": subject.title()}
    answer = await app.http.post("/v1/creators", json=body, headers=app.signed_in(subject))
    assert answer.status_code == 201, answer.text
    return subject


async def call(app: App, method: str, path: str, who: str, **body: Any) -> httpx.Response:
    return await app.http.request(method, path, headers=app.signed_in(who), **({"json": body} if body else {}))


async def test_creators_are_followed_at_once_and_others_decide(app: App) -> None:
    await creator(app, "noor")
    ben = await person(app, "ben")
    at_once = (await call(app, "POST", "/v1/people/noor/follow", "ada")).json()
    assert (at_once["state"], at_once["followers"], at_once["person"]["url"]) == ("following", 1, "/creators/noor")
    again = (await call(app, "POST", "/v1/people/@NOOR/follow", "ada")).json()
    assert (again["state"], again["followers"]) == ("following", 1)
    asked = (await call(app, "POST", f"/v1/people/{ben}/follow", "ada")).json()
    assert (asked["state"], asked["followers"], asked["approves"]) == ("requested", 0, True)
    ada = await person(app, "ada")
    waiting = (await call(app, "GET", "/v1/followers", "ben")).json()
    assert ([each["handle"] for each in waiting["requests"]], waiting["followers"]) == ([ada], [])
    assert (await call(app, "POST", f"/v1/followers/{ada}/grant", "ben")).status_code == 200
    assert (await call(app, "POST", f"/v1/followers/{ada}/grant", "ben")).json()["code"] == "request_unknown"
    followed = (await call(app, "GET", "/v1/following/people", "ada")).json()
    assert {each["person"]["handle"]: each["state"] for each in followed} == {ben: "following", "noor": "following"}
    assert (await call(app, "DELETE", f"/v1/followers/{ada}", "ben")).status_code == 204
    assert (await call(app, "GET", f"/v1/people/{ben}", "ada")).json()["state"] == "none"
    opened = await call(app, "PATCH", "/v1/followers", "ben", approves=False)
    assert opened.json()["approves"] is False
    assert (await call(app, "POST", f"/v1/people/{ben}/follow", "ada")).json()["state"] == "following"
    assert (await call(app, "DELETE", "/v1/people/noor/follow", "ada")).status_code == 204


async def test_whom_one_cannot_follow(app: App) -> None:
    ada = await person(app, "ada")
    assert (await call(app, "POST", f"/v1/people/{ada}/follow", "ada")).json()["code"] == "follow_self"
    assert (await call(app, "POST", "/v1/people/nobody/follow", "ada")).json()["code"] == "person_unknown"
    assert (await app.http.post(f"/v1/people/{ada}/follow")).status_code == 401
    child = app.as_told("kid", kids=True)
    refused = await app.http.post(f"/v1/people/{ada}/follow", headers=child)
    assert (refused.status_code, refused.json()["code"]) == (403, "kids_apart")
    kid = (await app.http.get("/v1/me", headers=child)).json()["handle"]
    assert (await call(app, "POST", f"/v1/people/{kid}/follow", "ada")).json()["code"] == "person_unknown"
    self_barrier = await call(app, "POST", "/v1/barriers", "ada", handle=ada, kind="block")
    assert self_barrier.json()["code"] == "follow_self"


async def test_a_block_ends_following_and_is_not_told(app: App) -> None:
    ada, ben = await person(app, "ada"), await person(app, "ben")
    for one, other in ((ada, "ben"), (ben, "ada")):
        await call(app, "PATCH", "/v1/followers", "ada" if one == ada else "ben", approves=False)
        await call(app, "POST", f"/v1/people/{one}/follow", other)
    assert (await call(app, "POST", "/v1/barriers", "ada", handle=ben, kind="mute")).status_code == 201
    assert (await call(app, "GET", f"/v1/people/{ben}", "ada")).json()["muted"]
    assert (await call(app, "GET", f"/v1/people/{ada}", "ben")).json()["state"] == "following", "a mute is not felt"
    assert (await call(app, "POST", "/v1/barriers", "ada", handle=ben, kind="block")).status_code == 201
    async with app.runtime.database.transaction() as session:
        assert list(await session.scalars(Follow.__table__.select())) == []
    for one, other in ((ada, "ben"), (ben, "ada")):
        refused = await call(app, "POST", f"/v1/people/{one}/follow", other)
        assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")
    kept = (await call(app, "GET", "/v1/barriers", "ada")).json()
    assert [(each["person"]["handle"], each["kind"]) for each in kept] == [(ben, "block")]
    assert (await call(app, "DELETE", f"/v1/barriers/block/{ben}", "ada")).status_code == 204
    assert (await call(app, "GET", f"/v1/people/{ben}", "ada")).json()["state"] == "none"


async def test_the_feed_shows_what_the_followed_made_public(app: App) -> None:
    await creator(app, "noor")
    first = await make_shared(app.runtime.database, app.runtime.settings)
    second = await make_shared(app.runtime.database, app.runtime.settings)
    hidden = await make_shared(app.runtime.database, app.runtime.settings)
    other = await make_shared(app.runtime.database, app.runtime.settings, subject="stranger")
    async with app.runtime.database.transaction() as session:
        (await session.merge(hidden.moment)).visibility = "unlisted"
        marked = await session.merge(second.moment)
        marked.spoiler, marked.caption = True, "It was the keeper"
    assert (await call(app, "GET", "/v1/following", "ada")).json() == {"items": [], "next": None}
    await call(app, "POST", "/v1/people/noor/follow", "ada")
    page = (await call(app, "GET", "/v1/following?limit=1", "ada")).json()
    assert [(each["code"], each["spoiled"], each["caption"]) for each in page["items"]] == [
        (second.moment.code, True, "")
    ]
    rest = (await call(app, "GET", f"/v1/following?limit=1&cursor={page['next']}", "ada")).json()
    assert [each["code"] for each in rest["items"]] == [first.moment.code]
    last = (await call(app, "GET", f"/v1/following?limit=1&cursor={rest['next']}", "ada")).json()
    assert last == {"items": [], "next": None}
    assert other.moment.code not in page
    assert (await call(app, "GET", "/v1/following?cursor=x!", "ada")).json()["code"] == "cursor_invalid"


STAFFS = re.compile(
    r"^/(console|v1/(decisions|reports|ledger|pools|payouts|statements|experiments|campaigns|rights|insights|events|"
    r"conversions|payout-runs|bank-files|bank-exceptions|creator-applications|exchange-rates|credits|cases|reviews|"
    r"appeals|counter-notices|saved-replies|preserved|transparency|audit|catalog|reminders/|cascades|"
    r"titles/\{title\}/rights|imports|jobs|scenes|trend-alerts))"
)
MEDIA = re.compile(r"\.(jpg|mp4|m3u8|vtt|svg)$|/(hls|progress|storyboards?|stream|waveform)\b")
"""Pictures, streams and a count, which name nobody; they are refused where their moment is (``check_available``)."""

TEXTS = {"application/json", "text/html", "application/atom+xml", "application/rss+xml", "application/xml"}

OWN_LISTS = {"/v1/barriers": "whom I keep away: it must name them", "/people": "the same, as a page"}
"""Where somebody who is kept apart is named all the same, and why."""


def surfaces(app: App) -> list[str]:
    """Every address that answers a viewer, from the routes themselves."""
    paths = {route.path for route in every_route(app.asgi.router) if "GET" in route.methods}
    return sorted(path for path in paths if not (STAFFS.match(path) or MEDIA.search(path)) and path not in OWN_LISTS)


def filled(path: str, names: dict[str, str]) -> str:
    """The address with its parts filled in; whoever adds a part that is not known here says what it stands for."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda part: names[part[1]], path)


def anonymous(body: str, words: list[str]) -> bool:
    return not any(word.lower() in body.lower() for word in words)


@pytest.mark.slow
@pytest.mark.parametrize("blocker", ["ada", "noor"])
async def test_a_block_holds_on_every_surface(app: App, blocker: str) -> None:
    """Whichever of the two put it up, nothing that Ada can ask for names Noor, or what she made."""
    shared = await noors_moment(app)
    kept_away = {"ada": "noor", "noor": await person(app, "ada")}[blocker]
    seen_before = await names_found(app, shared)
    assert {"/inbox", "/inbox/{notification}", "/v1/notifications"} <= set(seen_before)
    assert {f"/feeds/{{form}}/{of}" for of in ("trending", "titles/{slug}", "creators/{handle}")} <= set(seen_before)
    assert len(seen_before) >= 10, "the words are found where they should be, before the block"
    assert (await call(app, "POST", "/v1/barriers", blocker, handle=kept_away, kind="block")).status_code == 201
    assert await names_found(app, shared) == []


@pytest.mark.slow
async def test_a_mute_holds_in_every_list(app: App) -> None:
    shared = await noors_moment(app)
    before = await names_found(app, shared)
    await call(app, "POST", "/v1/barriers", "ada", handle="noor", kind="mute")
    lists = {path for path in before if "{" not in path.replace("{form}", "")} - {"/v1/following/people", "/following"}
    assert lists >= {"/v1/following", "/v1/discover", "/discover", "/feeds/{form}/trending"}
    assert not lists & set(await names_found(app, shared))


CROWD = text(
    """
    WITH crowd AS (
        INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
        SELECT gen_random_uuid(), 'crowd', n::text, 'C', 'crowd-' || n, false, false
        FROM generate_series(1, 100000) AS n
        RETURNING id
    )
    INSERT INTO barriers (viewer_id, other_id, kind) SELECT id, :blocked, 'block' FROM crowd
    """
)


@pytest.mark.slow
async def test_who_is_blocked_by_a_hundred_thousand_is_shown_the_same_by_as_few_rows(app: App) -> None:
    shared = await noors_moment(app)
    async with app.runtime.database.transaction() as session:
        ada = await viewer(session, "ada")
        await session.execute(text("SET LOCAL session_replication_role = replica"))  # or each row is looked up twice
        await session.execute(CROWD, {"blocked": ada.id})
    async with app.runtime.database.transaction() as session:
        await session.execute(text("ANALYZE barriers, viewers"))
    read: list[int] = []

    def hear(connection: object, cursor: Any, *given: object) -> None:
        read.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", hear)  # requests of each class have one of their own
    try:
        seen = await names_found(app, shared)
        ada_s = await person(app, "ada")
        assert (await call(app, "POST", "/v1/barriers", "noor", handle=ada_s, kind="block")).status_code == 201
        assert await names_found(app, shared) == []
    finally:
        event.remove(Engine, "after_cursor_execute", hear)
    assert {"/inbox", "/v1/notifications", "/v1/following", "/v1/moments/{moment}/comments"} <= set(seen)
    assert len(read) > 300
    assert max(read) < 1_000, "nothing reads everybody who keeps her away"


async def noors_moment(app: App) -> Shared:
    """A moment that is catching on, made by Noor, whom Ada follows and who follows Ada."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    await creator(app, "noor")
    async with app.runtime.database.transaction() as session:
        noor = await viewer(session, "noor")
        noor.name = "Noor Zqmark"
        (await session.merge(shared.moment)).caption = "zqwords of hers"
    await call(app, "PATCH", "/v1/creators/me", "noor", display_name="Noor Zqmark", bio="zqbio")
    await call(app, "PATCH", "/v1/followers", "ada", approves=False)
    await call(app, "POST", "/v1/people/noor/follow", "ada")
    await call(app, "POST", f"/v1/people/{await person(app, 'ada')}/follow", "noor")
    app.runtime.settings.comment_hold, app.runtime.settings.outward_feeds = "nothing", True
    said = {"text": "zqwords below it", "at_us": shared.moment.start_us}
    assert (await call(app, "POST", f"/v1/moments/{shared.moment.code}/comments", "noor", **said)).status_code == 201
    kept = {"name": "zqwords in order", "visibility": "public"}
    code = (await call(app, "POST", "/v1/collections", "noor", **kept)).json()["code"]
    await call(app, "POST", f"/v1/collections/{code}/parts", "noor", moment=shared.moment.code)
    async with app.runtime.database.transaction() as session:
        kept_in = (await session.scalars(select(Collection).filter_by(code=code))).one()
        await as_made(session, kept_in, [shared.moment.id])
    assert (await call(app, "POST", "/v1/shares", "ben", moment=shared.moment.code, channel="x")).status_code == 201
    await app.run_jobs()
    return shared


async def the_comment(app: App) -> str:
    async with app.runtime.database.transaction() as session:
        return str(await session.scalar(select(Comment.id)))


async def the_notification(app: App) -> str:
    """What tells Ada that Noor follows her."""
    async with app.runtime.database.transaction() as session:
        ada = await viewer(session, "ada")
        return str(await session.scalar(select(Notification.id).filter_by(viewer_id=ada.id, kind="follower")))


async def the_collection(app: App) -> str:
    async with app.runtime.database.transaction() as session:
        return str(await session.scalar(select(Collection.code)))


async def names_found(app: App, shared: Shared) -> list[str]:
    """The surfaces on which Ada finds Noor's name, words or moment."""
    names = {
        "moment": shared.moment.code,
        "code": shared.moment.code,
        "token": shared.token,
        "share": str(shared.share.id),
        "handle": "noor",
        "title": shared.title.slug,
        "slug": shared.title.slug,
        "comment": await the_comment(app),
        "notification": await the_notification(app),
        "collection": await the_collection(app),
        "form": "atom",
    }
    words = ["zqmark", "zqwords", "zqbio", "clipped by noor"]
    browser = await app.session("ada", name="Ada")
    found = []
    for path in surfaces(app):
        if not set(re.findall(r"\{(\w+)", path)) <= set(names):
            continue
        headers = app.signed_in("ada") if path.startswith("/v1/") else browser
        answer = await app.http.get(filled(path, names), headers=headers | {"Accept": "application/json, text/html"})
        assert answer.status_code < 500, (path, answer.text[:500])
        if answer.headers.get("content-type", "").split(";")[0] in TEXTS:
            body = (
                json.dumps(answer.json(), ensure_ascii=False)
                if "json" in answer.headers["content-type"]
                else answer.text
            )
            if not anonymous(body, words):
                found.append(path)
    return found


async def test_every_part_of_an_address_is_known(app: App) -> None:
    """A surface is looked at only where its address can be filled in; the others hold nothing of other people."""
    mine_only = {
        "key": "a campaign of the staff's; what is in it of mine are my part and my posts",
        "kind": "a file of my moments, or a kind of barrier",
        "name": "a file of media",
        "profile": "a file of media",
        "statement_id": "my statements",
        "version": "a version of a title's media",
        "viewer_id": "whose mail a signed address of their own mail stops or confirms; the page names nobody",
        "webhook": "where the service is told things: for its keys, never for a viewer",
        "window": "a span of a title around my moment",
        "decision": "what was decided about me; it names nobody who reported",
    }
    known = {
        "form",
        "moment",
        "code",
        "token",
        "share",
        "handle",
        "title",
        "slug",
        "comment",
        "notification",
        "collection",
    }
    known |= set(mine_only)
    parts = {part for path in surfaces(app) for part in re.findall(r"\{(\w+)", path)}
    assert parts - known == set(), "say what stands there, so that blocks are tried on it"


async def test_no_route_of_this_room_is_a_childs(app: App) -> None:
    child = app.as_told("kid", kids=True)
    walked = 0
    for route in every_route(app.asgi.router):
        if not route.endpoint.__module__.startswith("groundswell.community"):
            continue
        path = route.path.format(**dict.fromkeys(route.param_convertors, str(UUID(int=7))))
        for method in route.methods or ():
            answer = await app.http.request(method, path, headers=child, json={})
            said = "kids_apart" if method == "HEAD" else answer.json()["code"]
            assert (answer.status_code, said) == (403, "kids_apart"), (method, path, answer.text)
            walked += 1
    assert walked > 20
