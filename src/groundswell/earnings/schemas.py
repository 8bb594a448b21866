"""What crosses HTTP about money: integer minor units and a currency, never a fraction."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from babel.core import Locale
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from groundswell.platform.pages import Page

from .ledger import LARGEST_MINOR

CURRENCIES = frozenset(Locale("en").currencies)


def known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code} is not a currency (ISO 4217)")
    return code


Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"]), AfterValidator(known_currency)]
AmountMinor = Annotated[int, Field(ge=1, le=LARGEST_MINOR, strict=True, description="In minor units: cents for EUR.")]
Period = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-11"])]
BasisName = Literal["plays", "conversions"]


class NewPool(BaseModel):
    model_config = ConfigDict(extra="forbid")

    period: Period
    amount_minor: AmountMinor
    currency: Currency
    basis: BasisName = "plays"


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
    status: Literal["funded", "dividing", "divided", "nothing_eligible"]
    weight: int | None
    left_minor: int
    statements: int
    counted_at: datetime | None
    created_at: datetime
    divided_at: datetime | None


class CreatorName(BaseModel):
    id: UUID
    handle: str
    display_name: str


class StatementOut(BaseModel):
    """A creator's part of a pool: ``pool_amount_minor * weight / pool_weight``, exact to the minor unit.

    ``status`` is ``posting`` (drawn up), ``due`` (in the creator's account) or ``paid``.
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
    status: Literal["posting", "due", "paid"]
    posting_id: UUID | None
    payout_id: UUID | None
    paid_at: datetime | None
    counted_at: datetime | None
    created_at: datetime


class LineOut(BaseModel):
    """What one moment brought. ``evidence_url`` lists what was counted, one by one."""

    moment_id: UUID
    moment_code: str
    caption: str
    title: str
    start_us: int
    end_us: int
    weight: int
    amount_minor: int
    evidence_url: str


class StatementDetail(StatementOut):
    lines: list[LineOut]


class Due(BaseModel):
    """What a creator's account holds. Less than the minimum is carried over to the next payout."""

    currency: str
    due_minor: int
    owed_back_minor: int
    minimum_minor: int
    payable: bool


class Statements(Page[StatementOut]):
    due: list[Due]


class EvidenceOut(BaseModel):
    """One thing counted: an event (basis ``plays``) or a conversion (``conversions``), and its weight."""

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
