"""What crosses HTTP about money: integer minor units and a currency, never a fraction."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from groundswell.platform.currencies import in_use
from groundswell.platform.pages import Page

from .rules import PLAYS_OF_ONE, POOL_MOST_MINOR


def known_currency(code: str) -> str:
    if code not in in_use():
        raise ValueError(f"{code} is no currency that anybody pays in (ISO 4217)")
    return code


Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"]), AfterValidator(known_currency)]
AmountMinor = Annotated[int, Field(ge=1, le=POOL_MOST_MINOR, strict=True, description="In minor units: cents for EUR.")]
Period = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-11"])]
BasisName = Literal["plays", "conversions", "revenue"]


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Limit = Annotated[int | None, Field(ge=1, le=POOL_MOST_MINOR, strict=True)]


class NewPool(BaseModel):
    """Money for a month, and the terms by which it is divided and paid."""

    model_config = ConfigDict(extra="forbid")

    period: Period
    amount_minor: AmountMinor
    currency: Currency
    basis: BasisName = "revenue"
    hold_days: int | None = Field(
        None, ge=0, le=365, description="Days from the count in which nothing is paid; unset: the refund window."
    )
    floor_minor: Limit = Field(
        None, description="The least that is paid out at once; unset: ten units of the currency."
    )
    creator_cap_minor: Limit = Field(
        None, description="The most that one creator gets. What is cut off goes back to the service."
    )
    person_cap: Limit = Field(
        None,
        description="The most that one person counts for one creator of what is counted of a month, in its unit; "
        f"unset: {PLAYS_OF_ONE} plays of a visitor of a day, and of sales no cap.",
    )
    tax_ppm: int = Field(0, ge=0, le=999_999, description="What part of revenue is tax, in millionths.")


class Correction(BaseModel):
    """Why something is undone."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class NewRate(BaseModel):
    """What one unit of a currency is worth in another, from a day on."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    into: Currency
    valid_from: date
    rate: Decimal = Field(gt=0, lt=10**9, decimal_places=10, examples=["0.92"])


class RateOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    currency: str
    into: str
    valid_from: date
    rate: Decimal
    entered_by: str
    created_at: datetime


class RatesImported(BaseModel):
    """What a file of rates brought: ``entered`` are new, ``known`` were there; ``other`` of those are another rate than
    the file's, which was kept."""

    model_config = ConfigDict(from_attributes=True)

    entered: int
    known: int
    other: int


class PoolOut(BaseModel):
    """A pool. ``counts`` says what ``weight`` is; ``left_minor`` is what its account still holds."""

    id: UUID
    period: str
    basis: BasisName
    counts: str
    unit: str
    rules: str
    amount_minor: int
    currency: str
    status: Literal["funded", "dividing", "divided", "nothing_eligible", "cancelled"]
    hold_days: int
    floor_minor: int | None
    creator_cap_minor: int | None
    person_cap: int | None
    tax_ppm: int
    weight: int | None
    left_minor: int
    statements: int
    counted_at: datetime | None
    created_at: datetime
    divided_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None


class CreatorName(BaseModel):
    id: UUID
    handle: str
    display_name: str


class StatementOut(BaseModel):
    """A creator's part of a pool: ``pool_amount_minor * weight / pool_weight``, exact to the minor unit, or their cap.

    ``status`` is ``posting`` (drawn up), ``held`` (in the creator's account, not to be paid before ``held_until``),
    ``due``, ``paid`` or ``cancelled`` (its pool was). ``number`` is its document's.
    """

    id: UUID
    creator: CreatorName
    pool_id: UUID
    period: str
    basis: BasisName
    counts: str
    unit: str
    weight: int
    pool_weight: int
    pool_amount_minor: int
    amount_minor: int
    currency: str
    status: Literal["posting", "held", "due", "paid", "cancelled"]
    held_until: datetime | None
    number: str | None
    posting_id: UUID | None
    payout_id: UUID | None
    paid_at: datetime | None
    counted_at: datetime | None
    created_at: datetime


class StatementLineOut(BaseModel):
    """What one moment brought in a month, or (no moment) the creator's code. ``evidence_url`` lists what was counted.
    A ``period`` before the statement's is of what arrived after that month had been divided."""

    moment_id: UUID | None
    moment_code: str | None
    caption: str
    title: str
    start_us: int | None
    end_us: int | None
    period: str
    weight: int
    amount_minor: int
    evidence_url: str


