"""Collections: in an order somebody chose, filled by those who may; for whoever looks, what they may see now."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import func, select, update

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Progress
from groundswell.community.collection_tables import Collection, CollectionPart, Repost
from groundswell.community.comment_holds import watched
from groundswell.community.comment_tables import Comment
from groundswell.community.tables import Follow
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.shares.tables import Share
from groundswell.trust.tables import Decision, Review
from tests.events.places import Shared, make_shared, viewer
from tests.support import App


async def call(app: App, method: str, path: str, who: str | None = None, *roles: str, **body: Any) -> httpx.Response:
    headers = app.signed_in(who, *roles) if who else {}
    return await app.http.request(method, f"/v1{path}", headers=headers, **({"json": body} if body else {}))


async def world(app: App, moments: int = 3) -> list[Shared]:
    """Public moments of Noor's, and people who have been here for a while."""
    made = [await make_shared(app.runtime.database, app.runtime.settings) for _ in range(moments)]
    async with app.runtime.database.transaction() as session:
        for subject in ("ada", "ben", "noor"):
            await viewer(session, subject)
        await session.flush()
        await session.execute(update(Viewer).values(created_at=utc_now() - timedelta(days=30)))
        await session.execute(update(Viewer).where(Viewer.name == "").values(name="Somebody"))
        await session.execute(update(Moment).values(visibility="public"))
    return made


async def codes(app: App, code: str, who: str | None = None) -> list[str]:
    found = await call(app, "GET", f"/collections/{code}", who)
    assert found.status_code == 200, found.text
    body = found.json()
    assert (body["count"], [each["code"] for each in body["parts"]]) == (
        len(body["parts"]),
        [each["code"] for each in body["parts"]],
    )
    return [each["code"] for each in body["parts"]]


