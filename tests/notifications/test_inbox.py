"""The inbox: one row for each kind and subject, whose count, names and words are those of the moment it is read."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tokens import TokenVerifier
from groundswell.attribution.reverdicts import note as rejudge
from groundswell.catalog.tables import Progress
from groundswell.community.tables import Follow
from groundswell.events.traffic.verdicts import Verdict
from groundswell.moments.signals import MomentCreated
from groundswell.notifications.catching_on import note_catching_on, step_of
from groundswell.notifications.jobs import forget_old
from groundswell.notifications.kinds import KIND_RULES, NOTIFICATION_KINDS
from groundswell.notifications.tables import Notification
from groundswell.platform import signals
from groundswell.webhooks.tables import WebhookEndpoint, WebhookMessage
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.events.places import Shared, make_shared, viewer
from tests.gates import gate
from tests.notifications.people import call, handle_of, id_of, inbox, play, read_all, say, texts, world
from tests.programs import begin
from tests.support import App

ROBOT = Verdict("robot", "rate", "rate-2")


async def look(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        await note_catching_on(session)


@pytest.mark.slow
async def test_one_row_for_each_subject_whatever_happens_and_in_which_order(app: App) -> None:
    shared = await world(app, "cy", "di")
    app.runtime.settings.comment_rate_per_minute = 1000
    first = await say(app, shared, "ada", "The light!")
    assert await texts(app, "noor") == ["Ada commented on your moment from A film"]
    for who in ("ben", "cy", "di"):
        await say(app, shared, who, f"So says {who}.")
        await say(app, shared, who, f"And again {who}.")
    found = await inbox(app, "noor")
    assert [each["text"] for each in found["items"]] == ["Di and 3 others commented on your moment from A film"]
    item = found["items"][0]
    assert (item["count"], item["words"], item["path"], found["unread"]) == (
        7, "And again di.", f"/m/{shared.moment.code}#comments", 1,
    )  # fmt: skip
    listed = (await call(app, "GET", f"/v1/moments/{shared.moment.code}/comments", "noor")).json()
    assert listed["total"] == item["count"], "what it opens is what it counts"
    await say(app, shared, "noor", "My own", parent=first["id"])
    assert await texts(app, "ada") == ["Noor answered your comment on A film"]
    await say(app, shared, "ada", "Thank you", parent=first["id"])
    assert len(await texts(app, "ada")) == 1, "nobody is told of themselves"
    await read_all(app, "noor")
    assert [each["unread"] for each in (await inbox(app, "noor"))["items"]] == [False]
    await say(app, shared, "ben", "One more.")
    again = (await inbox(app, "noor"))["items"][0]
    assert (again["text"], again["count"], again["unread"]) == ("Ben commented on your moment from A film", 1, True)
    assert again["id"] == item["id"], "it is the same row"
    assert (await call(app, "DELETE", f"/v1/comments/{(await newest(app, shared))}", "noor")).status_code == 204
    assert await texts(app, "noor") == [], "of what is gone nothing is told"
    async with app.runtime.database.transaction() as session:
        counted = select(func.count()).select_from(Notification).filter_by(viewer_id=shared.moment.viewer_id)
        assert await session.scalar(counted) == 1


async def newest(app: App, shared: Shared) -> str:
    found = (await call(app, "GET", f"/v1/moments/{shared.moment.code}/comments", "noor")).json()
    newest: str = found["items"][0]["id"]
    return newest


@pytest.mark.slow
async def test_many_at_once_make_one_row(app: App) -> None:
    """Written in the transaction of what caused it: rolled back with it, and never twice."""
    shared = await world(app, *(f"p{number}" for number in range(12)))
    noor = await handle_of(app, "noor")
    await call(app, "PATCH", "/v1/followers", "noor", approves=False)
    app.queue_all()
    await asyncio.gather(*(call(app, "POST", f"/v1/people/{noor}/follow", f"p{number}") for number in range(12)))
    found = (await inbox(app, "noor"))["items"]
    assert [(each["kind"], each["count"], each["path"]) for each in found] == [("follower", 12, "/people")]
    followers = (await call(app, "GET", "/v1/followers", "noor")).json()["followers"]
    assert len(followers) == 12
    async with app.runtime.database.sessions() as session:
        await signals.send(session, MomentCreated(shared.moment))
        await session.rollback()
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Notification)) == 1


@pytest.mark.slow
async def test_block_and_mute_hold_here_as_everywhere(app: App) -> None:
    shared = await world(app)
    noor = await handle_of(app, "noor")
    await call(app, "PATCH", "/v1/followers", "noor", approves=False)
    for who in ("ada", "ben"):
        await call(app, "POST", f"/v1/people/{noor}/follow", who)
    first = await say(app, shared, "noor", "Mine.")
    for who in ("ada", "ben"):
        await say(app, shared, who, f"Said {who}.", parent=first["id"])
    assert sorted(await texts(app, "noor")) == [
        "Ben and 1 other answered your comment on A film", "Ben and 1 other follow you",
    ]  # fmt: skip
    await call(app, "POST", "/v1/barriers", "noor", handle=await handle_of(app, "ben"), kind="mute")
    assert sorted(await texts(app, "noor")) == ["Ada answered your comment on A film", "Ada follows you"]
    await call(app, "POST", "/v1/barriers", "ada", handle=noor, kind="block")
    assert await texts(app, "noor") == []
    assert (await call(app, "GET", "/v1/notifications/count", "noor")).json() == {"unread": 0}


@pytest.mark.slow
async def test_a_moment_that_catches_on_is_told_of_by_the_current_verdicts(app: App) -> None:
    shared = await world(app)
    await look(app)  # what comes after is looked at
    events = await play(app, shared, 4)
    await look(app)
    assert await texts(app, "noor") == []
    events += await play(app, shared, 2)
    await look(app)
    found = await inbox(app, "noor")
    assert [each["text"] for each in found["items"]] == ["Your moment from A film is catching on: 6 plays"]
    page = await app.http.get(found["items"][0]["path"], headers=await app.session("noor"))
    assert "<dd>6</dd>" in page.text
    await read_all(app, "noor")
    await play(app, shared, 1)
    await look(app)
    assert (await inbox(app, "noor"))["unread"] == 0, "not of every play"
    async with app.runtime.database.transaction() as session:
        await rejudge(session, {(event.at, event.id): ROBOT for event in events[:2]})
    assert await texts(app, "noor") == ["Your moment from A film is catching on: 5 plays"]
    async with app.runtime.database.transaction() as session:
        await rejudge(session, {(event.at, event.id): ROBOT for event in events[2:4]})
    assert await texts(app, "noor") == [], "too few were people"
    assert [step_of(plays) for plays in (0, 4, 5, 9, 10, 312, 100_000)] == [0, 0, 5, 5, 10, 250, 100_000]


async def test_who_brought_somebody_hears_of_it_and_not_of_whom(app: App) -> None:
    shared = await world(app)
    service = await app.service_key("conversions:write")
    touch = await visit(app, shared, ago(hours=2))
    assert (await report(app, service, conversion("sign_up", touch=touch))).status_code == 201
    assert (await report(app, service, conversion("subscription", minor=999))).status_code == 201
    found = (await inbox(app, "noor"))["items"]
    assert [each["text"] for each in found] == ["You shared a moment from A film, and 1 person joined"]
    assert "newcomer" not in str(found).lower()
    assert found[0]["name"] is None


async def test_what_the_followed_clip_is_found_when_looked_for(app: App) -> None:
    """Nothing is written for a follower before they look; then one row a title, of titles that they watch."""
    shared, other = await world(app), await make_shared(app.runtime.database, app.runtime.settings)
    noor = await handle_of(app, "noor")
    await call(app, "PATCH", "/v1/followers", "noor", approves=False)
    await call(app, "POST", f"/v1/people/{noor}/follow", "ada")
    await read_all(app, "noor")
    async with app.runtime.database.transaction() as session:
        ada = await viewer(session, "ada")
        session.add(Progress(viewer_id=ada.id, title_id=shared.title.id, position_us=100_000_000))
        for place in (shared, other):
            await session.execute(
                update(type(place.moment)).filter_by(id=place.moment.id).values(created_at=func.clock_timestamp())
            )
            await signals.send(session, MomentCreated(place.moment))
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Notification).filter_by(kind="clip")) == 0
    found = (await inbox(app, "ada"))["items"]
    assert [(each["text"], each["path"]) for each in found] == [
        ("Noor clipped A film", f"/m/{shared.moment.code}"),
    ]
    assert (await inbox(app, "ada"))["items"] == found, "looking twice changes nothing"
    await call(app, "PATCH", "/v1/notifications/choices", "ada", switches={"clip": {"inbox": False}})
    assert await texts(app, "ada") == []


async def test_decisions_statements_and_who_is_told_nothing(app: App) -> None:
    shared = await world(app)
    async with app.runtime.database.transaction() as session:
        session.add(WebhookEndpoint(id=uuid4(), name="Ours", address="https://x.example/", kinds=[], secret="x"))
    decided = await call(
        app, "POST", "/v1/decisions", "tess", "trust", subject={"kind": "moment", "id": str(shared.moment.id)},
        action="hide", reason_code="spoiler", explanation="It tells the end.",
    )  # fmt: skip
    assert decided.status_code == 201, decided.text
    item = (await inbox(app, "noor"))["items"][0]
    assert (item["text"], item["words"], item["reason_code"], item["path"]) == (
        "A moment of yours was restricted", "It tells the end.", "spoiler", f"/decisions/{decided.json()['id']}",
    )  # fmt: skip
    await read_all(app, "noor")
    assert (await call(app, "POST", f"/v1/decisions/{decided.json()['id']}/lift", "tess", "trust")).status_code == 200
    again = (await inbox(app, "noor"))["items"][0]
    assert (again["text"], again["unread"]) == ("A restriction of a moment of yours was lifted", True)
    assert (await inbox(app, "noor", lang="de"))["items"][0]["text"] != again["text"]
    async with app.runtime.database.transaction() as session:
        told = list(await session.scalars(select(WebhookMessage).filter_by(kind="notification.made")))
    assert [each.data["notification_kind"] for each in told] == ["decision", "decision"]
    every = {kind: dict.fromkeys(("inbox", "mail", "push"), False) for kind in NOTIFICATION_KINDS}
    changed = await call(app, "PATCH", "/v1/notifications/choices", "noor", switches=every)
    assert changed.json()["switches"] == every
    await say(app, shared, "ada", "Hello")
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Notification).filter_by(kind="comment")) == 0
        await session.execute(update(Notification).values(at=ago(days=100)))
        assert await forget_old(session, ago(days=90), 10) == 1
    child = app.as_told("kid", kids=True)
    assert (await app.http.get("/v1/notifications", headers=child)).json()["code"] == "kids_apart"
    assert set(KIND_RULES) == set(NOTIFICATION_KINDS)


@pytest.mark.slow
async def test_whoever_contests_a_decision_hears_what_became_of_it(app: App) -> None:
    shared = await world(app)
    told = []
    for subject, outcome in (({"kind": "moment", "id": str(shared.moment.id)}, "confirmed"),
                             ({"kind": "viewer", "id": str(shared.moment.viewer_id)}, "reversed")):  # fmt: skip
        decided = await call(
            app, "POST", "/v1/decisions", "tess", "trust", subject=subject, action="demote", reason_code="spoiler",
            explanation="It tells the end.",
        )  # fmt: skip
        path = f"/v1/me/decisions/{decided.json()['id']}/appeal"
        appealed = await call(app, "POST", path, "noor", text="It does not.")
        assert appealed.status_code == 201, appealed.text
        await read_all(app, "noor")
        assert (await inbox(app, "noor"))["unread"] == 0
        queued = (await call(app, "GET", "/v1/appeals", "uma", "trust")).json()["items"]
        assert [each["id"] for each in queued] == [appealed.json()["id"]], "staff have it in their queue"
        verdict = {"outcome": outcome, "explanation": "We looked again."}
        judged = await call(app, "POST", f"/v1/appeals/{appealed.json()['id']}/verdict", "uma", "trust", **verdict)
        assert judged.status_code == 201, judged.text
        item = (await inbox(app, "noor"))["items"][0]
        assert (item["state"], item["unread"], item["words"]) == (outcome, True, "We looked again.")
        assert item["path"] == f"/decisions/{decided.json()['id']}"
        told.append(item["text"])
    assert len(set(told)) == 2


async def test_what_is_refused(app: App) -> None:
    await world(app)

    async def code(method: str, path: str, **body: Any) -> tuple[int, str]:
        answer: httpx.Response = await call(app, method, path, "ada", **body)
        return answer.status_code, answer.json()["code"]

    base = "/v1/notifications"
    assert await code("GET", f"{base}?cursor=nonsense") == (400, "cursor_invalid")
    assert (await code("POST", f"{base}/read", ids=None))[1] == "invalid"
    assert (await code("PATCH", f"{base}/choices", switches={"nonsense": {}}))[0] == 422
    assert (await code("PATCH", f"{base}/choices", quiet={"begin": "25:00", "end": "07:00"}))[0] == 422
    assert (await code("PATCH", f"{base}/choices", time_zone="Mars/Base"))[0] == 422
    assert await code("PUT", f"{base}/mail", address="a@example.com") == (409, "mail_off")
    assert (await app.http.get(base)).status_code == 401
    async with app.runtime.database.transaction() as session:
        assert await viewer_of(session, app.services.get(TokenVerifier).verify(app.identity.token("ada", "Ada")))
    assert await id_of(app, "ada")


FOLLOWS = """
import asyncio, sys
from uuid import UUID
from groundswell.community.follows import follow
from groundswell.platform.database import Database
from groundswell.web import features

features.load("tables")
features.load("jobs")

async def run() -> None:
    async with Database(sys.argv[1]).transaction() as session:
        await follow(session, UUID(sys.argv[2]), UUID(sys.argv[3]))

asyncio.run(run())
"""


@pytest.mark.slow
async def test_killed_in_between_neither_it_nor_the_notification_is_there(app: App) -> None:
    """The row is written in the transaction of what it tells: kill -9 before it leaves neither, then both are there
    once."""
    await world(app)
    await call(app, "PATCH", "/v1/followers", "noor", approves=False)
    url, ada, noor = str(app.runtime.settings.database_url), await id_of(app, "ada"), await id_of(app, "noor")
    with gate(url, "notifications", "NEW.kind = 'follower'") as closed:
        process = begin(FOLLOWS, url, str(ada), str(noor))
        await asyncio.to_thread(closed.await_somebody)
        process.kill()
        await asyncio.to_thread(process.wait)
    assert await texts(app, "noor") == []
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Follow)) == 0
    await call(app, "POST", f"/v1/people/{await handle_of(app, 'noor')}/follow", "ada")
    assert await texts(app, "noor") == ["Ada follows you"]
