"""Reactions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller
from groundswell.events.ingest.parser import VisitExpired, VisitInvalid
from groundswell.platform.change_pace import unpaced
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import reactions
from .doors import ByShare, Meeting, meet
from .people import no_child
from .reaction_lines import ReactionLines
from .reaction_log import ReactionLog
from .reaction_views import as_json, reactions_out
from .reactions import ReactionLine
from .schemas import MyReaction, ReactionIn, ReactionsOut
from .separation import is_apart
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
    return await _shown(request, session, met, caller, await _reactor(request, caller, met, visit))


@v1.post("/moments/{moment}/reactions", status_code=201, response_model=ReactionsOut)
@unpaced("One row for each person and moment; visitors need the ticket of a visit.")
async def react(
    moment: str, body: ReactionIn, request: Request, caller: MaybeCaller, session: DbSession
) -> ReactionsOut | Response:
    """Say what one feels at a second of the title. One a person: another takes its place. No account is needed where
    the page was served with a ticket of its visit. It is judged, and votes for the moment, as a play does."""
    met = await meet(session, request, caller, moment, body.share)
    voter = await voter_of(request, caller, met.place, body.visit)
    if caller is not None or "idempotency-key" in request.headers:  # their row, or the answer, is of this transaction
        await reactions.react(session, met, voter, body.kind, body.at_us)
        return await _shown(request, session, met, caller, voter.name, written=True)
    taken = reactions.new_reaction(met, voter, body.kind, body.at_us)
    first = await services_of(request).get(ReactionLog).take(taken)
    line = await services_of(request).get(ReactionLines).of(met.moment, new=taken.as_new() if first else None)
    shown = as_json(met, line, MyReaction(kind=body.kind, at_us=body.at_us))
    return Response(shown, 201, media_type="application/json")  # checked once: there are many


@v1.delete("/moments/{moment}/reactions")
@unpaced("Makes no rows.")
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
    return await _shown(request, session, met, caller, reactor, written=True)


async def _reactor(request: Request, caller: Caller | None, met: Meeting, ticket: str | None) -> str | None:
    """As whom whoever reads would react; None where that cannot be told."""
    if caller is not None:
        return str(caller.id)
    try:
        return (await voter_of(request, None, met.place, ticket)).name if ticket else None
    except (VisitInvalid, VisitExpired):
        return None


async def _shown(
    request: Request, session: AsyncSession, met: Meeting, caller: Caller | None, reactor: str | None, *,
    written: bool = False,
) -> ReactionsOut:  # fmt: skip
    mine = None if reactor is None else await reactions.reaction_of(session, met.moment.id, reactor)
    line = await _line(request, session, met, caller, written=written)
    return reactions_out(
        met, line, None if mine is None else MyReaction.model_validate({"kind": mine.kind, "at_us": mine.at_us})
    )


async def _line(
    request: Request, session: AsyncSession, met: Meeting, caller: Caller | None, *, written: bool
) -> ReactionLine:
    """As whoever asks sees it: the same count for all, but for who is kept apart from somebody, or has ``written`` in
    this transaction."""
    lines = services_of(request).get(ReactionLines)
    apart = caller is not None and await is_apart(session, caller.id)
    if not (apart or written):
        return await lines.of(met.moment)
    kept = None if apart else lines.kept(met.moment.id)
    return kept or await reactions.line_of(session, met.moment, caller.id if caller else None)
