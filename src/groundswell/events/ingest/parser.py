"""From a batch as it arrives to lines of the log: every refusal names the event and says why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from groundswell.events.event import Event, copy_inputs, copy_line, copy_verdict
from groundswell.events.log.lookups import NOWHERE, EventPlace, References
from groundswell.events.schemas import BATCH, IncomingEvent
from groundswell.events.traffic.verdicts import HUMAN, UNFURLED, Verdict, judge
from groundswell.events.traffic.visit_ticket import LASTS, TicketedVisit, is_genuine, named_visit
from groundswell.events.traffic.visitors import visitor_hash
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Invalid, Problem

BODY_MAX = 4 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=5)
FROM_SERVICE = frozenset({"unfurl", "click", "continue", "view", "play"})
FROM_ANYBODY = frozenset({"play"})
SERVICE_FIELDS = ("viewer", "visitor", "user_agent", "at", "id", "channel", "territory")
WATCHED = "watched_ms"
"""Where a play's ``inputs`` keep how long was watched."""

WATCHED_LEAST_MS = 5_000
MILLISECOND = timedelta(milliseconds=1)


class BatchTooLarge(Problem):
    status, code, title = 413, "batch_too_large", "There are too many events in one call."


class UnknownKind(Problem):
    status, code, title = 422, "unknown_kind", "There is no such kind of event."


class KindReserved(Problem):
    status, code = 422, "kind_reserved"
    title = "Events of this kind are recorded where they are made (moments, shares, /v1/conversions)."


class ServiceKeyNeeded(Problem):
    status, code, title = 403, "service_key_needed", "Only a service key with events:write may say this."


class EventInFuture(Problem):
    status, code, title = 422, "event_in_future", "This event has not happened yet."


class EventTooOld(Problem):
    status, code, title = 422, "event_too_old", "This event happened too long ago."


class VisitMissing(Problem):
    status, code, title = 422, "visit_missing", "A page reports with the ticket of its visit."


class VisitInvalid(Problem):
    status, code, title = 422, "visit_invalid", "This ticket was not made for this page, this browser and this address."


class VisitExpired(Problem):
    status, code, title = 422, "visit_expired", "This ticket's hour is over; load the page again."


class WatchedTooLittle(Problem):
    status, code, title = 422, "watched_too_little", "A play counts when five seconds of it have been watched."


class WatchedTooFast(Problem):
    status, code, title = 422, "watched_too_fast", "More would have been watched than time has passed."


class ReferenceUnknown(Problem):
    status, code, title = 422, "reference_unknown", "This event points at something that does not exist."


