"""The demo's experiment: did sharing bring people who would not have come anyway? Half were held back by chance.

Nine thousand viewers reached the point where a friend's moment would have been shown to them; half were not shown it.
Whoever was there before is drawn as anybody is, by their own name, so that what they did before lies in both halves
alike. Those whom the audience's shares brought since are among those who were shown it; beside them, a few in a
thousand of either half came by themselves, as people do. So credit claims everybody whom a share led in, the experiment
finds those it caused, and coverage has conversions that no share led to. Safe to be begun again: a report or an
exposure repeated counts once.
"""

from datetime import datetime, timedelta
from typing import Any

import httpx
import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from groundswell.accounts.tables import Viewer
from groundswell.insights.experiments.assignment import Arm, arm_of
from groundswell.insights.tables import Experiment, Exposure
from groundswell.platform.runtime import Runtime

from .audience import SEED, History
from .history import identity
from .membership import CURRENCY, PRICE_MINOR

KEY = "sharing-holdout"
UNITS = 9_000
CONTROL_PPM = 500_000
ANYWAY = 0.003
"""The part that subscribes by itself, whichever half it is in."""

DAYS = 30
TOGETHER = 1_000


async def write_holdout(runtime: Runtime, http: httpx.AsyncClient, key: str, history: History, until: datetime) -> None:
    """Write the experiment, who was exposed to it, and who came by themselves.

    Args:
        http: a client of this service's API.
        key: a service key with ``conversions:write``.
    """
    begun = until - timedelta(days=DAYS)
    experiment = identity("experiment", KEY, begun)
    random = np.random.default_rng(SEED)
    there, since = _brought(history, begun + timedelta(hours=1))
    units = [*there, *(f"unit-{n}" for n in range(UNITS - len(there)))]
    arms: list[Arm] = [arm_of(experiment, unit, CONTROL_PPM) for unit in units]
    came = iter(since)
    exposures, organic = [], []
    for unit, arm, alone in zip(units, arms, random.random(UNITS) < ANYWAY, strict=True):
        at = begun + timedelta(seconds=float(random.random()) * 3600)
        viewer = unit
        if unit in there:
            pass
        elif alone:
            viewer = f"viewer-{unit}"
            organic.append((viewer, at + (until - at) * float(random.random())))
        elif arm == "treatment":
            viewer = next(came, unit)
        exposures.append({"experiment_id": experiment, "unit": unit, "viewer": viewer, "arm": arm, "at": at})
    await _report(http, key, organic, until)
    async with runtime.database.transaction() as session:
        row = {
            "id": experiment, "key": KEY, "name": "Sharing, half held back", "subject": "sharing", "unit": "viewer",
            "hypothesis": "A friend's moment brings viewers who would not have come by themselves.",
            "control_ppm": CONTROL_PPM, "minimum_effect": 0.005, "started_at": begun,
        }  # fmt: skip
        await session.execute(insert(Experiment).values(row).on_conflict_do_nothing())
        people = await session.execute(select(Viewer.subject, Viewer.id))
        ids = {person.subject: person.id for person in people}
        rows = [each | {"viewer_id": ids.get(str(each["viewer"]))} for each in exposures]
        for begin in range(0, len(rows), TOGETHER):
            await session.execute(insert(Exposure).on_conflict_do_nothing(), rows[begin : begin + TOGETHER])


def _brought(history: History, exposed: datetime) -> tuple[dict[str, None], list[str]]:
    """Those whom shares had brought by the time that all were exposed, and those whom they brought since."""
    first: dict[str, datetime] = {}
    for conversion in history.conversions:
        subject = conversion.person.subject
        first[subject] = min(first.get(subject, conversion.at), conversion.at)
    return (
        {subject: None for subject, at in first.items() if at < exposed},
        [subject for subject, at in first.items() if at >= exposed],
    )


async def _report(http: httpx.AsyncClient, key: str, organic: list[tuple[str, datetime]], until: datetime) -> None:
    """Sign-ups and first payments of those who came by themselves."""
    for viewer, at in organic:
        paid = min(at + timedelta(hours=1), until)
        price = {"amount": {"minor": PRICE_MINOR, "currency": CURRENCY}}
        for kind, when, more in (("sign_up", at, {}), ("subscription", paid, price)):
            body: dict[str, Any] = {"id": f"{kind}-{viewer}", "kind": kind, "viewer": viewer, "at": when.isoformat()}
            answer = await http.post("/v1/conversions", json=body | more, headers={"Authorization": f"Bearer {key}"})
            if answer.is_error:
                raise RuntimeError(f"the conversion was refused: {answer.text}")
