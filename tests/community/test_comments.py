"""Comments: as late as the second they are about, kept by those who may, and never what they seem not to be."""

import unicodedata
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from groundswell.accounts.tables import Viewer
from groundswell.catalog.spoilers import ViewerProgress
from groundswell.catalog.tables import Progress, Title
from groundswell.community.comment_list import is_late
from groundswell.community.comment_text import CommentEmpty, CommentTooLong, TooManyLinks, as_html, cleaned, looks_alike
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.trust.tables import Decision, Report
from tests.events.places import Shared, make_shared, viewer
from tests.support import App

AT_US = 75_000_000


async def world(app: App, **options: Any) -> Shared:
    """A moment, and people whose accounts are no longer new."""
    for name, value in options.items():
        setattr(app.runtime.settings, name, value)
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    async with app.runtime.database.transaction() as session:
        for subject in ("ada", "ben", "noor"):
            await viewer(session, subject)
        await session.flush()
        await session.execute(update(Viewer).values(created_at=utc_now() - timedelta(days=30)))
    return shared


async def say(app: App, shared: Shared, who: str, text: str, **body: Any) -> httpx.Response:
    path = f"/v1/moments/{shared.moment.code}/comments"
    return await app.http.post(path, json={"text": text, "at_us": AT_US} | body, headers=app.signed_in(who))


async def read(app: App, shared: Shared, who: str | None = None, **params: Any) -> dict[str, Any]:
    headers = app.signed_in(who) if who else {}
    answer = await app.http.get(f"/v1/moments/{shared.moment.code}/comments", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def call(app: App, method: str, path: str, who: str, *roles: str, **body: Any) -> httpx.Response:
    return await app.http.request(method, path, headers=app.signed_in(who, *roles), **({"json": body} if body else {}))


@pytest.mark.slow
async def test_said_answered_changed_pinned_and_deleted(app: App) -> None:
    shared = await world(app)
    first = (await say(app, shared, "ada", "The light!\nLook at it.")).json()
    assert (first["html"], first["mine"], first["held_for"]) == ("The light!<br>Look at it.", True, None)
    answer = (await say(app, shared, "noor", "I know.", parent=first["id"], at_us=73_000_000)).json()
    assert (answer["parent"], answer["at_us"], answer["by_maker"]) == (first["id"], AT_US, True)
    deep = (await say(app, shared, "ben", "Me too.", parent=answer["id"])).json()
    assert deep["parent"] == first["id"], "answers to an answer stand beside it"
    second = (await say(app, shared, "ben", "And the sound.")).json()
    seen = await read(app, shared)
    assert (seen["total"], [each["id"] for each in seen["items"]]) == (4, [second["id"], first["id"]])
    assert [each["text"] for each in seen["items"][1]["answers"]] == ["I know.", "Me too."]
    pinned = await call(app, "POST", f"/v1/comments/{first['id']}/pin", "noor", pinned=True)
    assert pinned.json()["pinned"]
    assert (await call(app, "POST", f"/v1/comments/{second['id']}/pin", "ada", pinned=True)).status_code == 404
    assert [each["id"] for each in (await read(app, shared, limit=1))["items"]] == [first["id"], second["id"]]
    path = f"/v1/comments/{second['id']}"
    assert (await call(app, "PATCH", path, "ada", text="Mine now")).json()["code"] == "comment_unknown"
    assert (await call(app, "PATCH", path, "ben", text="And the silence.")).json()["edited_at"]
    assert (await call(app, "DELETE", path, "ada")).status_code == 404
    assert (await call(app, "DELETE", path, "noor")).status_code == 204, "whoever made the moment keeps it tidy"
    assert (await call(app, "DELETE", f"/v1/comments/{first['id']}", "ada")).status_code == 204
    left = await read(app, shared)
    assert [(each["deleted"], each["text"], each["by"], each["answer_count"]) for each in left["items"]] == [
        (True, None, None, 2)
    ]
    assert left["total"] == 2


async def test_what_comes_too_early_is_there_without_its_words(app: App) -> None:
    shared = await world(app)
    said = (await say(app, shared, "noor", "It was the keeper all along")).json()
    async with app.runtime.database.transaction() as session:
        ada = await viewer(session, "ada")
        session.add(Progress(viewer_id=ada.id, title_id=shared.title.id, position_us=AT_US - 1))
    (early,) = (await read(app, shared, "ada"))["items"]
    assert (early["veiled"], early["text"], early["html"], early["by"]) == (True, None, None, None)
    assert (await read(app, shared, "ben"))["items"][0]["text"], "who has not begun came to see the moment"
    told = (await call(app, "GET", f"/v1/comments/{said['id']}", "ada")).json()
    assert told["text"] == "It was the keeper all along", "by asking for it"
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Progress).values(position_us=AT_US))
    assert not (await read(app, shared, "ada"))["items"][0]["veiled"]
    await say(app, shared, "noor", "And more", spoiler=True)
    assert (await read(app, shared))["items"][0]["veiled"]


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.one_of(st.none(), st.integers(0, 10**9)), st.booleans())
def test_nobody_in_the_middle_reads_ahead(at_us: int, reached: int | None, marked: bool) -> None:
    title = Title(id=uuid7(), slug="t", name="T")
    seen = ViewerProgress({} if reached is None else {title.id: reached}, {})
    late = is_late(seen, title, at_us, marked=marked)
    if reached is not None and reached < at_us:
        assert late
    if reached is not None and reached >= at_us > 0:
        assert not late
    if reached is None:
        assert late is marked


