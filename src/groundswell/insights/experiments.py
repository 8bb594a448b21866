"""Experiments: who is in which arm, that they were exposed, and what it caused.

Outcomes are counted for each drawn unit, from its first exposure on: conversions and revenue of the viewers who were
exposed in it. Units of both arms are exposed (or would have been) at the same point, so they can be compared.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.credit import DEFAULT_MODEL, MODELS_VERSION, PPM
from groundswell.attribution.tables import Conversion, Credit
from groundswell.events.tables import LoggedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem

from .assignment import Arm, arm_of
from .lift import SRM_ALPHA, UNITS_MIN, Lift, lift, sample_ratio
from .tables import Experiment, Exposure

BEFORE = timedelta(days=28)
"""What a unit did in so many days before it was exposed is what CUPED foretells from."""


class ExperimentUnknown(Problem):
    status, code, title = 404, "experiment_unknown", "There is no such experiment."


class ExperimentStopped(Problem):
    status, code, title = 409, "experiment_stopped", "This experiment is over; everybody is treated alike."


async def find_experiment(session: AsyncSession, key: str) -> Experiment:
    """The experiment of that key.

    Raises:
        ExperimentUnknown.
    """
    found: Experiment | None = await session.scalar(select(Experiment).filter_by(key=key.replace("\0", "")))
    if found is None:
        raise ExperimentUnknown(f"There is no experiment {key}.")
    return found


async def expose(session: AsyncSession, experiment: Experiment, exposed: Sequence[tuple[str, str]]) -> list[Arm]:
    """Log that (unit, viewer) pairs reached the point that the experiment is about; returns each one's arm.

    Only the first exposure of each counts. ``viewer`` is the service's own id, whose conversions will count.

    Raises:
        ExperimentStopped.
    """
    if experiment.stopped_at is not None:
        raise ExperimentStopped()
    arms: list[Arm] = [arm_of(experiment.id, unit, experiment.control_ppm) for unit, _ in exposed]
    known = await session.execute(select(Viewer.subject, Viewer.id).where(Viewer.subject.in_([v for _, v in exposed])))
    ids = {row.subject: row.id for row in known}
    rows = {
        (unit, viewer): {
            "experiment_id": experiment.id,
            "unit": unit,
            "viewer": viewer,
            "viewer_id": ids.get(viewer),
            "arm": arm,
        }
        for (unit, viewer), arm in zip(exposed, arms, strict=True)
    }
    if rows:
        await session.execute(insert(Exposure).values(list(rows.values())).on_conflict_do_nothing())
    return arms


@dataclass(frozen=True)
class Outcome:
    """What an experiment found so far. Conversions and revenue are per unit; revenue in minor units of ``currency``.

    ``claimed`` is what credit claims of the treatment arm's conversions, ``sample_ratio`` the probability of arms of
    these sizes (see ``lift``).
    """

    experiment: Experiment
    conversions: Lift
    revenue: Lift
    currency: str
    claimed: float
    sample_ratio: float

    @property
    def broken(self) -> bool:
        """Whether the arms have sizes that the draw does not give: then nothing else here can be believed."""
        return self.sample_ratio < SRM_ALPHA

    @property
    def missing_units(self) -> int:
        """How many units the smaller arm lacks before anything is said."""
        return max(0, UNITS_MIN - min(self.conversions.control_units, self.conversions.treatment_units))

    @property
    def incremental(self) -> tuple[float, float | None, float | None]:
        """Conversions of the treatment arm that were caused, with the interval."""
        n, found = self.conversions.treatment_units, self.conversions
        low, high = (None if bound is None else bound * n for bound in (found.low, found.high))
        return found.difference * n, low, high


@dataclass
class _Unit:
    arm: str
    conversions: float = 0
    revenue: float = 0
    before: float = 0


async def outcome_of(session: AsyncSession, experiment: Experiment) -> Outcome:
    """What the experiment found, from the rows as they are now."""
    units: dict[str, _Unit] = {}
    exposures = select(Exposure.unit, Exposure.arm).filter_by(experiment_id=experiment.id).distinct()
    for unit, arm in await session.execute(exposures):
        units[unit] = _Unit(arm)
    currencies: dict[str, float] = defaultdict(float)
    for unit, kind, amount, currency in await session.execute(_conversions(experiment)):
        if kind == "subscription":
            units[unit].conversions += 1
        if amount is not None:
            signed = -amount if kind == "refund" else amount
            currencies[currency] += abs(signed)
            units[unit].revenue += signed
    for unit, count in await session.execute(_before(experiment)):
        units[unit].before += count
    control, treatment = ([u for u in units.values() if u.arm == arm] for arm in ("control", "treatment"))
    before = [u.before for u in control], [u.before for u in treatment]
    return Outcome(
        experiment=experiment,
        conversions=lift([u.conversions for u in control], [u.conversions for u in treatment], before),
        revenue=lift([u.revenue for u in control], [u.revenue for u in treatment], before),
        currency=max(currencies, key=lambda name: currencies[name], default="EUR"),
        claimed=await _claimed(session, experiment),
        sample_ratio=sample_ratio(len(control), len(treatment), experiment.control_ppm / PPM),
    )


def _exposed(experiment: Experiment) -> Any:
    """Each exposed viewer once, with the unit, the arm and the instant of the first exposure."""
    viewer = func.coalesce(Exposure.viewer_id, Viewer.id).label("viewer_id")
    query = select(Exposure.unit, Exposure.arm, viewer, func.min(Exposure.at).label("at"))
    query = query.outerjoin(Viewer, Viewer.subject == Exposure.viewer).where(Exposure.experiment_id == experiment.id)
    return query.group_by(Exposure.unit, Exposure.arm, viewer).subquery()


def _end(experiment: Experiment) -> datetime:
    return experiment.stopped_at or utc_now() + timedelta(days=1)


def _conversions(experiment: Experiment) -> Any:
    exposed = _exposed(experiment)
    return (
        select(exposed.c.unit, Conversion.kind, Conversion.amount_minor, Conversion.currency)
        .join(Conversion, Conversion.viewer_id == exposed.c.viewer_id)
        .where(Conversion.at >= exposed.c.at, Conversion.at < _end(experiment))
    )


def _before(experiment: Experiment) -> Any:
    """How much each unit's viewers did in the days before their exposure."""
    exposed = _exposed(experiment)
    begin = experiment.started_at - BEFORE
    return (
        select(exposed.c.unit, func.count())
        .join(LoggedEvent, LoggedEvent.viewer_id == exposed.c.viewer_id)
        .where(LoggedEvent.at >= begin, LoggedEvent.at < exposed.c.at, LoggedEvent.at >= exposed.c.at - BEFORE)
        .group_by(exposed.c.unit)
    )


