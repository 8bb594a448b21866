"""Reactions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller
from groundswell.events.ingest.parser import VisitExpired, VisitInvalid
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import reactions
from .doors import ByShare, Meeting, meet
from .people import no_child
from .schemas import MyReaction, ReactionIn, ReactionsAt, ReactionsOut
from .voters import voter_of

v1 = APIRouter(prefix="/v1", tags=["community"], route_class=TransactionalRoute, dependencies=[Depends(no_child)])

Ticket = Annotated[
    str | None, Query(max_length=128, description="The ticket of the page's visit, for who is not signed in.")
]


@v1.get("/moments/{moment}/reactions")
async def read_reactions(
    moment: str,
    request: Request,
    caller: MaybeCaller,
    session: DbSession,
    share: ByShare = None,
    visit: Ticket = None,
) -> ReactionsOut:
    """What people felt about a moment, and at which second of the title."""
    met = await meet(session, request, caller, moment, share)
    return await _shown(session, met, caller, await _reactor(request, caller, met, visit))


@v1.post("/moments/{moment}/reactions", status_code=201)
async def react(
    moment: str, body: ReactionIn, request: Request, caller: MaybeCaller, session: DbSession
) -> ReactionsOut:
    """Say what one feels at a second of the title. One a person: another takes its place. No account is needed where
    the page was served with a ticket of its visit. It is judged, and votes for the moment, as a play does."""
    met = await meet(session, request, caller, moment, body.share)
    voter = await voter_of(request, caller, met.place, body.visit)
    await reactions.react(session, met, voter, body.kind, body.at_us)
    return await _shown(session, met, caller, voter.name)


@v1.delete("/moments/{moment}/reactions")
async def take_back(
    moment: str,
    request: Request,
    caller: MaybeCaller,
    session: DbSession,
    share: ByShare = None,
    visit: Ticket = None,
) -> ReactionsOut:
    """Take back what one felt."""
    met = await meet(session, request, caller, moment, share)
    reactor = str(caller.id) if caller else (await voter_of(request, None, met.place, visit)).name
    await reactions.take_back(session, met.moment.id, reactor)
    return await _shown(session, met, caller, reactor)


async def _reactor(request: Request, caller: Caller | None, met: Meeting, ticket: str | None) -> str | None:
    """As whom whoever reads would react; None where that cannot be told."""
    if caller is not None:
        return str(caller.id)
    try:
        return (await voter_of(request, None, met.place, ticket)).name if ticket else None
    except (VisitInvalid, VisitExpired):
        return None


async def _shown(session: AsyncSession, met: Meeting, caller: Caller | None, reactor: str | None) -> ReactionsOut:
    line = await reactions.line_of(session, met.moment, caller.id if caller else None)
    mine = None if reactor is None else await reactions.reaction_of(session, met.moment.id, reactor)
    return ReactionsOut(
        moment=met.moment.id,
        start_us=met.moment.start_us,
        end_us=met.moment.end_us,
        counts=line.counts,
        total=sum(line.counts.values()),
        seconds=[ReactionsAt.model_validate({"at_us": at, "kind": kind, "count": n}) for at, kind, n in line.seconds],
        mine=None if mine is None else MyReaction.model_validate({"kind": mine.kind, "at_us": mine.at_us}),
    )
