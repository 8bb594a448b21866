"""The media of moments at public addresses: exact, resumable, and never served when it may not be."""

import asyncio
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from groundswell.media import CARD_US, probe
from groundswell.moments.media import media_api
from groundswell.moments.media.waiters import Followers
from groundswell.moments.tables import Rendition
from groundswell.platform import database
from groundswell.platform.clock import utc_now
from tests.media.film import make, numbers
from tests.moments.clipping import FILM, WIDE_SCALE, add_title, clipped, come_for, rows, set_rights, take_down, worker
from tests.support import App

pytestmark = pytest.mark.usefixtures("title", "media_cache")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run on a busy machine: whoever waits for a render, or for a connection, waits until it is there."""
    monkeypatch.setattr(media_api, "WAIT_S", 120)
    monkeypatch.setattr(database, "WAIT_S", 120)


@pytest.fixture
async def moment(app: App) -> dict[str, Any]:
    """A moment of the frames 50 to 74."""
    return await clipped(app, start=10, end=15)


@pytest.fixture
async def made(app: App, moment: dict[str, Any]) -> dict[str, Any]:
    """The moment, with the media of its landing page."""
    await app.run_jobs()
    return moment


async def every_address(app: App, code: str, headers: dict[str, str] | None = None) -> set[tuple[int, str]]:
    """Status and code of every public address of a moment's media."""
    answers = [
        await app.http.get(f"/m/{code}/{name}", headers=headers)
        for name in ("wide.mp4", "vertical.mp4", "preview.mp4", "poster.jpg", "captions.vtt")
    ]
    return {(a.status_code, a.json().get("code", "") if a.status_code >= 400 else "") for a in answers}


@pytest.mark.slow
async def test_a_visitor_gets_exactly_the_frames_of_the_clip(app: App, made: dict[str, Any], tmp_path: Path) -> None:
    answer = await app.http.get(f"/m/{made['code']}/wide.mp4")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    (tmp_path / "clip.mp4").write_bytes(answer.content)
    assert [n for _, n in numbers(tmp_path / "clip.mp4", WIDE_SCALE)] == list(range(50, 75))


