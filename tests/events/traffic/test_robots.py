"""The three lists in one matcher say what each says by itself; no browser is taken for a robot."""

import re

import pytest
from bench.robots import browsers, robots
from crawlerdetect import CrawlerDetect
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from groundswell.events.traffic.robots import CRAWLERDETECT, CRAWLERS, LOOK_AHEAD, robot_named
from groundswell.events.traffic.verdicts import RULE, by_user_agent, traffic


@pytest.mark.parametrize("entry", CRAWLER_USER_AGENTS_DATA[::7], ids=lambda entry: entry["pattern"])
def test_every_example_of_the_list_is_found(entry: dict[str, list[str]]) -> None:
    for name in entry.get("instances", ()):
        found = robot_named(name)
        assert found is not None
        assert found.source == CRAWLERS
        assert re.search(found.pattern, name)


@pytest.mark.parametrize("name", browsers()[::9])
def test_browsers_are_people(name: str) -> None:
    assert by_user_agent(name).kind == "human"


def test_a_name_with_a_forbidden_word_inside_a_browsers_own_is_a_persons() -> None:
    phone = "Mozilla/5.0 (Linux; Android 9; CUBOT X3) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
    assert by_user_agent(phone).kind == "human"
    assert by_user_agent(phone.replace("CUBOT", "CUBOT spider")).kind == "robot"


@pytest.mark.parametrize("name", robots()[::25])
def test_crawlerdetect_agrees_about_what_it_finds(name: str) -> None:
    shortened = name.replace("Googlebot", "Gurglebot")
    if CrawlerDetect().isCrawler(shortened):
        assert by_user_agent(shortened).kind != "human"


def test_what_only_the_second_list_knows_is_found() -> None:
    found = robot_named("Mozilla/5.0 (compatible; Yandexbot/3.0)")
    assert found is not None
    assert found.source == CRAWLERDETECT


def test_a_look_ahead_is_looked_at_again() -> None:
    assert LOOK_AHEAD.sub("", "(?i:Yandex(?!Search))") == "(?i:Yandex)"
    person = "Mozilla/5.0 (Linux; Android 13; SM-A515F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile"
    assert by_user_agent(f"{person} YandexSearch/25.1").kind == "human"
    assert by_user_agent(f"{person} YandexThing/25.1").kind == "robot"


@given(st.text(max_size=300))
def test_any_text_gets_a_verdict(name: str) -> None:
    verdict = by_user_agent(name)
    assert verdict.kind in {"human", "robot", "unfurl"}
    assert verdict.rule == RULE
    assert len(verdict.reason) <= 120


def test_traffic_is_told_apart() -> None:
    assert traffic("robot", "http-library:curl") == "givt"
    assert traffic("robot", "rate:31 in a minute") == "sivt"
    assert traffic("human", "nothing_says_otherwise") is None
    assert traffic("unfurl", "fetches_for:x") is None
