"""What requests that schemathesis makes are asked of: a world that has everything, and everybody who may ask.

``test_fuzz`` tries each operation by itself, ``walks`` what one answers with in others.
"""

from collections import defaultdict
from collections.abc import Container
from pathlib import PurePosixPath
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks

from groundswell.events.lake.sealer import seal_now
from groundswell.moments.media import media_api
from tests.api.test_contract import Posts
from tests.earnings.world import closed_month
from tests.support import App

HOLDS = ["content_type_conformance", "response_schema_conformance", "status_code_conformance"]
MEANT = {(503, "rendering"), (501, "format_unsupported")}
"""A clip that is being made, and oEmbed as XML, as oEmbed itself demands."""
ENDLESS = {"/v1/notifications/stream"}
"""What is told as long as somebody listens (``tests/notifications/test_inbox.py``)."""
MOST = 6
"""Things of one kind that are known by name."""

MADE = {
    "/v1/moments": ("id", "moment"),
    "/v1/shares": ("id", "share"),
    "/v1/reminders": ("id", "reminder"),
    "/v1/reports": ("id", "report_id"),
    "/v1/decisions": ("id", "decision_id"),
    "/v1/rights": ("id", "rule_id"),
    "/v1/cases": ("id", "case_id"),
    "/v1/cases/{case_id}/steps": ("id", "step_id"),
    "/v1/creators": ("handle", "handle"),
    "/v1/experiments": ("key", "experiment"),
    "/v1/campaigns": ("key", "campaign"),
    "/v1/creators/me/campaigns/{key}/submissions": ("id", "submission_id"),
    "/v1/pools": ("id", "pool_id"),
    "/v1/pools/{pool_id}/statements": ("id", "statement_id"),
    "/v1/payouts": ("id", "payout_id"),
    "/v1/ledger/postings": ("id", "posting_id"),
    "/v1/reports/conversions": ("id", "conversion_id"),
    "/v1/discover": ("id", "scene"),
    "/v1/trend-alerts": ("id", "alert"),
    "/v1/moments/{moment}/comments": ("id", "comment"),
    "/v1/collections": ("code", "collection"),
    "/v1/reviews": ("id", "review"),
    "/v1/me/decisions": ("id", "decision"),
    "/v1/appeals": ("id", "appeal"),
    "/v1/counter-notices": ("id", "notice"),
    "/v1/saved-replies": ("id", "reply"),
    "/v1/creator-applications": ("id", "application_id"),
    "/v1/creators/me/channels": ("id", "channel_id"),
    "/v1/shortlist": ("viewer_id", "viewer_id"),
    "/v1/payout-runs": ("id", "run_id"),
    "/v1/payout-runs/{run_id}/lines": ("id", "line_id"),
    "/v1/bank-exceptions": ("id", "line_id"),
    "/v1/notifications/push-subscriptions": ("id", "subscription"),
    "/v1/webhooks": ("id", "webhook"),
    "/v1/webhooks/{webhook}/deliveries": ("id", "delivery"),
}
"""What an answer names, by the path that gave it: the member, and whose name it is then."""

NAMES = {
    "title": "title", "series": "title", "moment": "moment", "moments": "moment", "code": "code", "share": "share",
    "parent": "token", "token": "token", "statement": "statement_id", "handle": "handle", "creators": "handle",
    "viewers": "viewer_id",
    "titles": "title", "viewer": "subject", "owner": "handle", "subject": "subject", "profile": "profile", "url": "url",
    "period": "period", "version": "version", "name": "piece", "window": "window",
}  # fmt: skip
"""By which parameters and members something that exists is named; other parameters are names themselves."""

OWN = {"id", "key", "handle", "code"}
"""What a body names that is to be made."""

Case = Any


@schemathesis.serializer("application/x-ndjson")
def ndjson(context: Any, value: Any) -> bytes:
    """Lines are sent as they are."""
    return str(value).encode(errors="replace")


