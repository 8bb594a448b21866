"""Experiments: who is in which arm, that they were exposed, and what it caused.

Outcomes are counted for each drawn unit, from its first exposure on: conversions and revenue of the viewers who were
exposed in it. Units of both arms are exposed (or would have been) at the same point, so they can be compared. A viewer
counts once, in the unit of their first exposure; one whose units were drawn into both arms has seen both, and is left
out. So is an account to which no person's visit led: nobody was shown anything, and what was done before the exposure
cannot depend on the arm. Money is counted in one currency at a time: nothing here adds two.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, not_, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.eligibility import by_a_person
from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION, PPM
from groundswell.attribution.tables import Conversion, JudgedCredit, Touch
from groundswell.events.tables import JudgedEvent
from groundswell.insights.tables import Experiment, Exposure
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import Problem

from .assignment import Arm, arm_of
from .lift import SRM_ALPHA, UNITS_MIN, Lift, balanced, lift, sample_ratio

NO_CURRENCY = "EUR"
"""Named where nothing was paid."""
BEFORE = timedelta(days=28)
"""What a unit did in so many days before it was exposed is what CUPED foretells from."""


class ExperimentUnknown(Problem):
    status, code, title = 404, "experiment_unknown", "There is no such experiment."


class ExperimentStopped(Problem):
    status, code, title = 409, "experiment_stopped", "This experiment is over; everybody is treated alike."


async def newest_experiments(session: AsyncSession, limit: int) -> Sequence[Experiment]:
    """Experiments, the last begun first."""
    return (await session.scalars(select(Experiment).order_by(Experiment.started_at.desc()).limit(limit))).all()


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
    known = await session.execute(
        select(Viewer.subject, Viewer.id).where(among(Viewer.subject, [v for _, v in exposed]))
    )
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
    """What an experiment found so far. Conversions and revenue are per unit; revenue by currency, in minor units, that
    of which most was paid first.

    ``claimed`` is what credit claims of the treatment arm's conversions, ``sample_ratio`` the probability of arms of
    these sizes, ``balanced`` whether the arms were alike before (see ``lift``). ``crossed`` are viewers left out since
    they are in both arms, ``again`` those of several units of one arm, counted once, ``judged`` accounts left out to
    which visits of before the exposure led, and none was a person's.
    """

    experiment: Experiment
    conversions: Lift
    revenues: Mapping[str, Lift]
    claimed: float
    sample_ratio: float
    balanced: bool
    crossed: int
    again: int
    judged: int

    @property
    def currency(self) -> str:
        """That of which most was paid."""
        return next(iter(self.revenues))

    @property
    def revenue(self) -> Lift:
        """In ``currency``."""
        return self.revenues[self.currency]

    @property
    def broken(self) -> bool:
        """Whether the arms are not what the draw gives: then nothing else here can be believed."""
        return self.sample_ratio < SRM_ALPHA or not self.balanced

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
    revenue: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    before: float = 0


async def outcome_of(session: AsyncSession, experiment: Experiment) -> Outcome:
    """What the experiment found, from the rows as they are now."""
    units: dict[str, _Unit] = {}
    exposed = _exposed(experiment)
    for unit, arm in await session.execute(select(exposed.c.unit, exposed.c.arm).distinct()):
        units[unit] = _Unit(arm)
    currencies: dict[str, float] = defaultdict(float)
    for unit, kind, amount, currency in await session.execute(_conversions(experiment)):
        if kind == "subscription":
            units[unit].conversions += 1
        if amount is not None:
            signed = -amount if kind == "refund" else amount
            currencies[currency] += abs(signed)
            units[unit].revenue[currency] += signed
    for unit, count in await session.execute(_before(experiment)):
        units[unit].before += count
    control, treatment = ([u for u in units.values() if u.arm == arm] for arm in ("control", "treatment"))
    before = [u.before for u in control], [u.before for u in treatment]
    names = sorted(currencies, key=lambda name: (-currencies[name], name)) or [NO_CURRENCY]
    crossed, again, judged = (await session.execute(_several(experiment))).one()
    return Outcome(
        experiment=experiment,
        conversions=lift([u.conversions for u in control], [u.conversions for u in treatment], before),
        revenues={
            name: lift([u.revenue[name] for u in control], [u.revenue[name] for u in treatment], before)
            for name in names
        },
        claimed=await _claimed(session, experiment),
        sample_ratio=sample_ratio(len(control), len(treatment), experiment.control_ppm / PPM),
        balanced=balanced(before),
        crossed=int(crossed),
        again=int(again),
        judged=int(judged),
    )


def _exposures(experiment: Experiment) -> Any:
    """Every exposure, with the viewer's id where they are known, ``person``: one name for one viewer, and whether
    before it there were visits of theirs and none of a person's (``no_person``)."""
    viewer = func.coalesce(Exposure.viewer_id, Viewer.id)
    person = func.coalesce(cast(viewer, String), Exposure.viewer)
    visits = exists().where(Touch.viewer_id == viewer, Touch.at <= Exposure.at)
    no_person = and_(visits, not_(visits.where(text(by_a_person("touches")))))
    columns = Exposure.unit, Exposure.arm, viewer.label("viewer_id"), person.label("person"), Exposure.at
    query = select(*columns, no_person.label("no_person")).outerjoin(Viewer, Viewer.subject == Exposure.viewer)
    return query.where(Exposure.experiment_id == experiment.id).subquery()


