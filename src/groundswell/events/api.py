"""Events in: what pages and services report."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import MaybeCaller
from groundswell.moments.availability import Audience
from groundswell.moments.doors import CodeDoor
from groundswell.moments.lookup import MomentUnknown
from groundswell.platform.body_bounds import body_at_most
from groundswell.platform.change_pace import unpaced
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import provided, services_of
from groundswell.shares.links import LinkForged, LinkUnknown, resolve

from . import subscribers  # noqa: F401 - registers what is recorded when moments and shares are made
from .ingest.handler import Receiving
from .ingest.parser import BODY_MAX, ReferenceUnknown
from .log.lookups import EventPlace, place
from .schemas import BATCH, Committed, NewVisit, VisitOut
from .visits.visit import visit

router = APIRouter(prefix="/v1", tags=["events"], route_class=TransactionalRoute)


def _batch_schema() -> dict[str, Any]:
    """The body's JSON Schema with its one definition in place, as OpenAPI resolves ``$ref`` from its own root."""
    schema = BATCH.json_schema()
    schema["properties"]["events"]["items"] = schema.pop("$defs")["IncomingEvent"]
    return schema


BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _batch_schema()}}}}


@router.post("/events", response_model=Committed, openapi_extra=BODY)
@body_at_most(BODY_MAX)
@unpaced("The event log, by day and for so long as is set; pages count one event of a kind for each visit.")
async def receive_events(
    request: Request, session: DbSession, receiving: Annotated[Receiving, provided(Receiving)]
) -> Response:
    """Report events; the answer comes when all of them are committed, and none is when one is refused.

    An event is identified by its `id` and `at` together: repeating it is harmless, and the same two with other
    content are refused (`event_conflict`). Pages need no key: they report plays of at least five seconds, with the
    ticket of their visit, which are judged by what the request shows. A service key (`events:write`) may also bring
    in clicks, views and unfurls that the service saw itself, and what happened at another time than now.
    """
    committed = await receiving.receive(request, session)
    return Response(committed.model_dump_json(), media_type="application/json")


@router.post("/visits", status_code=201)
@unpaced("The event log, by day and for so long as is set; who visits too often is counted apart.")
async def begin_visit(body: NewVisit, request: Request, caller: MaybeCaller, session: DbSession) -> VisitOut:
    """Say that a player shows a moment to this visitor; the answer is the ticket with which its play is reported.

    Landing pages and embeds carry one already (`visit` of `<gs-moment>`). It holds for this share or moment and this
    browser at this address, in this hour and the next, and brings one event of a kind.
    """
    if (body.share is None) == (body.moment is None):
        raise Invalid("Name the share or the moment.")
    try:
        where = await _shown(session, request, body, Audience.of(caller, request))
    except (MomentUnknown, LinkForged, LinkUnknown):  # what is somebody's own is no more there than what is not
        raise ReferenceUnknown(
            f"There is no {'share' if body.share else 'moment'} {body.share or body.moment}."
        ) from None
    begun = await visit(request, where, "view", caller)
    assert begun is not None
    return VisitOut(visit=begun.ticket)


async def _shown(session: AsyncSession, request: Request, body: NewVisit, audience: Audience) -> EventPlace:
    """Where ``body`` says that a visit is, when ``audience`` may see it now.

    Raises:
        Problem: they may not; the refusal says why, as it does where the moment itself is asked for.
    """
    if body.share is not None:
        found = await resolve(session, services_of(request).settings, body.share, audience)
        return place(found.share.id, found.moment.id, found.title.id, found.share.channel)
    assert body.moment is not None
    moment, title = await CodeDoor(body.moment).open(session, audience)
    return place(None, moment.id, title.id)
