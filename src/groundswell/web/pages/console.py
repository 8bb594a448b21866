"""The console: what all its pages share, and its front door."""

import csv
import io
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from groundswell.accounts.access import Caller, RoleMissing
from groundswell.shares.channels import CHANNELS
from groundswell.web.templating import page

from .people import Member
from .route import PageRoute

ROOMS = {
    "marketer": ("/console/loop", "Loop", "What shares bring: clicks, plays, sign-ups, subscriptions."),
    "rights": ("/console/rights", "Rights", "What may be clipped of each title, and how much."),
    "trust": ("/console/trust", "Trust", "Reports from viewers, moments taken down, decisions."),
    "finance": ("/console/finance", "Finance", "Pools, statements, payouts and the ledger behind them."),
}
"""Each staff role's page: address, name, what it is for."""


class ConsoleRoute(PageRoute):
    """A console page: its refusals look like the console."""

    refused: ClassVar[str] = "console/refused.html"


def staff_page(*roles: str) -> Callable[[Request, Caller], Coroutine[Any, Any, Caller]]:
    """A dependency: somebody with one of ``roles``; the page that refuses others knows who they are."""

    async def require(request: Request, caller: Member) -> Caller:
        request.state.caller = caller
        if not caller.roles & {*roles, "admin"}:
            raise RoleMissing(f"This page is for people with the role {' or '.join(roles)}.")
        return caller

    return require


router = APIRouter(prefix="/console", route_class=ConsoleRoute)


def rooms_of(caller: Caller) -> list[tuple[str, str, str]]:
    """The console pages that a person's roles open."""
    return [room for role, room in ROOMS.items() if caller.roles & {role, "admin"}]


@router.get("")
async def front_door(request: Request, caller: Member) -> Response:
    """Somebody with one role goes straight to their page; others choose."""
    rooms = rooms_of(caller)
    if len(rooms) == 1:
        return RedirectResponse(rooms[0][0], 303)
    return page(request, "console/index.html", caller=caller, rooms=rooms)


def channel_name(name: str) -> str:
    """What a channel is called on pages."""
    return CHANNELS[name].label if name in CHANNELS else name


def see_other(address: str) -> Response:
    """After a form was saved: show the page anew, so that reloading it saves nothing twice."""
    return RedirectResponse(address, 303)


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV file to download. Text that a spreadsheet would run as a formula is quoted away."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_inert(value) for value in row] for row in rows)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.getvalue(), headers=disposition, media_type="text/csv; charset=utf-8")


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