class World:
    """What exists, by what names it."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.known: defaultdict[str, list[Any]] = defaultdict(list)

    def add(self, name: str, value: Any) -> None:
        found = self.known[name]
        if value is not None and value not in found:
            found[MOST - 1 :] = [value]  # the first of them stay, the last is the newest

    def learn(self, path: str, answer: httpx.Response) -> None:
        """Remember what a good answer names."""
        kind = answer.headers.get("content-type", "")
        if not answer.is_success or not kind.startswith("application/json") or not answer.content:
            return
        said = answer.json()
        member, name = MADE.get(path, ("", ""))
        items = said.get("items", [said]) if isinstance(said, dict) else []
        for item in items if member else []:
            self.add(name, item.get(member))
            for other in ("code", "token"):
                self.add(other, item.get(other))
        if isinstance(said, dict):
            self.add(f"cursor {path}", said.get("next"))
            if "/windows/" in str(said.get("url")):
                self.add("window", PurePosixPath(said["url"]).stem)

    def pick(self, path: str, parameter: str, turn: int) -> Any:
        """Something that exists, for a parameter of an operation or a member of its body; None where none is known."""
        name = NAMES.get(parameter, parameter)
        if parameter == "key":
            name = path.rpartition("/{key}")[0].rpartition("/")[2].removesuffix("s")
        elif parameter == "cursor":
            name = f"cursor {path}"
        elif parameter == "share" and path.startswith("/v1/visits"):
            name = "token"
        found = self.known.get(name)
        return found[turn % len(found)] if found else None

    def filled(self, path: str, value: Any, turn: int) -> Any:
        """``value`` with what exists in place of what would name nothing."""
        if not isinstance(value, dict):
            return value
        filled = {}
        for member, inner in value.items():
            real = self.pick(path, member, turn) if isinstance(inner, str | list) and member not in OWN else None
            if member == "subject" and isinstance(inner, dict):
                filled[member] = inner | {"id": self.pick(path, str(inner.get("kind")), turn) or inner.get("id")}
            elif real is None:
                filled[member] = self.filled(path, inner, turn)
            else:
                filled[member] = [real] if isinstance(inner, list) else real
        return filled


@pytest.fixture
async def world(
    app: App, played: dict[str, Any], staff: dict[str, str], service: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> World:
    """One of everything, and more as requests make it."""
    app.runtime.settings.clip_rate_per_minute = app.runtime.settings.share_rate_per_minute = 10_000
    world = World()
    for name, values in {
        "title": ["numbers"],
        "moment": [played["code"]],
        "code": [played["code"]],
        "token": [played["token"]],
        "subject": ["ada", "ben"],
        "profile": ["wide", "source", "preview", "vertical"],
        "url": [f"http://test/s/{played['token']}", f"http://test/m/{played['code']}"],
        "period": [closed_month()],
    }.items():
        for value in values:
            world.add(name, value)
    await look_around(app, world, app.signed_in("ada"))
    async for path, address, body, who in Posts(app, played, staff, service):
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = await app.http.post(address or path, headers={"Content-Type": "application/json", **who}, **content)
        assert answer.is_success, (path, answer.text)
        world.done.add(f"POST {path}")
        world.learn(path, answer)
    await app.run_jobs()
    monkeypatch.setattr(media_api, "WAIT_S", 0.01)
    await seal_now(app.runtime)
    for who in (staff, service, app.signed_in("ada")):
        await look_around(app, world, who)
    return world


async def look_around(app: App, world: World, who: dict[str, str]) -> None:
    """Learn what somebody finds in the API's lists."""
    for path in MADE:
        for pool in world.known["pool_id"] if "{pool_id}" in path else [""]:
            if "{" not in path.replace("{pool_id}", ""):
                world.learn(path, await app.http.get(path.format(pool_id=pool), headers=who))


@pytest.fixture
async def people(app: App, service: dict[str, str]) -> dict[str, dict[str, str]]:
    """Everybody who may ask."""
    return {
        "a viewer": app.signed_in("ada"),
        "another viewer": app.signed_in("ben"),
        "nobody": {},
        "a child": app.as_told("kim", kids=True),
        **{role: app.signed_in(role, role) for role in ("marketer", "rights", "trust", "finance")},
        "a key that reads": await app.service_key("reports:read"),
        "a key that erases": await app.service_key("viewers:erase"),
        "admin": app.signed_in("sam", "admin"),
        "a key": service,
    }


class Fuzz:
    """Sends requests, and keeps what was answered otherwise than described."""

    def __init__(self, app: App, world: World) -> None:
        load_all_checks()
        self.app, self.world = app, world
        self.checks = CHECKS.get_by_names(HOLDS)
        self.wrong: list[str] = []
        self.statuses: defaultdict[str, set[int]] = defaultdict(set)

    def name_what_exists(self, case: Case, turn: int, linked: Container[str | None] = ()) -> None:
        path = case.operation.path
        for part in (case.path_parameters, case.query):
            for name in list(part or ()):
                if name in linked:
                    continue
                if (real := self.world.pick(path, name, turn)) is not None:
                    part[name] = real
                elif part is case.query and (name == "cursor" or turn % 2 == 0):
                    del part[name]
        if None not in linked:
            case.body = self.world.filled(path, case.body, turn)

    async def send(
        self, case: Case, who: str, headers: dict[str, str], turn: int | None = None, linked: Container[str | None] = ()
    ) -> httpx.Response:
        """Send ``case`` as somebody; with a ``turn``, with the names of things that exist, at each turn others, and at
        even ones with nothing else in its query.

        Args:
            linked: parameters that name something already; None among them: so does the body.
        """
        if turn is not None:
            self.name_what_exists(case, turn, linked)
        asked = {
            key: value for key, value in case.as_transport_kwargs(base_url="http://test").items() if value is not None
        }
        asked.pop("cookies", None)
        asked["headers"] = {**(asked.get("headers") or {}), **headers}
        answer = await self.app.http.request(**asked)
        self.world.learn(case.operation.path, answer)
        self.statuses[case.operation.label].add(answer.status_code)
        if answer.status_code >= 500 and (answer.status_code, answer.json().get("code")) in MEANT:
            return answer
        try:
            assert answer.status_code < 500, answer.text
            case.validate_response(answer, checks=self.checks)
        except (AssertionError, schemathesis.errors.SchemathesisError) as error:
            self.wrong.append(f"{case.operation.label} as {who}: {error}"[:1500])
        except BaseExceptionGroup as errors:
            self.wrong.append(f"{case.operation.label} as {who}: {errors.exceptions}"[:1500])
        return answer
