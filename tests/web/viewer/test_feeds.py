"""Feeds for readers: a collection's holds what a visitor may see of it, if it is public."""

from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from groundswell.moments.tables import Moment
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000


@pytest.fixture
async def world(app: App) -> World:
    world = await build(app.runtime.database)
    await world.creator("maker")
    for number, name in enumerate(("kiss", "rain", "finale")):
        await world.moment("maker", name, 60 * number * S, (60 * number + 10) * S)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == "finale").values(spoiler=True))
    return world


@pytest.mark.slow
async def test_a_public_collection_has_feeds(app: App, world: World) -> None:
    ada = app.signed_in("ada")
    async with app.runtime.database.transaction() as session:
        codes = {name: (await session.get_one(Moment, id)).code for name, id in world.moments.items()}
    made = {"name": "Best of it & more", "visibility": "public"}
    code = (await app.http.post("/v1/collections", json=made, headers=ada)).json()["code"]
    for name in ("kiss", "finale", "rain"):
        added = await app.http.post(f"/v1/collections/{code}/parts", json={"moment": codes[name]}, headers=ada)
        assert added.is_success, added.text
    assert (await app.http.get(f"/feeds/rss/collections/{code}")).status_code == 404
    assert f"/feeds/rss/collections/{code}" not in (await app.http.get(f"/c/{code}")).text
    app.runtime.settings.outward_feeds = True
    assert f"/feeds/rss/collections/{code}" in (await app.http.get(f"/c/{code}")).text
    for form in ("rss", "atom"):
        answer = await app.http.get(f"/feeds/{form}/collections/{code}")
        assert answer.status_code == 200, answer.text
        ElementTree.fromstring(answer.content)
        places = [answer.text.index(f"/m/{codes[name]}<") for name in ("rain", "kiss")]
        assert places == sorted(places), "put there last first"
        assert codes["finale"] not in answer.text, "what is marked is in none"
        again = await app.http.get(
            f"/feeds/{form}/collections/{code}", headers={"if-none-match": answer.headers["etag"]}
        )
        assert again.status_code == 304
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == "rain").values(visibility="private"))
    assert codes["rain"] not in (await app.http.get(f"/feeds/rss/collections/{code}")).text
    await app.http.patch(f"/v1/collections/{code}", json={"visibility": "unlisted"}, headers=ada)
    assert (await app.http.get(f"/c/{code}")).status_code == 200
    for who in ({}, ada):
        assert (await app.http.get(f"/feeds/rss/collections/{code}", headers=who)).status_code == 404
    assert "/feeds/" not in (await app.http.get(f"/c/{code}")).text
