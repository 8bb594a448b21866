"""Experiments for people: what was found, what it takes to find it, and how to begin one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from groundswell.accounts.access import Caller
from groundswell.insights.experiments.experiment import find_experiment, newest_experiments, outcome_of, words
from groundswell.insights.experiments.experiments_api import begin_experiment, stop_experiment
from groundswell.insights.experiments.sample_size import plan
from groundswell.insights.schemas import ExperimentIn
from groundswell.platform.csv_response import csv_file
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.web.console.evidence.conversion import Marketer
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

Experimenter = Annotated[Caller, Depends(staff_page("experiments.manage"))]
router = APIRouter(prefix="/console/experiments", route_class=ConsoleRoute)

SUBJECTS = {"sharing": "Sharing: control has no way to share", "landing": "Landing: control sees the plain page"}
UNITS = {"viewer": "Each viewer", "cluster": "The circle around a sharer", "visitor": "Each visitor's browser"}
Percent = Annotated[float, Query(gt=0, lt=100)]


@router.get("")
async def list_experiments(
    request: Request,
    session: DbSession,
    caller: Marketer,
    baseline: Percent = 5,
    effect: Percent = 1,
    control: Percent = 50,
) -> Response:
    """All experiments with what they found, and the planner."""
    rows = await newest_experiments(session, 50)
    outcomes = [await outcome_of(session, row) for row in rows]
    return page(
        request,
        "console/loop/experiments.html",
        caller=caller,
        outcomes=outcomes,
        words=words,
        subjects=SUBJECTS,
        units=UNITS,
        asked=(baseline, effect, control),
        plan=plan(baseline / 100, effect / 100, control / 100),
    )


@router.post("")
async def begin(
    request: Request,
    session: DbSession,
    caller: Experimenter,
    key: Annotated[str, Form()],
    name: Annotated[str, Form()],
    subject: Annotated[str, Form()],
    unit: Annotated[str, Form()],
    control: Annotated[float, Form()],
) -> Response:
    """Begin an experiment from the page's form."""
    given = {"key": key, "name": name, "subject": subject, "unit": unit, "control": control / 100}
    try:
        wish = ExperimentIn.model_validate(given)
    except ValueError as error:
        raise Invalid("; ".join(str(error).splitlines()[1:3])) from None
    await begin_experiment(wish, session, caller)
    return see_other(f"/console/experiments/{key}")


@router.get("/{key}")
async def read(request: Request, session: DbSession, caller: Marketer, key: str) -> Response:
    """One experiment: arms, lift, what was caused beside what is claimed."""
    outcome = await outcome_of(session, await find_experiment(session, key))
    shown: dict[str, Any] = {"outcome": outcome, "words": words(outcome), "subjects": SUBJECTS, "units": UNITS}
    return page(request, "console/loop/experiment.html", caller=caller, **shown)


@router.post("/{key}/stop")
async def stop(session: DbSession, caller: Experimenter, key: str) -> Response:
    """Stop it: nobody is drawn any more."""
    await stop_experiment(key, session, caller)
    return see_other(f"/console/experiments/{key}")


@router.get("/{key}/arms.csv")
async def download(session: DbSession, caller: Marketer, key: str) -> Response:
    """The arms with their sizes, means and the difference."""
    found = await outcome_of(session, await find_experiment(session, key))
    header = "measure control_units treatment_units control_mean treatment_mean difference low high".split()
    revenues = ((f"revenue_minor_{currency}", lift) for currency, lift in found.revenues.items())
    measures = (("conversions", found.conversions), *revenues)
    return csv_file(
        f"experiment-{key}", header, ([name, *(getattr(lift, n) for n in header[1:])] for name, lift in measures)
    )
