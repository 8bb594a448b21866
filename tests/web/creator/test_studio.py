"""A creator's pages: becoming one, what everybody sees, what only they see."""

import html
import re

import httpx
import pytest

from groundswell.earnings import pools
from groundswell.moments.tables import Moment
from groundswell.shares.channels import SENT_TO
from tests.earnings.world import World, build, this_month
from tests.support import App


@pytest.fixture
async def world(app: App) -> World:
    world = await build(app.runtime.database)
    await world.creator("noor")
    await world.moment("noor", "The kiss")
    await world.moment("noor", "Only for me", visibility="private")
    await world.share("The kiss", "noor")
    await world.happen("The kiss", "play", "a", "b", "c")
    return world


def text_of(answer: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def test_who_is_none_becomes_a_creator(app: App) -> None:
    ada = app.signed_in("ada")
    assert "Become a creator" in text_of(await app.http.get("/creator", headers=ada))
    form = {"handle": "@Ada_L", "display_name": "Ada", "bio": "Trains.", "code": ""}
    made = await app.http.post("/creator", data=form, headers=ada)
    assert made.status_code == 303
    own = text_of(await app.http.get(made.headers["location"], headers=ada))
    assert "ADAL10" in own
    assert "No moments yet" in own
    public = text_of(await app.http.get("/creators/ada_l"))
    assert "Trains." in public
    assert "No public moments yet" in public


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"handle": "noor"}, "handle_taken"),
        ({"code": "NOOR10"}, "code_taken"),
        ({"handle": "no spaces"}, "2 to 30 letters"),
        ({"handle": "admin"}, "2 to 30 letters"),
        ({"display_name": " "}, "1 to 60 characters"),
        ({"bio": "x" * 501}, "At most 500 characters"),
    ],
)
async def test_an_impossible_creator_is_refused_and_keeps_what_was_typed(
    app: App, world: World, change: dict[str, str], words: str
) -> None:
    form = {"handle": "ada", "display_name": "Ada", "bio": "<i>me</i>", "code": "ADA10"} | change
    answer = await app.http.post("/creator", data=form, headers=app.signed_in("ada"))
    assert answer.status_code in {409, 422}
    assert words in text_of(answer)
    assert form["handle"] in answer.text
    assert "<i>me</i>" not in answer.text


async def test_everybody_sees_public_moments_only(app: App, world: World) -> None:
    page = await app.http.get("/creators/NOOR")
    assert "The kiss" in page.text
    assert "Only for me" not in page.text
    assert "NOOR10" in page.text
    assert (await app.http.get("/creators/nobody", headers={"Accept": "text/html"})).status_code == 404


async def test_a_creator_sees_what_moments_brought_and_what_each_cent_is_for(app: App, world: World) -> None:
    async with app.runtime.database.transaction() as session:
        pool = await pools.fund(
            session, period=this_month(), basis="plays", amount_minor=4000, currency="EUR", created_by="fay"
        )
    await pools.run(app.runtime.database, pool.id)
    noor = app.signed_in("noor")
    own = await app.http.get("/creator", headers=noor)
    assert re.search(r"Plays 3 Plays by people", text_of(own))
    assert "€40.00" in text_of(own)
    statement = re.search(r"/creator/statements/[0-9a-f-]{36}", own.text)
    assert statement is not None
    detail = await app.http.get(statement[0], headers=noor)
    assert "The kiss" in text_of(detail)
    evidence = await app.http.get(f"{statement[0]}/evidence", headers=noor)
    assert text_of(evidence).count("A play by a person") == 3
    others = await app.http.get(statement[0], headers=app.signed_in("kofi"))
    assert others.status_code == 404


async def test_a_creator_changes_how_they_are_shown(app: App, world: World) -> None:
    noor = app.signed_in("noor")
    changed = await app.http.post("/creator/profile", data={"display_name": "N.", "bio": "Hello"}, headers=noor)
    assert "saved=profile" in changed.headers["location"]
    assert "Hello" in (await app.http.get("/creators/noor")).text
    refused = await app.http.post("/creator/profile", data={"display_name": "x" * 61}, headers=noor)
    assert "saved=refused" in refused.headers["location"]


async def test_a_link_and_its_qr_code_for_each_channel(app: App, world: World) -> None:
    noor = app.signed_in("noor")
    page = text_of(await app.http.get("/creator", headers=noor))
    assert "Channel by channel" in page
    async with app.runtime.database.transaction() as session:
        moment = await session.get_one(Moment, world.moments["The kiss"])
    wish = {"moment": moment.code, "channel": "youtube"}
    for channel in ("youtube", "instagram") if "youtube" in SENT_TO else ("tiktok", "instagram"):
        made = await app.http.post("/creator/links", data=wish | {"channel": channel}, headers=noor)
        assert made.headers["location"].startswith("/creator?saved=linked")
    shown = (await app.http.get("/creator?saved=linked", headers=noor)).text
    addresses = re.findall(r'href="(/s/[^"]+/qr\.svg)"', shown)
    assert len(set(addresses)) >= 2
    code = await app.http.get(addresses[0])
    assert code.headers["content-type"].startswith("image/svg+xml")
    refused = await app.http.post("/creator/links", data=wish | {"channel": "page"}, headers=noor)
    assert refused.status_code == 422
    assert (await app.http.post("/creator/links", data=wish, headers=app.signed_in("ada"))).status_code == 404
