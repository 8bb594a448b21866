"""The feed on Bluesky: off by default, described, of the service's posts in the order of what is catching on."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from groundswell.discovery.bluesky.tables import BlueskyPost
from groundswell.discovery.jobs import soon
from groundswell.moments.tables import Moment
from tests.earnings.world import World, build
from tests.support import App

S = 1_000_000
PUBLISHER = "did:plc:z72i7hdynmk6r22z27h6tvur"
FEED = f"at://{PUBLISHER}/app.bsky.feed.generator/trending"
SKELETON = "/xrpc/app.bsky.feed.getFeedSkeleton"


def post(name: str) -> str:
    return f"at://{PUBLISHER}/app.bsky.feed.post/{name}"


@pytest.fixture
async def world(app: App) -> World:
    """Scenes by one maker, each voted for by more than the next; the third is marked."""
    world = await build(app.runtime.database)
    for number, name in enumerate(("kiss", "rain", "finale", "train")):
        await world.moment("maker", name, 60 * number * S, (60 * number + 10) * S)
    for number in range(12):
        voter = await world.established(f"fan{number}")
        for name in ("kiss", "rain", "train")[: 3 - number // 4]:
            await world.happen(name, "play", f"{name} {number}", viewer=voter)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == "finale").values(spoiler=True))
        await soon(session)
    await app.run_jobs()
    return world


async def skeleton(app: App, **asked: Any) -> httpx.Response:
    return await app.http.get(SKELETON, params={"feed": FEED, **asked})


async def codes_of(app: App, world: World) -> dict[str, str]:
    async with app.runtime.database.transaction() as session:
        return {name: (await session.get_one(Moment, id)).code for name, id in world.moments.items()}


async def test_it_is_off_and_says_who_it_is(app: App) -> None:
    paths = ["/.well-known/did.json", "/xrpc/app.bsky.feed.describeFeedGenerator", f"{SKELETON}?feed={FEED}"]
    assert [(await app.http.get(path)).status_code for path in paths] == [404] * 3
    app.runtime.settings.bluesky_publisher = PUBLISHER
    app.runtime.settings.base_url = "https://moments.example.com:8443"
    document = (await app.http.get(paths[0])).json()
    assert document["id"] == "did:web:moments.example.com%3A8443"
    (service,) = document["service"]
    assert service == {
        "id": "#bsky_fg", "type": "BskyFeedGenerator", "serviceEndpoint": "https://moments.example.com:8443",
    }  # fmt: skip
    assert (await app.http.get(paths[1])).json() == {"did": document["id"], "feeds": [{"uri": FEED}]}
    assert (await skeleton(app)).json() == {"feed": []}


@pytest.mark.slow
async def test_posts_come_in_the_order_of_what_is_catching_on(app: App, world: World) -> None:
    app.runtime.settings.bluesky_publisher = PUBLISHER
    codes, key = await codes_of(app, world), await app.service_key("posts:write")
    for name in ("train", "finale", "rain", "kiss"):
        noted = await app.http.post("/v1/bluesky/posts", json={"moment": codes[name], "post": post(name)}, headers=key)
        assert (noted.status_code, noted.json()["uri"]) == (201, post(name))
    answer = await skeleton(app)
    assert [each["post"] for each in answer.json()["feed"]] == [post(name) for name in ("kiss", "rain", "train")]
    assert "cursor" not in answer.json()
    got, cursor = [], None
    for _ in range(3):
        page = (await skeleton(app, limit=1, **({} if cursor is None else {"cursor": cursor}))).json()
        got += [each["post"] for each in page["feed"]]
        cursor = page.get("cursor")
    assert (got, cursor) == ([post(name) for name in ("kiss", "rain", "train")], None)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == "kiss").values(visibility="unlisted"))
    dropped = await app.http.delete("/v1/bluesky/posts", params={"post": post("train")}, headers=key)
    assert dropped.status_code == 204
    assert [each["post"] for each in (await skeleton(app)).json()["feed"]] == [post("rain")]


@pytest.mark.slow
async def test_what_is_asked_badly_is_refused_as_the_protocol_has_it(app: App, world: World) -> None:
    app.runtime.settings.bluesky_publisher = PUBLISHER
    bad = {
        "UnknownFeed": [{"feed": "at://x"}, {"feed": ""}],
        "InvalidRequest": [
            *({"limit": each} for each in ("0", "101", "x", "٣", "0000000051", "000000005" + "0" * 20, "5" * 5000)),
            {"cursor": "forged!"},
        ],
    }
    for name, every in bad.items():
        for asked in every:
            answer = await skeleton(app, **asked)
            assert (answer.status_code, answer.json()["error"]) == (400, name), asked


@pytest.mark.slow
async def test_only_the_service_says_which_posts_and_each_is_one_moments(app: App, world: World) -> None:
    codes, key = await codes_of(app, world), await app.service_key("posts:write")
    said = {"moment": codes["kiss"], "post": f"https://bsky.app/profile/{PUBLISHER}/post/3kabc"}

    async def note(headers: dict[str, str] = key, **changes: str) -> tuple[int, str | None]:
        answer = await app.http.post("/v1/bluesky/posts", json=said | changes, headers=headers)
        return answer.status_code, answer.json().get("code")

    assert (await note({}))[0] == 401
    assert await note(await app.service_key("catalog")) == (403, "scope_missing")
    both = await asyncio.gather(note(), note())
    assert sorted(status for status, _ in both) == [200, 201]
    assert await note(moment=codes["rain"]) == (409, "post_taken")
    assert await note(moment="nobody") == (404, "moment_unknown")
    for post_ in ("https://bsky.app/profile/maker.example/post/3k", "at://did:plc:short/app.bsky.feed.post/x", "x",
                  f"at://{PUBLISHER}/app.bsky.feed.like/3k", f"at://{PUBLISHER}/app.bsky.feed.post/.."):  # fmt: skip
        assert await note(post=post_) == (422, "post_uri_invalid"), post_
    for status in (204, 404):
        gone = await app.http.delete("/v1/bluesky/posts", params={"post": said["post"]}, headers=key)
        assert gone.status_code == status


@pytest.mark.slow
async def test_a_deleted_moments_posts_go_with_it(app: App, world: World) -> None:
    codes, key = await codes_of(app, world), await app.service_key("posts:write", "viewers:erase")
    for name in ("kiss", "rain"):
        await app.http.post("/v1/bluesky/posts", json={"moment": codes[name], "post": post(name)}, headers=key)
    from groundswell.discovery.bluesky import posts

    async with app.runtime.database.transaction() as session:
        await posts.drop_of_moment(session, world.moments["kiss"])
        assert list(await session.scalars(select(BlueskyPost.uri))) == [post("rain")]
        await posts.drop_of_viewer(session, world.viewers["maker"])
        assert list(await session.scalars(select(BlueskyPost.uri))) == []
