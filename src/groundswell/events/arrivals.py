"""Somebody arrives at a share: judged by what the request shows, and written as one line of the event log.

This runs once for every visitor who has no account, so it makes no object that is not needed and judges a request that
looks like one before it from memory (``seeing.look``).
"""

from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Literal, NamedTuple

from starlette.types import Scope

from groundswell.platform.ids import uuid7_bytes

from .event import copy_inputs, copy_line
from .references import Place
from .seeing import KEPT_HEADERS, look
from .visitors import visitor_hash
from .visits import COOKIE, PREVIOUS, TOKEN_MAX

WANTED_HEADERS = {name.encode(): name for name in ("user-agent", "referer", "cookie", *KEPT_HEADERS)}


class Arrival(NamedTuple):
    """One visit: the event ``id`` of ``at``, and its ``line`` for COPY. ``followed`` says whether this is a person who
    may be handed a touch token and a cookie."""

    id: bytes
    at: datetime
    kind: str
    line: str
    followed: bool


def arrive(scope: Scope, place: Place, kind: Literal["click", "continue"], now: datetime, salt: bytes) -> Arrival:
    """Who arrives with the ASGI request ``scope``. Whatever a person would do (``kind``), a link preview is an unfurl.

    Args:
        salt: the day's, for the visitor's hash.
    """
    headers = {
        WANTED_HEADERS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in WANTED_HEADERS
    }
    seen = look(headers)
    unfurl = seen.verdict.kind == "unfurl"
    client = scope["client"]
    anonymous = headers.get("sec-gpc") == "1"
    visitor = None if anonymous else visitor_hash(salt, client[0] if client else "", headers.get("user-agent", ""))
    followed = not anonymous and seen.verdict.kind == "human"
    previous = _cookie(headers["cookie"]) if followed and "cookie" in headers else None
    id, said = uuid7_bytes(), "unfurl" if unfurl else kind
    line = copy_line(
        id.hex(),
        now.isoformat(),
        said,
        place.columns,
        visitor=visitor,
        channel=place.channel,
        verdict=seen.verdict_columns,
        inputs=seen.inputs_column if previous is None else copy_inputs(seen.inputs | {PREVIOUS: previous}),
    )
    return Arrival(id, now, said, line, followed)


def _cookie(header: str) -> str | None:
    if COOKIE not in header:
        return None
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return found.value[:TOKEN_MAX] if found is not None and found.value else None