@pytest.mark.slow
async def test_what_is_held_and_who_lets_it_through(app: App) -> None:
    shared = await world(app, comment_watched_words=["keeper"])
    link = (await say(app, shared, "ada", "See https://example.org/x")).json()
    assert (link["held_for"], link["html"]) == ("link", "See https://example.org/x"), "and it leads nowhere"
    word = (await say(app, shared, "ben", "The KEEPER did it")).json()
    assert word["held_for"] == "watched_word"
    fresh = (await say(app, shared, "newcomer", "Hello all")).json()
    assert fresh["held_for"] == "new_account"
    assert (await read(app, shared))["items"] == []
    assert [each["text"] for each in (await read(app, shared, "ada"))["items"]] == ["See https://example.org/x"]
    assert len((await read(app, shared, "noor"))["items"]) == 3
    release = "/v1/comments/{}/release"
    assert (await call(app, "POST", release.format(link["id"]), "ada")).status_code == 404
    assert (await call(app, "POST", release.format(link["id"]), "noor")).status_code == 200
    assert (await call(app, "POST", release.format(word["id"]), "noor")).status_code == 404
    waiting = (await call(app, "GET", "/v1/comments", "tess", "trust")).json()["items"]
    assert [each["held_for"] for each in waiting] == ["watched_word", "new_account"]
    staff = await app.session("tess", "trust")
    page = await app.http.get("/console/comments", headers=staff)
    assert "The KEEPER did it" in page.text
    done = await app.http.post(f"/console/comments/{word['id']}", data={"do": "release"}, headers=staff)
    assert done.status_code == 303, done.text
    taken = {"do": "hide", "reason": "spam"}
    assert (await app.http.post(f"/console/comments/{fresh['id']}", data=taken, headers=staff)).status_code == 303
    assert {each["text"] for each in (await read(app, shared))["items"]} == {link["text"], word["text"]}
    async with app.runtime.database.transaction() as session:
        decision = (await session.scalars(select(Decision).filter_by(subject_kind="comment"))).one()
        assert (decision.action, decision.reason_code) == ("hide", "spam")


@pytest.mark.slow
async def test_reports_go_into_the_queue_and_a_decision_closes_them(app: App) -> None:
    shared = await world(app)
    said = (await say(app, shared, "ada", "Rude words")).json()
    path = f"/v1/comments/{said['id']}/reports"
    for _ in range(2):
        assert (await app.http.post(path, json={"reason_code": "harassment", "text": "No"})).status_code == 201
    assert (await app.http.post(path, json={"reason_code": "nonsense"})).json()["code"] == "invalid"
    (told,) = (await call(app, "GET", "/v1/reports?open=true", "tess", "trust")).json()["items"]
    assert (told["comment_id"], told["moment_id"]) == (said["id"], str(shared.moment.id))
    staff = await app.session("tess", "trust")
    assert "Rude words" in (await app.http.get("/console/comments", headers=staff)).text
    assert "Rude words" not in (await app.http.get("/console/trust", headers=staff)).text
    hidden = {"subject": {"kind": "comment", "id": said["id"]}, "reason_code": "harassment", "explanation": "Rude."}
    assert (await call(app, "POST", "/v1/decisions", "tess", "trust", **hidden)).status_code == 201
    async with app.runtime.database.transaction() as session:
        assert [each.closed_by is not None for each in await session.scalars(select(Report))] == [True]
    seen = await read(app, shared)
    assert (seen["items"], seen["total"]) == ([], 0)
    assert [each["text"] for each in (await read(app, shared, "ada"))["items"]] == ["Rude words"]
    assert (await app.http.post(path, json={"reason_code": "spam"})).json()["code"] == "comment_unknown"
    older = (await say(app, shared, "ben", "Kind words")).json()
    await say(app, shared, "ada", "Kinder words")
    pages = await read(app, shared, limit=1)
    assert (await read(app, shared, limit=1, cursor=pages["next"]))["items"][0]["id"] == older["id"]