@pytest.mark.slow
async def test_made_filled_ordered_shown_and_deleted(app: App) -> None:
    shared = await world(app)
    first, second, third = (each.moment for each in shared)
    made = (await call(app, "POST", "/collections", "ada", name="  Light\u202e and\nrain ", about="Two")).json()
    assert (made["name"], made["visibility"], made["standing"], made["count"]) == (
        "Light and rain",
        "private",
        "owner",
        0,
    )
    code, path = made["code"], f"/collections/{made['code']}"
    for moment in (first, second, third, first):
        answer = await call(app, "POST", f"{path}/parts", "ada", moment=moment.code)
        assert answer.status_code == 201, answer.text
    assert await codes(app, code, "ada") == [first.code, second.code, third.code]

    # refused, each with its reason
    other = (await call(app, "POST", "/collections", "ada", name="Other")).json()
    for method, at, who, body, status, reason in (
        ("POST", f"{path}/parts", "ada", {"moment": other["code"]}, 422, "collection_circular"),
        ("POST", f"{path}/parts", "ada", {"moment": code}, 422, "collection_circular"),
        ("POST", f"{path}/parts", "ada", {"moment": "nothing"}, 404, "moment_unknown"),
        ("POST", f"{path}/parts", "ben", {"moment": first.code}, 404, "collection_unknown"),
        ("PUT", f"{path}/order", "ada", {"moments": [str(first.id)]}, 409, "order_incomplete"),
        ("PUT", f"{path}/order", "ada", {"moments": [str(first.id)] * 3}, 409, "order_incomplete"),
        ("PUT", f"{path}/order", "ada", {"moments": [str(first.id)] * 201}, 422, "invalid"),
        ("PATCH", path, "ada", {"name": "\u200b"}, 422, "name_empty"),
        ("PATCH", path, "ada", {"name": "x" * 101}, 422, "name_empty"),
        ("PATCH", path, "ada", {"cover": "nothing"}, 404, "moment_unknown"),
        ("GET", path, None, {}, 404, "collection_unknown"),
        ("GET", path, "ben", {}, 404, "collection_unknown"),
    ):
        answer = await call(app, method, at, who, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, reason), (method, at, body)

    order = [str(each.id) for each in (third, first, second)]
    await call(app, "PUT", f"{path}/order", "ada", moments=order)
    changed = (await call(app, "PATCH", path, "ada", visibility="public", cover=first.code)).json()
    assert (changed["cover"], changed["visibility"]) == (first.code, "public")
    assert await codes(app, code) == [third.code, first.code, second.code]

    # the page plays one and leads to the next; unfurl and embed; what is public is listed by its maker
    page = await app.http.get(f"/c/{code}?at=2")
    assert page.status_code == 200
    for said in (f'data-next="/c/{code}?at=3"', f"/m/{first.code}/poster.jpg", 'property="og:title"', 'rel="prev"'):
        assert said in page.text
    assert len(page.content) <= 60_000
    assert (await app.http.get(f"/c/{code}/embed?at=99")).status_code == 200
    for address in (changed["url"], changed["embed_url"]):
        said = (await call(app, "GET", f"/oembed?{urlencode({'url': address})}")).json()
        assert (said["title"], said["width"], said["height"]) == (changed["name"], 640, 360)
        assert f'src="{changed["embed_url"]}"' in said["html"]
        assert said["thumbnail_url"].endswith(f"/m/{first.code}/poster.jpg")
    unknown = await call(app, "GET", f"/oembed?{urlencode({'url': changed['url'] + '0'})}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "collection_unknown")
    handle = (await call(app, "GET", "/me", "ada")).json()["handle"]
    assert [each["code"] for each in (await call(app, "GET", f"/collections?by={handle}")).json()["items"]] == [code]
    assert (await call(app, "GET", "/collections?limit=1", "ada")).json()["next"]

    # each part is held when it is looked at: by its title's decision, its maker's wish, what spoils, a block
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).filter_by(id=second.id).values(visibility="private"))
        await session.execute(update(Moment).filter_by(id=third.id).values(spoiler=True, caption="The end!"))
    assert await codes(app, code) == [third.code, first.code]
    assert await codes(app, code, "noor") == [third.code, first.code, second.code], "their maker sees them all the same"
    parts = (await call(app, "GET", path)).json()["parts"]
    assert (parts[0]["spoiled"], parts[0]["caption"]) == (True, "")
    why = {"subject": {"kind": "moment", "id": first.code}, "reason_code": "spam", "explanation": "Spam."}
    await call(app, "POST", "/decisions", "tess", "trust", action="hide", **why)
    assert await codes(app, code) == [third.code]
    await call(app, "POST", "/barriers", "ben", handle=handle, kind="block")
    assert (await call(app, "GET", path, "ben")).json()["code"] == "collection_unknown"
    assert (await app.http.get(f"/c/{code}", headers=await app.session("ben"))).status_code == 404
    kids = await app.http.get(f"/v1/collections/{code}", headers=app.as_told("kim", kids=True))
    assert kids.json()["code"] == "kids_apart"

    # taken down as a whole, and deleted
    why = {"subject": {"kind": "collection", "id": code}, "reason_code": "spam", "explanation": "Spam."}
    taken = (await call(app, "POST", "/decisions", "tess", "trust", action="hide", **why)).json()
    assert (await call(app, "GET", path)).json()["code"] == "collection_unknown"
    assert (await call(app, "GET", f"/me/decisions/{taken['id']}", "ada")).json()["seen"]["name"] == "Light and rain"
    assert (await call(app, "DELETE", path, "ada")).status_code == 204
    assert (await call(app, "GET", path, "ada")).status_code == 404
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(CollectionPart)) == 0


