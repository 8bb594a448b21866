"""Stopping the weekly report from the mail itself: with one click, for whoever holds the mail, signed in or not.

The address is the mail's own and signed. Opening it changes nothing, since programs open what stands in mails; a POST
stops it (RFC 8058).
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from groundswell.insights import weekly_mail
from groundswell.platform.change_pace import unpaced
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page

router = APIRouter(prefix="/mail/weekly", route_class=PageRoute)
Token = Annotated[str, Path(max_length=100)]


@router.get("/{viewer_id}/{token}")
async def ask(request: Request, viewer_id: UUID, token: Token) -> Response:
    """Whether to stop it."""
    _check(request, viewer_id, token)
    return page(request, "console/loop/weekly_stop.html", caller=None, stopped=False)


@router.post("/{viewer_id}/{token}")
@unpaced("Makes no rows; the address is signed.")
async def stop(request: Request, session: DbSession, viewer_id: UUID, token: Token) -> Response:
    """Mail it no longer."""
    _check(request, viewer_id, token)
    await weekly_mail.unsubscribe(session, viewer_id)
    return page(request, "console/loop/weekly_stop.html", caller=None, stopped=True)


def _check(request: Request, viewer_id: UUID, token: str) -> None:
    if not weekly_mail.stops(services_of(request).settings, viewer_id, token):
        raise NotFound("No mail of ours has this address.")
