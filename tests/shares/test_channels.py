"""Where a moment can be sent: addresses that open, texts that fit, limits with a source."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.shares.channels import CHANNELS, Channel, intent_url, profile_for, shortened

WITH_PAGE = [channel for channel in CHANNELS.values() if channel.intent]
WITH_LIMITS = [channel for channel in CHANNELS.values() if channel.allowed]


@pytest.mark.parametrize("channel", WITH_LIMITS, ids=lambda channel: channel.name)
def test_every_limit_says_who_says_so_and_when_it_was_read(channel: Channel) -> None:
    assert channel.allowed is not None
    assert urlsplit(channel.allowed.source).scheme == "https"
    assert channel.allowed.read_on >= date(2026, 11, 1)
    assert channel.allowed.note or channel.allowed.text_characters


@pytest.mark.parametrize("channel", WITH_PAGE, ids=lambda channel: channel.name)
@settings(deadline=None)
@given(text=st.text(max_size=600))
def test_whatever_the_words_the_link_arrives_whole(channel: Channel, text: str) -> None:
    text = text.encode(errors="ignore").decode()
    link = "https://lumen.example/s/abc?d&e=f"
    address = intent_url(channel, link, text)
    assert address is not None
    assert not set(address) & set(' "<>\n')
    query = urlsplit(address).query
    values = [value for found in parse_qs(query, keep_blank_values=True).values() for value in found]
    assert any(link in value for value in values)


def test_a_text_is_cut_where_the_place_has_no_room() -> None:
    long = "word " * 100
    address = intent_url(CHANNELS["x"], "https://lumen.example/s/abc", long)
    (text,) = parse_qs(urlsplit(address or "").query)["text"]
    assert len(text) + 24 <= 280
    assert text.endswith("word…")


@settings(deadline=None)
@given(text=st.text(), longest=st.integers(1, 300))
def test_shortened_never_exceeds(text: str, longest: int) -> None:
    assert len(shortened(text, longest)) <= max(longest, 1)


def test_places_with_a_file_of_their_own_get_it_whatever_the_shape() -> None:
    assert profile_for(CHANNELS["tiktok"], "square", 15_000_000) == "clean"
    assert profile_for(CHANNELS["instagram"], "wide", 20_000_000) == "stories"
    assert profile_for(CHANNELS["instagram"], "wide", 20_000_001) == "vertical", "a reel: stories are shorter"
    assert profile_for(CHANNELS["copy"], "vertical", 15_000_000) == "vertical"
