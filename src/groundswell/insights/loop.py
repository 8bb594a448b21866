"""The loop report: every number of one period in one reading of the lake."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from groundswell.attribution.credit import DEFAULT_MODEL, MODELS, MODELS_VERSION, PPM
from groundswell.catalog.tables import Title
from groundswell.events.lake import SEALED
from groundswell.events.tables import LakeSeal
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings

from .schemas import Counts, CycleTime, Estimate, Excluded, LoopReport, Revenue, Row, Step, Virality
from .virality import DEFINITION, WINDOW, NewViewer, estimate
from .wording import CYCLE, DEFINITIONS, LABELS

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAYS_MAX = 800
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)


class PeriodInvalid(Problem):
    status, code, title = 422, "period_invalid", f"A period begins before it ends and has at most {DAYS_MAX} days."


class ModelUnknown(Problem):
    status, code, title = 422, "model_unknown", "There is no such credit model."


@dataclass(frozen=True)
class Slice:
    """What a report is about: whole UTC days, both included; one title or channel, or all."""

    first: date
    last: date
    title_id: UUID | None = None
    channel: str | None = None

    def check(self) -> None:
        """Raises ``PeriodInvalid``."""
        in_reach = EARLIEST <= self.first <= self.last <= LATEST
        if not in_reach or (self.last - self.first).days >= DAYS_MAX:
            raise PeriodInvalid(f"From {self.first} to {self.last} is not a period that can be reported.")


Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class _Numbers:
    """What was read from the lake."""

    visits: Mapping[str | None, Rows]
    conversions: Mapping[str | None, Rows]
    reported: Rows
    excluded: Rows
    cycle: Rows
    offspring: Rows


async def loop_report(runtime: Runtime, slice: Slice, model: str = DEFAULT_MODEL) -> LoopReport:
    """How the loop turned over ``slice``, with conversions divided by ``model``.

    Raises:
        PeriodInvalid, ModelUnknown.
    """
    slice.check()
    if model not in MODELS:
        raise ModelUnknown(f"There is no model {model}; there are {', '.join(MODELS)}.")
    as_of = await sealed_until(runtime)
    numbers = await asyncio.to_thread(_read, runtime.settings, slice, model)
    names = await _titles(runtime, numbers)
    total = _row("", "", numbers.visits[None], numbers.conversions[None])
    return LoopReport(
        first=slice.first,
        last=slice.last,
        as_of=as_of,
        title_id=slice.title_id,
        channel=slice.channel,
        model=model,
        model_version=MODELS_VERSION,
        steps=_steps(total.counts, numbers.reported),
        revenue=total.revenue,
        days=_days(slice, numbers),
        channels=_rows(numbers, "channel"),
        titles=_rows(numbers, "title_id", names),
        virality=_virality(numbers.offspring, as_of),
        cycle=CycleTime(definition=CYCLE, **_cycle(numbers.cycle)),
        excluded=[Excluded(**row) for row in numbers.excluded],
    )


async def sealed_until(runtime: Runtime) -> datetime | None:
    """The instant up to which the lake is complete; None when nothing has been sealed yet."""
    async with runtime.database.transaction() as session:
        count, as_of = (
            await session.execute(select(func.count(), func.min(LakeSeal.as_of)).where(LakeSeal.name.in_(SEALED)))
        ).one()
    return as_of if count == len(SEALED) else None


def _read(settings: Settings, slice: Slice, model: str) -> _Numbers:
    """Run the report's questions. In a thread: the engine is heavy to load, and its work is not ours to wait for."""
    from . import funnel
    from .engine import opened

    where = {"title_id": str(slice.title_id) if slice.title_id else None, "channel": slice.channel}
    # Shares may have been made before the period that their sign-ups fall in, and bring others after it.
    with opened(settings, slice.first - timedelta(days=60), slice.last + 2 * WINDOW) as lake:
        credits = funnel.with_model(lake.credits, model, MODELS_VERSION)
        last_touch = funnel.with_model(lake.credits, DEFAULT_MODEL, MODELS_VERSION)
        events = funnel.within(funnel.sliced(lake.events, **where), slice.first, slice.last)
        credited = funnel.within(funnel.sliced(credits, **where), slice.first, slice.last)
        dimensions = (None, "day", "channel", "title_id")
        return _Numbers(
            visits={d: _rows_of(funnel.visits(funnel.by_dimension(events, d))) for d in dimensions},
            conversions={d: _rows_of(funnel.conversions(funnel.by_dimension(credited, d))) for d in dimensions},
            reported=_rows_of(funnel.reported(funnel.within(lake.events, slice.first, slice.last))),
            excluded=_rows_of(funnel.excluded(events)),
            cycle=_rows_of(
                funnel.cycle_times(
                    funnel.within(funnel.sliced(last_touch, **where), slice.first, slice.last), lake.events
                )
            ),
            offspring=_rows_of(funnel.offspring(last_touch, lake.events, slice.first, slice.last, WINDOW)),
        )


