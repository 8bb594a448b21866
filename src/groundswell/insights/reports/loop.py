"""The loop report: every number of one period in one reading of the lake."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION, PPM
from groundswell.events.traffic.verdicts import traffic
from groundswell.insights.schemas import (
    Counts,
    CycleTime,
    Estimate,
    Excluded,
    LoopReport,
    Row,
    Staying,
    Step,
    Virality,
)
from groundswell.platform.clock import utc_now
from groundswell.platform.runtime import Runtime

from .closed_periods import figures_of, since_closed
from .coverage import coverage
from .funnel_rows import Rows, row, rows_by_key
from .labels import labels
from .lake_query import days_of, read, sealed_until
from .report_cache import answered
from .report_filter import EARLIEST, ModelUnknown, PeriodInvalid, Slice, check_model
from .virality import DEFINITION, WINDOW, NewViewer, estimate
from .wording import CYCLE, DEFINITIONS, LABELS

if TYPE_CHECKING:
    from .engine import Lake

__all__ = ["EARLIEST", "ModelUnknown", "PeriodInvalid", "Slice", "loop_report"]

DIMENSIONS = (None, "day", "channel", "title")
CONVERSIONS = frozenset(LABELS) - {"share", "unfurl", "click", "continue", "play"}


@dataclass(frozen=True)
class _Numbers:
    """What was read from the lake."""

    visits: Mapping[str | None, Rows]
    conversions: Mapping[str | None, Rows]
    staying: Mapping[int, Rows]
    reported: Rows
    excluded: Rows
    cycle: Rows
    virality: Virality


async def loop_report(
    runtime: Runtime, slice: Slice, model: str = DEFAULT_MODEL, *, headline: bool = False
) -> LoopReport:
    """How the loop turned over ``slice``, with conversions divided by ``model``.

    Args:
        headline: only the numbers of the whole, for what is set against another period: no days, channels and titles,
            no retention, no totals of what was reported.

    Raises:
        PeriodInvalid, ModelUnknown, DimensionUnknown; EngineDown, LakeDamaged: and there is no earlier answer.
    """
    slice.check()
    check_model(model)
    return await answered(
        runtime, LoopReport, (slice, model, headline), lambda: _report(runtime, slice, model, headline)
    )


async def _report(runtime: Runtime, slice: Slice, model: str, headline: bool) -> LoopReport:
    as_of = await sealed_until(runtime)
    numbers = await read(
        runtime, slice, (), partial(_read, slice=slice, model=model, as_of=as_of or utc_now(), headline=headline)
    )
    total = row("", "", numbers.visits[None], numbers.conversions[None])
    titles = {each["key"] for rows in (numbers.visits, numbers.conversions) for each in rows.get("title", [])}
    async with runtime.database.transaction() as session:
        names = await labels(session, "title", titles)
        covered = await coverage(session, slice)
        changed = await since_closed(session, slice, model, figures_of(total), as_of)
    return LoopReport(
        first=slice.first,
        last=slice.last,
        zone=slice.zone,
        as_of=as_of,
        title_id=slice.title_id,
        channel=slice.channel,
        model=model,
        model_version=MODELS_VERSION,
        steps=_steps(total.counts, numbers.reported),
        revenue=total.revenue,
        days=[] if headline else _days(slice, numbers),
        channels=_rows(numbers, "channel"),
        titles=_rows(numbers, "title", names),
        virality=numbers.virality,
        cycle=CycleTime(definition=CYCLE, **_cycle(numbers.cycle)),
        staying=[stayed(days, rows) for days, rows in numbers.staying.items()],
        coverage=covered,
        excluded=[Excluded(**each) for each in _worded(numbers.excluded)],
        changed=changed,
    )


def _read(lake: "Lake", slice: Slice, model: str, as_of: datetime, headline: bool = False) -> _Numbers:
    """Run the report's questions. Of titles, the first are told apart."""
    from . import funnel, leaders
    from .engine import key_rows

    days = days_of(slice)
    credits = funnel.with_model(lake.credits, model, MODELS_VERSION)
    last_touch, given = (
        funnel.with_model(table, DEFAULT_MODEL, MODELS_VERSION) for table in (lake.credits, lake.given)
    )

    def here(table: Any) -> Any:
        return funnel.sliced(funnel.between(table, slice.begin, slice.end), slice.where, lake.named, days)

    def keyed(table: Any, dimension: str | None = None) -> Any:
        return funnel.by_dimension(table, dimension, lake.named, days)

    events, credited = here(lake.events), here(credits)
    dimensions = (None,) if headline else DIMENSIONS

    def asked(dimension: str | None) -> tuple[Any, Any]:
        visits, given = keyed(events, dimension), keyed(credited, dimension)
        if dimension != "title":
            return visits, given
        visits, given = visits.filter(visits.key.notnull()), given.filter(given.key.notnull())
        first = lake.run(leaders.leaders(visits, {"own": given}, "own", days=days))
        keys = key_rows(lake.engine, [each["key"] for each in first])
        return leaders.only(visits, keys), leaders.only(given, keys)

    told_apart = {d: asked(d) for d in dimensions}
    reported = funnel.reported(funnel.between(lake.logged, slice.begin, slice.end))
    return _Numbers(
        visits={d: lake.run(funnel.visits(visits, days)) for d, (visits, _) in told_apart.items()},
        conversions={d: lake.run(funnel.conversions(given)) for d, (_, given) in told_apart.items()},
        staying={
            after: lake.run(funnel.staying(keyed(credited), lake.logged, after, as_of))
            for after in (() if headline else funnel.STAYED_DAYS)
        },
        reported=[] if headline else lake.run(reported),
        excluded=lake.run(funnel.excluded(events)),
        cycle=lake.run(funnel.cycle_times(here(last_touch), lake.logged)),
        virality=virality(
            lake.run(funnel.offspring(last_touch, given, lake.events, slice.first, slice.last, WINDOW, days)), as_of
        ),
    )


