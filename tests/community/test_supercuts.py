"""A collection as one clip: of what may be in it, made once, seen by whom each part may be shown to, gone when it
changes."""

import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, insert, select, text, update

from groundswell.accounts.signals import ViewerErased
from groundswell.accounts.tables import Viewer
from groundswell.community import supercut_maker
from groundswell.community.collection_tables import Collection, CollectionPart
from groundswell.community.supercut_maker import drop_unasked
from groundswell.community.supercut_tables import Supercut, SupercutPart
from groundswell.community.supercuts import storage_key
from groundswell.moments.media.renderer import sole_maker
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, giving_back, taking
from groundswell.platform.signals import send
from tests.media.film import make, numbers
from tests.moments.clipping import FILM, WIDE_SCALE, add_title, clipped, set_rights, take_down, worker
from tests.programs import telling
from tests.support import App

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


@pytest.fixture
async def title(app: App, film: Path) -> UUID:
    """The film as the title ``numbers``."""
    return await add_title(app.runtime, film)


async def call(app: App, method: str, path: str, who: str | None = None, **body: Any) -> httpx.Response:
    headers = app.signed_in(who) if who else {}
    return await app.http.request(method, f"/v1{path}", headers=headers, **({"json": body} if body else {}))


async def collected(app: App, *spans: tuple[float, float], who: str = "ada", **fields: Any) -> tuple[str, list[str]]:
    """A public collection of Ada's with moments of Noor's; nothing but what a test asks for is rendered."""
    moments = [(await clipped(app, "noor", start, end, **fields))["code"] for start, end in spans]
    code = (await call(app, "POST", "/collections", who, name="Numbers", visibility="public")).json()["code"]
    for moment in moments:
        answer = await call(app, "POST", f"/collections/{code}/parts", who, moment=moment)
        assert answer.status_code == 201, answer.text
    async with app.runtime.database.transaction() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))
    return code, moments


