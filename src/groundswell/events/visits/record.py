"""Somebody arrives at a share: judged by what the request shows, and written as one line of the event log.

This runs once for every visitor who has no account, so it makes no object that is not needed and judges a request that
looks like one before it from memory (``client.look``).
"""

from datetime import datetime
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Literal, NamedTuple

from starlette.types import Scope

from groundswell.events.event import copy_inputs, copy_line
from groundswell.events.log.lookups import EventPlace
from groundswell.events.traffic.client import HOUSEHOLD, KEPT_HEADERS, NETWORK, look
from groundswell.events.traffic.visitors import origin, visitor_hash
from groundswell.platform.ids import uuid7_bytes

from .visit import COOKIE, PREVIOUS, TOKEN_MAX

WANTED_HEADERS = {name.encode(): name for name in ("user-agent", "referer", "cookie", *KEPT_HEADERS)}


class Arrival(NamedTuple):
    """One visit: the event ``id`` of ``at``, and its ``line`` for COPY. ``followed`` says whether this is a person who
    may be handed a touch token and a cookie; ``served_to`` is the visitor's hash, also where it is not written down."""

    id: bytes
    at: datetime
    kind: str
    line: str
    followed: bool
    served_to: str


def arrive(scope: Scope, place: EventPlace, kind: Literal["click", "continue"], now: datetime, salt: bytes) -> Arrival:
    """Who arrives with the ASGI request ``scope``. Whatever a person would do (``kind``), a link preview is an unfurl.

    Args:
        salt: the day's, for the visitor's hash.
    """
    headers = {
        WANTED_HEADERS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in WANTED_HEADERS
    }
    seen = look(headers)
    unfurl = seen.verdict.kind == "unfurl"
    address = scope["client"][0] if scope["client"] else ""
    anonymous = headers.get("sec-gpc") == "1"
    visitor = visitor_hash(salt, address, headers.get("user-agent", ""))
    followed = not anonymous and seen.verdict.kind == "human"
    previous = _cookie(headers["cookie"]) if followed and "cookie" in headers else None
    id, said = uuid7_bytes(), "unfurl" if unfurl else kind
    inputs = seen.inputs_column if previous is None else copy_inputs(seen.inputs | {PREVIOUS: previous})
    line = copy_line(
        id.hex(),
        now.isoformat(),
        said,
        place.columns,
        visitor=None if anonymous else visitor,
        channel=place.channel,
        verdict=seen.verdict_columns,
        inputs=inputs if anonymous else inputs[:-1] + _origin_column(*origin(salt, address)),
    )
    return Arrival(id, now, said, line, followed, visitor)


@lru_cache(maxsize=20_000)
def _origin_column(household: str, network: str) -> str:
    """The end of a visit's inputs, which are never empty before it."""
    return f', "{HOUSEHOLD}": "{household}", "{NETWORK}": "{network}"}}'


def _cookie(header: str) -> str | None:
    if COOKIE not in header:
        return None
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return found.value[:TOKEN_MAX] if found is not None and found.value else None
