"""Which rules cannot bind is said exactly where policy refuses for want of a fact."""

from dataclasses import replace
from uuid import uuid4

from hypothesis import given, settings

from groundswell.trust.missing_facts import unbound_rules
from groundswell.trust.policy import decide
from groundswell.trust.rules import Rule, RuleBook, TitleFacts
from tests.trust.test_policy import FILM, NOW, UNKNOWN, clip, facts, rules_of_facts


def codes(book: RuleBook, title: TitleFacts) -> set[str]:
    return {each.code for each in unbound_rules(book, title, NOW)}


@settings(max_examples=100)
@given(facts, rules_of_facts)
def test_what_is_refused_for_want_of_a_fact_is_listed_and_nothing_else(title: TitleFacts, rule: Rule) -> None:
    book = RuleBook([rule])
    title = replace(title, licences=None)
    listed = codes(book, title)
    refused = {
        decide(book, clip(start, start + 30, title=title, kids=kids), "play").code
        for start in (0, 5970)
        for kids in (False, True)
    }
    unknown = {code for code in refused if code.endswith("_unknown")}
    assert unknown <= listed, "whatever refuses is listed"
    if not listed:
        assert not unknown


def test_a_title_of_which_everything_is_known_lacks_nothing() -> None:
    known = replace(FILM, rating="12", live=False)
    rules = RuleBook([Rule(None, "all", "*", live=False, ratings_off=frozenset({"18"}), kids_ratings=frozenset({"6"}))])
    assert codes(rules, known) == set()


def test_the_defaults_ask_for_the_release_alone() -> None:
    (only,) = unbound_rules(RuleBook(), UNKNOWN, NOW)
    assert (only.fact, only.field, only.rule, only.code, only.all_of_it) == (
        "released_on",
        "ending_days",
        None,
        "release_unknown",
        False,
    )


def test_a_rule_of_one_territory_asks_too_and_is_named() -> None:
    there = Rule(FILM.id, "title", str(FILM.id), territory="DE", ratings_off=frozenset({"18"}))
    (only,) = unbound_rules(RuleBook([there]), replace(FILM, live=False), NOW)
    assert (only.code, only.rule, only.all_of_it) == ("rating_unknown", there, True)


def test_of_the_ending_the_rule_of_its_days_is_named_or_else_that_of_its_part() -> None:
    days = Rule(uuid4(), "title", str(FILM.id), ending_days=30)
    part = Rule(uuid4(), "all", "*", ending_percent=50)
    for rules, named in (([days, part], days), ([part], part), ([days], days)):
        (only,) = unbound_rules(RuleBook(rules), UNKNOWN, NOW)
        assert (only.code, only.rule) == ("release_unknown", named)
