"""Who made a visit: a person, a robot, or a link preview being fetched. Pure: the same inputs, the same verdict.

The rule is the union of what a client says about itself (a prefetch or preview header, no name at all, or none but
``Mozilla/5.0``), where it comes from (a data centre: people are not there) and the names that robots give themselves
(``robots.py``). A verdict names its rule's version, so that it can be reached again or revised later; nothing is
deleted for being a robot's. What only shows in many visits together is judged afterwards
(``attribution/invalid_traffic.py``).

Advertising tells apart what can be known by lists and by what a client says (general invalid traffic) from what takes
study of behaviour (sophisticated): Media Rating Council, "Invalid Traffic Detection and Filtration Standards
Addendum", 2020. ``traffic`` says which a verdict is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .robots import VERSION, robot_named

RULE = f"3+{VERSION}"
USER_AGENT_MAX = 1024
REASON_MAX = 120
PREVIEW_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
PREVIEW_VALUES = ("prefetch", "prerender", "preview")
BARE = re.compile(r"(Mozilla/\d+\.\d+)?\s*(\((?![^)]*MSIE)[^)]*\))?\s*")
"""A name that says no more than that it is like Netscape's, perhaps on which machine: every browser names itself."""

SOPHISTICATED = frozenset(
    {
        "rate", "self_referral", "shared_device", "ring", "too_soon", "too_even",
        "address_limit", "network_limit", "address_glut", "network_glut", "over_limits", "token_sharing", "free_sales",
    }
)  # fmt: skip
"""Reasons of verdicts that were reached from behaviour."""

LIMITS = frozenset({"address_limit", "network_limit"})
"""Reasons of verdicts on what came beyond the limits of one address or network (``events/ingest/limits.py``)."""

BEYOND_THE_REQUEST = frozenset({"datacentre", "staff", "reported_by_service", *LIMITS})
"""Reasons that no later look at what is kept of a request can find: addresses, accounts and counts are not kept."""

Traffic = Literal["givt", "sivt"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``kind`` is ``human``, ``robot`` or ``unfurl``; ``reason`` is a short code, perhaps with what matched."""

    kind: str
    reason: str
    rule: str = RULE


HUMAN = Verdict("human", "nothing_says_otherwise")
NAMELESS = Verdict("robot", "no_user_agent")
NO_BROWSER = Verdict("robot", "bare_user_agent")
DATACENTRE = Verdict("robot", "datacentre")
STAFF = Verdict("robot", "staff")
"""Who works here is no audience; kept, and left out as robots are."""

UNFURLED = Verdict("unfurl", "reported_by_service")

DOUBT = "doubt-1"
"""The rule of a verdict on a sign-up: a person's, but nobody can say whether a newcomer's. Until that is decided, it is
no new viewer of K's (``insights/reports/funnel.py``); nothing else follows from it."""


def doubted(reason: str) -> Verdict:
    return Verdict("human", reason, DOUBT)


def judge(
    user_agent: str, headers: Mapping[str, str], fetches_for: str | None = None, *, datacentre: bool = False
) -> Verdict:
    """The verdict on one request.

    Args:
        headers: request headers by lower-case name; only the preview headers are looked at.
        fetches_for: the channel whose link previews this user agent fetches, when it is known to fetch any.
        datacentre: whether it came from a network of the operator's list of data centres.
    """
    if fetches_for is not None:
        return Verdict("unfurl", f"fetches_for:{fetches_for}")
    for name in PREVIEW_HEADERS:
        value = headers.get(name)
        if value is not None and any(purpose in value.lower() for purpose in PREVIEW_VALUES):
            return Verdict("robot", f"preview_header:{name}")
    verdict = by_user_agent(user_agent[:USER_AGENT_MAX])
    return DATACENTRE if datacentre and verdict is HUMAN else verdict


@lru_cache(maxsize=50_000)
def by_user_agent(user_agent: str) -> Verdict:
    """What the name alone says."""
    if not user_agent.strip():
        return NAMELESS
    robot = robot_named(user_agent)
    if robot is None:
        return NO_BROWSER if BARE.fullmatch(user_agent.strip()) else HUMAN
    kind = "unfurl" if robot.tag == "social-preview" else "robot"
    return Verdict(kind, f"{robot.tag}:{robot.pattern}"[:REASON_MAX])


def code_of(reason: str | None) -> str:
    """A reason without what matched."""
    return (reason or "").partition(":")[0]


def traffic(kind: str, reason: str) -> Traffic | None:
    """Whether a verdict means routine (``givt``) or sophisticated (``sivt``) invalid traffic; None for neither."""
    if kind != "robot":
        return None
    return "sivt" if code_of(reason) in SOPHISTICATED else "givt"
