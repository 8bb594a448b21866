"""Walks through the API by the links between its operations: what one answers with is asked of others, by everybody.

The links are schemathesis's own, which infers from the OpenAPI document which member of an answer names a parameter of
another operation. Each walk is somebody's, or goes on as whoever is served where they are not; what was found by a link
is asked for by somebody else, too. What no link gives is named as in ``Fuzz``.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.core.transport import Response
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput

from tests.api.fuzzing import ENDLESS, Fuzz

WALKS, STEPS = 5, 12


async def walk(fuzz: Fuzz, people: dict[str, dict[str, str]], rounds: int) -> Counter[str]:
    """Take so many times ``WALKS`` walks of up to ``STEPS`` steps; how many there were of each kind."""
    steps = Counter[str]()
    machine = walker(fuzz, people, steps)
    how = settings(
        max_examples=WALKS, stateful_step_count=STEPS, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for number in range(rounds):
        with suppress(Flaky):  # the same steps are answered otherwise in a world that goes on: that ends a round
            await asyncio.to_thread(run_state_machine_as_test, seed(number)(machine), settings=how)
    return steps


def walker(fuzz: Fuzz, people: dict[str, dict[str, str]], steps: Counter[str]) -> Any:
    """The state machine of the API's document, whose steps ``people`` take."""
    schema = schemathesis.openapi.from_dict(fuzz.app.asgi.openapi()).exclude(path=list(ENDLESS))
    loop, names, walks, others = asyncio.get_running_loop(), list(people), count(), count(1)
    may_most = [names.index(name) for name in ("admin", "a key", "a viewer")]

    class Walk(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.who = next(walks)

        def step(self, input: StepInput) -> StepOutput:
            """Ask as whoever was served last, else as whoever is; and, for what somebody was served, as one more."""
            linked = {name for _, name in input.applied_parameters}
            turns = [self.who, *may_most] if not linked else [self.who]
            for turn in turns:
                answer = self.ask(input, turn, linked)
                if answer.is_success:
                    self.who = turn
                    break
            if linked:
                self.ask(input, self.who + next(others), linked)
            steps["linked" if linked else "begun"] += 1
            steps["linked and served"] += bool(linked and answer.is_success)
            return StepOutput(Response.from_httpx(answer, verify=False), input.case)

        def ask(self, input: StepInput, turn: int, linked: set[str | None]) -> httpx.Response:
            who = names[turn % len(names)]
            asked = fuzz.send(input.case, who, people[who], turn, linked)
            return asyncio.run_coroutine_threadsafe(asked, loop).result()

    return Walk
