"""What is happening now: events as they are committed, by server-sent events; all browsers share one reading."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event

from groundswell.accounts.access import require_now
from groundswell.events.tables import JudgedEvent
from groundswell.insights.reports.event_rows import last_hour
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import Services, services_of
from groundswell.shares.channels import channel_name
from groundswell.web.console.evidence.conversion import KINDS, POWER, Marketer
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

router = APIRouter(prefix="/console/live", route_class=ConsoleRoute)

EVERY_S = 1.0
NEWEST = 30
CHECKED_EVERY_S = 10.0
"""How often it is looked whether whoever listens is still signed in, and may."""


@router.get("")
async def live(request: Request, session: DbSession, caller: Marketer) -> Response:
    """The last hour by minute, and the newest events; a script keeps both going."""
    now = utc_now()
    return page(request, "console/loop/live.html", caller=caller, **await snapshot(session, now), kinds=KINDS)


async def snapshot(session: Any, now: datetime) -> dict[str, Any]:
    """The counts of the last hour by minute and kind, and the newest events, newest first."""
    found = await last_hour(session, now, NEWEST)
    newest = [told(event, title) for event, title in found.newest]
    return {"minutes": sorted(found.minutes.items()), "newest": newest, "now": now}


def told(event: JudgedEvent, title: str | None) -> dict[str, Any]:
    """An event as the page shows it."""
    return {
        "id": str(event.id),
        "at": event.received_at.isoformat(),
        "what": KINDS.get(event.kind, event.kind),
        "kind": event.kind,
        "title": title or "–",
        "channel": channel_name(event.channel) if event.channel else "–",
        "territory": event.territory or "–",
        "verdict": event.verdict or "reported",
        "share": str(event.share_id) if event.share_id else None,
    }


@router.get("/stream")
async def stream(request: Request, caller: Marketer) -> Response:
    """Server-sent events: each message is the whole of what the page shows."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(messages(request), headers=headers)


async def messages(request: Request) -> AsyncIterator[bytes]:
    """A message whenever something has changed, a comment otherwise, until the browser leaves."""
    told_before, now = "", asyncio.get_running_loop().time
    checked = now()
    yield format_sse_event(retry=2000)
    async with aclosing(_readings(services_of(request))) as readings:
        async for reading in readings:
            if await request.is_disconnected():
                return
            if now() - checked > CHECKED_EVERY_S:
                if not await _may_still(request):
                    return  # the browser asks again, and is told why
                checked = now()
            if reading == told_before:
                yield format_sse_event(comment="nothing new")
            else:
                yield format_sse_event(data_str=reading)
            told_before = reading


async def _may_still(request: Request) -> bool:
    try:
        await require_now(request, POWER)
    except Problem:
        return False
    return True


@dataclass
class LiveReading:
    """The newest reading of the process, shared by however many look; ``at`` is the event loop's time."""

    at: float = 0.0
    text: str = ""


async def _readings(services: Services) -> AsyncGenerator[str]:
    """What there is to show, every second. One task of the process reads it for however many look."""
    newest, now = services.get_or_add(LiveReading, LiveReading), asyncio.get_running_loop().time
    while True:
        if now() - newest.at > EVERY_S * 0.9:
            newest.at = now()  # others need not ask as well
            newest.text = await _read(services.runtime)
            newest.at = now()
        if newest.text:
            yield newest.text
        await asyncio.sleep(EVERY_S)


async def _read(runtime: Runtime) -> str:
    async with runtime.database.transaction() as session:
        found = await snapshot(session, utc_now())
    minutes = [[at.isoformat(), counts] for at, counts in found["minutes"]]
    return json.dumps({"minutes": minutes, "newest": found["newest"]}, separators=(",", ":"))
