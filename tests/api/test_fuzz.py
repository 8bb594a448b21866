"""Whatever is sent to the API, by whomever, it answers by its own description: never with an error of ours.

Requests are made from the OpenAPI document by schemathesis: as it describes them, with the names of things that exist
in a world that has everything, sent by everybody who may ask; and as it does not, sent by who may most. What requests
make is named in later ones; before all that, everybody walks from what one operation answers to the next (``walks``).
``GROUNDSWELL_FUZZ=20`` makes twenty times as many.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.api.fuzzing import ENDLESS, MOST, Case, Fuzz, World
from tests.api.walks import walk
from tests.support import App

TIMES = int(os.environ.get("GROUNDSWELL_FUZZ", "1"))
ROUNDS = 2
ORDER = ("get", "put", "patch", "post", "delete")
TAKES_AWAY = {"/v1/decisions", "/v1/moments/delete", "/v1/viewers/{subject}"}


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


@pytest.mark.slow
@pytest.mark.timeout(900 * TIMES)
async def test_everybody_is_answered_as_described(app: App, world: World, people: dict[str, dict[str, str]]) -> None:
    fuzz = Fuzz(app, world)
    steps = await walk(fuzz, people, ROUNDS * TIMES)
    assert steps["linked"] > 0, steps
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
