"""The time zone in which the console is shown to somebody: their own, or the service's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from groundswell.accounts.access import Caller
from groundswell.accounts.preferences import choose_zone, chosen_zone
from groundswell.platform.clock import zone_name, zone_names
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/time-zone", route_class=ConsoleRoute)
Staff = Annotated[Caller, Depends(staff_page("console.use"))]


class ZoneUnknown(Problem):
    status, code, title = 422, "zone_unknown", "There is no such time zone."


@router.get("")
async def read_zone(request: Request, session: DbSession, caller: Staff) -> Response:
    """Which zone is in use, and all that there are."""
    own, ours = await chosen_zone(session, caller.id), services_of(request).settings.time_zone
    return page(request, "console/time_zone.html", caller=caller, own=own, service_zone=ours, zones=zone_names())


@router.post("")
async def choose(session: DbSession, caller: Staff, time_zone: Annotated[str, Form(max_length=80)] = "") -> Response:
    """Choose a zone for oneself; nothing typed is the service's own."""
    try:
        zone = zone_name(time_zone) if time_zone.strip() else None
    except ValueError as unknown:
        raise ZoneUnknown(str(unknown)) from None
    await choose_zone(session, caller.id, zone)
    return see_other("/console/time-zone")
