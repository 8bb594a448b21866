"""Who reacts, and how that is judged: a viewer by their account, a visitor by the ticket of their visit."""

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
from groundswell.platform.services import services_of

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
        seen = _judged(request, see(request.headers, address, await services.get(Visitors).prepare(now)))
        seen = replace(seen, verdict=STAFF) if caller.roles and seen.verdict.kind == "human" else seen
        return Voter(str(caller.id), caller.id, seen, now, uuid7())
    visit = _named(ticket, now)
    seen = see(request.headers, address, await services.get(Visitors).prepare(visit.at))
    if not is_genuine(services.settings.secret, ticket or "", where.share_id or where.moment_id, seen.served_to):
        raise VisitInvalid()
    seen = _judged(request, seen)
    return Voter(seen.visitor or visit.id.hex, None, seen, visit.at, visit.event_id(KIND))


def _named(ticket: str | None, now: datetime) -> TicketedVisit:
    if not ticket:
        raise VisitMissing("Who is not signed in reacts with the ticket of the page.")
    visit = named_visit(ticket)
    if visit is None:
        raise VisitInvalid()
    if not now - LASTS <= visit.at <= now + CLOCKS_DIFFER:
        raise VisitExpired()
    return visit


def _judged(request: Request, seen: ClientEvidence) -> ClientEvidence:
    """With the verdict on what is beyond the limits of one address and network."""
    if seen.verdict.kind != "human":
        return seen
    verdict = services_of(request).get(Receiving).limits.judge(request.client.host if request.client else "")
    return seen if verdict is None else replace(seen, verdict=verdict)
