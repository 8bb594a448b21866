"""Reminders over HTTP: a viewer's own, and for the service those whom it may tell."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import SignedIn, service
from groundswell.accounts.tables import ServiceKey
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, encode_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from .reminders import Awaited, awaited_by, due, forget, remind
from .schemas import DueOut, ReminderIn, ReminderOut, ShareReason

router = APIRouter(prefix="/v1/reminders", tags=["shares"], route_class=TransactionalRoute)


@router.post("", status_code=201)
async def ask(body: ReminderIn, caller: SignedIn, session: DbSession, request: Request) -> ReminderOut:
    """Remind me when what a link leads to can be seen where I am: it is not out yet, or not in my country."""
    me = Audience.of(caller, request)
    made = await remind(session, services_of(request).settings, me, body.share)
    awaited = await awaited_by(session, services_of(request).settings, me)
    return _shown(next(each for each in awaited if each.reminder.id == made.id))


@router.get("")
async def mine(caller: SignedIn, session: DbSession, request: Request) -> list[ReminderOut]:
    """What I wait for, and whether it can be seen now."""
    awaited = await awaited_by(session, services_of(request).settings, Audience.of(caller, request))
    return [_shown(each) for each in awaited]


@router.delete("/{reminder}", status_code=204)
async def stop(reminder: UUID, caller: SignedIn, session: DbSession) -> Response:
    """Wait no more."""
    await forget(session, caller.id, reminder)
    return Response(status_code=204)


@router.get("/due")
async def due_now(
    key: Annotated[ServiceKey, Depends(service("reminders.read"))],
    session: DbSession,
    request: Request,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DueOut]:
    """Whom the service may tell, by its own mail or app, that what they wait for can be seen now. A page may hold fewer
    than asked for, also none: go on while there is a `next`."""
    found, last = await due(session, services_of(request).settings, decode_cursor(cursor), limit)
    items = [
        DueOut(id=each.reminder.id, subject=each.viewer.subject, url=each.url, title=each.title.name) for each in found
    ]
    return Page(items=items, next=None if last is None else encode_cursor(last))


def _shown(awaited: Awaited) -> ReminderOut:
    why = awaited.hindrance
    return ReminderOut(
        id=awaited.reminder.id,
        url=awaited.url,
        title=awaited.title.name,
        available=why is None,
        reason=None if why is None else ShareReason(code=why.reason(), words=why.detail),
        created_at=awaited.reminder.created_at,
    )