def _rows_of(expression: "ir.Table") -> Rows:
    rows: Rows = expression.to_pyarrow().to_pylist()
    return rows


async def _titles(runtime: Runtime, numbers: _Numbers) -> dict[str, str]:
    ids = {row["key"] for rows in (numbers.visits["title_id"], numbers.conversions["title_id"]) for row in rows}
    async with runtime.database.transaction() as session:
        found = await session.execute(select(Title.id, Title.name).where(Title.id.in_([UUID(id) for id in ids if id])))
        return {str(id): name for id, name in found}


def _steps(counts: Counts, reported: Rows) -> list[Step]:
    totals = {row["kind"]: row["total"] for row in reported}
    conversions = set(LABELS) - {"share", "unfurl", "click", "continue", "play"}
    return [
        Step(
            step=step,
            label=label,
            count=counts.get(step, 0),
            total=totals.get(step, 0) if step in conversions else None,
            definition=DEFINITIONS[step],
        )
        for step, label in LABELS.items()
    ]


def _days(slice: Slice, numbers: _Numbers) -> list[Row]:
    """Every day of the period, those without anything too."""
    found = {row.key: row for row in _rows(numbers, "day")}
    days = [(slice.first + timedelta(days=n)).isoformat() for n in range((slice.last - slice.first).days + 1)]
    return [found.get(day) or _row(day, day, [], []) for day in days]


def _rows(numbers: _Numbers, dimension: str, names: Mapping[str, str] | None = None) -> list[Row]:
    visits, conversions = _by_key(numbers.visits[dimension]), _by_key(numbers.conversions[dimension])
    keys = sorted(key for key in visits.keys() | conversions.keys() if key is not None)
    rows = [_row(key, (names or {}).get(key, key), visits.get(key, []), conversions.get(key, [])) for key in keys]
    return rows if dimension == "day" else sorted(rows, key=_weight, reverse=True)


def _weight(row: Row) -> tuple[float, ...]:
    return tuple(row.counts.get(step, 0) for step in ("subscription", "sign_up", "click", "share"))


def _by_key(rows: Rows) -> dict[str | None, Rows]:
    found: defaultdict[str | None, Rows] = defaultdict(list)
    for row in rows:
        found[row["key"]].append(row)
    return found


def _row(key: str, label: str, visits: Rows, conversions: Rows) -> Row:
    counts: defaultdict[str, float] = defaultdict(float)
    for row in visits:
        counts |= {step: count for step, count in row.items() if step != "key" and count}
    for row in conversions:
        counts[row["kind"]] += row["millionths"] / PPM
    return Row(key=key, label=label, counts=dict(counts), revenue=_revenue(conversions))


def _revenue(conversions: Rows) -> list[Revenue]:
    gross: defaultdict[str, int] = defaultdict(int)
    refunded: defaultdict[str, int] = defaultdict(int)
    for row in conversions:
        if row["currency"] is not None:
            into = refunded if row["kind"] == "refund" else gross
            into[row["currency"]] += abs(int(row["amount_minor"]))
    return [
        Revenue(
            currency=currency,
            gross_minor=gross[currency],
            refunded_minor=refunded[currency],
            net_minor=gross[currency] - refunded[currency],
        )
        for currency in sorted(gross.keys() | refunded.keys())
    ]


def _cycle(rows: Rows) -> dict[str, Any]:
    return rows[0] if rows and rows[0]["sign_ups"] else {"sign_ups": 0, "median_s": None, "p90_s": None}


def _virality(rows: Rows, as_of: datetime | None) -> Virality:
    weeks: defaultdict[date, Rows] = defaultdict(list)
    for row in rows:
        day = row["signed_up_at"].date()
        weeks[day - timedelta(days=day.weekday())].append(row)
    return Virality(
        definition=DEFINITION,
        window_days=WINDOW.days,
        cohort=_estimate(rows, as_of),
        weeks=[(week, _estimate(weeks[week], as_of)) for week in sorted(weeks)],
    )


def _estimate(rows: Iterable[dict[str, Any]], as_of: datetime | None) -> Estimate:
    cohort = list(rows)
    found = estimate([NewViewer(row["shares"], row["millionths"]) for row in cohort])
    newest = max((row["signed_up_at"] for row in cohort), default=None)
    closed = newest is None or (as_of is not None and newest + 2 * WINDOW <= as_of)
    return Estimate(**{name: getattr(found, name) for name in found.__slots__}, closed=closed)
