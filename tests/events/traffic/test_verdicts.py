"""Verdicts on user agents seen in the wild; and touch tokens that cannot be forged."""

from datetime import UTC, datetime, timedelta

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from groundswell.events.traffic.verdicts import RULE, judge
from groundswell.events.traffic.visitors import visitor_hash
from groundswell.events.visits.touch_tokens import EPOCH, read_touch_token, touch_token
from groundswell.platform.ids import uuid7

PEOPLE = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    # the browsers inside apps are people, though the same companies' preview robots are not
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 "
    "Instagram 335.0.0.28.91 (iPhone15,2; iOS 17_5; en_US; en; scale=3.00; 1179x2556; 609775437)",
]


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people(user_agent: str) -> None:
    assert judge(user_agent, {}).kind == "human"


def test_every_listed_crawler_is_no_person() -> None:
    instances = [ua for entry in CRAWLER_USER_AGENTS_DATA for ua in entry["instances"]]
    assert len(instances) > 1000
    assert {judge(ua, {}).kind for ua in instances} == {"robot", "unfurl"}


def test_reasons_name_what_matched() -> None:
    assert judge("Mozilla/5.0 (compatible; Googlebot/2.1)", {}).reason == r"search-engine:Googlebot\/"
    assert judge("", {}).reason == "no_user_agent"
    assert judge(PEOPLE[0], {"purpose": "prefetch"}).reason == "preview_header:purpose"
    assert judge(PEOPLE[0], {"x-purpose": "preview"}).kind == "robot"
    assert judge("anything", {}, "discord") == judge("anything else", {"purpose": "prefetch"}, "discord")
    assert judge(PEOPLE[0], {}).rule == RULE


@given(st.text(max_size=3000))
def test_any_text_gets_a_verdict(user_agent: str) -> None:
    assert judge(user_agent, {}).kind in {"human", "robot", "unfurl"}


@given(st.integers(0, 2**52).map(lambda us: EPOCH + timedelta(microseconds=us)), st.uuids())
def test_a_touch_token_names_its_event(at: datetime, id: object) -> None:
    token = touch_token(b"secret", at, id)  # type: ignore[arg-type]
    touched = read_touch_token(b"secret", token)
    assert touched is not None
    assert (touched.at, touched.id) == (at, id)
    assert read_touch_token(b"another", token) is None
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=60))
def test_no_text_is_a_touch_token(text: str) -> None:
    assert read_touch_token(b"secret", text) is None


def test_a_token_altered_anywhere_is_refused() -> None:
    token = touch_token(b"secret", datetime(2026, 1, 1, tzinfo=UTC), uuid7())
    for n, character in enumerate(token):
        assert read_touch_token(b"secret", token[:n] + ("A" if character != "A" else "B") + token[n + 1 :]) is None
        assert read_touch_token(b"secret", token[:n]) is None


def test_visitors_are_told_apart_within_a_day_and_not_across_days() -> None:
    assert visitor_hash(b"monday", "10.0.0.1", "ua") == visitor_hash(b"monday", "10.0.0.1", "ua")
    assert visitor_hash(b"monday", "10.0.0.1", "ua") != visitor_hash(b"monday", "10.0.0.2", "ua")
    assert visitor_hash(b"monday", "10.0.0.1", "ua") != visitor_hash(b"tuesday", "10.0.0.1", "ua")
    assert visitor_hash(b"monday", "ab", "c") != visitor_hash(b"monday", "a", "bc")
