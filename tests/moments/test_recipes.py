"""Same recipe, same hash; anything else, another."""

from uuid import uuid4

import pytest

from groundswell.moments.recipes import Recipe, as_saved

SOURCE = uuid4()


def test_the_hash_depends_on_every_part_and_on_nothing_else() -> None:
    recipe = Recipe(SOURCE, 1, 23, "wide")
    others = [
        Recipe(uuid4(), 1, 23, "wide"),
        Recipe(SOURCE, 12, 3 + 20, "wide"),
        Recipe(SOURCE, 1, 24, "wide"),
        Recipe(SOURCE, 1, 23, "vertical"),
    ]
    assert Recipe(SOURCE, 1, 23, "wide").hash == recipe.hash
    assert len({recipe.hash, *(other.hash for other in others)}) == 5


def test_a_profile_that_does_not_exist_is_no_recipe() -> None:
    with pytest.raises(ValueError, match="gigantic"):
        Recipe(SOURCE, 0, 1, "gigantic")


def test_the_poster_is_inside_the_clip_and_the_preview_no_longer_than_it() -> None:
    recipe = Recipe(SOURCE, 1_000_000, 2_000_000, "poster")
    assert recipe.start_us < recipe.poster_us < recipe.end_us
    assert recipe.preview_us == 1_000_000
    assert recipe.media_type == "image/jpeg"
    assert recipe.storage_key.endswith(f"/{recipe.hash}.jpg")


def test_what_is_saved_has_the_card_where_it_may_and_fits() -> None:
    assert as_saved("wide", 15_000_000) == "wide+card"
    assert as_saved("stories", 18_000_000) == "stories+card"
    assert as_saved("stories", 18_000_001) == "stories", "a story lasts 20 seconds at most, card and all"
    assert {as_saved(name, 15_000_000) for name in ("clean", "source", "preview")} == {"clean", "source", "preview"}
    assert Recipe(SOURCE, 0, 1, "wide+card").hash != Recipe(SOURCE, 0, 1, "wide").hash
    for unmarked in ("clean+card", "source+card", "poster+card"):
        with pytest.raises(ValueError, match="no profile"):
            Recipe(SOURCE, 0, 1, unmarked)
