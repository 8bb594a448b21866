"""The kinds of notification, the ways by which they go out, and how each kind is set until a viewer says otherwise."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

NotificationKind = Literal[
    "catching_on",
    "brought",
    "comment",
    "reply",
    "follower",
    "clip",
    "statement",
    "payout",
    "decision",
    "invitation",
]
Way = Literal["inbox", "mail", "push"]
NOTIFICATION_KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
WAYS: tuple[Way, ...] = get_args(Way)


class KindRules(NamedTuple):
    """What a kind is about (``subject`` of its rows), and by which ways it goes out unless a viewer chose."""

    about: str
    subject: str
    ways: frozenset[Way]


ALL = frozenset(WAYS)
KIND_RULES: dict[NotificationKind, KindRules] = {
    "catching_on": KindRules("More and more people play a moment of theirs.", "moment", ALL),
    "brought": KindRules("Their shares of a moment led people to join. Nobody is named.", "moment", ALL),
    "comment": KindRules("Others commented on a moment of theirs.", "moment", ALL),
    "reply": KindRules("Others answered a comment of theirs.", "comment", ALL),
    "follower": KindRules("Others follow them, or ask to.", "viewer", ALL),
    "clip": KindRules(
        "People whom they follow clipped a title that they watch.", "title", frozenset({"inbox", "mail"})
    ),
    "statement": KindRules("A statement of their earnings is ready.", "statement", ALL),
    "payout": KindRules("They were paid.", "payout", ALL),
    "decision": KindRules(
        "Something of theirs was restricted, a restriction lifted, or an appeal decided.", "decision", ALL
    ),
    "invitation": KindRules("They were invited to a campaign, or to become a creator.", "invitation", ALL),
}


def switch(kind: str, way: str) -> str:
    """How a choice is kept: ``comment:mail``."""
    return f"{kind}:{way}"


def ways_of(kind: str, changed: Iterable[str]) -> frozenset[Way]:
    """The ways by which ``kind`` goes out to somebody who ``changed`` these switches from how they are set."""
    changed = set(changed)
    preset = KIND_RULES[kind].ways  # type: ignore[index]  # tables hold no other kind
    return frozenset(way for way in WAYS if (way in preset) != (switch(kind, way) in changed))