@pytest.mark.slow
async def test_a_moment_is_put_into_a_collection_from_its_page(app: App) -> None:
    (shared,) = await world(app, moments=1)
    code, ada = shared.moment.code, await app.session("ada")

    async def put(**form: str) -> httpx.Response:
        sent = {"moment": code} | form
        return await app.http.post("/collections/add", data=sent, headers=ada | {"Sec-Fetch-Site": "same-origin"})

    at = f"/collections/add?moment={code}"
    assert f'href="{at}"' in (await app.http.get(f"/m/{code}", headers=ada)).text
    assert f'href="{at}"' not in (await app.http.get(f"/m/{code}")).text, "for who is signed in"
    assert f'href="{at}"' in (await app.http.get("/moments", headers=await app.session("noor"))).text
    assert "data-sheet" in (await app.http.get(at, headers=ada)).text
    for form, status, reason in (
        ({"name": " "}, 422, "name_empty"),
        ({"collection": "nothing"}, 404, "collection_unknown"),
        ({"collection": "nothing", "do": "drop"}, 404, "collection_unknown"),
    ):
        refused = await put(**form)
        assert (refused.status_code, f'data-reason="{reason}"' in refused.text) == (status, True), form
    made = await put(name="Rain")
    assert made.status_code == 303, made.text
    shown = (await app.http.get(made.headers["location"], headers=ada)).text
    assert "It is in Rain." in shown
    assert 'aria-pressed="true"' in shown
    (mine,) = (await call(app, "GET", "/collections", "ada")).json()["items"]
    assert await codes(app, mine["code"], "ada") == [code]
    gone = await put(collection=mine["code"], do="drop")
    assert "no longer in Rain." in (await app.http.get(gone.headers["location"], headers=ada)).text
    assert await codes(app, mine["code"], "ada") == []
    assert (await app.http.get("/collections/add?moment=nothing", headers=ada)).status_code == 404


@pytest.mark.slow
async def test_filled_by_several_at_once(app: App) -> None:
    """Whatever several people do at the same time, places count from 0 without gaps, and everything is there once."""
    shared = await world(app, moments=6)
    path = f"/collections/{(await call(app, 'POST', '/collections', 'ada', name='Ours')).json()['code']}"
    ben = (await call(app, "GET", "/me", "ben")).json()["handle"]
    assert (await call(app, "POST", f"{path}/join", "ben")).json()["code"] == "collection_unknown"
    asked = (await call(app, "POST", f"{path}/collaborators", "ada", handle=ben)).json()
    assert [each["state"] for each in asked["collaborators"]] == ["asked"]
    early = await call(app, "POST", f"{path}/parts", "ben", moment=shared[0].moment.code)
    assert early.json()["code"] == "collection_unknown", "who was asked has not agreed"
    assert (await call(app, "POST", f"{path}/join", "ben")).json()["standing"] == "joined"
    draw = random.Random(7)
    steps = []
    for number in range(24):
        who, moment = draw.choice(["ada", "ben"]), draw.choice(shared).moment
        if number % 3:
            steps.append(call(app, "POST", f"{path}/parts", who, moment=moment.code))
        else:
            steps.append(call(app, "DELETE", f"{path}/parts/{moment.code}", who))
    for at in range(0, len(steps), 4):
        assert {each.status_code for each in await asyncio.gather(*steps[at : at + 4])} <= {201, 204, 404}
    async with app.runtime.database.transaction() as session:
        rows = (await session.execute(select(CollectionPart.place, CollectionPart.moment_id))).all()
    assert sorted(row.place for row in rows) == list(range(len(rows)))
    await call(app, "POST", "/barriers", "ada", handle=ben, kind="block")
    assert (await call(app, "GET", path, "ben")).status_code == 404, "a block ends it"


