"""Views that people saved: an address of the console under a name, which only its owner changes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from groundswell.insights import saved_views
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .evidence.conversion import Marketer
from .shell import ConsoleRoute

router = APIRouter(prefix="/console/views", route_class=ConsoleRoute)


class ViewInvalid(Problem):
    status, code, title = 422, "view_invalid", "A view has a name of at most 80 letters and an address of the console."


class ViewOfAnother(Problem):
    status, code, title = 403, "view_of_another", "This view is another person's; only they can forget it."


@router.get("")
async def list_views(request: Request, session: DbSession, caller: Marketer) -> Response:
    """All saved views, by name."""
    rows = await saved_views.saved_views(session)
    return page(request, "console/saved_views.html", caller=caller, rows=rows)


@router.post("")
async def save_view(
    session: DbSession,
    caller: Marketer,
    name: Annotated[str, Form(max_length=200)],
    address: Annotated[str, Form(max_length=4000)],
) -> Response:
    """Keep an address under a name; the same name again names the new address."""
    name = " ".join(name.replace("\0", "").split())
    inside = address.startswith("/console/") and not address.startswith("//") and address.isprintable()
    if not name or len(name) > 80 or len(address) > 2000 or not inside:
        raise ViewInvalid()
    await saved_views.save_view(session, name, address, caller.id)
    return see_other("/console/views")


@router.post("/{view_id}/delete")
async def forget_view(session: DbSession, caller: Marketer, view_id: UUID) -> Response:
    """Forget a view of one's own; the page that it led to stays."""
    if not await saved_views.forget_view(session, view_id, caller.id):
        raise ViewOfAnother()
    return see_other("/console/views")
