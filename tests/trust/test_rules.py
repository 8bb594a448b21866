"""The most specific rule that says something wins, field by field."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.trust.policy import PolicyRequest, decide
from groundswell.trust.rules import DEFAULTS, BlockedRange, Licence, Rule, RuleBook, TitleFacts, Total

SERIES = uuid4()
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EPISODE = TitleFacts(uuid4(), 1_000_000_000, SERIES, 2)
PLACES = [
    (scope, key, territory)
    for scope, key in (
        ("title", str(EPISODE.id)),
        ("season", f"{SERIES}/2"),
        ("series", str(SERIES)),
        ("all", "*"),
    )
    for territory in ("DE", None)
]
"""Everything that can speak of the episode in Germany, most specific first."""


def rule(place: tuple[str, str, str | None], **says: object) -> Rule:
    return replace(Rule(uuid4(), *place), **says)


def test_with_no_rules_the_defaults_hold() -> None:
    terms = RuleBook().terms(EPISODE, "DE", NOW)
    assert (terms.min_clip_us, terms.max_clip_us) == (5_000_000, 60_000_000)
    assert (terms.sharing, terms.kids, terms.ending_percent, terms.ending_days) == (True, False, 10, 14)
    assert terms.viewer_total.of(7_200_000_000) == 720_000_000
    assert not terms.said_by


@pytest.mark.parametrize(("nearer", "farther"), list(itertools.combinations(PLACES, 2)))
def test_the_more_specific_of_two_rules_wins(
    nearer: tuple[str, str, str | None], farther: tuple[str, str, str | None]
) -> None:
    wins, loses = rule(nearer, max_clip_us=9), rule(farther, max_clip_us=8)
    for order in ([wins, loses], [loses, wins]):
        terms = RuleBook(order).terms(EPISODE, "DE", NOW)
        assert (terms.max_clip_us, terms.said_by["max_clip_us"]) == (9, wins)


SAID = st.one_of(st.none(), st.integers(1, 50))


@settings(max_examples=100)
@given(st.lists(st.tuples(SAID, st.one_of(st.none(), st.booleans())), min_size=8, max_size=8), st.randoms())
def test_each_field_is_settled_by_the_nearest_rule_that_says_it(
    said: list[tuple[int | None, bool | None]], random: object
) -> None:
    rules = [rule(p, max_clip_us=us, sharing=on) for p, (us, on) in zip(PLACES, said, strict=True)]
    shuffled = sorted(rules, key=lambda _: random.random())  # type: ignore[attr-defined]
    terms = RuleBook(shuffled).terms(EPISODE, "DE", NOW)
    assert terms.max_clip_us == next((us for us, _ in said if us is not None), DEFAULTS.max_clip_us)
    assert terms.sharing == next((on for _, on in said if on is not None), True)


@pytest.mark.parametrize(
    "place",
    [
        ("title", str(uuid4()), None),
        ("season", f"{SERIES}/3", None),
        ("series", str(uuid4()), None),
        ("all", "*", "FR"),
        ("title", str(EPISODE.id), "FR"),
    ],
)
def test_rules_for_elsewhere_say_nothing_here(place: tuple[str, str, str | None]) -> None:
    assert RuleBook([rule(place, sharing=False)]).terms(EPISODE, "DE", NOW).sharing


def test_where_the_territory_is_unknown_only_rules_for_any_apply() -> None:
    book = RuleBook([rule(("all", "*", "DE"), sharing=False), rule(("all", "*", None), max_clip_us=7)])
    terms = book.terms(EPISODE, None, NOW)
    assert (terms.sharing, terms.max_clip_us) == (True, 7)


def test_a_film_is_in_no_series() -> None:
    film = TitleFacts(uuid4(), 1_000_000)
    book = RuleBook([rule(("series", "None", None), sharing=False), rule(("season", "None/None", None), sharing=False)])
    assert book.terms(film, None, NOW).sharing


@settings(max_examples=100)
@given(st.integers(1, 10**11), st.integers(0, 100))
def test_a_percentage_cap_never_exceeds_its_share(duration: int, percent: int) -> None:
    assert Total(percent=percent).of(duration) * 100 <= duration * percent
    assert Total(us=5, percent=percent).of(duration) == 5


def test_short_films_can_be_clipped_by_default_and_a_rule_can_forbid_even_that() -> None:
    film = TitleFacts(UUID(int=1), 120_000_000)
    assert RuleBook().terms(film, None, NOW).viewer_total.of(film.duration_us) == 120_000_000
    strict = rule(("all", "*", None), viewer_total=Total(percent=10))
    assert RuleBook([strict]).terms(film, None, NOW).viewer_total.of(film.duration_us) == 12_000_000


def test_terms_are_kept_by_rules_and_not_by_title() -> None:
    book = RuleBook([rule(("all", "*", None), max_clip_us=7)])
    terms = {id(book.terms(TitleFacts(UUID(int=n), 1), "DE", NOW)) for n in range(1, 1000)}
    assert len(terms) == 1


DAY = timedelta(days=1)


def test_a_rule_speaks_only_within_its_window_and_before_one_that_always_does() -> None:
    always = rule(("title", str(EPISODE.id), None), max_clip_us=30, sharing=True)
    window = rule(("title", str(EPISODE.id), None), max_clip_us=10, speaks_from=NOW, speaks_until=NOW + DAY)
    later = rule(("title", str(EPISODE.id), None), max_clip_us=5, speaks_from=NOW + DAY / 2)
    book = RuleBook([always, window, later])
    lengths = {
        NOW - timedelta(microseconds=1): 30,
        NOW: 10,
        NOW + DAY / 2: 5,
        NOW + 2 * DAY: 5,
    }
    for at, longest in lengths.items():
        assert book.terms(EPISODE, "DE", at).max_clip_us == longest, at
        assert book.terms(EPISODE, "DE", at).sharing
    assert RuleBook([window]).terms(EPISODE, None, NOW + DAY).max_clip_us == DEFAULTS.max_clip_us


def test_a_window_is_less_specific_than_a_territory_and_a_place() -> None:
    window = rule(("season", f"{SERIES}/2", None), sharing=False, speaks_from=NOW - DAY)
    assert not RuleBook([window]).terms(EPISODE, "DE", NOW).sharing
    german = rule(("season", f"{SERIES}/2", "DE"), sharing=True)
    assert RuleBook([window, german]).terms(EPISODE, "DE", NOW).sharing
    assert not RuleBook([window, german]).terms(EPISODE, "FR", NOW).sharing


def blocked(start: int, end: int) -> tuple[BlockedRange, ...]:
    return (BlockedRange(start, end, "music"),)


def test_blocked_ranges_add_up_and_each_names_its_rule() -> None:
    series = rule(("series", str(SERIES), None), blocked_ranges=blocked(0, 60))
    song = rule(("title", str(EPISODE.id), "DE"), blocked_ranges=blocked(500, 600))
    terms = RuleBook([series, song]).terms(EPISODE, "DE", NOW)
    assert [(each.start_us, each.rule_id) for each in terms.blocked_ranges] == [(0, series.id), (500, song.id)]
    assert len(RuleBook([series, song]).terms(EPISODE, "FR", NOW).blocked_ranges) == 1


def test_an_empty_list_frees_what_less_specific_rules_block() -> None:
    series = rule(("series", str(SERIES), None), blocked_ranges=blocked(0, 60))
    free = rule(("title", str(EPISODE.id), None), blocked_ranges=())
    german = rule(("title", str(EPISODE.id), "DE"), blocked_ranges=blocked(5, 6))
    assert RuleBook([series, free]).terms(EPISODE, None, NOW).blocked_ranges == ()
    assert [each.start_us for each in RuleBook([series, free, german]).terms(EPISODE, "DE", NOW).blocked_ranges] == [5]


HOURS = st.integers(-72, 72).map(lambda hours: NOW + timedelta(hours=hours))
DATED = st.lists(
    st.builds(
        lambda place, **says: rule(place, **says),
        st.sampled_from([*PLACES, ("title", str(EPISODE.id), "FR")]),
        speaks_from=st.none() | HOURS,
        speaks_until=st.none() | HOURS,
        opens_at=st.none() | HOURS,
        closes_at=st.none() | HOURS,
        sharing=st.none() | st.booleans(),
        ending_percent=st.none() | st.integers(0, 100),
        ending_days=st.none() | st.integers(0, 5),
    ),
    max_size=6,
)


LICENCE = st.builds(Licence, st.none() | st.just(frozenset({"DE"})), st.none() | HOURS, st.none() | HOURS)
LICENCES = st.none() | st.lists(LICENCE, max_size=3).map(tuple)


@settings(max_examples=100)
@given(DATED, st.none() | st.integers(-16, 2), HOURS, st.floats(0, 1), st.sampled_from([None, "DE", "FR"]), LICENCES)
def test_nothing_is_decided_otherwise_before_the_next_change(
    rules: list[Rule],
    released_days: int | None,
    at: datetime,
    part: float,
    territory: str | None,
    licences: tuple[Licence, ...] | None,
) -> None:
    released = None if released_days is None else (NOW + timedelta(days=released_days)).date()
    title, book = replace(EPISODE, released_on=released, licences=licences), RuleBook(rules)
    change = book.next_change(title, at)
    assert change is None or change > at
    later = at + part * ((change or at + timedelta(days=400)) - at)
    if change is not None and later >= change:
        later = change - timedelta(microseconds=1)
    for start_us, end_us in ((0, 20_000_000), (980_000_000, 1_000_000_000)):
        before, after = (
            decide(book, PolicyRequest(title, start_us, end_us, instant, territory), "play") for instant in (at, later)
        )
        assert before == after


def test_the_next_change_is_the_first_hour_that_matters_to_this_title() -> None:
    hour = timedelta(hours=1)
    elsewhere = Rule(uuid4(), "title", str(uuid4()), closes_at=NOW + hour)
    rules = [
        elsewhere,
        rule(PLACES[0], opens_at=NOW - hour, closes_at=NOW + 5 * hour),
        rule(PLACES[6], speaks_from=NOW + 3 * hour, speaks_until=NOW + 4 * hour),
    ]
    assert RuleBook([elsewhere]).next_change(EPISODE, NOW) is None
    assert RuleBook(rules).next_change(EPISODE, NOW) == NOW + 3 * hour
    assert RuleBook(rules).next_change(EPISODE, NOW + 3 * hour) == NOW + 4 * hour
    new = replace(EPISODE, released_on=NOW.date())
    assert RuleBook().next_change(new, NOW) == datetime(2026, 6, 15, tzinfo=UTC), "the ending is free after 14 days"
