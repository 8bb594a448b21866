"""Shared by the tests of notifications: who does what, and what an inbox says then."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, update

from groundswell.accounts.tables import Viewer
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.events.places import Shared, make_shared, viewer
from tests.support import App

AT_US = 75_000_000


async def world(app: App, *more: str) -> Shared:
    """A moment of noor's, and people whose accounts are no longer new."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    async with app.runtime.database.transaction() as session:
        for subject in ("ada", "ben", "noor", *more):
            await viewer(session, subject)
        await session.flush()
        await session.execute(update(Viewer).values(created_at=utc_now() - timedelta(days=30)))
    return shared


async def id_of(app: App, subject: str) -> UUID:
    async with app.runtime.database.transaction() as session:
        return (await session.scalars(select(Viewer.id).filter_by(subject=subject))).one()


async def handle_of(app: App, subject: str) -> str:
    async with app.runtime.database.transaction() as session:
        return (await session.scalars(select(Viewer.handle).filter_by(subject=subject))).one()


async def call(app: App, method: str, path: str, who: str, *roles: str, **body: Any) -> httpx.Response:
    return await app.http.request(method, path, headers=app.signed_in(who, *roles), **({"json": body} if body else {}))


async def say(app: App, shared: Shared, who: str, text: str, **body: Any) -> dict[str, Any]:
    path = f"/v1/moments/{shared.moment.code}/comments"
    answer = await app.http.post(path, json={"text": text, "at_us": AT_US} | body, headers=app.signed_in(who))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def inbox(app: App, who: str, **params: Any) -> dict[str, Any]:
    answer = await app.http.get("/v1/notifications", params=params, headers=app.signed_in(who))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def texts(app: App, who: str) -> list[str]:
    return [each["text"] for each in (await inbox(app, who))["items"]]


async def read_all(app: App, who: str) -> None:
    answer = await call(app, "POST", "/v1/notifications/read", who, all=True)
    assert answer.json() == {"unread": 0}, answer.text


async def play(app: App, shared: Shared, many: int) -> list[Event]:
    """Plays of the moment by as many people."""
    events = [
        Event(
            kind="play", at=utc_now(), id=uuid7(), moment_id=shared.moment.id, title_id=shared.title.id,
            visitor=f"v{uuid7().hex}", verdict="human", verdict_reason="nothing_says_otherwise", verdict_rule="test",
        )
        for _ in range(many)
    ]  # fmt: skip
    async with app.runtime.database.transaction() as session:
        await record(session, *events)
    return events
