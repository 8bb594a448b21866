"""Who reacts, and how that is judged: a viewer by their account, a visitor by the ticket of their visit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import Request

from groundswell.accounts.access import Caller
from groundswell.events.ingest.handler import Receiving
from groundswell.events.ingest.parser import CLOCKS_DIFFER, VisitExpired, VisitInvalid, VisitMissing
from groundswell.events.log.lookups import EventPlace
from groundswell.events.traffic.client import ClientEvidence, see
from groundswell.events.traffic.verdicts import STAFF
from groundswell.events.traffic.visit_ticket import LASTS, TicketedVisit, is_genuine, named_visit
from groundswell.events.traffic.visitors import Visitors
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.services import Services, services_of

KIND: Final = "react"


@dataclass(frozen=True)
class Voter:
    """Who reacts. ``name`` is the same for one person as long as they can be told apart; ``at`` and ``event_id`` name
    the event that their reaction is logged as."""

    name: str
    viewer_id: UUID | None
    seen: ClientEvidence
    at: datetime
    event_id: UUID


async def voter_of(request: Request, caller: Caller | None, where: EventPlace, ticket: str | None) -> Voter:
    """Whoever makes this request, judged as who plays is.

    Raises:
        VisitMissing, VisitInvalid, VisitExpired: a visitor without a ticket that holds for this page.
    """
    now, services = utc_now(), services_of(request)
    address = request.client.host if request.client else ""
    if caller is not None:
        seen = _judged(services, address, see(request.headers, address, await services.get(Visitors).prepare(now)))
        seen = replace(seen, verdict=STAFF) if caller.roles and seen.verdict.kind == "human" else seen
        return Voter(str(caller.id), caller.id, seen, now, uuid7())
    visit = named_at(ticket, now)
    salt = await services.get(Visitors).prepare(visit.at)
    seen = seen_with_ticket(services.settings.secret, request.headers, address, salt, where, ticket or "")
    return visitor(services, address, visit, seen)


def seen_with_ticket(
    secret: bytes, headers: Mapping[str, str], address: str, salt: bytes, where: EventPlace, ticket: str
) -> ClientEvidence:
    """What is seen of a visitor who shows ``ticket``, whose day has ``salt``.

    Raises:
        VisitInvalid: it was not made for this page and this visitor.
    """
    seen = see(headers, address, salt)
    if not is_genuine(secret, ticket, where.share_id or where.moment_id, seen.served_to):
        raise VisitInvalid()
    return seen


def visitor(services: Services, address: str, visit: TicketedVisit, seen: ClientEvidence) -> Voter:
    """A visitor as who reacts; counts them among those of ``address``."""
    seen = _judged(services, address, seen)
    return Voter(seen.visitor or visit.id.hex, None, seen, visit.at, visit.event_id(KIND))


def named_at(ticket: str | None, now: datetime) -> TicketedVisit:
    """The visit of a ``ticket`` that can be shown ``now``.

    Raises:
        VisitMissing, VisitInvalid, VisitExpired: it cannot.
    """
    if not ticket:
        raise VisitMissing("Who is not signed in reacts with the ticket of the page.")
    visit = named_visit(ticket)
    if visit is None:
        raise VisitInvalid()
    if not now - LASTS <= visit.at <= now + CLOCKS_DIFFER:
        raise VisitExpired()
    return visit


def _judged(services: Services, address: str, seen: ClientEvidence) -> ClientEvidence:
    """With the verdict on what is beyond the limits of one address and network."""
    if seen.verdict.kind != "human":
        return seen
    verdict = services.get(Receiving).limits.judge(address)
    return seen if verdict is None else replace(seen, verdict=verdict)