async def test_passed_on_with_credit(app: App) -> None:
    (shared,) = await world(app, moments=1)
    moment = shared.moment
    async with app.runtime.database.transaction() as session:
        people = {each.subject: each for each in await session.scalars(select(Viewer))}
        session.add(Follow(follower_id=people["ada"].id, followed_id=people["ben"].id, state="following"))
    token = (await call(app, "POST", "/shares", "noor", moment=moment.code, channel="copy")).json()["token"]
    first = await call(app, "POST", f"/moments/{moment.code}/repost", "ben", share=token)
    assert first.status_code == 201, first.text
    assert (await call(app, "POST", f"/moments/{moment.code}/repost", "ben", share=token)).json()["id"] == first.json()[
        "id"
    ]
    assert (await call(app, "POST", f"/moments/{moment.code}/repost", "noor", share=None)).json()[
        "code"
    ] == "repost_own"
    shown = (await app.http.get("/following", headers=await app.session("ada"))).text
    assert [word for word in ("Passed on to you", people["ben"].name, people["noor"].name) if word not in shown] == []
    (seen,) = (await call(app, "GET", "/following/reposts", "ada")).json()["items"]
    assert (seen["reposted_by"]["handle"], seen["code"]) == (people["ben"].handle, moment.code)
    async with app.runtime.database.transaction() as session:
        repost = (await session.scalars(select(Repost))).one()
        share = await session.get_one(Share, repost.share_id)
        assert (share.generation, share.parent_id is not None, share.viewer_id) == (1, True, people["ben"].id)
    assert (await call(app, "DELETE", f"/moments/{moment.code}/repost", "ben")).status_code == 204
    assert (await call(app, "GET", "/following/reposts", "ada")).json()["items"] == []


