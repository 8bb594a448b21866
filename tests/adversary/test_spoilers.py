"""No surface gives away what a viewer has not come to: every route that can be read is asked, by one in the middle of a
series, and by a visitor about what is marked as a spoiler.

What gives something away is a word that is nowhere else: of a line, of a caption, of a comment. A page may hold it
below a veil; an answer for programs may not. What names a moment by its own address is opened on purpose, and is veiled
by its own page; that is asked too.
"""

import re
from collections.abc import Iterator
from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from groundswell.catalog.signals import LinesRecorded
from groundswell.catalog.tables import Line, Series, Source, Title
from groundswell.community.collection_tables import Collection, CollectionPart
from groundswell.community.comment_tables import Comment
from groundswell.discovery.jobs import soon
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.signals import send
from groundswell.web.route_powers import every_route
from tests.community.made_supercuts import as_made
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000
SAID, CAPTION, COMMENT, MARKED = "zebrafish", "quixotry", "wolframite", "byzantine"
COLLECTION = "collected"
SECRETS = {
    "ada": (SAID, CAPTION, COMMENT, MARKED),
    None: (MARKED,),
}
"""What each must not be told: a viewer in the middle of the first episode, and a visitor."""

BY_NAME = {"code", "moment", "share", "token", "moment_id", "item"}
"""Parameters by which somebody opens a moment on purpose."""

OWN = {"/moments", "/v1/moments"}
STREAMS = {"/v1/events/stream", "/v1/notifications/stream", "/console/live/stream"}


@pytest.fixture
async def world(app: App) -> World:
    """A series of three episodes; ada has begun the first. The third has lines, clips and comments; a film, a clip that
    is marked."""
    app.runtime.settings.outward_feeds = True
    world = await build(app.runtime.database, "storm-3")
    await world.creator("maker")
    async with app.runtime.database.transaction() as session:
        series = Series(id=uuid7(), slug="storm", name="Storm")
        session.add(series)
        await session.flush()
        await session.execute(update(Title).values(series_id=series.id, season=1, episode=3, name="Storm Three"))
        first = Title(
            id=uuid7(), slug="storm-1", name="Storm One", series_id=series.id, season=1, episode=1,
            released_on=date(2020, 1, 1),
        )  # fmt: skip
        film = Title(id=uuid7(), slug="film", name="Film", released_on=date(2020, 1, 1))
        session.add_all([first, film])
        await session.flush()
        for title in (first, film):
            source = Source(
                id=uuid7(), title_id=title.id, version=1, storage_key=title.slug, sha256="0" * 64, size_bytes=1,
                status="ready", duration_us=600 * S,
            )  # fmt: skip
            session.add(source)
            await session.flush()
            title.current_source_id = source.id
        for number, title in enumerate((world.title, film.id)):
            said = SAID if title == world.title else "lamp"  # a film has no place that one has not come to
            session.add(
                Line(
                    title_id=title, language="en", number=number + 1, start_us=300 * S, end_us=306 * S,
                    text=f"The {said} did it.",
                )
            )  # fmt: skip
            await session.flush()
            await send(session, LinesRecorded(title, "en"))
    await world.moment("maker", CAPTION, 300 * S, 310 * S)
    await world.moment("maker", MARKED, 300 * S, 310 * S, title=film.id)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == MARKED).values(spoiler=True))
        for name in (CAPTION, MARKED):
            comment = Comment(
                id=uuid7(), moment_id=world.moments[name], viewer_id=world.viewers["maker"], at_us=301 * S,
                text=COMMENT if name == CAPTION else f"So {MARKED}!", same_as="",
            )  # fmt: skip
            session.add(comment)
        kept = Collection(
            id=uuid7(), code=COLLECTION, viewer_id=world.viewers["maker"], name="All of it", visibility="public",
            changed_at=utc_now(),
        )  # fmt: skip
        session.add(kept)
        await session.flush()
        for place, name in enumerate((CAPTION, MARKED)):
            part = {"collection_id": kept.id, "moment_id": world.moments[name], "place": place}
            session.add(CollectionPart(**part, added_by=world.viewers["maker"]))
        await session.flush()
        await as_made(session, kept, [world.moments[name] for name in (CAPTION, MARKED)])
        await soon(session)
    for name in (CAPTION, MARKED):
        await world.share(name)
        await world.happen(name, "play", "v1", "v2", "v3")
    async with app.runtime.database.transaction() as session:
        await soon(session)
    await app.run_jobs()
    told = await app.http.put(
        "/v1/progress", json={"title": "storm-1", "position_us": 60 * S}, headers=app.signed_in("ada")
    )
    assert told.status_code < 300, told.text
    ada = UUID((await app.http.get("/v1/me", headers=app.signed_in("ada"))).json()["id"])
    async with app.runtime.database.transaction() as session:
        from groundswell.community.follows import choose_approval, follow

        await choose_approval(session, world.viewers["maker"], False)
        await follow(session, ada, world.viewers["maker"])
    return world


