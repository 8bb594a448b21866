"""What a campaign brought: the funnel of what belongs to it, with conversions divided by its own, frozen rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from groundswell.attribution.campaign_credit import credit_of
from groundswell.attribution.tables import Campaign, Credit
from groundswell.insights.reports.breakdown import UNKNOWN
from groundswell.insights.reports.dimensions import dimension_of
from groundswell.insights.reports.funnel_rows import Rows, row, rows_by_key
from groundswell.insights.reports.labels import labels
from groundswell.insights.reports.lake_query import days_of as lake_days
from groundswell.insights.reports.lake_query import read, sealed_until
from groundswell.insights.reports.loop import stayed
from groundswell.insights.reports.report_cache import answered
from groundswell.insights.reports.report_filter import Slice
from groundswell.insights.reports.wording import DEFINITIONS, IN_CAMPAIGN, LABELS
from groundswell.insights.schemas import CampaignReport, CampaignStep
from groundswell.platform.clock import LocalDays, day_of, utc_now
from groundswell.platform.runtime import Runtime

if TYPE_CHECKING:
    from groundswell.insights.reports.engine import Lake

CREDIT_TABLE = "campaign_credits"


@dataclass(frozen=True)
class _Numbers:
    total: tuple[Rows, Rows]
    told_apart: tuple[Rows, Rows]
    staying: Mapping[int, Rows]


async def campaign_report(runtime: Runtime, campaign: Campaign, by: str = "title", zone: str = "UTC") -> CampaignReport:
    """The campaign's funnel, in all and by ``by`` (a dimension); its days are of ``zone``.

    Raises:
        DimensionUnknown; EngineDown, LakeDamaged: and there is no earlier answer.
    """
    dimension_of(by)
    asked = (campaign.id, campaign.until, by, zone)
    return await answered(runtime, CampaignReport, asked, lambda: _report(runtime, campaign, by, zone))


def days_of(campaign: Campaign, now: datetime, zone: str = "UTC") -> tuple[date, date]:
    """The days of ``zone`` that the campaign has seen so far: first and last, both included."""
    first = day_of(campaign.begins_at, zone)
    return first, max(first, day_of(min(campaign.until, now), zone))


def scope_of(campaign: Campaign) -> dict[str, list[str]]:
    """Dimension → the keys that the campaign is about; dimensions that it does not narrow are left out."""
    named = {"title": campaign.titles, "maker": campaign.creators, "territory": campaign.territories}
    return {dimension: [str(key) for key in keys] for dimension, keys in named.items() if keys is not None}


async def _report(runtime: Runtime, campaign: Campaign, by: str, zone: str) -> CampaignReport:
    as_of = await sealed_until(runtime)
    known_by = as_of or utc_now()
    async with runtime.database.transaction() as session:
        credits = await credit_of(session, campaign, known_by) if as_of else []
    slice = Slice(*days_of(campaign, utc_now(), zone), zone=zone)
    cut = lake_days(slice)
    scope = scope_of(campaign)
    numbers = await read(
        runtime,
        slice,
        (by, *scope),
        partial(
            _read,
            span=(campaign.begins_at, campaign.until),
            scope=scope,
            credits=[values_of(credit) for credit in credits],
            by=by,
            as_of=known_by,
            days=cut,
        ),
    )
    keys = {each["key"] for rows in numbers.told_apart for each in rows} - {UNKNOWN}
    async with runtime.database.transaction() as session:
        names = await labels(session, by, keys) | {UNKNOWN: "Not known"}
    total = row("", "", *numbers.total)
    return CampaignReport(
        key=campaign.key,
        begins_at=campaign.begins_at,
        ends_at=campaign.until,
        zone=zone,
        as_of=as_of,
        model=campaign.model,
        model_version=campaign.model_version,
        attribution_window_days=campaign.attribution_window_days,
        steps=[_step(step, total.counts.get(step, 0)) for step in LABELS],
        revenue=total.revenue,
        staying=[stayed(days, rows) for days, rows in numbers.staying.items()],
        by=by,
        rows=rows_by_key(*numbers.told_apart, names),
    )


def values_of(credit: Credit) -> dict[str, Any]:
    """A credit by its columns, to be sent to another process."""
    return {column.key: getattr(credit, column.key) for column in Credit.__table__.columns}


def _step(step: str, count: float) -> CampaignStep:
    return CampaignStep(step=step, label=LABELS[step], count=count, definition=IN_CAMPAIGN.get(step, DEFINITIONS[step]))


def _read(
    lake: "Lake",
    span: tuple[datetime, datetime],
    scope: Mapping[str, Sequence[str]],
    credits: Sequence[Mapping[str, Any]],
    by: str,
    as_of: datetime,
    days: LocalDays,
) -> _Numbers:
    from groundswell.insights.reports import funnel, leaders
    from groundswell.insights.reports.engine import credit_rows, key_rows

    events = funnel.among(funnel.between(lake.events, *span), scope, lake.named)
    credited = credit_rows(lake.engine, CREDIT_TABLE, credits)

    def keyed(dimension: str | None) -> list[Any]:
        return [funnel.by_dimension(table, dimension, lake.named, days) for table in (events, credited)]

    def asked(visits: Any, conversions: Any) -> tuple[Rows, Rows]:
        return lake.run(funnel.visits(visits, days)), lake.run(funnel.conversions(conversions))

    visits, given = (leaders.known(table) for table in keyed(by))
    first = lake.run(leaders.leaders(visits, {"own": given}, "own", days=days))
    keys = key_rows(lake.engine, [each["key"] for each in first])
    whole: Any = funnel.by_dimension(credited, None, lake.named)
    staying = {after: lake.run(funnel.staying(whole, lake.logged, after, as_of)) for after in funnel.STAYED_DAYS}
    return _Numbers(asked(*keyed(None)), asked(leaders.only(visits, keys), leaders.only(given, keys)), staying)
