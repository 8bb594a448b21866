"""Robots by the names that they give themselves: three well-kept lists, compiled once into one matcher.

- crawler-user-agents (github.com/monperrus/crawler-user-agents), which also tells link previews from the rest;
- CrawlerDetect (github.com/JayBizzle/Crawler-Detect), with its list of what is to be left out of a name first;
- ua-parser's spiders (github.com/ua-parser/uap-core).

RE2 looks for all their patterns in one pass over the name, in time linear in its length whatever the name is: a name is
text that anybody may choose. RE2 knows no look-aheads: it looks for a pattern without them, and what it finds is looked
at again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import re2
from crawlerdetect.providers.crawlers import data as crawlerdetect_patterns
from crawlerdetect.providers.exclusions import data as crawlerdetect_exclusions
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser_builtins.lazy import MATCHERS  # no pattern is compiled that is not used

LISTS = ("crawler-user-agents", "crawlerdetect", "ua-parser-builtins")
VERSION = "+".join(f"{name}-{version(name)}" for name in LISTS)
"""Which lists these are: part of every verdict's rule."""

CRAWLERS, CRAWLERDETECT, UA_PARSER = LISTS
MEMORY_BYTES = 256 << 20
LOOK_AHEAD = re.compile(r"\(\?![^()]*\)")


@dataclass(frozen=True, slots=True)
class Robot:
    """One entry of a list. ``tag`` says what sort of robot it is (``social-preview``, ``search-engine`` …)."""

    source: str
    pattern: str
    tag: str


def robot_named(user_agent: str) -> Robot | None:
    """The first entry, in the order of the lists, that this name matches; None when it is on none of them."""
    listed = _names()
    found = listed.find(user_agent)
    if found is None or found.source == CRAWLERS:
        return found
    # The other two look for parts of words, and say which words they find in people's browsers.
    return listed.find(_exclusions().sub("", user_agent), but=CRAWLERS)


class Names:
    """All patterns in one matcher."""

    def __init__(self, robots: Iterable[Robot]) -> None:
        options = re2.Options()
        options.max_mem, options.log_errors = MEMORY_BYTES, False
        self.robots = list(robots)
        self._set = re2.Set.SearchSet(options)
        self._exact: dict[int, re.Pattern[str]] = {}
        for number, robot in enumerate(self.robots):
            try:
                self._set.Add(robot.pattern)
            except re2.error:
                self._set.Add(LOOK_AHEAD.sub("", robot.pattern))
                self._exact[number] = re.compile(robot.pattern)
        self._set.Compile()

    def find(self, user_agent: str, but: str = "") -> Robot | None:
        """The first entry that matches, of a list other than ``but``."""
        for number in sorted(self._set.Match(user_agent) or ()):
            robot: Robot = self.robots[number]
            if robot.source != but and (number not in self._exact or self._exact[number].search(user_agent)):
                return robot
        return None


@cache
def _names() -> Names:
    return Names([*_crawlers(), *_crawlerdetect(), *_ua_parser()])


@cache
def _exclusions() -> "re2._Regexp[str]":
    return re2.compile("(?i:" + "|".join(crawlerdetect_exclusions) + ")")


def _crawlers() -> Iterable[Robot]:
    for entry in CRAWLER_USER_AGENTS_DATA:
        tags = entry.get("tags") or ["crawler"]
        yield Robot(CRAWLERS, entry["pattern"], "social-preview" if "social-preview" in tags else tags[0])


def _crawlerdetect() -> Iterable[Robot]:
    return (Robot(CRAWLERDETECT, f"(?i:{pattern})", "crawler") for pattern in crawlerdetect_patterns)


def _ua_parser() -> Iterable[Robot]:
    _, _, devices = MATCHERS
    for matcher in devices:
        if getattr(matcher, "family", None) == "Spider":
            pattern = matcher.regex
            yield Robot(UA_PARSER, f"(?i:{pattern})" if matcher.flags & re.IGNORECASE else pattern, "spider")
