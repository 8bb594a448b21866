"""What a request shows about who made it, and no more of that than may be kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from groundswell.events.event import copy_inputs, copy_verdict
from groundswell.shares.unfurlers import unfurler

from .verdicts import PREVIEW_HEADERS, USER_AGENT_MAX, Verdict, judge
from .visitors import origin, visitor_hash

KEPT_HEADERS = frozenset({*PREVIEW_HEADERS, "sec-gpc"})
REFERRER_MAX = 1024
HOUSEHOLD, NETWORK = "household", "network"
"""Where a visit's ``inputs`` keep the day's hashes of where it came from (``visitors.origin``)."""


@dataclass(frozen=True, slots=True)
class ClientEvidence:
    """One request's maker. ``visitor`` is None for those who ask not to be told apart (``Sec-GPC: 1``); ``served_to``
    is the same hash for them too, which is never written down: a page's ticket is bound to it."""

    verdict: Verdict
    visitor: str | None
    inputs: dict[str, str]
    served_to: str = ""

    @property
    def may_be_followed(self) -> bool:
        """Whether this is a person who may be handed a touch token and a cookie."""
        return self.visitor is not None and self.verdict.kind == "human"


@dataclass(frozen=True, slots=True)
class Look:
    """What requests that look alike have in common: the verdict and its inputs, also as columns of COPY."""

    verdict: Verdict
    inputs: dict[str, str]
    verdict_columns: str
    inputs_column: str


def see(headers: Mapping[str, str], address: str, salt: bytes) -> ClientEvidence:
    """Judge a request.

    Args:
        headers: by lower-case name.
        address: where it came from; used for the visitor's hash and forgotten.
        salt: the day's.
    """
    seen = look(headers)
    visitor = visitor_hash(salt, address, headers.get("user-agent", ""))
    if headers.get("sec-gpc") == "1":
        return ClientEvidence(seen.verdict, None, seen.inputs, visitor)
    household, network = origin(salt, address)
    return ClientEvidence(seen.verdict, visitor, seen.inputs | {HOUSEHOLD: household, NETWORK: network}, visitor)


def look(headers: Mapping[str, str]) -> Look:
    """Judge a request by its headers alone."""
    user_agent = headers.get("user-agent", "")[:USER_AGENT_MAX]
    if KEPT_HEADERS.isdisjoint(headers):
        return _look(user_agent, headers.get("referer", "")[:REFERRER_MAX])
    signs = tuple((name, headers[name][:64]) for name in sorted(KEPT_HEADERS) if name in headers)
    return _look(user_agent, headers.get("referer", "")[:REFERRER_MAX], signs)


@lru_cache(maxsize=20_000)
def _look(user_agent: str, referrer: str, signs: tuple[tuple[str, str], ...] = ()) -> Look:
    verdict = judge(user_agent, dict(signs), fetches_for(user_agent))
    inputs = {"ua": user_agent}
    if referrer:
        inputs["referrer"] = host_of(referrer)
    inputs |= {name: value for name, value in signs if value}
    return Look(verdict, inputs, copy_verdict(verdict.kind, verdict.reason, verdict.rule), copy_inputs(inputs))


@lru_cache(maxsize=50_000)
def fetches_for(user_agent: str) -> str | None:
    """The channel whose link previews this name fetches."""
    return unfurler(user_agent)


def host_of(url: str) -> str:
    """The host that ``url`` names, or nothing."""
    try:
        return (urlsplit(url).hostname or "")[:255]
    except ValueError:
        return ""
