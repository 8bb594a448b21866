"""Visitors' reactions answered at the connection, when all that they take is in memory and one commit.

A hit brings them by the thousand, and as a request through the application each costs more than ten times what it
costs PostgreSQL. Here who reacts is judged, their reaction put with the others that wait for the next commit
(``ReactionLog``), and answered when that is on disk. What is not in memory, what is refused, and whoever says who they
are, goes the usual way (``reactions_api``), which gives the same answers.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from typing import NamedTuple

from pydantic import ValidationError
from starlette.types import Scope

from groundswell.accounts.access import COOKIE, territory_of
from groundswell.events.traffic.visitors import Visitors
from groundswell.moments.availability import Audience
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.response_headers import NO_STORE, NOSNIFF
from groundswell.platform.services import Services
from groundswell.platform.telemetry import REQUESTS

from .doors import Meeting, VisitorMeetings
from .reaction_lines import ReactionLines
from .reaction_log import NewReaction, ReactionLog
from .reaction_views import as_json
from .reactions import ReactionLine, is_within, new_reaction
from .schemas import MyReaction, ReactionIn
from .voters import named_at, seen_with_ticket, visitor

BODY_MAX = 1024
PATH = re.compile(r"/v1/moments/([0-9A-Za-z_-]{1,64})/reactions")
TAKEN = REQUESTS.labels("POST", "/v1/moments/{moment}/reactions", 201)
KNOWN_BY = frozenset({"authorization", "idempotency-key", "content-encoding"})
"""Headers of requests that take more than a visitor's reaction."""

RawHeaders = tuple[tuple[bytes, bytes], ...]
Answered = Callable[[Problem | None], None]


class ReactionAnswer:
    """The answer to one reaction; its body is known when it is committed and the line that it is part of counted."""

    status, counted = 201, TAKEN

    def __init__(self, door: "ReactionDoor", meeting: Meeting, reaction: NewReaction) -> None:
        self.door, self.meeting, self.reaction = door, meeting, reaction
        self.body = b""

    @property
    def headers(self) -> RawHeaders:
        length = str(len(self.body)).encode()
        return ((b"content-type", b"application/json"), (b"content-length", length), NOSNIFF, NO_STORE)

    def commit(self, answered: Answered) -> None:
        """Hand the reaction to the log, as ``ReactionLog.queue`` describes."""
        self.door.log.queue(self.reaction, partial(self._committed, answered))

    def _committed(self, answered: Answered, first: bool | Problem) -> None:
        if isinstance(first, Problem):
            answered(first)
            return
        lines, moment = self.door.lines, self.meeting.moment
        new = self.reaction.as_new() if first else None
        if (kept := lines.kept(moment.id, new=new)) is not None:
            self._show(answered, kept)
        else:
            lines.counting(moment).add_done_callback(partial(self._counted, answered))

    def _counted(self, answered: Answered, done: "asyncio.Task[ReactionLine]") -> None:
        if done.cancelled() or done.exception() is not None:
            answered(Unavailable("It is taken, but not counted yet.", headers={"Retry-After": "1"}))
        else:
            self._show(answered, done.result())

    def _show(self, answered: Answered, line: ReactionLine) -> None:
        self.body = as_json(self.meeting, line, MyReaction.model_validate(self.reaction, from_attributes=True))
        answered(None)


class AskedReaction(NamedTuple):
    """A reaction as it is asked for: of which moment, with which headers, from which address."""

    moment: str
    body: ReactionIn
    headers: Mapping[str, str]
    address: str


class ReactionDoor:
    """Answers visitors' reactions for this process."""

    def __init__(self, services: Services) -> None:
        self.services, self.settings = services, services.settings
        self.log, self.lines = services.get(ReactionLog), services.get(ReactionLines)
        self.meetings, self.visitors = services.get(VisitorMeetings), services.get(Visitors)
        self.elsewhere = frozenset(self.settings.component_origins)

    def answer_at_once(self, scope: Scope, body: bytes) -> ReactionAnswer | None:
        """The answer to a request whose whole body is here; None where it must go the usual way."""
        asked = self._asked(scope, body)
        return None if asked is None else self._answer(asked)

    def _asked(self, scope: Scope, body: bytes) -> AskedReaction | None:
        found = PATH.fullmatch(scope["path"])
        if found is None or scope["query_string"] or len(body) > BODY_MAX:
            return None
        said = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        if not KNOWN_BY.isdisjoint(said) or COOKIE in said.get("cookie", "") or self._is_elsewhere(said):
            return None
        if said.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return None
        try:
            wanted = ReactionIn.model_validate_json(body)
        except ValidationError:
            return None
        return AskedReaction(found[1], wanted, said, scope["client"][0] if scope["client"] else "")

    def _is_elsewhere(self, said: Mapping[str, str]) -> bool:
        """Whether a page of another origin asks, whose browser wants to hear that it may (CORS)."""
        return bool(self.elsewhere) and "origin" in said and not self.elsewhere.isdisjoint({said["origin"], "*"})

    def _answer(self, asked: AskedReaction) -> ReactionAnswer | None:
        now, body, address = utc_now(), asked.body, asked.address
        audience = Audience(territory=territory_of(self.settings, asked.headers))
        met = self.meetings.kept(asked.moment, body.share, audience, now)
        if met is None or not is_within(met.moment, body.at_us):
            return None
        try:
            visit = named_at(body.visit, now)
            if (salt := self.visitors.salt(visit.at.astimezone(UTC).date())) is None:
                return None
            seen = seen_with_ticket(self.settings.secret, asked.headers, address, salt, met.place, body.visit or "")
        except Problem:
            return None
        voter = visitor(self.services, address, visit, seen)
        return ReactionAnswer(self, met, new_reaction(met, voter, body.kind, body.at_us))


def is_reaction(scope: Scope) -> bool:
    """Whether this may be a request to react, which is answered when its body is here."""
    path: str = scope["path"]
    return scope["method"] == "POST" and path.startswith("/v1/moments/") and path.endswith("/reactions")
