"""What a page says in its head to the robots that draw previews."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from groundswell.catalog.tables import Series, Title
from groundswell.platform.ids import uuid7
from groundswell.shares.cards import MomentCard, card, card_of
from groundswell.shares.links import Resolved
from tests.moments.clipping import clipped
from tests.shares.sharing import resolved, shared
from tests.support import App


async def shown(app: App, moment: dict[str, Any]) -> tuple[MomentCard, Resolved]:
    link = await shared(app, moment=moment["id"])
    found = await resolved(app, link["token"])
    return card(found, app.runtime.settings), found


def said(card: MomentCard) -> dict[str, str]:
    tags = list(card.metas())
    names = [name for _, name, _ in tags]
    assert len(names) == len(set(names)), "a tag is there twice"
    for attribute, name, content in tags:
        assert attribute == ("property" if name.startswith("og:") else "name")
        assert content
    return {name: content for _, name, content in tags}


async def test_a_card_has_all_that_previews_ask_for(app: App, moment: dict[str, Any]) -> None:
    made, found = await shown(app, moment)
    tags = said(made)
    code = moment["code"]
    assert tags["og:url"] == f"http://test/s/{found.token}"
    assert tags["og:title"] == tags["twitter:title"] == "Numbers"
    assert tags["og:description"] == "Look & listen"
    assert tags["og:image"] == f"http://test/m/{code}/poster.jpg"
    assert (tags["og:image:width"], tags["og:image:height"]) == ("1200", "630")
    assert tags["og:video"] == f"http://test/m/{code}/wide.mp4"
    assert tags["og:video:type"] == "video/mp4"
    assert tags["twitter:card"] == "summary_large_image"
    assert tags["robots"] == "noindex"
    links = {rel: href for rel, href, _ in made.links()}
    assert links["canonical"] == f"http://test/m/{code}"
    assert links["alternate"].startswith("http://test/v1/oembed?url=http%3A%2F%2Ftest%2Fs%2F")


@pytest.mark.slow
async def test_what_the_tags_point_at_is_there(app: App, moment: dict[str, Any]) -> None:
    await app.run_jobs()
    made, _ = await shown(app, moment)
    tags = said(made)
    for name, kind in (("og:image", "image/jpeg"), ("og:video", "video/mp4")):
        answer = await app.http.get(tags[name])
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    oembed = await app.http.get(made.oembed_url)
    assert oembed.json()["title"] == "Numbers"


async def test_a_spoiler_keeps_words_picture_and_film_to_itself(app: App, moment: dict[str, Any]) -> None:
    spoiler = await clipped(app, "noor", caption="He dies", spoiler=True)
    made, found = await shown(app, spoiler)
    tags = said(made)
    assert "dies" not in str(tags)
    assert "spoiler" in tags["og:description"]
    assert "og:video" not in tags
    assert "og:image" not in tags
    assert tags["twitter:card"] == "summary"
    found.title.backdrop_key = "backdrops/numbers.jpg"
    assert said(card(found, app.runtime.settings))["og:image"] == "http://test/titles/numbers/backdrop.jpg"


async def test_whoever_does_not_want_credit_is_not_named(app: App, moment: dict[str, Any]) -> None:
    anonymous = await clipped(app, "noor", credit_me=False)
    made, _ = await shown(app, anonymous)
    assert made.author is None
    assert "Noor" not in str(list(made.metas()))
    named, _ = await shown(app, await clipped(app, "mira"))
    assert "clipped by Mira" in named.description


async def test_an_episode_is_named_with_its_place(app: App, moment: dict[str, Any]) -> None:
    _, found = await shown(app, moment)
    series = Series(id=uuid7(), slug="harbour", name="Harbour Lights")
    episode = Title(id=uuid7(), slug="e2", name="The Storm", season=1, episode=2, released_on=date(2026, 1, 1))
    made = card(replace(found, title=episode, series=series), app.runtime.settings)
    assert made.title == "Harbour Lights S1E2: The Storm"


async def test_only_the_moments_own_public_page_is_for_search_engines(app: App, moment: dict[str, Any]) -> None:
    _, found = await shown(app, moment)
    settings = app.runtime.settings
    found.moment.visibility = "unlisted"
    own = card_of(found.moment, found.title, None, found.clipper, settings)
    assert (own.url, own.noindex) == (own.canonical_url, True)
    found.moment.visibility = "public"
    assert not card_of(found.moment, found.title, None, found.clipper, settings).noindex
    assert card(found, settings).noindex


async def test_long_words_are_shortened_and_https_is_said_to_be_secure(app: App, moment: dict[str, Any]) -> None:
    wordy = await clipped(app, "noor", caption="word\n" * 90)
    _, found = await shown(app, wordy)
    made = card(found, app.runtime.settings.model_copy(update={"base_url": "https://moments.example/"}))
    tags = said(made)
    assert len(tags["og:description"]) <= 200
    assert tags["og:description"].endswith("…")
    assert tags["og:video:secure_url"] == tags["og:video"]
    assert tags["og:url"].startswith("https://moments.example/s/")