@pytest.mark.slow
async def test_ranges_and_conditions_are_honoured(app: App, made: dict[str, Any]) -> None:
    address = f"/m/{made['code']}/wide.mp4"
    whole = await app.http.get(address)
    part = await app.http.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    past = await app.http.get(address, headers={"Range": f"bytes={len(whole.content)}-"})
    assert (past.status_code, past.json()["code"]) == (416, "range_not_satisfiable")
    head = await app.http.head(address)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(whole.content)), b"")
    same = await app.http.get(address, headers={"If-None-Match": whole.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.slow
async def test_the_poster_is_what_cards_want(app: App, made: dict[str, Any]) -> None:
    answer = await app.http.get(f"/m/{made['code']}/poster.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert len(answer.content) < 300_000
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)


@pytest.mark.slow
async def test_the_preview_is_short_and_silent(app: App, made: dict[str, Any], tmp_path: Path) -> None:
    answer = await app.http.get(f"/m/{made['code']}/preview.mp4")
    (tmp_path / "preview.mp4").write_bytes(answer.content)
    assert len(numbers(tmp_path / "preview.mp4")) == 15


async def test_captions_are_timed_from_the_clips_start(app: App) -> None:
    made = await clipped(app, start=12, end=17)
    answer = await app.http.get(f"/m/{made['code']}/captions.vtt")
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "00:00:00.000 --> 00:00:01.000\nIs this &lt;b&gt;the&lt;/b&gt; place?" in answer.text
    assert "00:00:02.000 --> 00:00:04.000\nIt was &amp; is." in answer.text
    other = await app.http.get(f"/m/{made['code']}/captions.vtt?language=ja")
    assert (other.status_code, other.json()["code"]) == (404, "no_captions")


@pytest.mark.slow
async def test_a_profile_is_made_when_first_asked_for_and_whoever_asks_waits(app: App) -> None:
    made = await clipped(app)
    async with worker(app):
        answers = await asyncio.gather(*[app.http.get(f"/m/{made['code']}/square.mp4") for _ in range(5)])
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1


@pytest.mark.slow
async def test_what_an_upright_shape_will_show_is_told_before_it_is_made(app: App) -> None:
    moment = await clipped(app, start=10, end=15)
    async with worker(app):
        plan = (await app.http.get(f"/m/{moment['code']}/framing.json?shape=vertical")).json()
    assert plan[0]["start_us"] == moment["start_us"]
    assert all(shot["focus"] is None or 0 <= shot["focus"] <= 1 for shot in plan)
    kept = await app.http.patch(f"/v1/moments/{moment['id']}", json={"framing": plan}, headers=app.signed_in("ada"))
    assert kept.json()["framing"] == plan, "what was planned can be chosen as it is"
    assert (await app.http.get(f"/m/{moment['code']}/framing.json?shape=wide")).status_code == 422


async def test_one_that_takes_longer_says_when_to_come_back(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_api, "WAIT_S", 0.2)
    made = await clipped(app)
    answer = await app.http.get(f"/m/{made['code']}/wide.mp4")
    assert (answer.status_code, answer.json()["code"]) == (503, "rendering")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.slow
async def test_those_who_wait_hold_no_connection(app: App) -> None:
    made = await clipped(app)
    waiting = [asyncio.create_task(app.http.get(f"/m/{made['code']}/wide.mp4")) for _ in range(40)]
    while app.services.get(Followers).waiting() < 40:
        assert not any(task.done() for task in waiting)
        await asyncio.sleep(0.05)
    pool = app.runtime.database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() <= 1
    await app.run_jobs()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


@pytest.mark.slow
async def test_a_clip_that_cannot_be_made_says_the_engines_reason(app: App) -> None:
    made = await clipped(app)
    await app.runtime.store.put_bytes("sources/numbers/1.mp4", b"broken")
    await app.run_jobs()
    answer = await app.http.get(f"/m/{made['code']}/wide.mp4")
    assert (answer.status_code, answer.json()["code"]) == (500, "not_a_video")
    shown = (await app.http.get(f"/v1/moments/{made['id']}", headers=app.signed_in())).json()
    assert (shown["media"]["status"], shown["media"]["failure_code"]) == ("failed", "not_a_video")
    assert shown["media"]["mp4_url"] is None


@pytest.mark.slow
async def test_bytes_that_the_store_lost_are_made_again(app: App, made: dict[str, Any]) -> None:
    async with app.runtime.database.transaction() as session:
        row = (await rows(session, select(Rendition).filter_by(profile="wide")))[0]
    await app.runtime.store.delete(row.storage_key)
    first = await app.http.get(f"/m/{made['code']}/wide.mp4")
    assert (first.status_code, first.json()["code"]) == (503, "rendering")
    async with worker(app):
        assert (await app.http.get(f"/m/{made['code']}/wide.mp4")).status_code == 200


async def test_progress_comes_as_events_until_it_is_ready(app: App) -> None:
    made = await clipped(app)
    async with worker(app):
        answer = await app.http.get(f"/v1/moments/{made['id']}/progress", headers=app.signed_in())
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert events[0]["status"] in {"queued", "rendering"}
    last = {"tier": "rendered", "status": "ready", "progress": 1.0, "failure_code": None, "failure_words": None}
    home = f"/m/{made['code']}"
    assert events[-1] == last | {"mp4_url": f"{home}/wide.mp4", "light_url": f"{home}/light.mp4"}
    assert [e["progress"] for e in events] == sorted(e["progress"] for e in events)


@pytest.mark.slow
async def test_a_light_clip_is_offered_once_it_is_there(app: App, moment: dict[str, Any], tmp_path: Path) -> None:
    asked = f"/v1/moments/{moment['id']}/media"
    assert (await app.http.get(asked, headers=app.signed_in("ada"))).json()["light_url"] is None
    await app.run_jobs()
    address = (await app.http.get(asked, headers=app.signed_in("ada"))).json()["light_url"]
    (tmp_path / "light.mp4").write_bytes((await app.http.get(address)).content)
    assert [n for _, n in numbers(tmp_path / "light.mp4", WIDE_SCALE / 2)] == list(range(50, 75))


async def test_what_is_deleted_is_not_served(app: App, moment: dict[str, Any]) -> None:
    await app.http.delete(f"/v1/moments/{moment['id']}", headers=app.signed_in())
    assert await every_address(app, moment["code"]) == {(410, "moment_deleted")}
    assert await every_address(app, moment["code"], app.signed_in()) == {(410, "moment_deleted")}


async def test_what_is_taken_down_is_not_served_and_the_words_are_the_decisions(
    app: App, moment: dict[str, Any]
) -> None:
    await take_down(app, moment["code"], "The actor asked us to.")
    assert await every_address(app, moment["code"], app.signed_in()) == {(410, "taken_down")}
    answer = (await app.http.get(f"/m/{moment['code']}/wide.mp4")).json()
    assert (answer["detail"], answer["reason_code"]) == ("The actor asked us to.", "copyright")


async def test_rights_that_end_stop_every_byte(app: App, moment: dict[str, Any]) -> None:
    await set_rights(app, closes_at=(utc_now() - timedelta(seconds=1)).isoformat())
    assert await every_address(app, moment["code"]) == {(403, "licence_ended")}
    await set_rights(app, sharing=False)
    assert await every_address(app, moment["code"], app.signed_in()) == {(403, "sharing_off")}


async def test_members_only_titles_play_for_members(app: App, moment: dict[str, Any]) -> None:
    await set_rights(app, public_playback=False)
    refused = await app.http.get(f"/m/{moment['code']}/captions.vtt")
    assert (refused.status_code, refused.json()["code"]) == (403, "members_only")
    assert (await app.http.get(f"/m/{moment['code']}/captions.vtt", headers=app.signed_in("noor"))).status_code == 200


@pytest.mark.slow
async def test_what_is_deleted_while_somebody_waits_for_it_is_not_served(app: App, moment: dict[str, Any]) -> None:
    waiting = asyncio.create_task(app.http.get(f"/m/{moment['code']}/wide.mp4"))
    while app.services.get(Followers).waiting() < 1:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await app.http.delete(f"/v1/moments/{moment['id']}", headers=app.signed_in())
    await app.run_jobs()
    assert (await waiting).json()["code"] == "moment_deleted"


@pytest.mark.slow
async def test_a_clip_trimmed_anew_shows_the_new_span_at_the_same_address(
    app: App, moment: dict[str, Any], tmp_path: Path
) -> None:
    await app.http.patch(
        f"/v1/moments/{moment['id']}", json={"start_us": 11_000_000, "end_us": 16_000_000}, headers=app.signed_in()
    )
    async with worker(app):
        answer = await app.http.get(f"/m/{moment['code']}/wide.mp4")
    (tmp_path / "clip.mp4").write_bytes(answer.content)
    assert [n for _, n in numbers(tmp_path / "clip.mp4", WIDE_SCALE)] == list(range(55, 80))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/m/nosuchcode/wide.mp4", "moment_unknown"),
        ("/m/{code}/gigantic.mp4", "profile_unknown"),
        ("/m/{code}/poster.mp4", "profile_unknown"),
        ("/m/{code}x/poster.jpg", "moment_unknown"),
    ],
)
async def test_addresses_that_are_none(app: App, path: str, code: str) -> None:
    made = await clipped(app)
    answer = await app.http.get(path.format(code=made["code"]))
    assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_a_stale_sign_in_does_not_keep_a_public_clip_from_playing(app: App, moment: dict[str, Any]) -> None:
    token = app.identity.token("ada", "Ada", lifetime=timedelta(days=-1))
    answer: httpx.Response = await app.http.get(
        f"/m/{moment['code']}/captions.vtt", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200


async def test_two_titles_of_the_same_times_do_not_mix(app: App, moment: dict[str, Any], tmp_path: Path) -> None:
    other = make(FILM, tmp_path / "other")
    await add_title(app.runtime, other, "others", name="Others")
    made = await clipped(app, title="others")
    async with app.runtime.database.transaction() as session:
        hashes = await rows(session, select(Rendition.recipe_hash).filter_by(profile="wide"))
    assert len(hashes) == 2
    assert made["title"]["slug"] == "others"


@pytest.mark.slow
async def test_subtitles_and_a_card_are_drawn_when_asked_for(app: App, moment: dict[str, Any], tmp_path: Path) -> None:
    """Each is media of its own: the plain clip stays plain."""
    async with worker(app):
        answers = {
            query: await app.http.get(f"/m/{moment['code']}/square.mp4{query}")
            for query in ("", "?captions=en", "?card=true", "?captions=en&card=true")
        }
    assert {a.status_code for a in answers.values()} == {200}
    films = {query: answer.content for query, answer in answers.items()}
    assert len(set(films.values())) == 4
    lengths, brightness = {}, {}
    for query, content in films.items():
        (tmp_path / "clip.mp4").write_bytes(content)
        with av.open(str(tmp_path / "clip.mp4")) as clip:
            frames = [frame.to_ndarray(format="gray") for frame in clip.decode(video=0)]
        lengths[query] = len(frames)
        brightness[query] = float((frames[8][-260:] > 245).mean())
    assert lengths == {"": 25, "?captions=en": 25, "?card=true": 35, "?captions=en&card=true": 35}
    assert brightness["?captions=en"] > 10 * brightness[""] + 0.001


@pytest.mark.slow
async def test_subtitles_that_a_title_does_not_have_are_not_drawn(app: App, made: dict[str, Any]) -> None:
    answer = await app.http.get(f"/m/{made['code']}/wide.mp4?captions=fr")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_captions")


@pytest.mark.slow
async def test_a_mark_is_not_put_on_what_has_to_be_clean(app: App, made: dict[str, Any]) -> None:
    async with worker(app):
        plain = await app.http.get(f"/m/{made['code']}/clean.mp4")
        marked = await app.http.get(f"/m/{made['code']}/clean.mp4?card=true")
    assert plain.status_code == 200
    assert marked.content == plain.content


@pytest.mark.slow
async def test_what_is_saved_ends_with_the_card_but_for_tiktok(
    app: App, moment: dict[str, Any], tmp_path: Path
) -> None:
    """TikTok's rules forbid marks; elsewhere the card says where watching goes on."""
    lasts = {}
    async with worker(app):
        for name in ("wide.mp4", "wide.mp4?purpose=download", "clean.mp4?purpose=download"):
            answer = await come_for(app, f"/m/{moment['code']}/{name}")
            assert answer.status_code == 200, answer.text
            (file := tmp_path / "clip.mp4").write_bytes(answer.content)
            lasts[name] = probe(file).duration_us
    assert lasts["clean.mp4?purpose=download"] == pytest.approx(lasts["wide.mp4"], abs=210_000)
    assert lasts["wide.mp4?purpose=download"] == pytest.approx(lasts["wide.mp4"] + CARD_US, abs=210_000)
