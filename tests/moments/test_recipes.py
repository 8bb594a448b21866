"""Same recipe, same hash; anything else, another."""

from uuid import uuid4

import pytest

from groundswell.media import EndCard
from groundswell.moments.media.overlays import has_room_for_card, with_card
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Moment

SOURCE = uuid4()


def test_the_hash_depends_on_every_part_and_on_nothing_else() -> None:
    recipe = Recipe(SOURCE, 1, 23, "wide")
    others = [
        Recipe(uuid4(), 1, 23, "wide"),
        Recipe(SOURCE, 12, 3 + 20, "wide"),
        Recipe(SOURCE, 1, 24, "wide"),
        Recipe(SOURCE, 1, 23, "vertical"),
        Recipe(SOURCE, 1, 23, "wide", captions="WEBVTT\n"),
        Recipe(SOURCE, 1, 23, "wide", card=EndCard("https://lumen.example/m/1", "Numbers", "Lumen")),
        Recipe(SOURCE, 1, 23, "wide", card=EndCard("https://lumen.example/m/2", "Numbers", "Lumen")),
    ]
    assert Recipe(SOURCE, 1, 23, "wide").hash == recipe.hash
    assert len({recipe.hash, *(other.hash for other in others)}) == 8


def test_a_profile_that_does_not_exist_is_no_recipe() -> None:
    with pytest.raises(ValueError, match="gigantic"):
        Recipe(SOURCE, 0, 1, "gigantic")


def test_the_poster_is_inside_the_clip_and_the_preview_no_longer_than_it() -> None:
    recipe = Recipe(SOURCE, 1_000_000, 2_000_000, "poster")
    assert recipe.start_us < recipe.poster_us < recipe.end_us
    assert recipe.preview_us == 1_000_000
    assert recipe.media_type == "image/jpeg"
    assert recipe.storage_key.endswith(f"/{recipe.hash}.jpg")


def test_a_story_is_the_first_twenty_seconds() -> None:
    moment = Moment(source_id=SOURCE, start_us=2_000_000, end_us=27_000_000)
    assert recipe_of(moment, "stories").end_us == 22_000_000
    assert recipe_of(moment, "vertical").end_us == 27_000_000


def test_a_card_is_part_of_what_a_story_may_last() -> None:
    card = EndCard("https://lumen.example/m/1", "Numbers", "Lumen")
    assert with_card(Recipe(SOURCE, 0, 20_000_000, "stories"), card).end_us == 18_000_000
    assert with_card(Recipe(SOURCE, 0, 20_000_000, "vertical"), card).end_us == 20_000_000


def test_what_is_saved_loses_nothing_to_its_card() -> None:
    assert has_room_for_card(Recipe(SOURCE, 0, 18_000_000, "stories"))
    assert not has_room_for_card(Recipe(SOURCE, 0, 18_000_001, "stories"))
    assert has_room_for_card(Recipe(SOURCE, 0, 60_000_000, "wide"))