class ReferencesDisagree(Problem):
    status, code, title = 422, "references_disagree", "This event's share, moment and title do not belong together."


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a batch. For a page, what the request itself shows about its visitor: ``address`` and ``user_agent``
    are what its ticket was bound to, and are not written down."""

    service: bool
    verdict: Verdict = HUMAN
    visitor: str | None = None
    viewer_id: UUID | None = None
    inputs: Mapping[str, Any] | None = None
    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """A batch ready for the log: lines of COPY, the days they fall in, and their kinds."""

    text: str
    days: frozenset[date]
    kinds: list[str]


def parse(body: bytes, batch_max: int) -> list[IncomingEvent]:
    """The events of a request's body.

    Raises:
        BatchTooLarge, UnknownKind, Invalid.
    """
    try:
        events = BATCH.validate_json(body)["events"]
    except ValidationError as error:
        raise _refusal(error) from None
    if len(events) > batch_max:
        raise BatchTooLarge(f"At most {batch_max} events in one call; these are {len(events)}.", limit=batch_max)
    return events


def _refusal(error: ValidationError) -> Problem:
    found = [
        {"field": ".".join(str(part) for part in e["loc"]), "code": e["type"], "detail": e["msg"]}
        for e in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]
    first = found[0]
    detail = f"{first['field'] or 'body'}: {first['detail']}"
    index = re.match(r"events\.(\d+)\.", first["field"])
    members: dict[str, Any] = {"fields": found} | ({"index": int(index[1])} if index else {})
    return (UnknownKind if first["field"].endswith(".kind") else Invalid)(detail, **members)


async def read_references(references: References, events: list[IncomingEvent]) -> None:
    """Look up everything that ``events`` name."""
    await references.learn(
        shares={event["share"] for event in events if "share" in event},
        moments={event["moment"] for event in events if "moment" in event},
        titles={event["title"] for event in events if "title" in event},
        viewers={event["viewer"] for event in events if "viewer" in event},
    )


def to_lines(
    events: list[IncomingEvent],
    sender: Sender,
    references: References,
    salts: Mapping[date, bytes],
    max_age: timedelta,
    now: datetime,
) -> ParsedBatch:
    """The batch of a service as lines of the log.

    Raises:
        KindReserved, EventInFuture, EventTooOld, ReferenceUnknown, ReferencesDisagree: with the ``index`` of the event.
    """
    latest, earliest = now + CLOCKS_DIFFER, now - max_age
    lines: list[str] = []
    days: set[date] = set()
    for index, event in enumerate(events):
        if event["kind"] not in FROM_SERVICE:
            raise _kind_refused(event["kind"], sender, index)
        at = event.get("at", now)
        if at > latest:
            raise EventInFuture(f"Event {index} is of {at.isoformat()}; it is {now.isoformat()} here.", index=index)
        if at < earliest:
            raise EventTooOld(f"Event {index} is of {at.isoformat()}, over {max_age.days} days ago.", index=index)
        where = _place(event, references, index)
        at = at.astimezone(UTC)
        days.add(day := at.date())
        viewer, visitor, verdict, inputs = _reported(event, references, salts.get(day), index)
        lines.append(
            copy_line(
                (event.get("id") or uuid7()).hex,
                at.isoformat(),
                event["kind"],
                where.columns,
                visitor=visitor,
                viewer=viewer,
                channel=event.get("channel") or where.channel,
                territory=event.get("territory"),
                verdict=verdict,
                inputs=inputs,
            )
        )
    return ParsedBatch("".join(lines), frozenset(days), [event["kind"] for event in events])


def visit_lines(
    events: list[IncomingEvent],
    sender: Sender,
    references: References,
    secret: bytes,
    salts: Mapping[date, bytes],
    now: datetime,
) -> ParsedBatch:
    """The batch of a page as lines of the log: each event of a visit, at the visit's instant, once a kind.

    Args:
        salts: of the days of the visits that the batch names.

    Raises:
        KindReserved, ServiceKeyNeeded, VisitMissing, VisitInvalid, VisitExpired, WatchedTooLittle, WatchedTooFast:
            with the ``index`` of the event.
    """
    verdict = copy_verdict(sender.verdict.kind, sender.verdict.reason, sender.verdict.rule)
    viewer = str(sender.viewer_id) if sender.viewer_id else None
    lines: list[str] = []
    days: set[date] = set()
    for index, event in enumerate(events):
        if event["kind"] not in FROM_ANYBODY:
            raise _kind_refused(event["kind"], sender, index)
        _refuse_service_fields(event, index)
        if "visit" not in event:  # before the place: who has no ticket does not learn whether there is one
            raise VisitMissing(f"Event {index} has no visit.", index=index)
        where = _named_by_page(event, references, index)
        visit, visitor = _visit_of(event, sender, where, secret, salts, now, index)
        days.add(visit.at.date())
        lines.append(
            copy_line(
                visit.event_id(event["kind"]).hex,
                visit.at.isoformat(),
                event["kind"],
                where.columns,
                visitor=None if sender.visitor is None else visitor,
                viewer=viewer,
                channel=where.channel,
                verdict=verdict,
                inputs=copy_inputs({**(sender.inputs or {}), WATCHED: event.get("watched_ms", 0)}),
            )
        )
    return ParsedBatch("".join(lines), frozenset(days), [event["kind"] for event in events])


def named_by(event: IncomingEvent, references: References) -> EventPlace | None:
    """The place that a refused event names, where there is one."""
    share, moment = references.shares.get(event.get("share", "")), references.moments.get(event.get("moment", ""))
    return share or moment


def _named_by_page(event: IncomingEvent, references: References, index: int) -> EventPlace:
    """Where a page says that it happened. That there is no such place, it does not learn: no ticket fits it either."""
    try:
        return _place(event, references, index)
    except (ReferenceUnknown, ReferencesDisagree):
        raise VisitInvalid(index=index) from None


def _visit_of(
    event: IncomingEvent,
    sender: Sender,
    where: EventPlace,
    secret: bytes,
    salts: Mapping[date, bytes],
    now: datetime,
    index: int,
) -> tuple[TicketedVisit, str]:
    """The visit that the event belongs to, by its ticket, and the visitor's hash on its day."""
    ticket = event["visit"]
    visit = named_visit(ticket)
    if visit is None or (where.share_id is None and where.moment_id is None):
        raise VisitInvalid(index=index)
    salt = salts.get(visit.at.date())
    if salt is None or not now - LASTS <= visit.at <= now + CLOCKS_DIFFER:
        raise VisitExpired(index=index)
    visitor = visitor_hash(salt, sender.address, sender.user_agent)
    if not is_genuine(secret, ticket, where.share_id or where.moment_id, visitor):
        raise VisitInvalid(index=index)
    _check_watched(event.get("watched_ms", 0), (now - visit.at) / MILLISECOND, index)
    return visit, visitor


