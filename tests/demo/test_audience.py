"""The imagined audience: the same for a seed, and possible."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from groundswell.demo.audience import MAX_GENERATION, AudienceFilm, AudienceMember, History, imagine
from groundswell.demo.history import NETWORKS, members_who_play
from groundswell.demo.prior_touches import earlier_clicks

UNTIL = datetime(2026, 11, 1, 12, tzinfo=UTC)
FILMS = [
    AudienceFilm(slug, 120_000_000, [(n * 2_500_000, n * 2_500_000 + 2_000_000, f"line {n}") for n in range(44)])
    for slug in ("a", "b")
]
CAST = [AudienceMember("noor", "Noor", 3.0, UNTIL - timedelta(days=400), creator=True)]


def history(seed: int = 1) -> History:
    return imagine(FILMS, CAST, UNTIL, seed=seed)


def test_a_seed_always_gives_the_same_history() -> None:
    assert history() == history()
    assert history() != history(seed=2)


def test_nothing_happens_before_its_cause_or_after_the_end() -> None:
    told = history()
    for share in told.shares:
        assert share.moment.at <= share.at <= UNTIL
        if share.parent:
            assert share.parent.at <= share.at
            assert share.generation == share.parent.generation + 1 <= MAX_GENERATION
    for event in told.events:
        assert event.share.at <= event.at < UNTIL
    for conversion in told.conversions:
        assert conversion.click.at < conversion.at < UNTIL


def test_every_kind_of_thing_happens() -> None:
    told = history()
    assert {event.kind for event in told.events} == {"unfurl", "click", "play"}
    assert {"sign_up", "subscription"} <= {conversion.kind for conversion in told.conversions}
    assert any(share.generation >= 2 for share in told.shares)
    assert any(moment.person.subject == "noor" for moment in told.moments)


def test_scenes_are_played_by_members_enough_to_stand_in_public_lists() -> None:
    """Five people whose accounts are older than a week, on three networks."""
    told = history()
    members = members_who_play(told)
    people, networks = defaultdict(set), defaultdict(set)
    for event in told.events:
        if event.number in members and event.share.moment.public:
            member = members[event.number]
            assert event.kind == "play"
            assert member is not event.share.moment.person
            if event.at - member.joined_at > timedelta(days=7):
                people[event.share.moment.number].add(member.subject)
                networks[event.share.moment.number].add(event.number % NETWORKS)
    assert sum(len(people[moment]) >= 5 and len(networks[moment]) >= 3 for moment in people) >= 5


def test_clips_lie_within_their_film_and_are_long_enough() -> None:
    for moment in history().moments:
        assert 0 <= moment.start_us < moment.end_us <= moment.film.duration_us
        assert moment.end_us - moment.start_us >= 5_000_000


def test_payments_follow_sign_ups_and_refunds_follow_payments() -> None:
    told = history()
    by_number = {conversion.number: conversion for conversion in told.conversions}
    joined = {c.person.subject: c.at for c in told.conversions if c.kind == "sign_up"}
    for conversion in told.conversions:
        assert joined[conversion.person.subject] <= conversion.at
        if conversion.kind == "refund":
            assert conversion.original is not None
            assert by_number[conversion.original].kind == "subscription"
            assert by_number[conversion.original].at < conversion.at


def test_some_who_came_had_followed_another_link_before() -> None:
    told = history()
    before = earlier_clicks(told)
    joined = [conversion.click for conversion in told.conversions if conversion.kind == "sign_up"]
    assert len(joined) / 6 < len(before) <= 2 * (len(joined) + 2) / 5
    assert len({earlier.number for earlier in before.values()}) == len(before)
    assert all(before[click.number].at < click.at for click in joined if click.number in before)
    assert before == earlier_clicks(history())
