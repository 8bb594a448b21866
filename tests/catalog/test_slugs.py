"""Addresses made from names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.catalog.slugs import TextRefused, checked_slug, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Lighthouse: Sea", "the-lighthouse-sea"),
        ("  Grüße & Ærø—Łódź ", "grusse-aero-lodz"),
        ("x" * 200, "x" * 80),
        ("x" * 79 + " y", "x" * 79),
    ],
)
def test_a_name_gives_an_address(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text(max_size=120))
def test_every_name_gives_an_address_that_is_one(name: str) -> None:
    slug = slug_of(name)
    if len(slug.replace("-", "")) != 32:  # such a one may read as an id, and is refused
        assert checked_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "ä", "a/b", "x" * 81, "0" * 32, "a\n"])
def test_what_is_no_address_is_refused(slug: str) -> None:
    with pytest.raises(TextRefused):
        checked_slug(slug)
