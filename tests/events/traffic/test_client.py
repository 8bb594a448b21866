"""What a request shows about who made it, and how little of that is kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.events.traffic.client import REFERRER_MAX, fetches_for, host_of, look, see
from groundswell.events.traffic.own import HEADER, is_own, own_headers
from groundswell.events.traffic.verdicts import USER_AGENT_MAX
from groundswell.events.traffic.visitors import origin, visitor_hash

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)
SALT, ADDRESS = b"monday", "203.0.113.9"


def test_a_person_is_told_apart_by_address_and_browser_and_may_be_followed() -> None:
    seen = see({"user-agent": PHONE, "referer": "https://User:pw@Example.org:8443/secret?q=1"}, ADDRESS, SALT)
    household, network = origin(SALT, ADDRESS)
    assert seen.visitor == seen.served_to == visitor_hash(SALT, ADDRESS, PHONE)
    assert seen.inputs == {"ua": PHONE, "referrer": "example.org", "household": household, "network": network}
    assert (seen.verdict.kind, seen.may_be_followed) == ("human", True)
    assert ADDRESS not in json.dumps(seen.inputs)


def test_who_asks_not_to_be_told_apart_is_not() -> None:
    seen = see({"user-agent": PHONE, "sec-gpc": "1"}, ADDRESS, SALT)
    assert (seen.visitor, seen.may_be_followed, seen.verdict.kind) == (None, False, "human")
    assert seen.inputs == {"ua": PHONE, "sec-gpc": "1"}, "nothing of where they are"
    assert seen.served_to == visitor_hash(SALT, ADDRESS, PHONE), "their page's ticket is bound to them all the same"
    asks = see({"user-agent": PHONE, "sec-gpc": "0"}, ADDRESS, SALT)
    assert asks.visitor is not None


def test_robots_are_not_followed() -> None:
    for headers in ({}, {"user-agent": "curl/8.1"}, {"user-agent": PHONE, "purpose": "prefetch"}):
        seen = see(headers, ADDRESS, SALT)
        assert (seen.verdict.kind, seen.may_be_followed) == ("robot", False), headers
        assert seen.visitor is not None


def test_a_preview_is_known_by_who_fetches_it() -> None:
    preview = "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"
    assert fetches_for(preview) == "discord"
    assert fetches_for(PHONE) is None
    assert look({"user-agent": preview}).verdict.reason == "fetches_for:discord"


def test_what_is_kept_is_kept_short() -> None:
    seen = look({"user-agent": "x" * 9_999, "referer": "https://" + "h" * 9_999, "purpose": "p" * 999})
    assert len(seen.inputs["ua"]) == USER_AGENT_MAX
    assert len(seen.inputs["referrer"]) <= min(255, REFERRER_MAX)
    assert len(seen.inputs["purpose"]) == 64
    assert set(seen.inputs) == {"ua", "referrer", "purpose"}
    assert json.loads(seen.inputs_column) == seen.inputs
    assert "accept" not in look({"user-agent": PHONE, "accept": "text/html"}).inputs
    assert look({"user-agent": PHONE, "purpose": ""}).inputs == {"ua": PHONE}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/a?b#c", "example.org"),
        ("http://EXAMPLE.org:80", "example.org"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("http://[::1", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_of_a_referrer_only_the_host_is_kept(url: str, host: str) -> None:
    assert host_of(url) == host


@given(st.text())
def test_any_referrer_has_a_host_or_none(url: str) -> None:
    assert len(host_of(url)) <= 255


def test_our_own_fetches_carry_a_mark_that_nobody_else_can_make() -> None:
    mark = own_headers(b"secret")
    assert is_own(b"secret", mark)
    for headers in ({}, {HEADER: ""}, {HEADER: "é"}, {HEADER: mark[HEADER][:-1]}, own_headers(b"another")):
        assert not is_own(b"secret", headers)