def asked_of_lake(lake: "Lake", slice: Slice, model: str = DEFAULT_MODEL) -> _Numbers:
    """What the report asks of the lake, and nothing else: what its speed depends on."""
    return _read(lake, slice, model, slice.end)


def _steps(counts: Counts, reported: Rows) -> list[Step]:
    totals = {each["kind"]: each["total"] for each in reported}
    return [
        Step(
            step=step,
            label=label,
            count=counts.get(step, 0),
            total=totals.get(step, 0) if step in CONVERSIONS else None,
            definition=DEFINITIONS[step],
        )
        for step, label in LABELS.items()
    ]


def _days(slice: Slice, numbers: _Numbers) -> list[Row]:
    """Every day of the period, those without anything too."""
    found = {each.key: each for each in _rows(numbers, "day")}
    days = [(slice.first + timedelta(days=n)).isoformat() for n in range((slice.last - slice.first).days + 1)]
    return [found.get(day) or row(day, day, [], []) for day in days]


def _rows(numbers: _Numbers, dimension: str, names: Mapping[str, str] | None = None) -> list[Row]:
    return rows_by_key(numbers.visits.get(dimension, []), numbers.conversions.get(dimension, []), names)


def stayed(days: int, rows: Rows) -> Staying:
    """How many of the subscriptions in ``rows`` still paid after ``days``."""
    due, kept = (sum(int(each[name] or 0) for each in rows) / PPM for name in ("due", "stayed"))
    return Staying(days=days, due=due, stayed=kept)


def _worded(rows: Rows) -> Rows:
    worded = [each | {name: each[name] or "" for name in ("verdict", "reason", "rule")} for each in rows]
    return [each | {"traffic": traffic(each["verdict"], each["reason"])} for each in worded]


def _cycle(rows: Rows) -> dict[str, Any]:
    return rows[0] if rows and rows[0]["sign_ups"] else {"sign_ups": 0, "median_s": None, "p90_s": None}


def virality(rows: Rows, as_of: datetime | None) -> Virality:
    """K of all of ``rows`` (see ``funnel.offspring``), and by the week in which they signed up."""
    weeks: defaultdict[date, Rows] = defaultdict(list)
    for each in rows:
        day = date.fromisoformat(each["day"])
        weeks[day - timedelta(days=day.weekday())].append(each)
    return Virality(
        definition=DEFINITION,
        window_days=WINDOW.days,
        cohort=_estimate(rows, as_of),
        weeks=[(week, _estimate(weeks[week], as_of)) for week in sorted(weeks)],
    )


def _estimate(rows: Iterable[dict[str, Any]], as_of: datetime | None) -> Estimate:
    cohort = list(rows)
    found = estimate([NewViewer(each["shares"], each["millionths"], each["viewers"]) for each in cohort])
    newest = max((each["newest"] for each in cohort), default=None)
    closed = newest is None or (as_of is not None and newest + 2 * WINDOW <= as_of)
    return Estimate(**{name: getattr(found, name) for name in found.__slots__}, closed=closed)