async def _claimed(session: AsyncSession, experiment: Experiment) -> float:
    """Subscriptions of the treatment arm, since their exposure, that the last-touch model credits to shares."""
    exposed = _exposed(experiment)
    query = (
        select(func.sum(Credit.weight_ppm))
        .join(Conversion, Conversion.id == Credit.conversion_id)
        .join(exposed, exposed.c.viewer_id == Conversion.viewer_id)
        .where(exposed.c.arm == "treatment", Conversion.at >= exposed.c.at, Conversion.at < _end(experiment))
        .where(Credit.model == DEFAULT_MODEL, Credit.model_version == MODELS_VERSION, Credit.kind == "subscription")
    )
    return int(await session.scalar(query) or 0) / PPM


@dataclass(frozen=True)
class Incremental:
    """What the newest experiment on sharing says of claimed subscriptions, in a sentence."""

    key: str
    name: str
    words: str


async def incremental(session: AsyncSession) -> Incremental | None:
    """To be shown wherever claimed conversions are; None when no experiment on sharing was ever begun."""
    query = select(Experiment).filter_by(subject="sharing").order_by(Experiment.started_at.desc()).limit(1)
    experiment: Experiment | None = await session.scalar(query)
    if experiment is None:
        return None
    return Incremental(experiment.key, experiment.name, words(await outcome_of(session, experiment)))


def words(found: Outcome) -> str:
    """What an outcome says, plainly."""
    if found.broken:
        return "the arms do not have the sizes that were drawn; something is broken, so nothing is concluded."
    caused, low, high = found.incremental
    if low is None or high is None:
        return f"not enough data yet: {found.missing_units} more units are needed before anything is said."
    told = (
        f"{caused:,.1f} subscriptions were caused ({low:,.1f} to {high:,.1f}) where credit claims {found.claimed:,.1f}."
    )
    return told if found.conversions.decided else f"{told} It may be none: not enough data yet to tell."
