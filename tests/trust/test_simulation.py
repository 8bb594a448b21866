"""A simulation agrees with the verdict, and names every rule and every check behind it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.trust import policy
from groundswell.trust.policy import CHECKS, PolicyRequest, Purpose, decide
from groundswell.trust.rules import FIELDS, BlockedRange, Rule, RuleBook, TitleFacts, Total
from groundswell.trust.simulation import SAYS, explain

S = 1_000_000
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FILM = TitleFacts(uuid4(), 6000 * S, rating="12")


def rule(*place: Any, **says: Any) -> Rule:
    return replace(Rule(uuid4(), *(place or ("title", str(FILM.id)))), **says)


def clip(**facts: Any) -> PolicyRequest:
    return PolicyRequest(FILM, 100 * S, 130 * S, facts.pop("at", NOW), **facts)


def test_every_check_says_which_fields_it_reads() -> None:
    checks = {check.__name__ for group in CHECKS.values() for check in group}
    assert checks == SAYS.keys()
    assert {field for fields in SAYS.values() for field in fields} == set(FIELDS)
    assert all(getattr(policy, name) for name in SAYS)


def test_what_stands_behind_the_first_refusal_is_seen_too() -> None:
    off = rule(sharing=False, download=False)
    german = rule("all", "*", "DE", targets=frozenset({"whatsapp"}), max_clip_us=9 * S)
    found = explain(RuleBook([off, german]), clip(territory="DE", target="tiktok"), "download")
    assert found.verdict.code == "sharing_off"
    refused = {each.check: each.verdict for each in found.findings if each.verdict}
    assert {name: verdict.code for name, verdict in refused.items()} == {
        "sharing": "sharing_off",
        "downloadable": "download_off",
        "target_allowed": "target_off",
    }
    assert refused["target_allowed"].rule_id == german.id
    assert [(each.rule.id, each.settled) for each in found.speakers] == [
        (off.id, ("sharing", "download")),
        (german.id, ("max_clip_us", "targets")),
    ]


def test_a_rule_that_was_overruled_spoke_in_vain() -> None:
    loud, quiet = rule(max_clip_us=60 * S), rule("all", "*", max_clip_us=10 * S)
    speakers = explain(RuleBook([loud, quiet]), clip()).speakers
    assert [(each.rule.id, each.settled) for each in speakers] == [(loud.id, ("max_clip_us",)), (quiet.id, ())]


def test_rules_that_block_together_are_both_named() -> None:
    song = rule(blocked_ranges=(BlockedRange(0, S, "a song"),))
    credits = rule("all", "*", blocked_ranges=(BlockedRange(110 * S, 120 * S, "credits"),))
    found = explain(RuleBook([song, credits]), clip())
    (blocked,) = [each for each in found.findings if each.check == "not_blocked"]
    assert [each.id for each in blocked.rules] == [song.id, credits.id]
    assert blocked.verdict is not None
    assert blocked.verdict.rule_id == credits.id


maybe = st.one_of(st.none(), st.booleans())


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.lists(
        st.builds(
            lambda scope, territory, **says: rule(scope, "*" if scope == "all" else str(FILM.id), territory, **says),
            st.sampled_from(["all", "title"]),
            st.sampled_from([None, "DE"]),
            sharing=maybe,
            download=maybe,
            public_playback=maybe,
            captions=maybe,
            ad_tier=maybe,
            kids=maybe,
            closes_at=st.one_of(st.none(), st.just(NOW), st.just(NOW + timedelta(days=1))),
            max_clip_us=st.one_of(st.none(), st.integers(0, 60 * S)),
            title_total=st.one_of(st.none(), st.builds(Total, us=st.integers(0, 60 * S))),
            ratings_off=st.one_of(st.none(), st.just(frozenset({"12"})), st.just(frozenset())),
        ),
        max_size=6,
    ),
    st.sampled_from(["clip", "share", "play", "download"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "DE", "FR"]),
)
def test_a_simulation_says_what_the_verdict_says(
    rules: list[Rule], purpose: Purpose, kids: bool, member: bool, territory: str | None
) -> None:
    book, request = RuleBook(rules), clip(kids=kids, member=member, territory=territory, ad_tier=kids)
    found = explain(book, request, purpose)
    assert found.verdict == decide(book, request, purpose)
    refusals = [each.verdict for each in found.findings if each.verdict is not None]
    assert found.verdict.allowed == (not refusals)
    if refusals:
        assert found.verdict == refusals[0]
