"""Shared by tests: plays as a page's player reports them, with the ticket of a visit some while ago."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from groundswell.events.traffic.visit_ticket import visit_ticket
from groundswell.events.traffic.visitors import Visitors, visitor_hash
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.support import App

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
WATCHED_MS = 6_000


async def ticket(
    app: App,
    *,
    share: UUID | None = None,
    moment: UUID | None = None,
    browser: str = BROWSER,
    address: str = "127.0.0.1",
    ago: timedelta = timedelta(seconds=10),
) -> str:
    """A ticket as a page that was served ``ago`` to this browser would carry it."""
    at = utc_now() - ago
    visitor = visitor_hash(await app.services.get(Visitors).prepare(at), address, browser)
    return visit_ticket(app.runtime.settings.secret, at, uuid7().bytes, share or moment, visitor)


def without_ticket(page: bytes) -> bytes:
    """A page without what each visitor has of their own."""
    return re.sub(rb'visit="[^"]{48}"', b"", page)


def played(visit: str, **fields: Any) -> dict[str, Any]:
    """The body of a report of one play."""
    return {"events": [{"kind": "play", "visit": visit, "watched_ms": WATCHED_MS, **fields}]}


async def share_played(
    app: App, token: str, share: UUID, *, browser: str = BROWSER, headers: dict[str, str] | None = None
) -> Any:
    """Report one play of a share; the answer."""
    visit = await ticket(app, share=share, browser=browser)
    return await app.http.post(
        "/v1/events", json=played(visit, share=token), headers={"User-Agent": browser} | (headers or {})
    )