async def asked(app: App, code: str, who: str = "ada") -> dict[str, Any]:
    answer = await call(app, "POST", f"/collections/{code}/supercut", who)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def shown(app: App, code: str, who: str | None = "ada", **claims: Any) -> dict[str, Any]:
    headers = app.as_told(who, **claims) if who else {}
    answer = await app.http.get(f"/v1/collections/{code}/supercut", headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def until_settled(app: App, code: str) -> dict[str, Any]:
    """Have a worker run until the supercut waits no more; ``run_jobs`` gives a job but ten seconds."""
    async with worker(app):
        while (now := await shown(app, code))["status"] in {"queued", "rendering"}:  # noqa: ASYNC110 - as pages do
            await asyncio.sleep(0.2)
    return now


def stored(app: App) -> list[Path]:
    folder = app.runtime.settings.data_dir / "objects" / "supercuts"
    return [path for path in folder.rglob("*") if path.is_file()]


def work_left(app: App) -> list[Path]:
    return list((app.runtime.settings.data_dir / "work").iterdir())


async def file_status(app: App, code: str, purpose: str = "play", who: str | None = None, **claims: Any) -> Any:
    headers = app.as_told(who, **claims) if who else {}
    answer = await app.http.head(f"/c/{code}/supercut.mp4?purpose={purpose}", headers=headers)
    if answer.status_code == 200:
        return 200
    said = (await app.http.get(f"/c/{code}/supercut.mp4?purpose={purpose}", headers=headers)).json()
    return said["code"], said.get("why")


@pytest.mark.slow
async def test_asked_for_made_watched_and_given_up(app: App, title: UUID, film: Path, tmp_path: Path) -> None:
    await add_title(app.runtime, film, "closed", name="Closed")
    closed = (await clipped(app, "noor", 3, 8, title="closed"))["code"]
    code, (_first, second, third) = await collected(app, (10, 15), (20, 25), (2, 7))
    path = f"/collections/{code}"
    await call(app, "POST", f"{path}/parts", "ada", moment=closed)
    closing = {"scope": "title", "title": "closed", "sharing": False}
    await app.http.put("/v1/rights", json=closing, headers=app.signed_in("ravi", "rights"))
    await app.http.patch(f"/v1/moments/{third}", json={"visibility": "unlisted"}, headers=app.signed_in("noor"))
    async with app.runtime.database.transaction() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))

    # who may not fill it neither asks nor learns; who may, learns what is left out
    refused = await call(app, "POST", f"{path}/supercut", "ben")
    assert (refused.status_code, refused.json()["code"]) == (404, "collection_unknown")
    assert (await call(app, "POST", f"{path}/supercut")).status_code == 401
    asking = await asked(app, code)
    assert asking["status"] == "queued"
    left = [{"place": 2, "title": "", "reason": "moment_private"},
            {"place": 3, "title": "Closed", "reason": "sharing_off"}]  # fmt: skip
    assert asking["left_out"] == left
    assert (await shown(app, code, None))["status"] == "none"
    assert (await asked(app, code))["status"] == "queued", "asked twice, made once"
    page = await app.http.get(f"/c/{code}", headers=await app.session("ada"))
    for said in ('data-supercut="queued"', "<progress", "It is not public.", "The rights to its title do not allow it"):
        assert said in page.text
    assert await file_status(app, code) == ("supercut_unknown", None)

    made = await until_settled(app, code)
    assert (made["status"], made["left_out"], made["withheld"]) == ("ready", left, None)
    assert [(each["title"], each["begin_us"]) for each in made["parts"]] == [("Numbers", 0), ("Numbers", 5_000_000)]
    assert made["duration_us"] == 12_000_000
    visitors = await shown(app, code, None)
    assert (visitors["status"], visitors["url"], visitors["left_out"]) == ("ready", made["url"], [])
    (tmp_path / "it.mp4").write_bytes((await app.http.get(made["url"])).content)
    assert [n for _, n in numbers(tmp_path / "it.mp4", WIDE_SCALE)][:50] == [*range(50, 75), *range(100, 125)]
    part = await app.http.get(made["url"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    saved = await app.http.get(made["download_url"])
    assert f'filename="{code}.mp4"' in saved.headers["content-disposition"]
    for who in ("ada", None):
        page = await app.http.get(f"/c/{code}", headers=await app.session(who) if who else {})
        for said in (f'src="{made["url"]}"', f"{made['url']}#t=5.0", 'property="og:video"'):
            assert said in page.text
        assert ("Make it anew" in page.text) == (who == "ada")
    assert (len(stored(app)), work_left(app)) == (1, [])

    # a collaborator may ask too; what is there already is not made again
    handle = (await call(app, "GET", "/me", "ben")).json()["handle"]
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Viewer).where(Viewer.name == "").values(name="Somebody"))
        ben = (await session.scalars(select(Viewer).filter_by(handle=handle))).one()
        row = (await session.scalars(select(Collection).filter_by(code=code))).one()
        await session.execute(
            text("INSERT INTO collaborators VALUES (:c, :v, 'joined', now())"), {"c": row.id, "v": ben.id}
        )
    assert (await asked(app, code, "ben"))["status"] == "ready"

    # judged anew for whoever asks, and gone with what is in it
    await set_rights(app, download=False)
    assert [await file_status(app, code, purpose) for purpose in ("play", "download")] == [
        200,
        ("supercut_withheld", "download_off"),
    ]
    assert (await shown(app, code))["download_url"] is None
    await set_rights(app, download=True, territory="FR", sharing=False)
    assert await file_status(app, code, who="cleo", territory="FR") == ("supercut_withheld", "sharing_off")
    assert await file_status(app, code, who="cleo", territory="DE") == 200
    assert (await shown(app, code, "cleo", territory="FR"))["withheld"] == "sharing_off"
    assert (await file_status(app, code, who="kim", kids=True))[0] == "kids_apart"
    maker = (await call(app, "GET", "/me", "noor")).json()["handle"]
    assert (await call(app, "POST", "/barriers", "cleo", handle=maker, kind="block")).status_code < 300
    assert await file_status(app, code, who="cleo", territory="DE") == ("supercut_withheld", "moment_unknown")
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).filter_by(code=second).values(spoiler=True))
    assert (await shown(app, code, None))["spoils"]
    page = await app.http.get(f"/c/{code}")
    assert "This clip gives something away." in page.text
    assert 'property="og:video"' not in page.text

    await take_down(app, second)
    assert (await shown(app, code))["status"] == "outdated"
    assert await file_status(app, code) == ("supercut_unknown", None)
    await app.run_jobs()
    assert stored(app) == []
    needs = await call(app, "POST", f"{path}/supercut", "ada")
    assert (needs.status_code, needs.json()["code"]) == (422, "supercut_needs_two")
    assert [each["reason"] for each in needs.json()["left_out"]] == ["taken_down", "moment_private", "sharing_off"]
    form = await app.http.post(f"/c/{code}/supercut", headers=await app.session("ada") | SAME)
    assert form.status_code == 422
    assert "A supercut has two moments at least" in form.text
    assert (await call(app, "DELETE", f"{path}/supercut", "ada")).status_code == 204
    assert (await shown(app, code))["status"] == "none"