@pytest.mark.slow
async def test_makers_and_staff_keep_comments(app: App) -> None:
    """A maker folds away; what is held waits in the one queue; a soft measure shows it to who asks; data is theirs."""
    (shared,) = await world(app, moments=1)
    app.runtime.settings.comment_watched_languages = {"de": ["Straße"], "ja": ["最悪"]}
    path = f"/moments/{shared.moment.code}/comments"
    said = (await call(app, "POST", path, "ada", text="So it goes", at_us=75_000_000)).json()
    assert (await call(app, "POST", f"/comments/{said['id']}/collapse", "ben", collapsed=True)).status_code == 404
    assert (await call(app, "POST", f"/comments/{said['id']}/collapse", "noor", collapsed=True)).json()["collapsed"]
    assert not (await call(app, "POST", f"/comments/{said['id']}/collapse", "noor", collapsed=False)).json()[
        "collapsed"
    ]
    held = (await call(app, "POST", path, "ben", text="これは最悪だ", at_us=75_000_000)).json()
    assert held["held_for"] == "watched_word"
    (review,) = (await call(app, "GET", "/reviews?kind=comment", "tess", "trust")).json()["items"]
    assert (review["lane"], review["subject_id"]) == ("held", held["id"])
    why = {"reason_code": "harassment", "explanation": "Mind your words."}
    await call(app, "POST", f"/reviews/{review['id']}/decision", "tess", "trust", action="collapse", **why)
    shown = {each["id"]: each for each in (await call(app, "GET", path, "ada")).json()["items"]}
    assert (shown[held["id"]]["held_for"], shown[held["id"]]["collapsed"]) == (None, True)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).where(Review.closed_at.is_(None))) == 0

    # the console: queue, one review, appeals, transparency, for those who may
    await call(app, "POST", f"/comments/{said['id']}/reports", "ben", reason_code="spam", text="Again")
    await call(
        app,
        "POST",
        f"/people/{(await call(app, 'GET', '/me', 'ada')).json()['handle']}/reports",
        "ben",
        reason_code="spam",
    )
    tess = await app.session("tess", "trust")
    for page in ("/console/reviews", "/console/reviews?state=decided", "/console/appeals", "/console/transparency"):
        answer = await app.http.get(page, headers=tess)
        assert answer.status_code == 200, (page, answer.text[:300])
        assert (await app.http.get(page, headers=await app.session("ada"))).status_code == 403
    waits = (await call(app, "GET", "/reviews?kind=comment", "tess", "trust")).json()["items"]
    one = f"/console/reviews/{waits[0]['id']}"
    assert "Again" in (await app.http.get(one, headers=tess)).text
    refused = await app.http.post(f"{one}/decision", data={"action": "hide"}, headers=tess)
    assert refused.status_code == 422
    done = {"action": "hide", "reason": "spam", "explanation": "The same, over and over."}
    assert (await app.http.post(f"{one}/decision", data=done, headers=tess)).status_code == 303
    assert (await app.http.post(f"{one}/undo", headers=tess)).status_code == 303
    rest = [each["id"] for each in (await call(app, "GET", "/reviews", "tess", "trust")).json()["items"]]
    assert len(rest) == 2
    many = await app.http.post("/console/reviews/decisions", data={"review": rest, **done}, headers=tess)
    assert many.headers["location"] == "/console/reviews?saved=done"

    # the maker of what was decided on: the page, an appeal in words too short, an appeal
    ada = await app.session("ada")
    assert "Taken down" in (await app.http.get("/decisions", headers=ada)).text
    async with app.runtime.database.transaction() as session:
        mine = await session.scalar(
            select(Decision.id).filter_by(subject_kind="comment", action="hide", lifted_at=None)
        )
    page = (await app.http.get(f"/decisions/{mine}", headers=ada)).text
    assert "So it goes" in page
    assert (await app.http.post(f"/decisions/{mine}/appeal", data={"text": "x"}, headers=ada)).status_code == 422
    sent = await app.http.post(f"/decisions/{mine}/appeal", data={"text": "I said it once."}, headers=ada)
    assert sent.status_code == 303
    uma = await app.session("uma", "trust")
    assert "Somebody else decides." in (await app.http.get("/console/appeals", headers=tess)).text
    appeal = (await call(app, "GET", "/appeals", "uma", "trust")).json()["items"][0]["id"]
    judged = {"outcome": "reversed", "explanation": "Once it was."}
    assert (await app.http.post(f"/console/appeals/{appeal}", data=judged, headers=uma)).status_code == 303
    assert "Once it was." in (await app.http.get(f"/decisions/{mine}", headers=ada)).text

    # what is kept of somebody is theirs to have
    for kind in ("comments", "reports", "decisions", "appeals", "follows", "settings", "collection_parts"):
        assert (await call(app, "GET", f"/me/data/{kind}", "ada")).status_code == 200
    assert (await call(app, "GET", "/me/data/viewers", "ada")).status_code == 422
    saved = (await app.http.get("/people/data.json", headers=ada)).json()
    assert [each["text"] for each in saved["comments"]] == ["So it goes"]
    assert len(saved["appeals"]) == 1
    page = await app.http.get("/notice?kind=moment&about=x")
    assert page.status_code == 200
    bad = await app.http.post("/notice", data={"about": shared.moment.code, "reason_code": "hate", "text": "No"})
    assert bad.status_code == 422
    whole = {"about": f"https://x/m/{shared.moment.code}", "reason_code": "hate", "text": "It is", "name": "Ida O",
             "email": "ida@example.com", "good_faith": "true"}  # fmt: skip
    assert "Your notice came" in (await app.http.post("/notice", data=whole)).text
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Comment)) == 2
        assert await session.scalar(select(func.count()).select_from(Progress)) >= 0
        assert await session.scalar(select(func.count()).select_from(Collection)) == 0


def test_watched_words_are_found_as_their_language_writes_them() -> None:
    assert watched(["Spam"], {}, "SPAM!")
    assert not watched(["spam"], {}, "spamalot")
    assert watched([], {"de": ["STRASSE"]}, "an der straße")
    assert watched([], {"ja": ["最悪"]}, "これは最悪だ")
    assert not watched([], {"de": ["最悪"]}, "これは最悪だ")
    assert watched([], {"en": ["spam"]}, "\uff33\uff30\uff21\uff2d")
