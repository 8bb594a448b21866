"""From a batch as it arrives to lines of the log: every refusal names the event and says why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Invalid, Problem

from .event import copy_inputs, copy_line, copy_verdict
from .references import NOWHERE, Place, References
from .schemas import BATCH, IncomingEvent
from .verdicts import HUMAN, UNFURLED, Verdict, judge
from .visitors import visitor_hash

BODY_MAX = 4 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=5)
FROM_SERVICE = frozenset({"unfurl", "click", "continue", "play"})
FROM_ANYBODY = frozenset({"play"})
SERVICE_FIELDS = ("viewer", "visitor", "user_agent")


class BodyTooLarge(Problem):
    status, code, title = 413, "body_too_large", f"The body is over {BODY_MAX // 2**20} MiB; send smaller batches."


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


class ReferenceUnknown(Problem):
    status, code, title = 422, "reference_unknown", "This event points at something that does not exist."


class ReferencesDisagree(Problem):
    status, code, title = 422, "references_disagree", "This event's share, moment and title do not belong together."


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a batch. For a page, what the request itself shows about its visitor."""

    service: bool
    verdict: Verdict = HUMAN
    visitor: str | None = None
    viewer_id: UUID | None = None
    inputs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Lines:
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
) -> Lines:
    """The batch as lines of the log.

    Raises:
        KindReserved, ServiceKeyNeeded, EventInFuture, EventTooOld, ReferenceUnknown, ReferencesDisagree: with the
            ``index`` of the event.
    """
    latest, earliest = now + CLOCKS_DIFFER, now - max_age
    kinds = FROM_SERVICE if sender.service else FROM_ANYBODY
    own_verdict = copy_verdict(sender.verdict.kind, sender.verdict.reason, sender.verdict.rule)
    own_inputs, own_viewer = copy_inputs(sender.inputs), str(sender.viewer_id) if sender.viewer_id else None
    lines: list[str] = []
    days: set[date] = set()
    for index, event in enumerate(events):
        if event["kind"] not in kinds:
            raise _kind_refused(event["kind"], sender, index)
        at = event.get("at", now)
        if at > latest:
            raise EventInFuture(f"Event {index} is of {at.isoformat()}; it is {now.isoformat()} here.", index=index)
        if at < earliest:
            raise EventTooOld(f"Event {index} is of {at.isoformat()}, over {max_age.days} days ago.", index=index)
        where = _place(event, references, index)
        at = at.astimezone(UTC)
        days.add(day := at.date())
        if sender.service:
            viewer, visitor, verdict, inputs = _reported(event, references, salts.get(day), index)
        else:
            _refuse_service_fields(event, index)
            viewer, visitor, verdict, inputs = own_viewer, sender.visitor, own_verdict, own_inputs
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
    return Lines("".join(lines), frozenset(days), [event["kind"] for event in events])


def _kind_refused(kind: str, sender: Sender, index: int) -> Problem:
    if kind in FROM_SERVICE and not sender.service:
        return ServiceKeyNeeded(f"Event {index} is a {kind}: pages report plays only.", index=index)
    return KindReserved(f"Event {index} is a {kind}, which is recorded where it is made.", index=index)


def _refuse_service_fields(event: IncomingEvent, index: int) -> None:
    if named := [name for name in SERVICE_FIELDS if name in event]:
        raise ServiceKeyNeeded(f"Event {index} names its {named[0]}.", index=index)


def _place(event: IncomingEvent, references: References, index: int) -> Place:
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
    verdict, inputs = _by_user_agent(event.get("user_agent"), event["kind"] == "unfurl")
    return viewer, None if visitor is None or salt is None else visitor_hash(salt, visitor), verdict, inputs


@lru_cache(maxsize=10_000)
def _by_user_agent(user_agent: str | None, unfurl: bool) -> tuple[str, str]:
    """Verdict and inputs of what a service saw, ready for COPY: the same few thousand browsers, over and over."""
    verdict = UNFURLED if unfurl else HUMAN if user_agent is None else judge(user_agent, {})
    inputs = copy_inputs(None if user_agent is None else {"ua": user_agent})
    return copy_verdict(verdict.kind, verdict.reason, verdict.rule), inputs