def addresses(app: App, codes: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Every route that is read, its names filled in, and whether it opens a moment by name."""
    fills = {"title": ("storm-3", "film"), "slug": ("storm-3", "film"), "series": ("storm",), "handle": ("maker",)}
    fills |= {"form": ("rss", "atom"), "kind": ("csv",), "code": tuple(codes.values())}
    fills |= {"collection": (COLLECTION,), "moment": tuple(codes.values()), "language": ("en",), "name": ("main",)}
    for route in every_route(app.asgi.router):
        names = set(route.param_convertors)
        if "GET" not in (route.methods or ()) or route.path in STREAMS or not names <= set(fills):
            continue
        for number in range(max([len(fills[name]) for name in names], default=1)):
            chosen = {name: fills[name][number % len(fills[name])] for name in names}
            yield route.path.format(**chosen), bool(names & BY_NAME)


def asked(path: str) -> list[str]:
    """The path, and as somebody would ask who looks for what is hidden."""
    if path in ("/search", "/v1/search"):
        return [f"{path}?q={word}" for word in (SAID, CAPTION, MARKED, COMMENT)]
    if path in ("/discover", "/v1/discover"):
        more = ["", "?title=storm-3", "?title=film"]
        return [path + each for each in [*more, "?following=true" if path.startswith("/v1") else "?whose=following"]]
    return [path]


def given_away(answer: httpx.Response, secrets: tuple[str, ...], url: str) -> list[str]:
    """The words that are told outside of a veil. What was typed is not told but said back."""
    media = answer.headers.get("content-type", "")
    if answer.status_code >= 400 or not re.search("html|json|xml|csv|text", media):
        return []
    text = answer.text
    if "html" in media:
        text = re.sub(r"<article(?:(?!</article>).)*?card-veil.*?</article>", "", text, flags=re.DOTALL)
    typed = url.partition("q=")[2]
    return [word for word in secrets if word != typed and word in text]


async def test_no_surface_gives_away_what_a_viewer_has_not_come_to(app: App, world: World) -> None:
    async with app.runtime.database.transaction() as session:
        codes = {name: (await session.get_one(Moment, world.moments[name])).code for name in (CAPTION, MARKED)}
    found: dict[str, list[str]] = {}
    seen = 0
    for who, secrets in SECRETS.items():
        headers = {} if who is None else app.signed_in(who)
        for path, by_name in addresses(app, codes):
            if by_name or path in OWN:
                continue
            for url in asked(path):
                answer = await app.http.get(url, headers=headers)
                seen += answer.status_code < 400
                if told := given_away(answer, secrets, url):
                    found[f"{who or 'visitor'}: {url}"] = told
    assert found == {}
    assert seen > 60, "most routes answer"


async def test_the_heatmap_is_flat_where_a_viewer_has_not_been(app: App, world: World) -> None:
    path = "/v1/titles/storm-3/heatmap"
    strangers = (await app.http.get(path)).json()
    hers = (await app.http.get(path, headers=app.signed_in("ada"))).json()
    assert any(strangers["bins"])
    assert not any(hers["bins"])


async def test_what_is_opened_by_name_is_veiled_by_its_own_page(app: App, world: World) -> None:
    """Its link was sent to them: the page asks first. So does a collection's, of its one clip."""
    for who in ("ada", None):
        headers = app.signed_in(who) if who else {}
        one = (await app.http.get(f"/v1/collections/{COLLECTION}/supercut", headers=headers)).json()
        assert (one["status"], one["withheld"], one["spoils"]) == ("ready", None, True)
    page = (await app.http.get(f"/c/{COLLECTION}")).text
    assert re.search(r"<details class=\"spoiler-veil film\">.*?<video.*?</details>", page, re.DOTALL)
    assert "og:video" not in page
    async with app.runtime.database.transaction() as session:
        code = (await session.get_one(Moment, world.moments[MARKED])).code
    answer = await app.http.get(f"/m/{code}", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert "veil" in answer.text
