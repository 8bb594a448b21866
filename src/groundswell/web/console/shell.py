"""The console: what all its pages share, and its front door."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, require_power, with_power
from groundswell.events.lake.lag import lake_lag
from groundswell.platform.routing import DbSession
from groundswell.web.navigation import navigation
from groundswell.web.page_auth import Member, staff_sign_in_path
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page

from .filters import refuse_unknown
from .reader_zone import ReaderZone


class ConsoleRoute(PageRoute):
    """A console page: its refusals look like the console."""

    refused: ClassVar[str] = "console/refused.html"

    @staticmethod
    def sign_in_at(request: Request) -> str:
        return staff_sign_in_path(request)


def staff_page(power: str) -> Callable[[Request, Caller, AsyncSession, str], Coroutine[Any, Any, Caller]]:
    """A dependency: somebody who has ``power`` (``accounts.powers``); the page that refuses others knows who it is."""

    async def require(request: Request, caller: Member, session: DbSession, zone: ReaderZone) -> Caller:
        request.state.caller = caller
        allowed = require_power(request, caller, power)
        refuse_unknown(request)
        request.state.lake_lag = await lake_lag(session)
        return allowed

    return with_power(require, power)


router = APIRouter(prefix="/console", route_class=ConsoleRoute)


@router.get("")
async def front_door(request: Request, caller: Member, zone: ReaderZone) -> Response:
    """Somebody with one role goes straight to their page; others choose."""
    sections = navigation().open_to(caller.roles)
    if len(sections) == 1:
        return RedirectResponse(sections[0].path, 303)
    return page(request, "console/index.html", caller=caller, sections=sections)
