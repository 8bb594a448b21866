"""What an experiment counts: each viewer once, each currency by itself, and only beside the same days and titles."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from groundswell.insights.experiments.assignment import arm_of
from groundswell.insights.experiments.experiment import Outcome, expose, incremental, outcome_of, words
from groundswell.insights.tables import Experiment, Exposure
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.attribution.test_conversions import conversion, report
from tests.support import App


@pytest.fixture
async def service(app: App) -> dict[str, str]:
    return await app.service_key("conversions:write")


@pytest.fixture
async def experiment(app: App) -> Experiment:
    async with app.runtime.database.transaction() as session:
        row = Experiment(
            id=uuid7(), key="held", name="Held back", hypothesis="", subject="sharing", unit="visitor",
            control_ppm=500_000, minimum_effect=0.1, started_at=utc_now() - timedelta(days=1),
        )  # fmt: skip
        session.add(row)
    return row


def units(experiment: Experiment, arm: str, count: int) -> list[str]:
    """Names that the draw puts into ``arm``."""
    named = (f"browser-{n}" for n in range(10_000))
    return [unit for unit in named if arm_of(experiment.id, unit, experiment.control_ppm) == arm][:count]


async def exposed(app: App, experiment: Experiment, *pairs: tuple[str, str]) -> None:
    async with app.runtime.database.transaction() as session:
        await expose(session, experiment, pairs)


async def outcome(app: App, experiment: Experiment) -> Outcome:
    async with app.runtime.database.transaction() as session:
        return await outcome_of(session, experiment)


async def pays(app: App, service: dict[str, str], who: str, minor: int, currency: str, **more: Any) -> None:
    for body in (
        conversion("sign_up", utc_now(), viewer=who, id=f"{who}-up"),
        conversion("subscription", utc_now(), viewer=who, id=f"{who}-{currency}", minor=minor) | more,
    ):
        if "amount" in body:
            body["amount"]["currency"] = currency
        answer = await report(app, service, body)
        assert answer.status_code in {200, 201}, answer.text


async def test_a_viewer_of_several_units_counts_once_or_not_at_all(
    app: App, service: dict[str, str], experiment: Experiment
) -> None:
    one, other = units(experiment, "treatment", 2)
    (held,) = units(experiment, "control", 1)
    await exposed(app, experiment, (one, "ann"), (other, "ann"), (held, "bob"))
    await exposed(app, experiment, (units(experiment, "treatment", 3)[2], "cleo"))
    await exposed(app, experiment, (units(experiment, "control", 2)[1], "cleo"))
    for who in ("ann", "bob", "cleo"):
        await pays(app, service, who, 999, "EUR")
    found = await outcome(app, experiment)
    assert (found.crossed, found.again) == (1, 1)
    assert (found.conversions.control_units, found.conversions.treatment_units) == (1, 1)
    assert (found.conversions.control_mean, found.conversions.treatment_mean) == (1.0, 1.0)
    assert found.revenues["EUR"].treatment_mean == 999


async def test_money_of_two_currencies_is_never_added(
    app: App, service: dict[str, str], experiment: Experiment
) -> None:
    one, other = units(experiment, "treatment", 2)
    await exposed(app, experiment, (one, "ann"), (other, "bob"))
    await pays(app, service, "ann", 1000, "EUR")
    await pays(app, service, "bob", 150_000, "JPY")
    found = await outcome(app, experiment)
    assert {name: lift.treatment_mean for name, lift in found.revenues.items()} == {"JPY": 75_000, "EUR": 500}
    assert found.currency == "JPY"


async def test_what_is_not_known_yet_is_said(app: App, experiment: Experiment) -> None:
    found = await outcome(app, experiment)
    assert "100 more units" in words(found)
    for arm in ("control", "treatment"):
        await exposed(app, experiment, *((unit, unit) for unit in units(experiment, arm, 120)))
    assert words(await outcome(app, experiment)) == "not enough data yet: nobody in either arm has subscribed."


async def test_it_stands_only_beside_the_days_and_titles_that_it_measured(app: App, experiment: Experiment) -> None:
    begun, today = experiment.started_at.date(), utc_now().date()
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Exposure.unit)) is None
        same = await incremental(session, begun, today, whole=True)
        others = [
            await incremental(session, begun, today, whole=False),
            await incremental(session, begun - timedelta(days=1), today, whole=True),
            await incremental(session, begun, begun, whole=True),
        ]
    assert same is not None
    assert same.words is not None
    assert [(other.words, other.first, other.last) for other in others if other] == [(None, begun, today)] * 3