def _check_watched(watched_ms: int, passed_ms: float, index: int) -> None:
    """Refuse what was not watched for long enough, or was watched faster than time goes."""
    if watched_ms < WATCHED_LEAST_MS:
        raise WatchedTooLittle(index=index, watched_ms=watched_ms, least_ms=WATCHED_LEAST_MS)
    if watched_ms > passed_ms:
        raise WatchedTooFast(index=index, watched_ms=watched_ms, passed_ms=round(passed_ms))


def signed_in_visits(events: list[IncomingEvent], references: References) -> Iterator[Event]:
    """Those of a service's events (in the log by now, each with its id and instant) by which a viewer followed a share:
    the visits of which it is known whose they were."""
    for index, event in enumerate(events):
        if event["kind"] not in ("click", "continue") or "viewer" not in event or "share" not in event:
            continue
        where = _place(event, references, index)
        user_agent = event.get("user_agent")
        yield Event(
            kind=event["kind"],
            at=event["at"],
            id=event["id"],
            share_id=where.share_id,
            moment_id=where.moment_id,
            title_id=where.title_id,
            viewer_id=references.viewers[event["viewer"]],
            verdict=(HUMAN if user_agent is None else judge(user_agent, {})).kind,
        )


def _kind_refused(kind: str, sender: Sender, index: int) -> Problem:
    if kind in FROM_SERVICE and not sender.service:
        return ServiceKeyNeeded(f"Event {index} is a {kind}: pages report plays only.", index=index)
    return KindReserved(f"Event {index} is a {kind}, which is recorded where it is made.", index=index)


def _refuse_service_fields(event: IncomingEvent, index: int) -> None:
    if named := [name for name in SERVICE_FIELDS if name in event]:
        raise ServiceKeyNeeded(f"Event {index} names its {named[0]}.", index=index)


def _place(event: IncomingEvent, references: References, index: int) -> EventPlace:
    """Where it happened, by the most specific name given; the others must agree."""
    if "share" in event and "moment" not in event and "title" not in event and event["share"] in references.shares:
        return references.shares[event["share"]]  # what nearly every event names
    found = NOWHERE
    for field, known in (("title", references.titles), ("moment", references.moments), ("share", references.shares)):
        name: str | None = event.get(field)  # type: ignore[assignment]
        if name is None:
            continue
        place = known.get(name)
        if place is None:
            raise ReferenceUnknown(f"Event {index}: there is no {field} {name}.", index=index, field=field)
        if found.title_id not in (None, place.title_id) or found.moment_id not in (None, place.moment_id):
            raise ReferencesDisagree(f"Event {index}: {field} {name} belongs elsewhere.", index=index, field=field)
        found = place
    return found


def _reported(
    event: IncomingEvent, references: References, salt: bytes | None, index: int
) -> tuple[str | None, str | None, str, str]:
    """Viewer, visitor, verdict and inputs of an event that the service reports, ready for COPY."""
    viewer = None
    if (subject := event.get("viewer")) is not None:
        if (id := references.viewers.get(subject)) is None:
            raise ReferenceUnknown(f"Event {index}: there is no viewer {subject}.", index=index, field="viewer")
        viewer = str(id)
    visitor = event.get("visitor")
    verdict, inputs = _by_user_agent(event.get("user_agent"), event["kind"] == "unfurl", event.get("watched_ms"))
    return viewer, None if visitor is None or salt is None else visitor_hash(salt, visitor), verdict, inputs


@lru_cache(maxsize=10_000)
def _by_user_agent(user_agent: str | None, unfurl: bool, watched_ms: int | None) -> tuple[str, str]:
    """Verdict and inputs of what a service saw, ready for COPY: the same few thousand browsers, over and over."""
    verdict = UNFURLED if unfurl else HUMAN if user_agent is None else judge(user_agent, {})
    seen: dict[str, Any] = {} if user_agent is None else {"ua": user_agent}
    inputs = copy_inputs(seen if watched_ms is None else seen | {WATCHED: watched_ms})
    return copy_verdict(verdict.kind, verdict.reason, verdict.rule), inputs
