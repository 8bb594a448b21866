"""Shared by tests: sending moments."""

from typing import Any

import httpx

from groundswell.moments.availability import VISITOR, Audience
from groundswell.shares.links import Resolved, resolve
from tests.support import App


async def share(app: App, subject: str | None = "ada", channel: str = "copy", **fields: Any) -> httpx.Response:
    """Ask for a share; ``subject`` None is a visitor."""
    headers = {} if subject is None else app.signed_in(subject)
    return await app.http.post("/v1/shares", json={"channel": channel, **fields}, headers=headers)


async def shared(app: App, subject: str | None = "ada", channel: str = "copy", **fields: Any) -> dict[str, Any]:
    """A share made."""
    answer = await share(app, subject, channel, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def resolved(app: App, token: str, audience: Audience = VISITOR) -> Resolved:
    async with app.runtime.database.transaction() as session:
        return await resolve(session, app.runtime.settings, token, audience)
