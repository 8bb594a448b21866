"""What crosses HTTP about money: integer minor units and a currency, never a fraction."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from groundswell.platform.currencies import in_use
from groundswell.platform.pages import Page

from .rules import POOL_MOST_MINOR


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
        None, description="The most that one person counts for one creator of what is counted of a month, in its unit."
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
    model_config = ConfigDict(extra="forbid")

    statement: UUID
    reference: str = Field("", max_length=140, description="Your bank's reference.")


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
