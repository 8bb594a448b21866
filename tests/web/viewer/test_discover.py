"""Discover's cards, veiled where they would spoil something; a title's scenes for search engines."""

import json
import re

import httpx
import pytest
from sqlalchemy import update

from groundswell.catalog.tables import Series, Title
from groundswell.moments.tables import Moment
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from groundswell.web.languages import LANGUAGES
from groundswell.web.viewer.schema_org import video_object
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000
OPEN = {"trending_people_min": 0, "trending_networks_min": 0}


@pytest.fixture
async def world(app: App) -> World:
    """Two scenes of the second episode of a series; the second one is marked as a spoiler."""
    from groundswell.discovery.jobs import soon

    world = await build(app.runtime.database)
    for number in range(2):
        await world.moment("maker", f"scene {number}", (number + 1) * 60 * S, ((number + 1) * 60 + 10) * S)
        await world.share(f"scene {number}")
        await world.happen(f"scene {number}", "play", "v1", "v2")
    async with app.runtime.database.transaction() as session:
        series = Series(id=uuid7(), slug="trains", name="Trains")
        session.add(series)
        await session.flush()
        await session.execute(update(Title).values(series_id=series.id, season=1, episode=2))
        await session.execute(update(Moment).where(Moment.start_us == 120 * S).values(spoiler=True))
        await soon(session)
    await app.run_jobs()
    return world


def cards(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return re.findall(r"<article.*?</article>", answer.text, re.DOTALL)


@pytest.mark.slow
async def test_a_card_that_spoils_is_veiled_until_one_asks(app: App, world: World) -> None:
    found = cards(await app.http.get("/discover"))
    assert len(found) == 2
    veiled = [card for card in found if "card-veil" in card]
    assert len(veiled) == 1, "the marked one for strangers"
    assert "S1E2 — show anyway" in veiled[0]
    assert "data-preview" not in veiled[0], "nothing moves under the veil"


@pytest.mark.slow
async def test_whoever_has_got_there_sees_it_and_whoever_is_behind_sees_neither(app: App, world: World) -> None:
    async def veils(subject: str, position_us: int) -> int:
        body = {"title": "night-train", "position_us": position_us}
        await app.http.put("/v1/progress", json=body, headers=app.signed_in(subject))
        answer = await app.http.get("/discover", headers=app.signed_in(subject))
        return sum("card-veil" in card for card in cards(answer))

    assert await veils("mira", 500 * S) == 0
    assert await veils("noor", 30 * S) == 2, "in the middle of the episode, all that comes after"
    assert await veils("noor", 90 * S) == 1


async def test_search_engines_read_the_scenes_that_spoil_nothing(app: App, world: World) -> None:
    titles = (await app.http.get("/v1/titles")).json()["items"]
    from groundswell.catalog.schemas import TitleSummary

    async with app.runtime.database.transaction() as session:
        title = TitleSummary.model_validate(titles[0])
        found = await video_object(session, Settings(base_url="https://lumen.example", **OPEN), title)
    assert (found["@type"], found["url"]) == ("VideoObject", "https://lumen.example/watch/night-train")
    assert re.fullmatch(r"PT[\d.]+S", found["duration"])
    (part,) = found["hasPart"]
    assert (part["@type"], part["startOffset"], part["endOffset"]) == ("Clip", 60, 70)
    assert part["url"].endswith("?t=60")
    assert json.loads(json.dumps(found)) == found


async def test_scenes_are_narrowed_by_words_title_and_time_and_their_people_are_links(app: App, world: World) -> None:
    page = await app.http.get("/discover")
    assert len(cards(page)) == 2
    for field in ('name="q"', 'name="title"', 'name="since"'):
        assert field in page.text
    handles = re.findall(r'<nav class="people".*?</nav>', page.text, re.DOTALL)
    assert "/creators/" in "".join(handles) or 'href="/creators/' not in page.text
    assert len(cards(await app.http.get("/discover?title=night-train&since=7"))) == 2
    nothing = await app.http.get("/discover?q=no+such+words")
    assert cards(nothing) == []
    assert "Show all" in nothing.text
    seen = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.text, flags=re.DOTALL)
    assert not re.search(r"half-li(fe|ves)|decay|log", seen), "no specification before viewers"


async def test_a_scene_s_quote_is_written_once(app: App, world: World) -> None:
    for card in cards(await app.http.get("/discover")):
        quotes = re.findall(r'class="quote[^"]*"[^>]*>\s*(?:<a[^>]*>)?([^<]+)', card)
        assert len(quotes) == len(set(quotes)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_place_has_one_name_wherever_it_is_named(app: App, world: World, language: str) -> None:
    page = (await app.http.get(f"/discover?lang={language}")).text
    (heading,) = re.findall(r"<h1>(.*?)</h1>", page)
    (title,) = re.findall(r"<title>(.*?)</title>", page)
    links = set(
        re.findall(r'<a\b[^>]*href="/discover"[^>]*>(?:<svg.*?</svg>)?\s*(?:<span[^>]*>)?([^<]+)', page, re.DOTALL)
    )
    assert {heading} == {title.split(" · ")[0]} == {link.strip() for link in links if link.strip()}
