"""A moment as HLS: it plays at once, of the title's own segments, and nothing but the clip's pieces can be had."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from groundswell.catalog.tables import Source
from groundswell.moments.media.exact_hls import objects_of
from groundswell.moments.media.renditions import ensure
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import HLS
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import SOON, WAITING_VIEWER, WHENEVER
from tests.media.film import make, numbers
from tests.moments.clipping import add_title, clipped, rows, set_rights, take_down, worker
from tests.moments.packaged import PACKAGED, addresses, pack, watch
from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")


@pytest.fixture(scope="session")
def packaged_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(PACKAGED, tmp_path_factory.mktemp("films") / "packaged")


@pytest.fixture
async def title(app: App, packaged_film: Path, tmp_path: Path) -> UUID:
    """The film as the title ``numbers``, packaged in segments of 4 s."""
    title = await add_title(app.runtime, packaged_film)
    await pack(app, title, packaged_film, tmp_path / "package")
    return title


@pytest.fixture
async def moment(app: App, title: UUID) -> dict[str, Any]:
    """A moment of the frames 100 to 149, which nothing has been made of yet."""
    return await clipped(app, start=10, end=15)


async def pieces(app: App, code: str) -> list[str]:
    """Every address that the HLS of a moment leads to, playlists included."""
    main = f"/m/{code}/clip.m3u8"
    found = [main]
    for row in (await app.http.get(main)).text.splitlines():
        playlist = row.split('URI="')[1].split('"')[0] if 'URI="' in row else row
        if not playlist.startswith("#"):
            found.append(f"/m/{code}/{playlist}")
            text = (await app.http.get(found[-1])).text
            found += [found[-1].rpartition("/")[0] + "/" + address for address in addresses(text)]
    return found


async def test_a_moment_plays_at_once_from_its_exact_frame(app: App, moment: dict[str, Any], tmp_path: Path) -> None:
    assert (moment["media"]["tier"], moment["media"]["status"]) == ("virtual", "queued")
    frames, begins = await watch(app, moment["media"]["hls_url"], tmp_path / "clip.mp4")
    assert (frames[0], frames[-1], begins) == (80, 159, 2.0)
    assert frames == list(range(80, 160))
    assert frames[round(begins * 10)] == 100
    now = (await app.http.get(f"/v1/moments/{moment['code']}/media")).json()
    assert (now["hls_from_us"], now["tier"]) == (2_000_000, "virtual")


@pytest.mark.slow
async def test_every_address_is_checked_anew_by_caches(app: App, moment: dict[str, Any]) -> None:
    for address in await pieces(app, moment["code"]):
        answer = await app.http.get(address)
        assert answer.headers["cache-control"] == "no-cache"
        if not address.endswith(".m3u8"):
            same = await app.http.get(address, headers={"If-None-Match": answer.headers["etag"]})
            assert same.status_code == 304
            part = await app.http.get(address, headers={"Range": "bytes=4-7"})
            assert (part.status_code, part.content) == (206, answer.content[4:8])
            head = await app.http.head(address)
            assert (head.status_code, head.headers["content-length"]) == (200, str(len(answer.content)))


@pytest.mark.slow
async def test_a_kept_address_cannot_reach_the_rest_of_the_title(app: App, moment: dict[str, Any]) -> None:
    kept = await pieces(app, moment["code"])
    video = [address for address in kept if "video." in address and address.endswith(".m4s")]
    assert [address.rpartition("/")[2] for address in video] == ["video.0.m4s", "video.1.m4s"]
    folder = video[0].rpartition("/")[0]
    for name in ("video.2.m4s", "video.-1.m4s", "video.mp4", "package.json", "video.0.m4s.m4s", "..%2Fvideo.mp4"):
        answer = await app.http.get(f"{folder}/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    whole = (await app.http.get(video[0])).content
    past = await app.http.get(video[0], headers={"Range": f"bytes={len(whole)}-{len(whole) + 10}"})
    assert past.status_code == 416
    over = await app.http.get(video[0], headers={"Range": f"bytes=0-{len(whole) + 10_000}"})
    assert over.content == whole


@pytest.mark.slow
async def test_addresses_of_a_span_that_is_no_more_lead_nowhere(
    app: App, moment: dict[str, Any], tmp_path: Path
) -> None:
    kept = await pieces(app, moment["code"])
    change = {"start_us": 20_000_000, "end_us": 25_000_000}
    await app.http.patch(f"/v1/moments/{moment['id']}", json=change, headers=app.signed_in())
    assert {(await app.http.get(address)).status_code for address in kept[1:]} == {404}
    frames, begins = await watch(app, moment["media"]["hls_url"], tmp_path / "clip.mp4")
    assert frames[round(begins * 10)] == 200


async def test_nothing_of_a_revoked_moment_is_served(app: App, moment: dict[str, Any]) -> None:
    kept = await pieces(app, moment["code"])
    await take_down(app, moment["code"])
    answers = [await app.http.get(address) for address in kept]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(410, "taken_down")}


async def test_rights_that_end_stop_every_piece(app: App, moment: dict[str, Any]) -> None:
    kept = await pieces(app, moment["code"])
    await set_rights(app, closes_at=(utc_now() - timedelta(seconds=1)).isoformat())
    answers = [await app.http.get(address) for address in kept]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "licence_ended")}


async def test_a_private_moment_streams_to_its_maker_alone(app: App, title: UUID, tmp_path: Path) -> None:
    made = await clipped(app, visibility="private")
    assert (await app.http.get(made["media"]["hls_url"])).json()["code"] == "moment_unknown"
    assert (await watch(app, made["media"]["hls_url"], tmp_path / "clip.mp4", app.signed_in()))[0]


async def test_what_lies_beside_the_clip_is_not_shown_where_rights_keep_it_back(
    app: App, moment: dict[str, Any]
) -> None:
    blocked = {"start_us": 15_500_000, "end_us": 15_800_000, "reason": "A song that is not ours"}
    await set_rights(app, blocked_ranges=[blocked])
    answer = await app.http.get(moment["media"]["hls_url"])
    assert (answer.status_code, answer.json()["code"]) == (503, "rendering")
    assert answer.headers["retry-after"]
    now = (await app.http.get(f"/v1/moments/{moment['code']}/media")).json()
    assert now["hls_from_us"] is None


async def test_a_title_that_is_not_packaged_has_no_hls_and_says_why(app: App, packaged_film: Path) -> None:
    await add_title(app.runtime, packaged_film, "plain", name="Plain")
    made = await clipped(app, title="plain")
    assert (made["media"]["tier"], made["media"]["hls_url"]) == ("none", None)
    answer = await app.http.get(f"/m/{made['code']}/clip.m3u8")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_packaged")


@pytest.mark.slow
async def test_the_exact_clip_takes_the_place_of_the_virtual_one(
    app: App, moment: dict[str, Any], tmp_path: Path
) -> None:
    before = await pieces(app, moment["code"])
    told = (await app.http.get(f"/v1/moments/{moment['code']}/media")).json()
    await app.run_jobs()
    frames, begins = await watch(app, moment["media"]["hls_url"], tmp_path / "clip.mp4")
    assert (frames, begins) == (list(range(100, 150)), 0.0)
    now = (await app.http.get(f"/v1/moments/{moment['code']}/media")).json()
    assert (now["hls_from_us"], now["tier"], now["status"]) == (0, "rendered", "ready")
    # Whoever was told of the virtual one and fetches it now gets that: the clip begins elsewhere in the other.
    frames, begins = await watch(app, told["hls_url"], tmp_path / "told.mp4")
    assert (frames, begins * 1e6) == (list(range(80, 160)), told["hls_from_us"])
    assert (await watch(app, now["hls_url"], tmp_path / "now.mp4"))[0] == list(range(100, 150))
    assert {(await app.http.get(address)).status_code for address in before} == {200}  # who watches it, watches on
    exact = await pieces(app, moment["code"])
    assert set(exact) & set(before) == {exact[0]}
    await take_down(app, moment["code"])
    gone = [*exact, *before, told["hls_url"], now["hls_url"]]
    assert {(await app.http.get(address)).status_code for address in gone} == {410}


async def test_a_stream_of_another_span_is_not_there(app: App, moment: dict[str, Any]) -> None:
    told = (await app.http.get(f"/v1/moments/{moment['code']}/media")).json()["hls_url"]
    assert (await app.http.get(told)).status_code == 200
    changed = {"start_us": 11_000_000, "end_us": 16_000_000}
    answer = await app.http.patch(f"/v1/moments/{moment['code']}", json=changed, headers=app.signed_in())
    assert answer.status_code == 200, answer.text
    assert (await app.http.get(told)).json()["code"] == "not_found"
    answer = await app.http.get(told.split("=")[0] + "=x-nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.slow
async def test_the_exact_clip_plays_where_what_lies_beside_it_may_not(
    app: App, moment: dict[str, Any], tmp_path: Path
) -> None:
    blocked = {"start_us": 15_500_000, "end_us": 15_800_000, "reason": "A song that is not ours"}
    await set_rights(app, blocked_ranges=[blocked])
    await app.run_jobs()
    frames, _ = await watch(app, moment["media"]["hls_url"], tmp_path / "clip.mp4")
    assert frames == list(range(100, 150))


@pytest.mark.slow
async def test_pieces_that_the_store_lost_are_made_again(app: App, moment: dict[str, Any], tmp_path: Path) -> None:
    await app.run_jobs()
    async with app.runtime.database.transaction() as session:
        (row,) = await rows(session, select(Rendition).filter_by(profile=HLS))
    for key in objects_of(row):
        await app.runtime.store.delete(key)
    lost = next(address for address in await pieces(app, moment["code"]) if "video.init" in address)
    answer = await app.http.get(lost)
    assert (answer.status_code, answer.json()["code"]) == (503, "rendering")
    async with app.runtime.database.transaction() as session:
        await ensure(session, recipe_of(await session.get_one(Moment, UUID(moment["id"])), HLS))
    await app.run_jobs()
    assert (await watch(app, moment["media"]["hls_url"], tmp_path / "clip.mp4"))[0] == list(range(100, 150))


async def test_a_clip_that_cannot_be_exact_stays_virtual(app: App, title: UUID, tmp_path: Path) -> None:
    made = await clipped(app, start=10.5, end=16)
    async with app.runtime.database.transaction() as session:
        recipe = recipe_of(await session.get_one(Moment, UUID(made["id"])), HLS)
        row = await session.get_one(Rendition, recipe.hash)
        row.status, row.failure_code, row.settled_at = "failed", "not_exact", utc_now()
    frames, begins = await watch(app, made["media"]["hls_url"], tmp_path / "clip.mp4")
    assert frames[round(begins * 10)] == 105


async def test_whoever_saved_and_watches_comes_before_everything_else(app: App, title: UUID) -> None:
    await clipped(app)
    query = text(
        "SELECT profile, priority FROM procrastinate_jobs JOIN renditions ON recipe_hash = args->>'recipe'"
        " ORDER BY priority DESC, profile"
    )
    async with app.runtime.database.transaction() as session:
        queued = [(row[0], row[1]) for row in await session.execute(query)]
    assert queued == [
        ("hls", WAITING_VIEWER),
        ("source", WAITING_VIEWER),
        ("light", SOON),
        ("poster", SOON),
        ("wide", SOON),
        ("preview", WHENEVER),
    ]


@pytest.mark.slow
async def test_progress_tells_every_tier_as_it_is_reached(app: App, moment: dict[str, Any], tmp_path: Path) -> None:
    async with worker(app):
        answer = await app.http.get(f"/v1/moments/{moment['id']}/progress", headers=app.signed_in())
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    tiers = [moment["media"]["tier"], *(event["tier"] for event in events)]  # the worker may be faster than our request
    assert list(dict.fromkeys(tiers)) == ["virtual", "exact", "rendered"]
    first = next(event for event in events if event["status"] == "ready")
    assert first["mp4_url"] in {f"/m/{moment['code']}/{profile}.mp4" for profile in ("source", "wide")}
    assert events[-1]["mp4_url"] == f"/m/{moment['code']}/wide.mp4"
    exact = await app.http.get(f"/m/{moment['code']}/source.mp4")
    (tmp_path / "exact.mp4").write_bytes(exact.content)
    assert [n for _, n in numbers(tmp_path / "exact.mp4")] == list(range(100, 150))


async def test_where_copies_do_not_play_everywhere_the_rendered_one_comes_first(app: App, title: UUID) -> None:
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Source).values(copies_play=False))
    made = await clipped(app)
    assert made["media"]["mp4_url"] == f"/m/{made['code']}/wide.mp4"
    async with app.runtime.database.transaction() as session:
        profiles = await rows(session, select(Rendition.profile).order_by(Rendition.profile))
    assert profiles == ["hls", "light", "poster", "preview", "wide"]
