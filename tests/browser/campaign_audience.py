"""The people whom the creators of the campaign walk bring: those of a month that is over, and a ring of today."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx

from groundswell.accounts.keys import make_key
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.visits.touch_tokens import touch_token
from groundswell.platform.runtime import Runtime

from .conftest import ORDINARY, Lumen

PRICE_MINOR = 1_000
RING = 4
"""One account more than a family may use one browser for."""


@dataclass(frozen=True)
class Audience:
    """Who comes by a creator's link, and what the service then reports of them, over HTTP with a key of its own."""

    lumen: Lumen
    runtime: Runtime
    http: httpx.AsyncClient
    key: dict[str, str]

    async def subscribe(self, link: str, names: list[str], at: datetime) -> None:
        """Each came by the link on the day of ``at``, watched the moment, signed up, and pays."""
        for name, touch in zip(names, await self._visits(link, names, at), strict=True):
            await self._pays(name, touch, at + timedelta(minutes=20))

    async def watch(self, link: str, number: int, at: datetime) -> None:
        """So many others watched it, and nothing more."""
        ids = await self._ids(link)
        async with self.runtime.database.transaction() as session:
            await record(session, *(play(ids, f"watcher-{n}", at) for n in range(number)))

    async def refund(self, name: str, minor: int, at: datetime) -> None:
        """Somebody had so much of their money back."""
        back = {"original": f"subscription-{name}", "amount": {"minor": minor, "currency": "EUR"}}
        await self._tell("refund", name, at + timedelta(hours=1), **back)

    async def ring(self, link: str) -> None:
        """One browser follows a link again and again, each time as another account, and each account pays."""
        for number in range(RING):
            self.http.cookies.clear()
            answer = await self.http.get(f"{link}/go", headers={"User-Agent": f"{ORDINARY} Ring"})
            (touch,) = parse_qs(urlsplit(answer.headers["location"]).query)["gs"]
            await self._pays(f"ring-{number}", touch, datetime.now(UTC))

    async def _visits(self, link: str, names: list[str], at: datetime) -> list[str]:
        """Clicks and plays as the log has them; returns what each visit hands to the service."""
        ids, clicks = await self._ids(link), []
        async with self.runtime.database.transaction() as session:
            for name in names:
                clicks.append(Event(kind="click", at=at, visitor=name, verdict="human", **ids))
                await record(session, clicks[-1], play(ids, name, at + timedelta(minutes=1)))
        secret = self.lumen.settings.secret
        return [touch_token(secret, click.at, click.id) for click in clicks]

    async def _ids(self, link: str) -> dict[str, UUID]:
        code = urlsplit(link).path.rsplit("/", 1)[1]
        query = """SELECT s.id, m.id, m.title_id FROM shares s JOIN moments m ON m.id = s.moment_id
                   WHERE starts_with(%s, s.code)"""
        ((share, moment, title),) = self.lumen.rows(query, code)
        return {"share_id": share, "moment_id": moment, "title_id": title}

    async def _pays(self, name: str, touch: str, at: datetime) -> None:
        await self._tell("sign_up", name, at, touch=touch)
        await self._tell("subscription", name, at, amount={"minor": PRICE_MINOR, "currency": "EUR"})

    async def _tell(self, kind: str, name: str, at: datetime, **more: Any) -> None:
        told = {"id": f"{kind}-{name}", "kind": kind, "viewer": name, "at": at.isoformat(), **more}
        answer = await self.http.post("/v1/conversions", json=told, headers=self.key)
        assert answer.status_code == 201, answer.text


def play(ids: dict[str, UUID], visitor: str, at: datetime) -> Event:
    return Event(kind="play", at=at, visitor=visitor, verdict="human", inputs={"watched_ms": 9_000}, **ids)


async def service_key(runtime: Runtime) -> dict[str, str]:
    async with runtime.database.transaction() as session:
        return {"Authorization": f"Bearer {await make_key(session, 'billing', ['conversions:write'])}"}
