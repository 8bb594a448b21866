"""What reports say. Every number comes with what it counts, over which period, as of when."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

Counts = dict[str, float]
"""By step (``share``, ``unfurl``, ``click``, ``continue``, ``play``, ``sign_up``, ``trial``, ``subscription``,
``renewal``, ``refund``, ``cancellation``). Conversions can be fractions under models that divide them."""


class Step(BaseModel):
    """One step of the loop. ``total`` is all that the service reported, whoever brought it (conversions only)."""

    step: str
    label: str
    count: float
    total: int | None = None
    definition: str


class Revenue(BaseModel):
    """What credited conversions brought in one currency, in minor units; ``net_minor`` is after refunds."""

    currency: str
    gross_minor: int
    refunded_minor: int
    net_minor: int


class Row(BaseModel):
    """The same numbers for one day, channel or title. ``key`` is the date, the channel, the title's id."""

    key: str
    label: str
    counts: Counts
    revenue: list[Revenue]


class Estimate(BaseModel):
    """K of one cohort: how many new viewers one new viewer brings. None where there is no new viewer.

    ``low`` and ``high`` bound 95 % (percentile bootstrap over viewers). ``closed`` is False while some of the cohort
    still have time left to bring others.
    """

    value: float | None
    low: float | None
    high: float | None
    new_viewers: int
    shares: int
    sign_ups: int
    shares_per_new_viewer: float | None
    sign_ups_per_share: float | None
    closed: bool


class Virality(BaseModel):
    """K over the period's cohort, and by week of sign-up (Mondays), with the definition."""

    definition: str
    window_days: int
    cohort: Estimate
    weeks: list[tuple[date, Estimate]]


class CycleTime(BaseModel):
    """Seconds from a share to the sign-up credited to it."""

    definition: str
    sign_ups: int
    median_s: float | None
    p90_s: float | None


class Excluded(BaseModel):
    """Visits that are kept and not counted, by why."""

    reason: str
    events: int


class LoopReport(BaseModel):
    """How the loop turned over a period of whole UTC days, both included."""

    first: date
    last: date
    as_of: Annotated[datetime | None, Field(description="Everything up to here is counted; null: nothing sealed yet.")]
    title_id: UUID | None
    channel: str | None
    model: str
    model_version: int
    steps: list[Step]
    revenue: list[Revenue]
    days: list[Row]
    channels: list[Row]
    titles: list[Row]
    virality: Virality
    cycle: CycleTime
    excluded: list[Excluded]


class ConversionRow(BaseModel):
    """A conversion, and the share that the last-touch model credits it to (null: no share led to it)."""

    id: UUID
    external_id: str
    kind: str
    at: datetime
    amount_minor: int | None
    currency: str | None
    viewer: str
    share_id: UUID | None
    channel: str | None
    generation: int | None
    title: str | None
    title_id: UUID | None
    certain: bool | None


class TouchOut(BaseModel):
    """A touch, as evidence: whose it is known to be, how, and the verdict on its visit."""

    id: UUID
    event_id: UUID
    at: datetime
    share_id: UUID
    channel: str
    generation: int
    matched_by: str
    certain: bool
    verdict: str | None
    verdict_reason: str | None
    verdict_rule: str | None


class CreditOut(BaseModel):
    """A part of the conversion, by one model."""

    model: str
    model_version: int
    touch_id: UUID
    share_id: UUID
    weight_ppm: int
    amount_minor: int | None
    currency: str | None


class ShareNode(BaseModel):
    """One share of a cascade and what it brought: human clicks and plays, and credited conversions (last touch)."""

    id: UUID
    parent_id: UUID | None
    generation: int
    channel: str
    sharer: str | None
    at: datetime
    counts: Counts


class CascadeOut(BaseModel):
    """All shares that go back to one first share. ``way`` leads from it to the share that was asked about."""

    root_id: UUID
    title: str
    moment_code: str
    shares_total: int
    depth: int
    nodes: list[ShareNode]
    way: list[UUID]


class EvidenceOut(BaseModel):
    """Everything that is known about why a conversion happened, read from the rows themselves."""

    conversion: ConversionRow
    touches: list[TouchOut]
    credits: list[CreditOut]
    cascade: CascadeOut | None