@pytest.mark.slow
async def test_every_change_outdates_it_and_drops_its_bytes(app: App, title: UUID) -> None:
    code, moments = await collected(app, (10, 15), (20, 25))
    path = f"/collections/{code}"

    async def ready(recipe: str) -> None:
        """As if it had been made: what of a change is looked at here is not how."""
        await asked(app, code)
        async with app.runtime.database.transaction() as session:
            await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name <> 'community.drop_supercut'"))
            await session.execute(update(Supercut).values(status="ready", size_bytes=1, recipe_hash=recipe))
        await app.runtime.store.put_bytes(storage_key(recipe), b"film")

    ids = [each["moment"] for each in (await call(app, "GET", path)).json()["parts"]]
    changes: list[tuple[str, str, str, dict[str, Any]]] = [
        ("PATCH", path, "ada", {"name": "Other numbers"}),
        ("PUT", f"{path}/order", "ada", {"moments": ids[::-1]}),
        ("PATCH", f"/moments/{moments[0]}", "noor", {"start_us": 11_000_000, "end_us": 16_000_000}),
        ("PATCH", f"/moments/{moments[0]}", "noor", {"visibility": "private"}),
    ]
    for number, (method, at, who, body) in enumerate(changes):
        await ready(f"{number:064}")
        for words in (
            {"about": "Said"},
            {"visibility": "unlisted"},
            {"name": (await call(app, "GET", path)).json()["name"]},
        ):
            await call(app, "PATCH", path, "ada", **words)
        await call(app, "PATCH", f"/moments/{moments[1]}", "noor", caption="What is in no supercut")
        assert (await shown(app, code))["status"] == "ready"
        answer = await call(app, method, at, who, **body)
        assert answer.status_code == 200, answer.text
        assert (await shown(app, code))["status"] == "outdated", at
        async with app.runtime.database.transaction() as session:
            await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name <> 'community.drop_supercut'"))
        await app.run_jobs()
        assert stored(app) == []
    await call(app, "PATCH", f"/moments/{moments[0]}", "noor", visibility="public")

    # what the store has lost, what nobody asks for, an erased maker's, and a collection that is deleted
    await ready("d" * 64)
    await app.runtime.store.delete(storage_key("d" * 64))
    assert await file_status(app, code) == ("supercut_unknown", None)
    assert (await shown(app, code))["status"] == "outdated"
    await ready("e" * 64)
    assert await drop_unasked(app.runtime.database, utc_now()) == 1
    await ready("f" * 64)
    async with app.runtime.database.transaction() as session:
        noor = await session.scalar(select(Moment.viewer_id).filter_by(code=moments[0]))
        assert noor is not None
        await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name <> 'community.drop_supercut'"))
        await send(session, ViewerErased(noor, "noor", "erased"))
    assert (await shown(app, code))["status"] == "outdated"
    async with app.runtime.database.transaction() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name <> 'community.drop_supercut'"))
    assert (await call(app, "DELETE", path, "ada")).status_code == 204
    await app.run_jobs()
    assert stored(app) == []
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Supercut)) == 0


