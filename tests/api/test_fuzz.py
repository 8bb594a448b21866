"""Whatever is sent to the API, it answers by its own description: never with an error of ours, never half-described.

Requests are made from the OpenAPI document by schemathesis, good and bad ones; half of them name things that exist.
"""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from tests.support import App

EXAMPLES = 8
HOLDS = ["content_type_conformance", "response_schema_conformance"]
MEANT = {"rendering", "format_unsupported"}
"""What may be answered with 503 and 501: a clip that is being made, and oEmbed as XML, as oEmbed itself demands."""
ENDLESS = {"/v1/moments/{moment}/progress"}
"""Streams that end when their work is done: there is nobody here who does it."""


def known(moment: dict[str, Any]) -> dict[str, str]:
    """What exists, by the name of the path parameter that names such a thing."""
    return {
        "title": "numbers",
        "moment": moment["code"],
        "code": moment["code"],
        "handle": "ada",
        "dimension": "channel",
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_request_breaks_it(
    app: App, played: dict[str, Any], staff: dict[str, str], service: dict[str, str]
) -> None:
    load_all_checks()
    checks = CHECKS.get_by_names(HOLDS)
    bounded = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    schema = schemathesis.openapi.from_dict(app.asgi.openapi())
    loop = asyncio.get_running_loop()
    names = known(played)

    def walk() -> int:
        walked = 0
        for result in schema.get_all_operations():
            operation = result.ok()
            walked += 1
            if operation.path not in ENDLESS:
                attack(operation)
        return walked

    def attack(operation: Any) -> None:
        by_service = any("service" in way for way in operation.definition.raw.get("security", []))

        @settings(bounded, max_examples=EXAMPLES)
        @given(case=operation.as_strategy(), real=st.booleans())
        def one(case: Any, real: bool) -> None:
            if real and operation.method.upper() != "DELETE":
                case.path_parameters |= {name: names[name] for name in case.path_parameters if name in names}
            asked = case.as_transport_kwargs(base_url="http://test")
            asked.pop("cookies", None)
            asked["headers"] = {**(asked.get("headers") or {}), **(service if by_service else staff)}
            sending = app.http.request(**{key: value for key, value in asked.items() if value is not None})
            answer = asyncio.run_coroutine_threadsafe(sending, loop).result(60)
            assert answer.status_code < 500 or answer.json()["code"] in MEANT, answer.text
            case.validate_response(answer, checks=checks)

        one()

    assert await asyncio.to_thread(walk) > 70
