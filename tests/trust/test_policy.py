"""What is refused, with which code, in which words, by which rule; and that no caps can be got past."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant
from hypothesis.stateful import rule as step

from groundswell.trust.intervals import IntervalUnion, Span
from groundswell.trust.policy import (
    ALLOWED,
    CHECKS,
    LENGTH_TOLERANCE_US,
    PolicyRequest,
    allowed_elsewhere,
    decide,
    decide_all,
    fits_one_clip,
)
from groundswell.trust.rules import ANYWHERE, BlockedRange, Licence, Rule, RuleBook, TitleFacts, Total
from groundswell.trust.wording import CODES

S = 1_000_000
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FILM = TitleFacts(uuid4(), 6000 * S, released_on=date(2026, 1, 1))
NEW_FILM = replace(FILM, released_on=date(2026, 5, 25))
UNKNOWN = replace(FILM, released_on=None)


def clip(start_s: float = 100, end_s: float = 130, **facts: Any) -> PolicyRequest:
    title = facts.pop("title", FILM)
    return PolicyRequest(title, int(start_s * S), int(end_s * S), facts.pop("at", NOW), **facts)


def licensed(*licences: Licence) -> TitleFacts:
    return replace(FILM, licences=licences)


def book(**says: Any) -> tuple[RuleBook, Rule]:
    rule = replace(Rule(uuid4(), "title", str(FILM.id)), **says)
    return RuleBook([rule]), rule


def test_an_ordinary_clip_is_allowed_by_default() -> None:
    assert decide(RuleBook(), clip()) == ALLOWED


REFUSED: list[tuple[str, dict[str, Any], PolicyRequest, str]] = [
    ("sharing_off", {"sharing": False}, clip(), "cannot be shared"),
    ("clip_too_short", {}, clip(100, 104), "at least 5 s long; this one is 4 s"),
    ("clip_too_short", {"min_clip_us": 10 * S}, clip(100, 109), "at least 10 s"),
    ("clip_too_long", {}, clip(100, 175), "at most 1:00 long; this one is 1:15"),
    ("clip_too_long", {"max_clip_us": 20 * S}, clip(100, 121), "at most 20 s"),
    ("not_yet_open", {"opens_at": NOW + timedelta(hours=1)}, clip(), "open on 1 June 2026, 13:00 UTC"),
    ("licence_ended", {"closes_at": NOW}, clip(), "ended on 1 June 2026, 12:00 UTC"),
    ("range_blocked", {"blocked_ranges": (BlockedRange(129 * S, 140 * S, "a song"),)}, clip(), "a song"),
    ("kids_profile", {}, clip(kids=True), "child"),
    ("ending_held", {}, clip(5390, 5420, title=NEW_FILM), "from 1:30:00 on, is held back until 8 June 2026"),
    ("ending_held", {"ending_percent": 50}, clip(3000, 3030, title=NEW_FILM), "from 50:00 on"),
    ("ending_held", {"ending_days": 30}, clip(5900, 5930, title=NEW_FILM), "held back until 24 June 2026"),
    ("viewer_total_reached", {"viewer_total": Total(us=20 * S)}, clip(), "20 s of this title in all"),
    (
        "viewer_total_reached",
        {},
        clip(viewer_clips=IntervalUnion([(1000 * S, 1590 * S)])),
        "10:00 of this title in all",
    ),
    ("title_total_reached", {"title_total": Total(us=40 * S)}, clip(title_clips=IntervalUnion([(0, 20 * S)])), "40 s"),
    ("rating_off", {"ratings_off": frozenset({"18"})}, clip(title=replace(FILM, rating="18")), "rated 18"),
    ("live_off", {"live": False}, clip(title=replace(FILM, live=True)), "Live"),
    ("rating_unknown", {"ratings_off": frozenset({"18"})}, clip(), "nobody has said how this title is rated"),
    ("live_unknown", {"live": False}, clip(), "nobody has said whether this is one"),
    ("release_unknown", {}, clip(5900, 5930, title=UNKNOWN), "nobody has said when that is"),
    (
        "kids_rating_unknown",
        {"kids": True, "kids_ratings": frozenset({"6"})},
        clip(kids=True),
        "nobody has said how this title is rated",
    ),
    ("not_licensed", {}, clip(title=licensed(Licence(frozenset({"DE"}))), territory="FR"), "by its licence"),
    ("not_licensed", {}, clip(title=licensed(Licence(opens_at=NOW + timedelta(days=1)))), "by its licence"),
    ("not_licensed", {}, clip(title=licensed(Licence(closes_at=NOW))), "by its licence"),
    ("not_licensed", {}, clip(title=licensed()), "by its licence"),
    ("territory_unknown", {}, clip(title=licensed(Licence(frozenset({"DE"})))), "it is not known which one this is"),
    ("ad_tier_off", {"ad_tier": False}, clip(ad_tier=True), "advertising"),
    (
        "kids_rating",
        {"kids": True, "kids_ratings": frozenset({"0", "6"})},
        clip(kids=True, title=replace(FILM, rating="12")),
        "children",
    ),
    ("kids_rating_unknown", {"kids": True, "kids_ratings": frozenset()}, clip(kids=True), "Children"),
    ("captions_required", {"captions": True}, clip(title=replace(FILM, captioned=False)), "subtitles"),
    ("outside_title", {}, clip(5990, 6010), "within the title"),
    ("outside_title", {}, clip(-1, 10), "within the title"),
    ("outside_title", {}, clip(30, 30), "within the title"),
    ("outside_title", {}, clip(40, 30), "within the title"),
]


@pytest.mark.parametrize(("code", "says", "request_", "words"), REFUSED)
def test_a_refusal_has_a_code_words_and_the_rule_that_made_it(
    code: str, says: dict[str, Any], request_: PolicyRequest, words: str
) -> None:
    rules, rule = book(**says) if says else (RuleBook(), None)
    verdict = decide(rules, request_)
    assert (verdict.allowed, verdict.code) == (False, code)
    assert words in verdict.words
    assert "By default" not in verdict.words or rule is None
    assert verdict.rule_id == (rule.id if rule else None)
    assert code in CODES


ALLOWED_BY_RULE: list[tuple[dict[str, Any], PolicyRequest]] = [
    ({}, clip(0, 30)),
    ({}, clip(5970, 6000)),
    ({"viewer_total": Total(us=50 * S)}, clip(viewer_clips=IntervalUnion([(0, 20 * S)]))),
    ({"title_total": Total(us=50 * S)}, clip(title_clips=IntervalUnion([(0, 20 * S)]))),
    ({"min_clip_us": 0}, clip(100, 101)),
    ({"max_clip_us": 600 * S}, clip(100, 300)),
    ({"kids": True}, clip(kids=True)),
    ({"kids": True, "kids_ratings": frozenset({"6"})}, clip(kids=True, title=replace(FILM, rating="6"))),
    ({"kids_ratings": frozenset({"6"})}, clip(title=replace(FILM, rating="18"))),
    ({"ratings_off": frozenset({"18"})}, clip(title=replace(FILM, rating="16"))),
    ({"live": False}, clip(title=replace(FILM, live=False))),
    ({}, clip(5300, 5330, title=UNKNOWN)),
    ({"ending_days": 0}, clip(5900, 5930, title=UNKNOWN)),
    ({}, clip(title=licensed(Licence(frozenset({"FR"})), Licence(frozenset({"DE"}), NOW)), territory="DE")),
    ({}, clip(title=licensed(Licence(closes_at=NOW + timedelta(seconds=1))))),
    ({}, clip(title=licensed(Licence(frozenset({"DE"}))), territory=ANYWHERE)),
    ({"ad_tier": False}, clip(ad_tier=False)),
    ({"captions": True}, clip()),
    ({"ending_days": 0}, clip(5900, 5930, title=NEW_FILM)),
    ({"ending_percent": 0}, clip(5900, 5930, title=NEW_FILM)),
    ({"viewer_total": Total(percent=100)}, clip(viewer_clips=IntervalUnion([(1000 * S, 5000 * S)]))),
    ({"opens_at": NOW, "closes_at": NOW + timedelta(seconds=1)}, clip()),
    ({"blocked_ranges": (BlockedRange(0, 100 * S, "credits"), BlockedRange(130 * S, 140 * S, "a song"))}, clip()),
]


@pytest.mark.parametrize(("says", "request_"), ALLOWED_BY_RULE)
def test_a_rule_overrides_each_default_and_stops_at_its_edge(says: dict[str, Any], request_: PolicyRequest) -> None:
    assert decide(book(**says)[0], request_) == ALLOWED


def test_the_ending_is_free_two_weeks_after_the_release_to_the_instant() -> None:
    free_at = datetime(2026, 6, 8, tzinfo=UTC)
    ending = clip(5900, 5930, title=NEW_FILM, at=free_at)
    assert decide(RuleBook(), ending).allowed
    assert not decide(RuleBook(), replace(ending, at=free_at - timedelta(microseconds=1))).allowed
    assert decide(RuleBook(), clip(5370, 5400, title=NEW_FILM)).allowed


def test_lengths_are_judged_to_a_frame_and_no_further() -> None:
    for length, allowed in ((4.96, True), (4.94, False), (60.04, True), (60.06, False)):
        assert decide(RuleBook(), clip(100, 100 + length)).allowed is allowed, length
    for length_us, allowed in (
        (5 * S - LENGTH_TOLERANCE_US, True),
        (5 * S - LENGTH_TOLERANCE_US - 1, False),
        (60 * S + LENGTH_TOLERANCE_US, True),
        (60 * S + LENGTH_TOLERANCE_US + 1, False),
    ):
        assert decide(RuleBook(), replace(clip(), end_us=100 * S + length_us)).allowed is allowed, length_us


def test_how_much_fits_one_clip_is_a_matter_of_its_length_alone() -> None:
    rules, rule = book(max_clip_us=20 * S, sharing=False)
    assert fits_one_clip(rules, clip(5900, 5920, title=NEW_FILM)) == ALLOWED
    too_long = fits_one_clip(rules, clip(0, 21))
    assert (too_long.allowed, too_long.code, too_long.rule_id) == (False, "clip_too_long", rule.id)


def test_clipping_the_same_scene_again_costs_nothing() -> None:
    spent = IntervalUnion([(100 * S, 700 * S)])
    assert decide(RuleBook(), clip(100, 130, viewer_clips=spent)).allowed
    assert decide(RuleBook(), clip(99, 130, viewer_clips=spent)).code == "viewer_total_reached"


def test_playing_is_refused_once_the_right_to_it_has_gone() -> None:
    for code, says in (
        ("licence_ended", {"closes_at": NOW}),
        ("not_yet_open", {"opens_at": NOW + timedelta(days=1)}),
        ("sharing_off", {"sharing": False}),
        ("range_blocked", {"blocked_ranges": (BlockedRange(0, 6000 * S, "under review"),)}),
    ):
        for purpose in ("play", "download"):
            assert decide(book(**says)[0], clip(), purpose).code == code
    assert decide(RuleBook(), clip(5900, 5930, title=NEW_FILM), "play").code == "ending_held"


def test_caps_and_lengths_bind_the_making_and_not_the_playing() -> None:
    rules, _ = book(max_clip_us=6 * S, viewer_total=Total(us=0), title_total=Total(us=0))
    assert not decide(rules, clip()).allowed
    assert decide(rules, clip(kids=True), "play").allowed


@pytest.mark.parametrize("territory", [None, ANYWHERE])
def test_where_it_is_not_known_where_one_is_nothing_is_said_of_elsewhere(territory: str | None) -> None:
    assert not allowed_elsewhere(RuleBook(), clip(territory=territory), "clip")


def test_what_a_licence_or_a_rule_allows_in_another_place_is_allowed_elsewhere() -> None:
    in_germany = clip(title=licensed(Licence(frozenset({"DE"}))), territory="FR")
    assert allowed_elsewhere(RuleBook(), in_germany, "clip")
    off, on = [replace(book(sharing=says)[1], territory=place) for says, place in ((False, None), (True, "DE"))]
    assert allowed_elsewhere(RuleBook([off, on]), clip(territory="FR"), "clip")
    assert not allowed_elsewhere(RuleBook([off]), clip(territory="FR"), "clip"), "nor is it anywhere else"


def test_members_only_and_no_saving() -> None:
    rules, rule = book(public_playback=False, download=False)
    refused = decide(rules, clip(member=False), "play")
    assert (refused.code, refused.rule_id) == ("members_only", rule.id)
    assert decide(rules, clip(member=True), "play").allowed
    saved = decide(rules, clip(member=True), "download")
    assert (saved.code, saved.rule_id) == ("download_off", rule.id)


def test_a_clip_goes_only_to_the_targets_that_are_allowed() -> None:
    rules, rule = book(targets=frozenset({"whatsapp", "embed"}))
    for purpose in ("share", "play", "download"):
        refused = decide(rules, clip(target="tiktok"), purpose)
        assert (refused.code, refused.rule_id) == ("target_off", rule.id)
        assert "tiktok" in refused.words
        assert decide(rules, clip(target="whatsapp"), purpose).allowed
    assert decide(rules, clip(), "play").allowed
    assert decide(book(targets=frozenset())[0], clip(target="copy"), "share").code == "target_off"


def test_a_file_without_captions_does_not_go_out_where_they_are_required() -> None:
    rules, _ = book(captions=True)
    for purpose in ("share", "download"):
        assert decide(rules, clip(captions=False), purpose).code == "captions_required"
        assert decide(rules, clip(captions=True), purpose).allowed


def test_who_looks_is_judged_when_a_clip_plays_too() -> None:
    assert decide(book(ad_tier=False)[0], clip(ad_tier=True), "play").code == "ad_tier_off"
    children = book(kids_ratings=frozenset({"6"}))[0]
    assert decide(children, clip(kids=True, title=replace(FILM, rating="12")), "play").code == "kids_rating"
    for purpose in ("clip", "share", "download"):
        assert decide(RuleBook(), clip(kids=True), purpose).code == "kids_profile"
    assert decide(RuleBook(), clip(kids=True), "play").allowed


def test_of_blocks_by_several_rules_the_one_that_is_met_is_named() -> None:
    song = replace(Rule(uuid4(), "title", str(FILM.id), "DE"), blocked_ranges=(BlockedRange(0, 10 * S, "a song"),))
    credits = replace(Rule(uuid4(), "all", "*"), blocked_ranges=(BlockedRange(100 * S, 110 * S, "credits"),))
    verdict = decide(RuleBook([song, credits]), clip(territory="DE"))
    assert (verdict.code, verdict.rule_id) == ("range_blocked", credits.id)


def test_every_check_has_its_words() -> None:
    assert {check.__name__ for checks in CHECKS.values() for check in checks}
    assert all(words.endswith(".") for words in CODES.values())


title_us = st.integers(60 * S, 10_000 * S)


@settings(max_examples=100)
@given(
    duration=title_us,
    start=st.integers(-S, 11_000 * S),
    length=st.integers(-S, 100 * S),
    had=st.lists(st.tuples(st.integers(0, 9_000 * S), st.integers(0, 10_000 * S)), max_size=5),
    percent=st.integers(0, 100),
)
def test_what_is_allowed_keeps_every_limit(
    duration: int, start: int, length: int, had: list[Span], percent: int
) -> None:
    title = TitleFacts(uuid4(), duration, released_on=date(2026, 1, 1))
    rules = RuleBook([Rule(uuid4(), "all", "*", viewer_total=Total(percent=percent))])
    before = IntervalUnion(had)
    verdict = decide(rules, PolicyRequest(title, start, start + length, NOW, viewer_clips=before))
    if verdict.allowed:
        assert 0 <= start < start + length <= duration
        assert 4_950_000 <= length <= 60_050_000
        after = IntervalUnion([*had, (start, start + length)]).total_us
        assert after * 100 <= duration * percent or after == before.total_us
    else:
        assert verdict.code in CODES
        assert verdict.words


territories = st.none() | st.frozensets(st.sampled_from(["DE", "FR"]), min_size=1)
licence = st.builds(
    Licence,
    st.none() | st.frozensets(st.sampled_from(["DE", "FR"]), min_size=1),
    st.none() | st.sampled_from([NOW, NOW + timedelta(days=1)]),
    st.none() | st.sampled_from([NOW, NOW + timedelta(days=1)]),
)
ratings = st.sampled_from(["6", "12", "16", "18"])
facts = st.builds(
    TitleFacts,
    st.just(FILM.id),
    st.just(FILM.duration_us),
    released_on=st.none() | st.dates(date(2026, 5, 1), date(2026, 6, 30)),
    rating=st.none() | ratings,
    live=st.none() | st.booleans(),
    licences=st.none() | st.lists(licence, max_size=2).map(tuple),
)
rules_of_facts = st.builds(
    Rule,
    st.uuids(),
    st.just("all"),
    st.just("*"),
    kids=st.none() | st.booleans(),
    kids_ratings=st.none() | st.frozensets(ratings),
    ratings_off=st.none() | st.frozensets(ratings),
    live=st.none() | st.booleans(),
    ending_percent=st.none() | st.integers(0, 100),
    ending_days=st.none() | st.integers(0, 30),
)


@settings(max_examples=100)
@given(
    facts,
    rules_of_facts,
    st.sampled_from(sorted(CHECKS)),
    st.integers(0, 5940),
    st.booleans(),
    st.sampled_from([None, "DE", "FR", "JP"]),
)
def test_whatever_an_unknown_fact_turns_out_to_be_it_is_refused_unless_all_of_it_would_be_allowed(
    title: TitleFacts, rule: Rule, purpose: Any, start_s: int, kids: bool, territory: str | None
) -> None:
    """Allowed with a fact unknown means allowed with every value that it could have."""
    request = clip(start_s, start_s + 30, title=title, kids=kids, territory=territory)
    if not decide(RuleBook([rule]), request, purpose).allowed:
        return
    could_be: list[TitleFacts] = [title]
    if title.rating is None:
        could_be = [replace(each, rating=rating) for each in could_be for rating in ("6", "12", "16", "18")]
    if title.live is None:
        could_be = [replace(each, live=live) for each in could_be for live in (True, False)]
    if title.released_on is None:
        days = (date(2020, 1, 1), NOW.date(), date(2026, 6, 30))
        could_be = [replace(each, released_on=day) for each in could_be for day in days]
    for each in could_be:
        assert decide(RuleBook([rule]), replace(request, title=each), purpose).allowed
    if territory is None:
        for where in ("DE", "FR", "JP"):
            assert decide(RuleBook([rule]), replace(request, territory=where), purpose).allowed


@settings(max_examples=100)
@given(
    facts,
    rules_of_facts,
    st.lists(st.tuples(st.integers(0, 6_000), st.integers(1, 600)), max_size=3),
    st.sampled_from(["play", "download"]),
    st.lists(st.tuples(st.integers(0, 6_000), st.integers(1, 600)), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from([None, "DE", "FR"]),
)
def test_all_spans_of_a_title_are_decided_at_once_as_each_by_itself(
    title: TitleFacts,
    rule: Rule,
    blocked: list[tuple[int, int]],
    purpose: Any,
    spans: list[tuple[int, int]],
    kids: bool,
    territory: str | None,
) -> None:
    ranges = tuple(BlockedRange(at * S, (at + length) * S, "x") for at, length in blocked)
    rules = RuleBook([replace(rule, blocked_ranges=ranges)])
    allowed = decide_all(rules, clip(0, 0, title=title, kids=kids, territory=territory), purpose)
    for at, length in spans:
        request = clip(at, at + length, title=title, kids=kids, territory=territory)
        assert allowed.allows(request.start_us, request.end_us) == decide(rules, request, purpose).allowed


class Viewers(RuleBasedStateMachine):
    """Viewers clip, edit and delete in any order; each clip is made only when policy allows it."""

    clips = Bundle("clips")

    @initialize(minutes=st.integers(1, 20), viewer=st.integers(1, 60), title=st.integers(1, 90))
    def begin(self, minutes: int, viewer: int, title: int) -> None:
        self.film = TitleFacts(uuid4(), minutes * 60 * S, released_on=date(2026, 1, 1))
        totals = {"viewer_total": Total(percent=viewer), "title_total": Total(percent=title)}
        self.rules = RuleBook([Rule(uuid4(), "all", "*", **totals)])
        self.caps = tuple(total.of(self.film.duration_us) for total in totals.values())
        self.live: dict[int, Span] = {}
        self.ever: dict[str, list[Span]] = {}
        self.made = 0

    def ask(self, viewer: str, start_s: int, length_s: int, replacing: int | None = None) -> bool:
        start, end = start_s * S, (start_s + length_s) * S
        others = [span for clip, span in self.live.items() if clip != replacing]
        had = IntervalUnion(self.ever.get(viewer, []))
        request = PolicyRequest(self.film, start, end, NOW, viewer_clips=had, title_clips=IntervalUnion(others))
        allowed = decide(self.rules, request).allowed
        if allowed:
            self.ever.setdefault(viewer, []).append((start, end))
        return allowed

    @step(target=clips, viewer=st.sampled_from("abc"), start=st.integers(0, 1200), length=st.integers(1, 70))
    def make(self, viewer: str, start: int, length: int) -> tuple[int, str] | None:
        if not self.ask(viewer, start, length):
            return None
        self.made += 1
        self.live[self.made] = (start * S, (start + length) * S)
        return self.made, viewer

    @step(clip=clips, start=st.integers(0, 1200), length=st.integers(1, 70))
    def edit(self, clip: tuple[int, str] | None, start: int, length: int) -> None:
        if clip and clip[0] in self.live and self.ask(clip[1], start, length, replacing=clip[0]):
            self.live[clip[0]] = (start * S, (start + length) * S)

    @step(clip=consumes(clips))
    def delete(self, clip: tuple[int, str] | None) -> None:
        if clip:
            self.live.pop(clip[0], None)

    @invariant()
    def nobody_has_ever_had_more_than_their_cap(self) -> None:
        for spans in getattr(self, "ever", {}).values():
            assert IntervalUnion(spans).total_us <= self.caps[0]

    @invariant()
    def no_more_of_the_title_is_out_than_its_cap(self) -> None:
        if hasattr(self, "live"):
            assert IntervalUnion(self.live.values()).total_us <= self.caps[1]


TestViewers = Viewers.TestCase
TestViewers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
