"""The funnel told apart by any dimension, with the ranks that two credit models give."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.insights.schemas import Breakdown, BreakdownRow
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime

from .dimensions import dimension_of
from .funnel_rows import Rows, by_key, rows_by_key
from .labels import labels
from .lake_query import days_of, read, sealed_until
from .loop import stayed
from .report_cache import answered
from .report_filter import Slice, check_model

if TYPE_CHECKING:
    from .engine import Lake

RANKABLE = ("subscription", "sign_up", "trial", "renewal", "revenue", "click", "play", "share")
MOST_ROWS = 1000
UNKNOWN = "unknown"
"""The key of what is known of no value, so that the rows add up to the whole."""


class RankUnknown(Problem):
    status, code, title = 422, "rank_unknown", "Rows cannot be ranked by this."


@dataclass(frozen=True)
class _Numbers:
    leaders: Rows
    visits: Rows
    conversions: Rows
    staying: dict[int, Rows]


async def breakdown(
    runtime: Runtime,
    slice: Slice,
    dimension: str,
    model: str = DEFAULT_MODEL,
    other_model: str | None = None,
    ranked_by: str = "subscription",
    *,
    retention: bool = True,
) -> Breakdown:
    """The funnel of ``slice`` by ``dimension``: the ``MOST_ROWS`` rows ranked first by ``model``.

    Args:
        other_model: the credit model whose ranks stand beside those of ``model``; by default the same.
        ranked_by: one of ``RANKABLE``.
        retention: whether to say of each row who still paid (``staying``): the dearest of its questions, which reads
            all sales of months.

    Raises:
        PeriodInvalid, DimensionUnknown, ModelUnknown, RankUnknown.
        EngineDown, LakeDamaged: and there is no earlier answer.
    """
    slice.check()
    dimension_of(dimension)
    other = other_model or model
    for name in (model, other):
        check_model(name)
    if ranked_by not in RANKABLE:
        raise RankUnknown(f"There is {', '.join(RANKABLE)}.")
    asked = (slice, dimension, model, other, ranked_by, retention)
    return await answered(runtime, Breakdown, asked, lambda: _report(runtime, *asked))


async def _report(
    runtime: Runtime, slice: Slice, dimension: str, model: str, other: str, ranked_by: str, retention: bool
) -> Breakdown:
    as_of = await sealed_until(runtime)
    models, known_by = sorted({model, other}), as_of or utc_now()
    numbers = await read(
        runtime,
        slice,
        (dimension,),
        partial(
            _read,
            slice=slice,
            dimension=dimension,
            models=models,
            model=model,
            by=ranked_by,
            as_of=known_by,
            retention=retention,
        ),
    )
    found = {row.key: row for row in rows_by_key(numbers.visits, numbers.conversions)}
    rows = [found[leader["key"]] for leader in numbers.leaders]
    ranks = {leader["key"]: leader for leader in numbers.leaders}
    async with runtime.database.transaction() as session:
        names = await labels(session, dimension, found.keys() - {UNKNOWN}) | {UNKNOWN: "Not known"}
    kept = {days: by_key(rows) for days, rows in numbers.staying.items()}
    return Breakdown(
        first=slice.first,
        last=slice.last,
        zone=slice.zone,
        as_of=as_of,
        dimension=dimension,
        model=model,
        other_model=other,
        ranked_by=ranked_by,
        rows=[
            BreakdownRow(
                **row.model_dump(exclude={"label"}),
                label=names.get(row.key, row.key),
                ranks={each: rank for each in models if (rank := ranks[row.key][f"rank_{each}"]) is not None},
                staying=[stayed(days, those.get(row.key, [])) for days, those in kept.items()],
            )
            for row in rows
        ],
    )


def _read(
    lake: "Lake",
    slice: Slice,
    dimension: str,
    models: Sequence[str],
    model: str,
    by: str,
    as_of: datetime,
    retention: bool,
) -> _Numbers:
    from . import funnel, leaders
    from .engine import key_rows

    days = days_of(slice)

    def keyed(table: Any) -> Any:
        within = funnel.sliced(funnel.between(table, slice.begin, slice.end), slice.where, lake.named, days)
        return leaders.known(funnel.by_dimension(within, dimension, lake.named, days))

    events = keyed(lake.events)
    credited = {each: keyed(funnel.with_model(lake.credits, each, MODELS_VERSION)) for each in models}
    first = lake.run(leaders.leaders(events, credited, model, (by,), days=days))
    keys = key_rows(lake.engine, [each["key"] for each in first])
    theirs = leaders.only(credited[model], keys)
    kept = funnel.STAYED_DAYS if retention else ()
    return _Numbers(
        leaders=first,
        visits=lake.run(funnel.visits(leaders.only(events, keys), days)),
        conversions=lake.run(funnel.conversions(theirs)),
        staying={after: lake.run(funnel.staying(theirs, lake.logged, after, as_of)) for after in kept},
    )
