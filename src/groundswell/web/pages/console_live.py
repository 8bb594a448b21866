"""What is happening now: events as they are committed, by server-sent events; all browsers share one reading."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import func, select

from groundswell.catalog.tables import Title
from groundswell.events.tables import LoggedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.routing import DbSession
from groundswell.platform.runtime import Runtime
from groundswell.web.templating import page

from .console import ConsoleRoute, channel_name
from .console_conversions import KINDS, Marketer

router = APIRouter(prefix="/console/live", route_class=ConsoleRoute)

EVERY_S = 1.0
NEWEST = 30
MINUTES = 60


@router.get("")
async def live(request: Request, session: DbSession, caller: Marketer) -> Response:
    """The last hour by minute, and the newest events; a script keeps both going."""
    now = utc_now()
    return page(request, "console/live.html", caller=caller, **await snapshot(session, now), kinds=KINDS)


async def snapshot(session: Any, now: datetime) -> dict[str, Any]:
    """The counts of the last hour by minute and kind, and the newest events, newest first."""
    minute = func.date_trunc("minute", LoggedEvent.received_at)
    since = (now - timedelta(minutes=MINUTES - 1)).replace(second=0, microsecond=0)
    recently = LoggedEvent.received_at >= since, LoggedEvent.at >= since - timedelta(days=1)
    counted = await session.execute(
        select(minute, LoggedEvent.kind, func.count())
        .where(*recently, LoggedEvent.verdict.is_distinct_from("robot"))
        .group_by(minute, LoggedEvent.kind)
    )
    by_minute: dict[datetime, dict[str, int]] = {since + timedelta(minutes=n): {} for n in range(MINUTES)}
    for at, kind, count in counted:
        by_minute.setdefault(at, {})[kind] = count
    query = select(LoggedEvent, Title.name).outerjoin(Title, Title.id == LoggedEvent.title_id).where(*recently)
    rows = await session.execute(query.order_by(LoggedEvent.received_at.desc(), LoggedEvent.id.desc()).limit(NEWEST))
    return {"minutes": sorted(by_minute.items()), "newest": [told(event, title) for event, title in rows], "now": now}


def told(event: LoggedEvent, title: str | None) -> dict[str, Any]:
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
    return StreamingResponse(messages(request), headers=headers, media_type="text/event-stream")


async def messages(request: Request) -> AsyncIterator[str]:
    """A message whenever something has changed, a comment otherwise, until the browser leaves."""
    told_before = ""
    yield "retry: 2000\n\n"
    async with aclosing(_readings(request.app.state)) as readings:
        async for reading in readings:
            if await request.is_disconnected():
                return
            if reading == told_before:
                yield ": nothing new\n\n"
            else:
                yield f"data: {reading}\n\n"
            told_before = reading


async def _readings(state: Any) -> AsyncGenerator[str]:
    """What there is to show, every second. One task of the process reads it for however many look."""
    while True:
        newest: tuple[float, str] = getattr(state, "live_reading", (0.0, ""))
        if asyncio.get_running_loop().time() - newest[0] > EVERY_S * 0.9:
            state.live_reading = (asyncio.get_running_loop().time(), newest[1])  # others need not ask as well
            reading = await _read(state.runtime)
            state.live_reading = newest = (asyncio.get_running_loop().time(), reading)
        if newest[1]:
            yield newest[1]
        await asyncio.sleep(EVERY_S)


async def _read(runtime: Runtime) -> str:
    async with runtime.database.transaction() as session:
        found = await snapshot(session, utc_now())
    minutes = [[at.isoformat(), counts] for at, counts in found["minutes"]]
    return json.dumps({"minutes": minutes, "newest": found["newest"]}, separators=(",", ":"))