async def test_too_much_too_often_and_by_whom(app: App) -> None:
    shared = await world(app, comment_rate_per_minute=2)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"text": "x" * 1_001}, "comment_too_long"),
        ({"text": "\u202e\u200b \u2066"}, "comment_empty"),
        ({"text": " ".join(["https://example.org"] * 4)}, "too_many_links"),
        ({"text": "Hm", "at_us": 1}, "outside_moment"),
        ({"text": "Hm", "parent": str(uuid7())}, "comment_unknown"),
        ({"text": "\U0001f600" * 10_000}, "comment_too_long"),
        ({"text": "y" * 20_001}, "invalid"),
    ]
    for body, code in refused:
        assert (await say(app, shared, "ada", **body)).json()["code"] == code
    assert (await say(app, shared, "ada", "What a shot")).status_code == 201
    assert (await say(app, shared, "ada", "what a SHOT!!!")).json()["code"] == "comment_repeated"
    assert (await say(app, shared, "ada", "Another")).status_code == 201
    many = await say(app, shared, "ada", "A third")
    assert (many.status_code, many.headers["retry-after"]) == (429, "30")
    path = f"/v1/moments/{shared.moment.code}/comments"
    assert (await app.http.post(path, json={"text": "Hi", "at_us": AT_US})).status_code == 401
    child = app.as_told("kid", kids=True)
    assert (await app.http.get(path, headers=child)).json()["code"] == "kids_apart"
    app.runtime.settings.comments = "watched"
    assert (await say(app, shared, "ben", "Me?")).json()["code"] == "not_watched"
    async with app.runtime.database.transaction() as session:
        ben = await viewer(session, "ben")
        session.add(Progress(viewer_id=ben.id, title_id=shared.title.id, position_us=100_000_000))
    assert (await say(app, shared, "ben", "Me!")).status_code == 201
    app.runtime.settings.comments = "off"
    assert (await say(app, shared, "ben", "Still?")).json()["code"] == "comments_off"
    assert not (await read(app, shared))["open"]


async def test_a_block_stands_between_comments_too(app: App) -> None:
    shared = await world(app)
    said = (await say(app, shared, "ada", "Hello")).json()
    ada = said["by"]["handle"]
    await call(app, "POST", "/v1/barriers", "ben", handle=ada, kind="block")
    seen = await read(app, shared, "ben")
    assert (seen["items"], seen["total"]) == ([], 0)
    assert (await say(app, shared, "ben", "You!", parent=said["id"])).json()["code"] == "comment_unknown"
    assert (await call(app, "GET", f"/v1/comments/{said['id']}", "ben")).json()["code"] == "comment_unknown"
    assert (await read(app, shared))["total"] == 1


@settings(max_examples=150)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_whatever_is_written_is_text_and_nothing_else(text: str) -> None:
    try:
        clean = cleaned(text)
    except (CommentEmpty, CommentTooLong, TooManyLinks):
        return
    assert cleaned(clean) == clean
    assert not any(
        unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI"} for each in clean
    )
    shown = as_html(clean, links=True)
    assert "<" not in shown.replace("<br>", "").replace("<a href=", "").replace("</a>", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("I <3 this & that", "I &lt;3 this &amp; that"),
        ("a\u202eb\u2066c\u200bd", "abcd"),
        ("Z" + "\u0337" * 40 + "a", "Z" + "\u0337" * 3 + "a"),
        ("नमस्ते ภาษาไทย שָׁלוֹם", "नमस्ते ภาษาไทย שָׁלוֹם"),
    ],
)
def test_what_becomes_of_what_misleads(text: str, shown: str) -> None:
    assert as_html(cleaned(text), links=False) == as_html(unicodedata.normalize("NFC", cleaned(text)), links=True)
    assert unicodedata.normalize("NFC", as_html(cleaned(text), links=False)) == unicodedata.normalize("NFC", shown)


def test_links_and_names_that_look_alike() -> None:
    assert as_html("go https://example.org/a?b=1.", links=True) == (
        'go <a href="https://example.org/a?b=1" rel="nofollow ugc noopener noreferrer">https://example.org/a?b=1</a>.'
    )
    assert "<a" not in as_html("https://exаmple.org", links=True), "a Cyrillic а"
    assert "<a" not in as_html("javascript:alert(1)", links=True)
    assert [looks_alike(name) for name in ("Nооr", "Noor", "Владимир", "عمر")] == [True, False, False, False]
