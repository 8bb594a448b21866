"""Whatever is sent to the API, by whomever, it answers by its own description: never with an error of ours.

Requests are made from the OpenAPI document by schemathesis: as it describes them, with the names of things that exist
in a world that has everything, sent by everybody who may ask; and as it does not, sent by who may most. What requests
make is named in later ones. ``GROUNDSWELL_FUZZ=20`` makes twenty times as many.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from groundswell.events.lake.sealer import seal_now
from groundswell.moments.media import media_api
from tests.api.test_contract import Posts
from tests.earnings.world import closed_month
from tests.support import App

TIMES = int(os.environ.get("GROUNDSWELL_FUZZ", "1"))
HOLDS = ["content_type_conformance", "response_schema_conformance", "status_code_conformance"]
MEANT = {(503, "rendering"), (501, "format_unsupported")}
"""A clip that is being made, and oEmbed as XML, as oEmbed itself demands."""
ORDER = ("get", "put", "patch", "post", "delete")
ENDLESS = {"/v1/notifications/stream"}
"""What is told as long as somebody listens (``tests/notifications/test_inbox.py``)."""
TAKES_AWAY = {"/v1/decisions", "/v1/moments/delete", "/v1/viewers/{subject}"}
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


def generated(operation: Any, mode: GenerationMode, count: int) -> list[Case]:
    """So many requests for an operation, the same ones every time."""
    cases: list[Case] = []

    @settings(
        max_examples=count, phases=[Phase.generate], derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def keep(case: Case) -> None:
        cases.append(case)

    with suppress(Unsatisfiable):  # nothing can be said that it does not describe
        keep()
    return cases[:count]


def has_form(operation: Any) -> bool:
    """Whether something can be sent to an operation that its description does not allow."""
    parameters = operation.definition.raw.get("parameters", [])
    kinds = {each.get("schema", {}).get("type", "several") for each in parameters if each["name"] != "Idempotency-Key"}
    return "requestBody" in operation.definition.raw or bool(kinds - {"string"})


def operations(app: App) -> Iterator[Any]:
    """Those of the API: reading before changing, and last what takes things away."""
    schema = schemathesis.openapi.from_dict(app.asgi.openapi())
    found = [each for one in schema.get_all_operations() if (each := one.ok()).path not in ENDLESS]
    yield from sorted(found, key=lambda each: (ORDER.index(each.method), each.path in TAKES_AWAY))


class Fuzz:
    """Sends requests, and keeps what was answered otherwise than described."""

    def __init__(self, app: App, world: World) -> None:
        load_all_checks()
        self.app, self.world = app, world
        self.checks = CHECKS.get_by_names(HOLDS)
        self.wrong: list[str] = []
        self.statuses: defaultdict[str, set[int]] = defaultdict(set)

    def name_what_exists(self, case: Case, turn: int) -> None:
        path = case.operation.path
        for part in (case.path_parameters, case.query):
            for name in list(part or ()):
                if (real := self.world.pick(path, name, turn)) is not None:
                    part[name] = real
                elif part is case.query and (name == "cursor" or turn % 2 == 0):
                    del part[name]
        case.body = self.world.filled(path, case.body, turn)

    async def send(self, case: Case, who: str, headers: dict[str, str], turn: int | None = None) -> None:
        """Send ``case`` as somebody; with a ``turn``, with the names of things that exist, at each turn others, and at
        even ones with nothing else in its query."""
        if turn is not None:
            self.name_what_exists(case, turn)
        asked = {
            key: value for key, value in case.as_transport_kwargs(base_url="http://test").items() if value is not None
        }
        asked.pop("cookies", None)
        asked["headers"] = {**(asked.get("headers") or {}), **headers}
        answer = await self.app.http.request(**asked)
        self.world.learn(case.operation.path, answer)
        self.statuses[case.operation.label].add(answer.status_code)
        if answer.status_code >= 500 and (answer.status_code, answer.json().get("code")) in MEANT:
            return
        try:
            assert answer.status_code < 500, answer.text
            case.validate_response(answer, checks=self.checks)
        except (AssertionError, schemathesis.errors.SchemathesisError) as error:
            self.wrong.append(f"{case.operation.label} as {who}: {error}"[:1500])
        except BaseExceptionGroup as errors:
            self.wrong.append(f"{case.operation.label} as {who}: {errors.exceptions}"[:1500])


@pytest.mark.slow
@pytest.mark.timeout(900 * TIMES)
async def test_everybody_is_answered_as_described(app: App, world: World, people: dict[str, dict[str, str]]) -> None:
    fuzz = Fuzz(app, world)
    all_of_it = list(operations(app))
    for operation in all_of_it:
        for case in generated(operation, GenerationMode.POSITIVE, TIMES):
            for turn, (who, headers) in enumerate(people.items()):
                await fuzz.send(case, who, headers, turn)
        for case in generated(operation, GenerationMode.NEGATIVE, TIMES) if has_form(operation) else []:
            await fuzz.send(case, "a key", people["a key"])
            await fuzz.send(case, "admin", people["admin"])
    for operation in all_of_it:  # and once more, of what was made, changed and deleted meanwhile
        if operation.method == "get":
            for case in generated(operation, GenerationMode.POSITIVE, 1):
                await fuzz.send(case, "a viewer", people["a viewer"], 0)
                await fuzz.send(case, "admin", people["admin"], MOST - 1)
    assert fuzz.wrong == [], "\n\n".join(fuzz.wrong)
    done = world.done | {label for label, statuses in fuzz.statuses.items() if min(statuses) < 300}
    assert len(done) > 0.8 * len(fuzz.statuses), sorted(fuzz.statuses.keys() - done)
