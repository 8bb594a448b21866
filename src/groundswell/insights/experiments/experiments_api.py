"""Experiments over HTTP: begin and stop one, ask for an arm and log the exposure, read what was found."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import func, select

from groundswell.accounts.access import Caller, service, staff
from groundswell.attribution.models import PPM
from groundswell.insights.access import reader
from groundswell.insights.schemas import Arms, ExperimentIn, ExperimentOut, Exposures, LiftOut, OutcomeOut
from groundswell.insights.tables import Experiment
from groundswell.platform.change_pace import kept_to
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict
from groundswell.platform.routing import DbSession, TransactionalRoute

from .experiment import Outcome, expose, find_experiment, outcome_of, words

router = APIRouter(prefix="/v1/experiments", tags=["experiments"], route_class=TransactionalRoute)
MOST = 100
"""Experiments that run at one time: each that draws is asked at every visit of what it draws."""
Reader = Depends(reader)
Experimenter = Annotated[Caller, Depends(staff("experiments.manage"))]


class ExperimentsFull(Conflict):
    code, title = "experiments_full", f"{MOST} experiments run already; stop one first."


@router.post("", status_code=201)
@kept_to(f"{MOST} that run at one time.")
async def begin_experiment(body: ExperimentIn, session: DbSession, caller: Experimenter) -> ExperimentOut:
    """Begin an experiment. What is drawn and how much is held back cannot be changed afterwards."""
    if await session.scalar(select(Experiment.id).filter_by(key=body.key)) is not None:
        raise Conflict(f"There is an experiment {body.key} already.")
    running = select(func.count()).select_from(Experiment).filter_by(stopped_at=None)
    if (await session.scalar(running) or 0) >= MOST:
        raise ExperimentsFull()
    experiment = Experiment(
        id=uuid7(),
        key=body.key,
        name=body.name,
        hypothesis=body.hypothesis,
        subject=body.subject,
        unit=body.unit,
        control_ppm=round(body.control * PPM),
        minimum_effect=body.minimum_effect,
        made_by=caller.id,
        started_at=utc_now(),
    )
    session.add(experiment)
    await session.flush()
    return shown(experiment)


@router.post("/{key}/stop")
async def stop_experiment(key: str, session: DbSession, caller: Experimenter) -> ExperimentOut:
    """End an experiment: nobody is drawn any more, later conversions do not count. Stopping again changes nothing."""
    experiment = await find_experiment(session, key)
    experiment.stopped_at = experiment.stopped_at or utc_now()
    await session.flush()
    return shown(experiment)


@router.post("/{key}/exposures")
@kept_to("One row for each unit of an experiment.")
async def log_exposures(
    key: str, body: Exposures, session: DbSession, caller: Annotated[object, Depends(service("events.report"))]
) -> Arms:
    """Draw arms and log the exposures, in one step and for both arms: call it at the point where treatment is shown
    the thing, then show it or do not. Repeating it is harmless; an arm never changes."""
    pairs = [(each.unit, each.viewer or each.unit) for each in body.exposures]
    return Arms(arms=list(await expose(session, await find_experiment(session, key), pairs)))


@router.get("/{key}", dependencies=[Reader])
async def read_experiment(key: str, session: DbSession) -> OutcomeOut:
    """What was found so far. The intervals hold however often one looks and whenever one stops."""
    return found(await outcome_of(session, await find_experiment(session, key)))


def shown(experiment: Experiment) -> ExperimentOut:
    return ExperimentOut(
        key=experiment.key,
        name=experiment.name,
        subject=experiment.subject,
        unit=experiment.unit,
        control=experiment.control_ppm / PPM,
        started_at=experiment.started_at,
        stopped_at=experiment.stopped_at,
    )


def found(outcome: Outcome) -> OutcomeOut:
    caused, low, high = outcome.incremental
    return OutcomeOut(
        experiment=shown(outcome.experiment),
        conversions=LiftOut.model_validate(outcome.conversions),
        revenue=LiftOut.model_validate(outcome.revenue),
        currency=outcome.currency,
        revenues={name: LiftOut.model_validate(lift) for name, lift in outcome.revenues.items()},
        incremental=caused,
        incremental_low=low,
        incremental_high=high,
        claimed=outcome.claimed,
        sample_ratio=outcome.sample_ratio,
        balanced=outcome.balanced,
        crossed=outcome.crossed,
        again=outcome.again,
        judged=outcome.judged,
        words=words(outcome),
    )
