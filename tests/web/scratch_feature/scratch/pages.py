"""The page of notes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller
from groundswell.platform.routing import DbSession
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.templating import page

from .notes import newest_notes

Moderator = Annotated[Caller, Depends(staff_page("reports.handle"))]
router = APIRouter(prefix="/console/notes", route_class=ConsoleRoute)


@router.get("")
async def notes(
    request: Request, session: DbSession, caller: Annotated[Caller, Depends(staff_page("reports.handle"))]
) -> Response:
    """The newest notes."""
    return page(request, "scratch/notes.html", caller=caller, notes=await newest_notes(session))
