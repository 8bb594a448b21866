"""The limits that a trimmer shows: what is left under each cap, what is barred, and why nothing may be clipped."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.trust.clip_limits import summarize
from groundswell.trust.intervals import IntervalUnion
from groundswell.trust.policy import PolicyRequest, decide
from groundswell.trust.rules import DEFAULTS, BlockedRange, Rule, RuleBook, TitleFacts, Total
from groundswell.trust.wording import CODES

S = 1_000_000
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FILM = TitleFacts(uuid4(), 1000 * S, released_on=date(2026, 1, 1))


def asking(**more: Any) -> PolicyRequest:
    return PolicyRequest(more.pop("title", FILM), 0, 0, NOW, **more)


def book(**says: Any) -> RuleBook:
    return RuleBook([replace(Rule(uuid4(), "title", str(FILM.id)), **says)])


def test_by_default_two_minutes_may_be_clipped_by_one_and_all_by_everybody() -> None:
    found = summarize(RuleBook(), asking())
    assert (found.sharing, found.code, found.words) == (True, None, None)
    assert (found.min_clip_us, found.max_clip_us) == (5 * S, 60 * S)
    assert (found.viewer_total_us, found.viewer_remaining_us) == (120 * S, 120 * S)
    assert (found.title_total_us, found.title_remaining_us, found.remaining_us) == (1000 * S, 1000 * S, 120 * S)
    assert (found.blocked_ranges, found.clipped_ranges, found.targets) == ([], [], None)
    assert (found.public_playback, found.download, found.captions) == (True, True, False)
    assert (found.opens_at, found.closes_at) == (None, None)
    assert (DEFAULTS.ending_percent, DEFAULTS.ending_days) == (10, 14)


def test_what_was_clipped_is_taken_off_each_cap_and_the_lesser_is_left() -> None:
    mine, all_of_us = IntervalUnion([(0, 30 * S), (20 * S, 40 * S)]), IntervalUnion([(0, 350 * S)])
    rules = book(title_total=Total(percent=40))
    found = summarize(rules, asking(viewer_clips=mine, title_clips=all_of_us))
    assert (found.viewer_remaining_us, found.title_remaining_us, found.remaining_us) == (80 * S, 50 * S, 50 * S)
    assert found.clipped_ranges == [(0, 40 * S)]
    over = summarize(rules, asking(viewer_clips=IntervalUnion([(0, 900 * S)]), title_clips=all_of_us))
    assert (over.viewer_remaining_us, over.remaining_us) == (0, 0), "never less than nothing"


def test_no_limit_is_longer_than_the_title() -> None:
    short = replace(FILM, duration_us=20 * S)
    found = summarize(RuleBook(), asking(title=short))
    assert (found.max_clip_us, found.viewer_total_us, found.title_total_us) == (20 * S, 20 * S, 20 * S)
    long = summarize(RuleBook(), asking(title=replace(FILM, duration_us=6000 * S)))
    assert long.viewer_total_us == 600 * S, "a tenth"


@pytest.mark.parametrize(
    ("says", "asked", "code"),
    [
        ({"sharing": False}, {}, "sharing_off"),
        ({"opens_at": NOW + timedelta(days=1)}, {}, "not_yet_open"),
        ({"closes_at": NOW}, {}, "licence_ended"),
        ({}, {"kids": True}, "kids_profile"),
        ({"kids": True, "kids_ratings": frozenset({"6"})}, {"kids": True}, "kids_rating_unknown"),
        ({"ratings_off": frozenset({"18"})}, {}, "rating_unknown"),
        ({"live": False}, {}, "live_unknown"),
        ({"ad_tier": False}, {"ad_tier": True}, "ad_tier_off"),
        ({"captions": True}, {"title": replace(FILM, captioned=False)}, "captions_required"),
        ({"live": False}, {"title": replace(FILM, live=True)}, "live_off"),
    ],
)
def test_why_nothing_may_be_clipped_is_said_before_anybody_tries(
    says: dict[str, Any], asked: dict[str, Any], code: str
) -> None:
    found = summarize(book(**says), asking(**asked))
    assert (found.sharing, found.code) == (False, code)
    assert found.words
    assert code in CODES


def test_what_rules_say_is_shown() -> None:
    opens, closes = NOW - timedelta(days=1), NOW + timedelta(days=1)
    rules = book(targets=frozenset({"x", "copy"}), download=False, public_playback=False, captions=True,
                 opens_at=opens, closes_at=closes)  # fmt: skip
    found = summarize(rules, asking())
    assert (found.targets, found.download, found.public_playback, found.captions) == (["copy", "x"], False, False, True)
    assert (found.opens_at, found.closes_at) == (opens, closes)


def test_what_is_barred_is_in_order_the_held_ending_with_it() -> None:
    fresh = replace(FILM, released_on=date(2026, 5, 25))
    song, credits = BlockedRange(400 * S, 450 * S, "a song"), BlockedRange(950 * S, 1000 * S, "the credits")
    found = summarize(book(blocked_ranges=(credits, song)), asking(title=fresh))
    assert [(part.start_us, part.end_us, part.code) for part in found.blocked_ranges] == [
        (400 * S, 450 * S, "range_blocked"),
        (900 * S, 1000 * S, "ending_held"),
        (950 * S, 1000 * S, "range_blocked"),
    ]
    assert found.blocked_ranges[0].reason == "a song"
    assert "8 June 2026" in found.blocked_ranges[1].reason


def test_the_ending_is_barred_until_the_release_is_known() -> None:
    (ending,) = summarize(RuleBook(), asking(title=replace(FILM, released_on=None))).blocked_ranges
    assert (ending.start_us, ending.end_us, ending.code) == (900 * S, 1000 * S, "release_unknown")
    assert "nobody has said when" in ending.reason


@settings(max_examples=100)
@given(
    st.integers(1, 2000), st.lists(st.tuples(st.integers(0, 900), st.integers(1, 100))), st.integers(0, 900),
    st.integers(5, 60), st.integers(1, 100),
)  # fmt: skip
def test_what_is_left_is_what_policy_allows(
    cap_s: int, clipped: list[tuple[int, int]], start_s: int, length_s: int, percent: int
) -> None:
    """A clip of new material no longer than what is left is allowed, one that is longer is not."""
    rules = book(viewer_total=Total(us=cap_s * S), title_total=Total(percent=percent), ending_percent=0)
    had = IntervalUnion([(start * S, (start + length) * S) for start, length in clipped])
    left = summarize(rules, asking(viewer_clips=had, title_clips=had)).remaining_us
    start, end = start_s * S, (start_s + length_s) * S
    new = had.added(start, end)
    request = PolicyRequest(FILM, start, end, NOW, viewer_clips=had, title_clips=had)
    assert decide(rules, request).allowed == (end <= FILM.duration_us and (new <= left or not new))