def _exposed(experiment: Experiment) -> Any:
    """Each viewer once, but those in both arms and those who are no person, with the unit, the arm and the instant of
    the first exposure."""
    every = _exposures(experiment)
    out = or_(func.min(every.c.arm) != func.max(every.c.arm), func.bool_or(every.c.no_person))
    crossed = select(every.c.person).group_by(every.c.person).having(out)
    first = select(every.c.unit, every.c.arm, every.c.viewer_id, every.c.at).distinct(every.c.person)
    return first.where(every.c.person.not_in(crossed)).order_by(every.c.person, every.c.at, every.c.unit).subquery()


def _several(experiment: Experiment) -> Any:
    """How many viewers were drawn into both arms, how many several times into one, and how many are no person."""
    every = _exposures(experiment)
    people = select(
        func.bool_or(every.c.no_person).label("no_person"),
        (func.min(every.c.arm) != func.max(every.c.arm)).label("crossed"),
        (func.count(every.c.unit.distinct()) > 1).label("several"),
    ).group_by(every.c.person)
    each = people.subquery()
    return select(
        func.count().filter(each.c.crossed & ~each.c.no_person),
        func.count().filter(each.c.several & ~each.c.crossed & ~each.c.no_person),
        func.count().filter(each.c.no_person),
    ).select_from(each)


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
    """How much each unit's viewers did in the days before their exposure, as far as it is taken for theirs."""
    exposed = _exposed(experiment)
    begin = experiment.started_at - BEFORE
    return (
        select(exposed.c.unit, func.count())
        .join(JudgedEvent, JudgedEvent.viewer_id == exposed.c.viewer_id)
        .where(JudgedEvent.at >= begin, JudgedEvent.at < exposed.c.at, JudgedEvent.at >= exposed.c.at - BEFORE)
        .where(func.coalesce(JudgedEvent.verdict, "human") == "human")
        .group_by(exposed.c.unit)
    )


async def _claimed(session: AsyncSession, experiment: Experiment) -> float:
    """Subscriptions of the treatment arm, since their exposure, that the last-touch model credits to shares."""
    exposed = _exposed(experiment)
    query = (
        select(func.sum(JudgedCredit.weight_ppm))
        .join(Conversion, Conversion.id == JudgedCredit.conversion_id)
        .join(exposed, exposed.c.viewer_id == Conversion.viewer_id)
        .where(exposed.c.arm == "treatment", Conversion.at >= exposed.c.at, Conversion.at < _end(experiment))
        .where(
            JudgedCredit.model == DEFAULT_MODEL,
            JudgedCredit.model_version == MODELS_VERSION,
            JudgedCredit.kind == "subscription",
        )
    )
    return int(await session.scalar(query) or 0) / PPM


@dataclass(frozen=True)
class Incremental:
    """What the newest experiment on sharing measured, over which days, both included. ``words`` says what it found of
    claimed subscriptions; None beside numbers of other days, titles or people."""

    key: str
    name: str
    first: date
    last: date
    words: str | None


async def incremental(
    session: AsyncSession, first: date, last: date, *, whole: bool, zone: str = "UTC"
) -> Incremental | None:
    """To be shown beside claimed conversions; None when no experiment on sharing was ever begun.

    Args:
        first, last: the days of ``zone`` that the conversions are of.
        whole: they are of every title, channel, creator and so on, as the experiment is.
    """
    query = select(Experiment).filter_by(subject="sharing").order_by(Experiment.started_at.desc()).limit(1)
    experiment: Experiment | None = await session.scalar(query)
    if experiment is None:
        return None
    begun, ended = (day_of(at, zone) for at in (experiment.started_at, experiment.stopped_at or utc_now()))
    same = whole and (first, last) == (begun, ended)
    told = words(await outcome_of(session, experiment)) if same else None
    return Incremental(experiment.key, experiment.name, begun, ended, told)


def words(found: Outcome) -> str:
    """What an outcome says, plainly."""
    if found.sample_ratio < SRM_ALPHA:
        return "the arms do not have the sizes that were drawn; something is broken, so nothing is concluded."
    if not found.balanced:
        return "the arms were not alike before they were exposed; something is broken, so nothing is concluded."
    caused, low, high = found.incremental
    if (low is None or high is None) and not found.missing_units:
        return "not enough data yet: nobody in either arm has subscribed."
    if low is None or high is None:
        return f"not enough data yet: {found.missing_units} more units are needed before anything is said."
    told = (
        f"{caused:,.1f} subscriptions were caused ({low:,.1f} to {high:,.1f}) where credit claims {found.claimed:,.1f}."
    )
    return told if found.conversions.decided else f"{told} It may be none: not enough data yet to tell."
