"""What a request shows about who made it, and no more of that than may be kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from groundswell.shares.unfurlers import unfurler

from .verdicts import PREVIEW_HEADERS, USER_AGENT_MAX, Verdict, judge
from .visitors import visitor_hash

KEPT_HEADERS = frozenset({*PREVIEW_HEADERS, "sec-gpc"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request's maker. ``visitor`` is None for those who ask not to be told apart (``Sec-GPC: 1``)."""

    verdict: Verdict
    visitor: str | None
    inputs: dict[str, str]

    @property
    def may_be_followed(self) -> bool:
        """Whether this is a person who may be handed a touch token and a cookie."""
        return self.visitor is not None and self.verdict.kind == "human"


def see(headers: Mapping[str, str], address: str, salt: bytes) -> Seen:
    """Judge a request.

    Args:
        headers: by lower-case name.
        address: where it came from; used for the visitor's hash and forgotten.
        salt: the day's.
    """
    user_agent = headers.get("user-agent", "")
    visitor = None if headers.get("sec-gpc") == "1" else visitor_hash(salt, address, user_agent)
    return Seen(judge(user_agent, headers, fetches_for(user_agent)), visitor, inputs_of(headers))


@lru_cache(maxsize=50_000)
def fetches_for(user_agent: str) -> str | None:
    """The channel whose link previews this name fetches."""
    return unfurler(user_agent)


def inputs_of(headers: Mapping[str, str]) -> dict[str, str]:
    """What a verdict is reached from, to be kept beside it: never an address, never a query string."""
    inputs = {"ua": headers.get("user-agent", "")[:USER_AGENT_MAX]}
    if referrer := headers.get("referer"):
        inputs["referrer"] = host_of(referrer)
    if KEPT_HEADERS.isdisjoint(headers):
        return inputs
    for name in sorted(KEPT_HEADERS):
        if value := headers.get(name):
            inputs[name] = value[:64]
    return inputs


@lru_cache(maxsize=10_000)
def host_of(url: str) -> str:
    """The host that ``url`` names, or nothing."""
    try:
        return (urlsplit(url).hostname or "")[:255]
    except ValueError:
        return ""
