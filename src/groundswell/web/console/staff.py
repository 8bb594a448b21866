"""Who works here, as their providers last said; and ending what goes on for one of them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import Caller
from groundswell.accounts.staff_roles import end_standing, staff_members
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/staff", route_class=ConsoleRoute)
Manager = Annotated[Caller, Depends(staff_page("staff.manage"))]

MOST = 200


class StaffUnknown(NotFound):
    code, title = "staff_unknown", "Nobody who has signed in as staff is known by this number."


@router.get("")
async def read(
    request: Request, session: DbSession, caller: Manager, saved: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Everybody who has a role or had one, whoever signed in last first."""
    shown: dict[str, Any] = {"members": await staff_members(session, MOST), "most": MOST, "saved": saved}
    return page(request, "console/staff.html", caller=caller, **shown)


@router.post("/{viewer_id}/end")
async def end(session: DbSession, caller: Manager, viewer_id: UUID) -> Response:
    """End somebody's sessions and mails, and the roles of tokens issued until now."""
    if not await end_standing(session, viewer_id):
        raise StaffUnknown()
    return see_other("/console/staff?saved=ended")