@pytest.mark.slow
async def test_bounds(app: App, title: UUID) -> None:
    empty, _ = await collected(app)
    one, (moment,) = await collected(app, (10, 15))
    for code in (empty, one):
        answer = await call(app, "POST", f"/collections/{code}/supercut", "ada")
        assert (answer.status_code, answer.json()["code"]) == (422, "supercut_needs_two")
    two, _ = await collected(app, (10, 15), (20, 25))
    await call(app, "POST", f"/collections/{one}/parts", "ada", moment=(await clipped(app, "noor", 0, 5))["code"])
    await asked(app, two)
    waits = await call(app, "POST", f"/collections/{one}/supercut", "ada")
    assert (waits.status_code, waits.json()["code"]) == (409, "supercut_waits")

    # 200 moments of one title: no more of it than one clip may show; of 200 titles, no longer than it may be
    big, _ = await collected(app, who="ben")
    async with app.runtime.database.transaction() as session:
        there = (await session.scalars(select(Moment).filter_by(code=moment))).one()
        values = {each.key: getattr(there, each.key) for each in Moment.__table__.columns}
        copies = [values | {"id": UUID(int=n + 1), "code": f"copy{n}"} for n in range(200)]
        await session.execute(insert(Moment), copies)
        row = (await session.scalars(select(Collection).filter_by(code=big))).one()
        part = {"collection_id": row.id, "added_by": row.viewer_id}
        places = [part | {"moment_id": each["id"], "place": n} for n, each in enumerate(copies)]
        await session.execute(insert(CollectionPart), places)
    body = await asked(app, big, "ben")
    reasons = [each["reason"] for each in body["left_out"]]
    assert reasons == ["clip_too_long"] * 188, "12 of 5 s are as much as one clip may show of a title"
    await set_rights(app, max_clip_us=10_000_000_000)
    await call(app, "DELETE", f"/collections/{big}/supercut", "ben")
    body = await asked(app, big, "ben")
    assert [each["reason"] for each in body["left_out"]] == ["supercut_too_long"] * 140, "300 s, and no more"
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(SupercutPart)) == 2 + 60


@pytest.mark.slow
async def test_a_part_withdrawn_while_it_is_made_leaves_nothing(
    app: App, title: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, (_first, second) = await collected(app, (10, 15), (20, 25))
    run = supercut_maker.run_bounded

    async def withdrawn(*args: Any) -> Any:
        made = await run(*args)
        await app.http.delete(f"/v1/moments/{second}", headers=app.signed_in("noor"))
        return made

    monkeypatch.setattr(supercut_maker, "run_bounded", withdrawn)
    await asked(app, code)
    assert (await until_settled(app, code))["status"] == "outdated"
    async with app.runtime.database.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"))
        await session.execute(text("DELETE FROM procrastinate_jobs WHERE task_name LIKE 'moments.%'"))
    await app.run_jobs()
    assert (stored(app), work_left(app)) == ([], [])
    assert await file_status(app, code) == ("supercut_unknown", None)


MAKER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from groundswell.community import supercut_maker
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

async def main():
    features.load("tables")
    settings = Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2])
    async with open_runtime(settings) as runtime:
        put = runtime.store.put_file

        async def stuck(key, path):
            await put(key, path)
            if key.startswith("supercuts/"):
                print(key, flush=True)
                await asyncio.sleep(600)

        runtime.store.put_file = stuck
        await supercut_maker.make(runtime, UUID(sys.argv[3]), sys.argv[4])

asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_killed_maker_leaves_no_orphan_and_it_is_made_once(app: App, title: UUID) -> None:
    code, _ = await collected(app, (10, 15), (20, 25))
    await asked(app, code)
    async with app.runtime.database.transaction() as session:
        row = (await session.scalars(select(Supercut))).one()
    assert row.recipe_hash is not None
    settings = app.runtime.settings
    arguments = str(settings.data_dir), str(settings.database_url), str(row.collection_id), row.recipe_hash
    with telling(MAKER, *arguments) as (_, said):
        assert (await asyncio.to_thread(said.readline)).decode().strip() == storage_key(row.recipe_hash)
        async with sole_maker(app.runtime.database, row.recipe_hash) as mine:
            assert mine is None, "who else would make it is kept off"
        with pytest.raises(supercut_maker.SupercutBusy):
            await supercut_maker.make(app.runtime, row.collection_id, row.recipe_hash)
    async with await app.runtime.database.connect(autocommit=True) as connection:
        await connection.execute(*taking(Lock.RENDERING, row.recipe_hash))
        await connection.execute(*giving_back(Lock.RENDERING, row.recipe_hash))
    assert (await shown(app, code))["status"] == "rendering"
    assert await file_status(app, code) == ("supercut_unknown", None), "what its row does not say is not served"
    async with app.runtime.database.transaction() as session:
        renders = await session.scalar(select(func.count()).select_from(Rendition).filter_by(status="ready"))
    assert (await until_settled(app, code))["status"] == "ready"
    assert len(stored(app)) == 1
    async with app.runtime.database.transaction() as session:
        assert (
            await session.scalar(select(func.count()).select_from(Rendition).filter_by(status="ready")) == renders == 2
        )
    assert Fraction((await shown(app, code))["duration_us"]) == 12_000_000
