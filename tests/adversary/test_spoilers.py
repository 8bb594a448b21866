"""No surface gives away what a viewer has not come to: every route that can be read is asked, by one in the middle of a
series, and by a visitor about what is marked as a spoiler.

What gives something away is a word that is nowhere else: of a line, of a caption, of a comment. A page may hold it
below a veil; an answer for programs may not. What names a moment by its own address is opened on purpose, and is veiled
by its own page; that is asked too.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from fastapi.routing import APIRoute

from groundswell.moments.media import media_api
from groundswell.moments.tables import Moment
from groundswell.platform.ids import uuid7
from groundswell.platform.openapi_security import power_of
from groundswell.web.route_powers import every_route
from tests.earnings.world import World
from tests.support import App

from .spoiled_world import CAPTION, COLLECTION, COMMENT, MARKED, PUBLISHER, SAID, Names, names_in, spoiled

SECRETS = {
    "ada": (SAID, CAPTION, COMMENT, MARKED),
    None: (MARKED,),
}
"""What each must not be told: a viewer in the middle of the first episode, and a visitor."""

BY_NAME = {"code", "moment", "token", "comment"}
OPENED = ({CAPTION, SAID}, {MARKED})
"""Parameters by which somebody opens a moment, or what is said of it, on purpose; and the words of each that is."""

OWN = {"/moments", "/v1/moments"}
PROGRESS = "/v1/moments/{moment}/progress"
STREAMS = {"/v1/events/stream", "/v1/notifications/stream", "/console/live/stream", PROGRESS}


class Address(NamedTuple):
    """A route with its names filled in: the words that are opened by it on purpose; whether it is for staff alone."""

    path: str
    opens: set[str]
    staff: bool


@pytest.fixture
async def world(app: App) -> World:
    settings = app.runtime.settings
    settings.outward_feeds, settings.bluesky_publisher = True, PUBLISHER
    return await spoiled(app)


def addresses(routes: list[APIRoute], names: Names, alone: dict[str, Names]) -> Iterator[Address]:
    """Each of ``routes`` that is read, with every address that names something. Of a route for staff, which asks for a
    power first, what has no name here is named by an id of nothing."""
    unknown = []
    for route in routes:
        asked = set(route.param_convertors)
        if "GET" not in (route.methods or ()) or route.path in STREAMS:
            continue
        staff = power_of(route) is not None
        known = {**({name: (str(uuid7()),) for name in asked} if staff else {}), **names, **alone.get(route.path, {})}
        if not asked <= set(known):
            unknown.append(route.path)
            continue
        for number in range(1 if staff else max([len(known[name]) for name in asked], default=1)):
            chosen = {name: known[name][number % len(known[name])] for name in asked}
            opens = OPENED[number % len(OPENED)] if asked & BY_NAME else set()
            yield Address(route.path.format(**chosen), opens | ({COMMENT} if "comment" in asked else set()), staff)
    assert unknown == [], "routes that nothing is asked of: say in `names_in` what their parameters name"


def asked(path: str) -> list[str]:
    """The path, and as somebody would ask who looks for what is hidden."""
    if path in ("/search", "/v1/search"):
        return [f"{path}?q={word}" for word in (SAID, CAPTION, MARKED, COMMENT)]
    if path in ("/discover", "/v1/discover"):
        more = ["", "?title=storm-3", "?title=film"]
        return [path + each for each in [*more, "?following=true" if path.startswith("/v1") else "?whose=following"]]
    if path.endswith("getFeedSkeleton"):
        return [f"{path}?feed=at://{PUBLISHER}/app.bsky.feed.generator/trending"]
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


@pytest.mark.slow
async def test_no_surface_gives_away_what_a_viewer_has_not_come_to(
    app: App, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_api, "WAIT_S", 0.1)  # its titles have no film: no picture is worth waiting for
    names, alone = await names_in(app, world)
    found: dict[str, set[str]] = {}
    seen, opened = 0, []
    for who, secrets in SECRETS.items():
        headers = {} if who is None else app.signed_in(who)
        for address in addresses(list(every_route(app.asgi.router)), names, alone):
            if address.path in OWN or (address.staff and who is None):
                continue
            for url in asked(address.path):
                answer = await app.http.get(url, headers=headers)
                seen += answer.status_code < 400
                if address.staff:
                    opened += [url] if answer.status_code < 300 else []
                elif told := set(given_away(answer, secrets, url)) - address.opens:
                    found[f"{who or 'visitor'}: {url}"] = told
    assert found == {}
    assert opened == [], "what is for staff is opened by nobody else"
    assert seen > 60, "most routes answer"


@pytest.mark.slow
async def test_the_heatmap_is_flat_where_a_viewer_has_not_been(app: App, world: World) -> None:
    path = "/v1/titles/storm-3/heatmap"
    strangers = (await app.http.get(path)).json()
    hers = (await app.http.get(path, headers=app.signed_in("ada"))).json()
    assert any(strangers["bins"])
    assert not any(hers["bins"])


@pytest.mark.slow
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
