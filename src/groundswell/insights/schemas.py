"""What reports say. Every number comes with what it counts, over which period, as of when."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Zone = Annotated[str, Field(description="The time zone by which days are cut.")]
Counts = dict[str, float]
"""By step (``share``, ``unfurl``, ``click``, ``continue``, ``play``, ``sign_up``, ``trial``, ``subscription``,
``renewal``, ``refund``, ``cancellation``). Conversions can be fractions under models that divide them."""


class Stale(BaseModel):
    """That this is an earlier answer, because the engine or the lake could not give a new one: why, and from when."""

    code: str
    detail: str
    made_at: datetime


class ReportBase(BaseModel):
    """What every report has: up to when everything is counted, and whether it is an earlier answer."""

    as_of: Annotated[datetime | None, Field(description="Everything up to here is counted; null: nothing sealed yet.")]
    stale: Stale | None = None


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
    """Visits that are kept and not counted: the verdict, why, and the version of the rule that reached it.

    ``traffic`` tells routine (``givt``) from sophisticated invalid traffic (``sivt``).
    """

    verdict: str
    traffic: str | None = None
    reason: str
    rule: str
    events: int


class Staying(BaseModel):
    """Credited subscriptions paid at least ``days`` ago (``due``), and how many of them were still paying then."""

    days: int
    due: float
    stayed: float

    @property
    def part(self) -> float | None:
        return self.stayed / self.due if self.due else None


class Coverage(BaseModel):
    """How the conversions of a kind could be matched to a visit, whatever the title or channel.

    ``certain``: signed in, or by the service's token. ``probable``: by our own cookie. ``unmatched``: no visit by way
    of a share within the window is known.
    """

    kind: str
    certain: int
    probable: int
    unmatched: int


class ClosedFigure(BaseModel):
    """A figure of a period that is over: as it was first told (``before``), and ``now``."""

    figure: str
    label: str
    before: float
    now: float


class Causes(BaseModel):
    """What came since, of the same period: verdicts changed, refunds, and other events that came late."""

    verdicts: int
    refunds: int
    late: int


class ClosedSince(BaseModel):
    """What changed since a period that is over was first told, and why."""

    first_told: datetime
    figures: list[ClosedFigure]
    causes: Causes


class LoopReport(ReportBase):
    """How the loop turned over a period of whole days of a time zone, both included."""

    first: date
    last: date
    zone: Zone = "UTC"
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
    staying: list[Staying]
    coverage: list[Coverage]
    excluded: list[Excluded]
    changed: Annotated[ClosedSince | None, Field(description="Null: not over yet, or as first told.")] = None


class BreakdownRow(Row):
    """A row of a breakdown. ``staying`` as in the loop's report; ``ranks``: 1 for the most, by credit model."""

    staying: list[Staying] = []
    ranks: dict[str, int] = {}


class Breakdown(ReportBase):
    """The funnel told apart by one dimension, and how its ranks move from one credit model to another."""

    first: date
    last: date
    zone: Zone = "UTC"
    dimension: str
    model: str
    other_model: str
    ranked_by: str
    rows: list[BreakdownRow]


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
    share_id: UUID | None
    channel: str
    generation: int | None
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


Unit = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")]


class ExperimentIn(BaseModel):
    """An experiment to begin. ``control`` is the part of the units that is held back (0.01 to 0.99)."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$", description="Its name in addresses.")]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    hypothesis: Annotated[str, Field(max_length=1000)] = ""
    subject: Literal["sharing", "landing"]
    unit: Literal["viewer", "cluster", "visitor"]
    control: Annotated[float, Field(ge=0.01, le=0.99)] = 0.5
    minimum_effect: Annotated[float, Field(gt=0, le=1, description="Least difference in conversions a unit.")] = 0.01


class ExperimentOut(BaseModel):
    """An experiment as it was begun."""

    key: str
    name: str
    subject: str
    unit: str
    control: float
    started_at: datetime
    stopped_at: datetime | None


class ExposureIn(BaseModel):
    """That a viewer reached the point where the experiment shows its thing, or in control would have.

    ``unit`` is what is drawn: the viewer's own id, the sharer's cluster, the visitor's browser. ``viewer`` is the
    service's own id of the viewer whose conversions count; by default the unit itself.
    """

    model_config = ConfigDict(extra="forbid")

    unit: Unit
    viewer: Unit | None = None


class Exposures(BaseModel):
    """Exposures that are logged together."""

    model_config = ConfigDict(extra="forbid")

    exposures: Annotated[list[ExposureIn], Field(min_length=1, max_length=1000)]


class Arms(BaseModel):
    """The arm of each exposure, in order: ``treatment`` is shown the thing, ``control`` is not."""

    arms: list[Literal["control", "treatment"]]


class LiftOut(BaseModel):
    """A difference per unit, treatment less control; ``low`` and ``high`` hold at every look (95 %); null: too few."""

    model_config = ConfigDict(from_attributes=True)

    control_units: int
    treatment_units: int
    control_mean: float
    treatment_mean: float
    difference: float
    low: float | None
    high: float | None
    reduced: float
    decided: bool


class OutcomeOut(BaseModel):
    """What an experiment found so far: ``words`` says it plainly, ``incremental`` stands beside ``claimed``."""

    experiment: ExperimentOut
    conversions: LiftOut
    revenue: Annotated[LiftOut, Field(description="In `currency`, of which most was paid.")]
    currency: str
    revenues: Annotated[dict[str, LiftOut], Field(description="In each currency by itself.")]
    incremental: float
    incremental_low: float | None
    incremental_high: float | None
    claimed: float
    sample_ratio: float
    balanced: Annotated[bool, Field(description="Whether the arms were alike before they were exposed.")]
    crossed: Annotated[int, Field(description="Viewers left out, since they were drawn into both arms.")]
    judged: Annotated[int, Field(description="Accounts left out, since no visit that led to them was a person's.")]
    again: Annotated[int, Field(description="Viewers of several units of one arm, counted once.")]
    words: str


class CampaignStep(BaseModel):
    """One step of a campaign's funnel."""

    step: str
    label: str
    count: float
    definition: str


class CampaignReport(ReportBase):
    """What a campaign brought from ``begins_at`` to ``ends_at``, credited by the rule fixed when it was made.

    ``rows`` tell the same apart by the dimension ``by``; what nothing is known of has the key ``unknown``.
    """

    key: str
    begins_at: datetime
    ends_at: datetime
    zone: Zone = "UTC"
    model: str
    model_version: int
    attribution_window_days: int
    steps: list[CampaignStep]
    revenue: list[Revenue]
    staying: list[Staying]
    by: str
    rows: list[Row]

    def count(self, step: str) -> float:
        return next((each.count for each in self.steps if each.step == step), 0)
