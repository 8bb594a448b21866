"""Views that people saved: an address of the console under a name, for everybody who may open it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from groundswell.accounts.tables import Viewer
from groundswell.insights.tables import SavedView
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute, see_other
from .console_conversions import Marketer

router = APIRouter(prefix="/console/views", route_class=ConsoleRoute)


class ViewInvalid(Problem):
    status, code, title = 422, "view_invalid", "A view has a name of at most 80 letters and an address of the console."


@router.get("")
async def list_views(request: Request, session: DbSession, caller: Marketer) -> Response:
    """All saved views, by name."""
    query = select(SavedView, Viewer.name).join(Viewer, Viewer.id == SavedView.made_by).order_by(SavedView.name)
    rows = (await session.execute(query)).all()
    return page(request, "console/views.html", caller=caller, rows=rows)


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
    row = {"id": uuid7(), "name": name, "address": address, "made_by": caller.id}
    again = {"address": address, "made_by": caller.id}
    await session.execute(insert(SavedView).values(row).on_conflict_do_update(index_elements=["name"], set_=again))
    return see_other("/console/views")


@router.post("/{view_id}/delete")
async def forget_view(session: DbSession, caller: Marketer, view_id: UUID) -> Response:
    """Forget a view; the page that it led to stays."""
    await session.execute(delete(SavedView).where(SavedView.id == view_id))
    return see_other("/console/views")