class AdjustmentOut(BaseModel):
    """What was taken back of an earlier statement (or given back), why, and where to object."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    statement_id: UUID
    moment_id: UUID | None
    amount_minor: int
    currency: str
    reason_code: str
    explanation: str
    appeal: str
    created_at: datetime


class StatementDetail(StatementOut):
    lines: list[StatementLineOut]
    adjustments: list[AdjustmentOut]


class Due(BaseModel):
    """What a creator's account holds; ``held_minor`` of it is held, the first of that until ``held_until``. Less than
    the minimum is carried over to the next payout. What is not ``payable`` says why: ``below_minimum``,
    ``earnings_held``, ``earnings_withheld`` or ``creator_erased``."""

    currency: str
    due_minor: int
    held_minor: int
    held_until: datetime | None
    payable_minor: int
    owed_back_minor: int
    minimum_minor: int
    payable: bool
    reason_code: str | None


class Statements(Page[StatementOut]):
    due: list[Due]


class StatementEvidenceOut(BaseModel):
    """One thing counted: an event (basis ``plays``) or a conversion (the others), and its weight."""

    id: UUID
    kind: Literal["event", "conversion"]
    at: datetime
    weight: int


class NewPayout(BaseModel):
    """Whose payment: the creator's of a ``statement``, or a ``creator`` (by handle) and a ``currency``."""

    model_config = ConfigDict(extra="forbid")

    statement: UUID | None = None
    creator: str | None = Field(None, pattern="^@?[A-Za-z0-9_]{2,30}$")
    currency: Currency | None = None
    reference: str = Field("", max_length=140, description="Your bank's reference.")

    @model_validator(mode="after")
    def _one_of_two(self) -> "NewPayout":
        if (self.statement is None) == (self.creator is None) or (self.creator is None) != (self.currency is None):
            raise ValueError("name a statement, or a creator and a currency")
        return self


class PayoutOut(BaseModel):
    id: UUID
    creator: CreatorName
    amount_minor: int
    currency: str
    reference: str
    paid_by: str
    created_at: datetime
    returned_at: datetime | None
    return_reason: str | None
    statements: list[UUID]


class Side(BaseModel):
    """An account as it appears in a posting."""

    id: UUID
    kind: str
    owner: str


class PostingOut(BaseModel):
    id: UUID
    number: int
    debit: Side
    credit: Side
    amount_minor: int
    currency: str
    period: str
    reason: str
    evidence: dict[str, Any]
    created_at: datetime


class BalanceOut(BaseModel):
    """The accounts of one kind and currency together. ``balance_minor`` is credits less debits."""

    kind: str
    currency: str
    accounts: int
    debits_minor: int
    credits_minor: int
    balance_minor: int


class TrialBalance(BaseModel):
    """``balanced``: debits equal credits in each currency. ``agrees``: the running totals equal the sum of postings."""

    as_of: datetime
    postings: int
    balanced: bool
    agrees: bool
    rows: list[BalanceOut]


class CreatorSpending(BaseModel):
    """What a campaign came to for one creator. ``earned_minor`` is less what was taken back; ``cut_minor`` is what
    budget and caps left no room for."""

    creator: CreatorName
    earned_minor: int
    held_minor: int
    paid_minor: int
    cut_minor: int


class BudgetOut(BaseModel):
    """A campaign's budget: ``amount_minor = earned_minor + left_minor + returned_minor``, always."""

    campaign: str
    currency: str
    amount_minor: int
    earned_minor: int
    left_minor: int
    returned_minor: int
    held_minor: int
    cut_minor: int
    funded_at: datetime
    funded_by: str
    settled_at: datetime | None
    settle_reason: str | None
    creators: list[CreatorSpending]


class CampaignEarningOut(BaseModel):
    """A change of what one conversion (or first post, or all plays so far) brought a creator by a term of a campaign.

    ``counted`` is the creator's part of the conversion in millionths, or the plays. ``cut_by`` says what left no room
    for all of it: ``budget``, ``creator_cap`` or ``day_cap``.
    """

    id: UUID
    campaign: str
    creator: str
    term: str
    source: str
    number: int
    conversion_id: UUID | None
    at: datetime
    counted: int
    wanted_minor: int
    amount_minor: int
    currency: str
    cut_by: str
    status: Literal["held", "due", "paid"]
    held_until: datetime
    payout_id: UUID | None
    created_at: datetime


Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-10"])]


class ThresholdIn(BaseModel):
    """From how much on I want to be paid, in minor units."""

    model_config = ConfigDict(extra="forbid")

    least_minor: AmountMinor


class ThresholdOut(BaseModel):
    """From how much on a creator wants to be paid in a currency."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    least_minor: int


class MonthObstacle(BaseModel):
    """Something that stands in the way of closing a month, and how often."""

    code: str
    words: str
    count: int


class MonthClose(Correction):
    """Why, and whether it is closed although it has sales and no pool."""

    without_pool: bool = Field(False, description="Nothing of what was sold in it is shared.")


class MonthFigures(BaseModel):
    """What was posted into a month: how many postings, and how much they moved, in minor units by currency."""

    postings: int
    moved_minor: dict[str, int]


class MonthClosingOut(BaseModel):
    """That a month was asked to be closed or opened again, and what became of it (null: it waits for a second person).
    ``figures`` are of when it was done."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    period: str
    act: Literal["close", "reopen"]
    without_pool: bool
    reason: str
    asked_by: str
    asked_at: datetime
    outcome: Literal["done", "withdrawn"] | None
    decided_by: str | None
    decided_at: datetime | None
    figures: MonthFigures | None


class MonthOut(BaseModel):
    """A month: whether it is closed, what stands in the way, and what was asked and done, newest first."""

    period: str
    closed: bool
    obstacles: list[MonthObstacle]
    closings: list[MonthClosingOut]
