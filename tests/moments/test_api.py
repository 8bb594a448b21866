"""Making, listing, changing and deleting moments."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from groundswell.moments.signals import MomentCreated
from groundswell.moments.tables import ClippedSpan, Moment, Rendition
from groundswell.platform import signals
from tests.moments.clipping import clip, clipped, rows, set_rights, take_down
from tests.support import App

pytestmark = pytest.mark.usefixtures("title")


async def test_a_moment_is_there_at_once_and_its_media_is_queued(app: App, title: UUID) -> None:
    made = await clipped(
        app, start=10.013, end=15.987, caption="  Look <i>there</i>\x00 ", spoiler=True, visibility="unlisted"
    )
    assert (made["start_us"], made["end_us"], made["duration_us"]) == (10_000_000, 16_000_000, 6_000_000)
    assert made["caption"] == "Look <i>there</i>"
    assert made["url"] == f"http://test/m/{made['code']}"
    assert made["title"]["id"] == str(title)
    assert made["by"]["name"] == "Ada"
    assert (made["visibility"], made["spoiler"], made["available"]) == ("unlisted", True, True)
    assert made["media"]["status"] == "queued"
    assert made["media"]["mp4_url"] == f"/m/{made['code']}/wide.mp4"
    listed = (await app.http.get("/v1/moments", headers=app.signed_in())).json()
    assert listed == {"items": [made], "next": None}
    async with app.runtime.database.transaction() as session:
        profiles = await rows(session, select(Rendition.profile).order_by(Rendition.profile))
    assert profiles == ["light", "poster", "preview", "wide"]


NO_CLIPS = [
    ({"start": 15, "end": 10}, 422, "start_not_before_end"),
    ({"start": 10, "end": 10}, 422, "start_not_before_end"),
    ({"start": 29, "end": 35}, 422, "past_the_end"),
    ({"start": 31, "end": 37}, 422, "past_the_end"),
    ({"start": -1, "end": 5}, 422, "invalid"),
    ({"start": 10, "end": 10**12}, 422, "invalid"),
    ({"start": 10, "end": 12}, 403, "clip_too_short"),
    ({"title": "nowhere"}, 404, "title_unknown"),
    ({"title": str(uuid4())}, 404, "title_unknown"),
    ({"caption": "x" * 10_000}, 422, "caption_too_long"),
    ({"caption": 7}, 422, "invalid"),
    ({"visibility": "secret"}, 422, "invalid"),
    ({"colour": "red"}, 422, "invalid"),
]


async def test_what_makes_no_clip_is_refused_and_nothing_is_written(app: App) -> None:
    for fields, status, code in NO_CLIPS:
        answer = await clip(app, **fields)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (status, code), fields
        async with app.runtime.database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(Moment)) == 0
            assert await session.scalar(select(func.count()).select_from(Rendition)) == 0


NO_TIMES = ["NaN", "Infinity", '"1:2:3:4"', "1.5", "null", "[1]"]


async def test_times_that_are_no_times(app: App) -> None:
    for time in NO_TIMES:
        body = f'{{"title": "numbers", "start_us": 0, "end_us": {time}}}'
        headers = app.signed_in() | {"Content-Type": "application/json"}
        answer = await app.http.post("/v1/moments", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_half_an_emoji_in_a_caption_is_refused_or_cleaned(app: App) -> None:
    body = '{"title": "numbers", "start_us": 0, "end_us": 5000000, "caption": "a\\ud83d"}'
    headers = app.signed_in() | {"Content-Type": "application/json"}
    answer = await app.http.post("/v1/moments", content=body, headers=headers)
    assert answer.status_code in {201, 422}


async def test_a_player_that_overshoots_the_end_a_little_means_the_end(app: App) -> None:
    made = await clipped(app, start=24, end=30.1)
    assert made["end_us"] == 30_000_000


async def test_rights_decide_and_say_why(app: App) -> None:
    await set_rights(app, sharing=False)
    answer = await clip(app)
    assert (answer.status_code, answer.json()["code"]) == (403, "sharing_off")
    assert answer.json()["detail"]


async def test_nobody_gets_past_the_title_total_by_asking_at_once(app: App) -> None:
    await set_rights(app, title_total_us=12_000_000)
    answers = await asyncio.gather(*[clip(app, f"viewer{n}", start=n * 6, end=n * 6 + 5) for n in range(5)])
    assert sorted(a.status_code for a in answers) == [201, 201, 403, 403, 403]
    assert {a.json()["code"] for a in answers if a.status_code == 403} == {"title_total_reached"}


async def test_deleting_gives_a_viewer_nothing_back(app: App) -> None:
    await set_rights(app, viewer_total_us=6_000_000)
    made = await clipped(app, start=0, end=5)
    await app.http.delete(f"/v1/moments/{made['id']}", headers=app.signed_in())
    assert (await clip(app, start=10, end=15)).json()["code"] == "viewer_total_reached"
    assert (await clip(app, start=0, end=5)).status_code == 201
    assert (await clip(app, "noor", start=10, end=15)).status_code == 201


async def test_deleting_gives_nobody_else_anything_back(app: App) -> None:
    """Else several people could pass a title through its cap, one piece after the other."""
    await set_rights(app, title_total_us=12_000_000)
    for viewer, start in (("ada", 0), ("noor", 5)):
        made = await clipped(app, viewer, start=start, end=start + 5)
        await app.http.delete(f"/v1/moments/{made['id']}", headers=app.signed_in(viewer))
    assert (await clip(app, "ben", start=10, end=15)).json()["code"] == "title_total_reached"
    assert (await clip(app, "ben", start=0, end=10)).status_code == 201, "what was clipped before costs nothing"


async def test_trimming_anew_gives_a_viewer_nothing_back(app: App) -> None:
    await set_rights(app, viewer_total_us=11_000_000)
    made = await clipped(app, start=0, end=5)
    address = f"/v1/moments/{made['id']}"
    moved = await app.http.patch(address, json={"start_us": 10_000_000, "end_us": 15_000_000}, headers=app.signed_in())
    assert moved.status_code == 200, moved.text
    again = await app.http.patch(address, json={"start_us": 20_000_000, "end_us": 25_000_000}, headers=app.signed_in())
    assert again.json()["code"] == "viewer_total_reached"
    assert (await app.http.get(address, headers=app.signed_in())).json()["start_us"] == 10_000_000
    async with app.runtime.database.transaction() as session:
        assert len(await rows(session, select(ClippedSpan))) == 2


async def test_the_trimmer_is_told_what_is_left(app: App) -> None:
    await set_rights(app, viewer_total_us=11_000_000)
    await clipped(app, start=0, end=5)
    title = (await app.http.get("/v1/titles/numbers", headers=app.signed_in())).json()
    assert title["rights"]["viewer_remaining_us"] == 6_000_000


async def test_a_repeated_request_makes_one_moment(app: App) -> None:
    body = {"title": "numbers", "start_us": 0, "end_us": 5_000_000}
    headers = app.signed_in() | {"Idempotency-Key": "k1"}
    first, second = [await app.http.post("/v1/moments", json=body, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    listed = (await app.http.get("/v1/moments", headers=app.signed_in())).json()
    assert len(listed["items"]) == 1


@pytest.mark.slow
async def test_the_list_has_pages_and_can_be_of_one_title(app: App) -> None:
    codes = [(await clipped(app, start=0, end=5, caption=str(n)))["code"] for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await app.http.get("/v1/moments", params={"limit": 2, **cursor}, headers=app.signed_in())).json()
        seen += [moment["code"] for moment in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == codes[::-1]
    mine = await app.http.get("/v1/moments", params={"title": "numbers"}, headers=app.signed_in())
    assert len(mine.json()["items"]) == 5
    none = await app.http.get("/v1/moments", params={"title": "nowhere"}, headers=app.signed_in())
    assert none.json()["code"] == "title_unknown"
    wrong = await app.http.get("/v1/moments", params={"cursor": "zzz"}, headers=app.signed_in())
    assert wrong.json()["code"] == "cursor_invalid"
    assert (await app.http.get("/v1/moments", headers=app.signed_in("noor"))).json()["items"] == []


async def test_words_can_be_changed_by_their_maker_alone(app: App) -> None:
    made = await clipped(app, caption="first")
    address = f"/v1/moments/{made['code']}"
    changes = {"caption": "second", "note": "for me", "visibility": "public", "credit_me": False}
    theirs = await app.http.patch(address, json=changes, headers=app.signed_in("noor"))
    assert (theirs.status_code, theirs.json()["code"]) == (404, "moment_unknown")
    mine = (await app.http.patch(address, json=changes, headers=app.signed_in())).json()
    assert mine == made | changes | {"by": None}
    seen = (await app.http.get(address)).json()
    assert (seen["caption"], seen["note"], seen["by"]) == ("second", None, None)
    null = await app.http.patch(address, json={"caption": None}, headers=app.signed_in())
    assert null.json()["code"] == "invalid"


async def test_a_private_moment_is_unknown_to_others(app: App) -> None:
    made = await clipped(app, visibility="private")
    for path in (f"/v1/moments/{made['code']}", f"/v1/moments/{made['id']}/progress", f"/m/{made['code']}/wide.mp4"):
        for headers in ({}, app.signed_in("noor")):
            answer = await app.http.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "moment_unknown")
    assert (await app.http.get(f"/v1/moments/{made['code']}", headers=app.signed_in())).status_code == 200


async def test_a_deleted_moment_says_so(app: App) -> None:
    made = await clipped(app)
    address = f"/v1/moments/{made['id']}"
    assert (await app.http.delete(address, headers=app.signed_in("noor"))).status_code == 404
    for _ in range(2):
        assert (await app.http.delete(address, headers=app.signed_in())).status_code == 204
    assert (await app.http.get("/v1/moments", headers=app.signed_in())).json()["items"] == []
    for answer in (
        await app.http.get(address, headers=app.signed_in()),
        await app.http.patch(address, json={"caption": "x"}, headers=app.signed_in()),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "moment_deleted")


async def test_my_list_says_why_a_moment_cannot_be_shown(app: App) -> None:
    made = await clipped(app)
    await take_down(app, made["code"], "A viewer asked us to.")
    moment = (await app.http.get("/v1/moments", headers=app.signed_in())).json()["items"][0]
    assert moment["available"] is False
    assert moment["unavailable_reason"] == {"code": "taken_down", "words": "A viewer asked us to."}
    assert moment["media"]["mp4_url"] is moment["media"]["poster_url"] is None


async def test_an_error_in_a_room_that_listens_leaves_nothing_behind(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trip(session: object, signal: object) -> None:
        raise RuntimeError("tripped")

    monkeypatch.setitem(signals._subscribers, MomentCreated, [trip])
    with pytest.raises(RuntimeError, match="tripped"):
        await clip(app)
    async with app.runtime.database.transaction() as session:
        assert await rows(session, select(Moment)) == []
        assert await rows(session, select(Rendition)) == []


async def test_visitors_cannot_clip(app: App) -> None:
    answer = await app.http.post("/v1/moments", json={"title": "numbers", "start_us": 0, "end_us": 5_000_000})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
