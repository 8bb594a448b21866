"""The trending board, and what goes outward: staff decide with a reason; feeds hold what a visitor may see."""

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from groundswell.discovery.jobs import soon
from groundswell.discovery.search.unfound import Misses
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000


@pytest.fixture
async def world(app: App) -> World:
    """Three scenes by a creator, the third marked as a spoiler; the first is voted for by many who are known."""
    world = await build(app.runtime.database)
    await world.creator("maker")
    for number, name in enumerate(("kiss", "rain", "finale")):
        await world.moment("maker", name, 60 * number * S, (60 * number + 10) * S)
        await world.happen(name, "play", *(f"v{n}" for n in range(3)))
    for number in range(25):
        voter = await world.established(f"fan{number}")
        at = utc_now() - timedelta(minutes=60 - 2 * number)
        await world.happen("kiss", "play", f"f{number}", viewer=voter, at=at)
    await world.happen("kiss", "click", "bot 1", "bot 2", verdict="robot", at=utc_now())
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == "finale").values(spoiler=True))
        await soon(session)
    await app.run_jobs()
    return world


@pytest.mark.slow
async def test_staff_see_why_and_decide_with_a_reason(app: App, world: World) -> None:
    mira = app.signed_in("mira", "marketer")
    board = await app.http.get("/console/trending", headers=mira)
    assert board.status_code == 200, board.text
    said = re.sub(r"\s+", " ", board.text)
    assert re.search("New: 2[5-8] votes in the last 24 hours", said)
    assert re.search(r"4 in 5: \d+ to \d+; off by \d+% \(median\)", said)
    scenes = (await app.http.get("/v1/discover")).json()["items"]
    kiss, rain = (next(each["id"] for each in scenes if each["best"]["caption"] == name) for name in ("kiss", "rain"))

    async def decide(scene: str, **form: str) -> int:
        return (await app.http.post(f"/console/trending/scenes/{scene}", data=form, headers=mira)).status_code

    assert await decide(kiss, do="hold", reason="") == 422
    assert await decide(kiss, do="hold", reason="Bought, it seems.") == 303
    assert await decide(kiss, do="hold", reason="Once more.") == 409
    assert await decide(rain, do="feature", reason="Premiere week.") == 303
    found = (await app.http.get("/v1/discover")).json()
    assert kiss not in {each["id"] for each in found["items"]}
    assert [each["id"] for each in found["featured"]] == [rain]
    assert "Picked by" in (await app.http.get("/discover")).text
    title = await app.http.get("/console/trending/titles/night-train", headers=mira)
    assert "Bought, it seems." in title.text
    assert "heat-strip" in title.text
    told = (await app.http.get(f"/v1/scenes/{kiss}/decisions", headers=mira)).json()["items"]
    assert (told[0]["action"], told[0]["reason"]) == ("hold", "Bought, it seems.")
    for form, status in (
        ({"threshold": "10,000"}, 303),
        ({"threshold": "many"}, 422),
        ({"threshold": "5", "title": "x"}, 404),
    ):
        answer = await app.http.post("/console/trending/alerts", data=form, headers=mira)
        assert answer.status_code == status, form
    for headers in (app.signed_in("ada"), app.signed_in("kofi"), {}):
        found = await app.http.get("/v1/search", params={"q": "Casablanca nights"}, headers=headers)
        assert found.status_code == 200
    await app.services.get(Misses).write(app.runtime.database)
    assert "casablanca nights" in (await app.http.get("/console/trending", headers=mira)).text
    for who, status in ((app.signed_in("fay", "finance"), 403), ({}, 401)):
        answer = await app.http.post(
            f"/v1/scenes/{kiss}/decisions", json={"action": "release", "reason": "No."}, headers=who
        )
        assert answer.status_code == status


@pytest.mark.slow
async def test_feeds_are_off_and_hold_what_a_visitor_may_see(app: App, world: World) -> None:
    paths = [f"/feeds/{form}/{what}" for form in ("rss", "atom") for what in ("trending", "titles/night-train")]
    paths += ["/feeds/rss/creators/maker", "/feeds/atom/creators/maker", "/sitemap.xml"]
    assert [(await app.http.get(path)).status_code for path in paths] == [404] * 7
    assert "application/rss+xml" not in (await app.http.get("/discover")).text
    app.runtime.settings.outward_feeds = True
    assert "application/rss+xml" in (await app.http.get("/discover")).text
    assert "/feeds/atom/creators/maker" in (await app.http.get("/creators/maker")).text
    for path in paths:
        answer = await app.http.get(path)
        assert answer.status_code == 200, answer.text
        ElementTree.fromstring(answer.content)
        assert len(re.findall("/m/[0-9A-Za-z]+<", answer.text)) >= 2
        assert "finale" not in answer.text, "what is marked is in none"
        again = await app.http.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert (await app.http.get("/feeds/rss/creators/nobody")).status_code == 404
    private = update(Moment).where(Moment.id == world.moments["kiss"]).values(visibility="unlisted")
    async with app.runtime.database.transaction() as session:
        await session.execute(private)
    for path in paths:
        assert "kiss" not in (await app.http.get(path)).text
