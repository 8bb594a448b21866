"""Who made a visit: a person, a robot, or a link preview being fetched. Pure: the same inputs, the same verdict.

The rule is the union of what a client says about itself (a prefetch or preview header, no name at all) and the
crawler-user-agents list (github.com/monperrus/crawler-user-agents), compiled once. A verdict names its rule's
version, so that it can be reached again or revised later; nothing is deleted for being a robot's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

RULE = f"1+crawler-user-agents-{version('crawler-user-agents')}"
USER_AGENT_MAX = 1024
PREVIEW_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
PREVIEW_VALUES = ("prefetch", "prerender", "preview")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``kind`` is ``human``, ``robot`` or ``unfurl``; ``reason`` is a short code, perhaps with what matched."""

    kind: str
    reason: str
    rule: str = RULE


HUMAN = Verdict("human", "nothing_says_otherwise")
NAMELESS = Verdict("robot", "no_user_agent")
UNFURLED = Verdict("unfurl", "reported_by_service")


def judge(user_agent: str, headers: Mapping[str, str], fetches_for: str | None = None) -> Verdict:
    """The verdict on one request.

    Args:
        headers: request headers by lower-case name; only the preview headers are looked at.
        fetches_for: the channel whose link previews this user agent fetches, when it is known to fetch any.
    """
    if fetches_for is not None:
        return Verdict("unfurl", f"fetches_for:{fetches_for}")
    for name in PREVIEW_HEADERS:
        value = headers.get(name)
        if value is not None and any(purpose in value.lower() for purpose in PREVIEW_VALUES):
            return Verdict("robot", f"preview_header:{name}")
    return by_user_agent(user_agent[:USER_AGENT_MAX])


@lru_cache(maxsize=50_000)
def by_user_agent(user_agent: str) -> Verdict:
    """What the name alone says."""
    if not user_agent.strip():
        return NAMELESS
    if _listed().search(user_agent) is None:
        return HUMAN
    entry = next(entry for entry in CRAWLER_USER_AGENTS_DATA if re.search(entry["pattern"], user_agent))
    tags = entry.get("tags") or ["crawler"]
    kind = "unfurl" if "social-preview" in tags else "robot"
    return Verdict(kind, f"{tags[0]}:{entry['pattern']}")


@cache
def _listed() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{entry['pattern']})" for entry in CRAWLER_USER_AGENTS_DATA))
