"""Who becomes a creator: the queue of applications, decided with a reason, and the terms that all accept."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import ValidationError

from groundswell.accounts.access import Caller
from groundswell.creators import applications, terms
from groundswell.creators.levels import RULES
from groundswell.creators.schemas import NewTerms
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.forms import parse_reason
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/console/creators", route_class=ConsoleRoute)

Managers = Annotated[Caller, Depends(staff_page("creators.manage"))]

PAGE = 50
SAID = {"accepted": "They are a creator now.", "refused": "They read why not.", "published": "The terms are published."}


@router.get("")
async def list_applications(
    request: Request, session: DbSession, caller: Managers, cursor: str | None = None, saved: str | None = None
) -> Response:
    """Applications that wait, the oldest first; the terms, and the form that publishes their next version."""
    rows = await applications.queue(session, "waiting", PAGE, decode_cursor(cursor))
    return page(
        request,
        "console/loop/creators.html",
        caller=caller,
        rows=rows,
        next=next_cursor(rows, PAGE),
        terms=await terms.current(session),
        entry=services_of(request).settings.creator_entry,
        rules=RULES,
        saved=SAID.get(saved or ""),
    )


@router.post("/terms")
async def publish_terms(session: DbSession, caller: Managers, body: Annotated[str, Form()] = "") -> Response:
    """Publish the next version of the terms."""
    try:
        new = NewTerms(body=body.replace("\r\n", "\n"))
    except ValidationError:
        raise Invalid("Terms have 10 to 50,000 characters.") from None
    await terms.publish(session, new.body, caller.actor)
    return see_other("/console/creators?saved=published")


@router.post("/{application_id}/decide")
async def decide(
    application_id: UUID,
    session: DbSession,
    caller: Managers,
    accepted: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Make a creator of whoever applied, or refuse it; they read the reason."""
    row = await applications.decide(session, application_id, accepted == "yes", parse_reason(reason), caller.actor)
    return see_other(f"/console/creators?saved={row.status}")
