"""The audit log: who did what, the newest first; whether it is whole; and all of it as a file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from groundswell.accounts.access import Caller
from groundswell.accounts.audit import ChainBroken, entries, exported, page_of, verify_all
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.templating import page

from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/audit", route_class=ConsoleRoute)
Auditor = Annotated[Caller, Depends(staff_page("audit.read"))]

PAGE = 50


@router.get("")
async def read(
    request: Request,
    session: DbSession,
    caller: Auditor,
    before: Annotated[int | None, Query(ge=1)] = None,
    actor: Annotated[str, Query(max_length=100)] = "",
    verify: bool = False,
) -> Response:
    """A page of the log; with ``verify``, the whole chain is gone through first."""
    rows = await page_of(session, PAGE, before, actor or None)
    older = rows[-1].seq if len(rows) == PAGE else None
    checked: dict[str, Any] | None = await _checked(session) if verify else None
    shown: dict[str, Any] = {"entries": rows, "older": older, "actor": actor, "checked": checked}
    return page(request, "console/audit.html", caller=caller, **shown)


async def _checked(session: DbSession) -> dict[str, Any]:
    try:
        count, head = await verify_all(session)
    except ChainBroken as broken:
        return {"broken": str(broken)}
    return {"broken": None, "count": count, "head": head.hex()}


@router.get("/audit.jsonl")
async def download(request: Request, caller: Auditor) -> Response:
    """All of it, one JSON document a line; ``groundswell audit verify FILE`` goes through the chain."""
    database = services_of(request).database

    async def lines() -> AsyncIterator[str]:
        async with database.snapshot() as session:
            async for row in entries(session):
                yield exported(row) + "\n"

    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), headers=headers, media_type="application/x-ndjson")
