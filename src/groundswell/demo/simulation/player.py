"""Plays a world to a service through its public API: links are followed, shares made, conversions reported."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from groundswell.platform.clock import utc_now

from .world import Action, World

PRICE = {"minor": 999, "currency": "EUR"}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.0 Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"
PREVIEWER = "WhatsApp/2.24.20.89 A"
TICKET = re.compile(r'<gs-moment\s[^>]*\bvisit="([^"]+)"')
WATCHED_S = 5.1
TOGETHER = 500


class ServiceRefused(RuntimeError):
    """The service refused what the simulated audience did; nothing of this is meant to be refused."""


@dataclass
class Player:
    """One run against one service.

    Args:
        http: a client of the service; redirects are not followed.
        token: makes the token of a viewer, as the service's identity provider would.
        key: a service key with ``conversions:write`` and ``events:write``.
        moment: the code of the moment that is shared.
        rate: actions a second at most; 0 is as fast as answers come.
    """

    http: httpx.AsyncClient
    token: Callable[[str], str]
    key: str
    moment: str
    rate: float = 0
    _links: dict[int, str] = field(default_factory=dict)
    _touches: dict[str, str] = field(default_factory=dict)
    _tickets: dict[tuple[str, int], str] = field(default_factory=dict)
    _watching: set["asyncio.Task[None]"] = field(default_factory=set)

    async def play(self, world: World, on_action: Callable[[int], None] = lambda done: None) -> None:
        """Do all that happens in ``world``, in order.

        Raises:
            ServiceRefused.
        """
        begin = time.monotonic()
        for done, action in enumerate(world.actions(), 1):
            await self._do(action)
            on_action(done)
            if self.rate:
                await asyncio.sleep(max(0.0, begin + done / self.rate - time.monotonic()))
        await asyncio.gather(*self._watching)

    async def experiment(self, world: World, experiment: str, units: int) -> None:
        """Run a holdout: ask for each unit's arm, and let it subscribe as the world says it then does."""
        told = list(world.experiment(units))
        for begin in range(0, len(told), TOGETHER):
            some = told[begin : begin + TOGETHER]
            body = {"exposures": [{"unit": unit} for unit, _, _ in some]}
            answer = await self._post(f"/v1/experiments/{experiment}/exposures", body, self._service())
            for (unit, anyway, reached), arm in zip(some, answer["arms"], strict=True):
                await self._tell(world, unit, arm == "treatment", anyway, reached)

    async def _tell(self, world: World, unit: str, treated: bool, anyway: bool, reached: bool) -> None:
        subscribes = anyway or (treated and reached)
        if treated:
            world.truth.treatment_units += 1
            world.truth.treatment_conversions += subscribes
        else:
            world.truth.control_units += 1
            world.truth.control_conversions += subscribes
        if subscribes:
            await self._convert("sign_up", unit)
            await self._convert("subscription", unit)

    async def _do(self, action: Action) -> None:
        if action.kind == "share":
            await self._share(action)
        elif action.kind in ("click", "unfurl"):
            await self._visit(action)
        elif action.kind == "play":
            watching = asyncio.create_task(self._watch(action.person, _share(action)))
            self._watching.add(watching)
            watching.add_done_callback(self._watching.discard)
        else:
            await self._convert(action.kind, action.person)

    async def _share(self, action: Action) -> None:
        parent = None if action.parent is None else self._links[action.parent]
        body = {"moment": self.moment, "channel": action.channel, "parent": parent}
        headers = {"Authorization": f"Bearer {self.token(action.person)}"}
        answer = await self._post("/v1/shares", body, headers)
        self._links[_share(action)] = answer["token"]

    async def _visit(self, action: Action) -> None:
        """Follow the link; what the service passes on to the title names the visit."""
        link = self._links[_share(action)]
        if action.kind == "unfurl":
            await self._get(f"/s/{link}", {"User-Agent": PREVIEWER})
            return
        if action.robot:
            await self._get(f"/s/{link}/go", {"User-Agent": CRAWLER})
            return
        browser = self._browser(action.person)
        landed = await self._get(f"/s/{link}", browser)
        if ticket := TICKET.search(landed.text):
            self._tickets[action.person, _share(action)] = ticket[1]
        answer = await self._get(f"/s/{link}/go?from=landing", browser)
        passed_on = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("gs")
        if passed_on:
            self._touches[action.person] = passed_on[0]

    async def _watch(self, person: str, share: int) -> None:
        """Watch for as long as a play takes to count, and report it as the page's player does."""
        await asyncio.sleep(WATCHED_S)
        event: dict[str, Any] = {"kind": "play", "share": self._links[share], "visit": self._tickets[person, share]}
        event |= {"watched_ms": int(1000 * WATCHED_S)}
        await self._post("/v1/events", {"events": [event]}, self._browser(person))

    async def _convert(self, kind: str, person: str) -> None:
        body: dict[str, Any] = {"id": f"{person}-{kind}", "kind": kind, "viewer": person, "at": utc_now().isoformat()}
        if kind == "subscription":
            body["amount"] = PRICE
        if kind == "sign_up" and person in self._touches:
            body["touch"] = self._touches[person]
        await self._post("/v1/conversions", body, self._service())

    def _service(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def _browser(self, person: str) -> dict[str, str]:
        """A browser of the person's own, at an address of their own: no two have the same, as few have in life. (A
        service trusts what the machine it runs on says about addresses, as it would its proxy.)"""
        number = sum(ord(letter) * 31**place for place, letter in enumerate(person)) % 9_000_000
        address = ".".join(map(str, (10, number >> 16 & 255, number >> 8 & 255, number & 255)))
        return {"User-Agent": BROWSER.format(120 + number % 20, number), "X-Forwarded-For": address}

    async def _get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        self.http.cookies.clear()
        return _accepted(await self.http.get(path, headers=headers))

    async def _post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        self.http.cookies.clear()
        answer: dict[str, Any] = _accepted(await self.http.post(path, json=body, headers=headers)).json()
        return answer


def _share(action: Action) -> int:
    assert action.share is not None
    return action.share


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        raise ServiceRefused(f"{answer.request.method} {answer.request.url.path}: {answer.text[:300]}")
    return answer


def write_truth(world: World, path: Path) -> None:
    """Write what truly happened, and by which plan, as JSON."""
    told = {"plan": asdict(world.plan), "truth": asdict(world.truth) | {"k": world.truth.k}}
    path.write_text(json.dumps(told, indent=2) + "\n")
