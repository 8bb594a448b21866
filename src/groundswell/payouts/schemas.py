"""What crosses HTTP about paying out. Amounts are integer minor units and a currency."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pycountry
import schwifty
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from groundswell.earnings.schemas import CreatorName, Currency, Reason

from .tax_numbers import tax_number, vat_number

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)


def _country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        raise ValueError("no country (ISO 3166-1)")
    return code


def _iban(text: str) -> str:
    try:
        return str(schwifty.IBAN(text).compact)
    except (schwifty.exceptions.SchwiftyException, ValueError) as wrong:
        raise ValueError(f"no IBAN: {wrong}") from None


def _bic(text: str) -> str:
    try:
        return str(schwifty.BIC(text).compact)
    except (schwifty.exceptions.SchwiftyException, ValueError) as wrong:
        raise ValueError(f"no BIC: {wrong}") from None


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=70), AfterValidator(_printable)]
Country = Annotated[str, BeforeValidator(_upper), Field(pattern="^[A-Z]{2}$"), AfterValidator(_country)]
Iban = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=50), AfterValidator(_iban)]
Bic = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(_bic)] | None,
    BeforeValidator(_none_if_empty),
]
Number = Annotated[Annotated[str, StringConstraints(max_length=40)] | None, BeforeValidator(_none_if_empty)]
PastDay = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Day = Annotated[PastDay | None, BeforeValidator(_none_if_empty)]


class TaxForm(BaseModel):
    """A form that a payee signed, and when."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["w9", "w8ben"]
    signed_on: PastDay


class PayeeFacts(BaseModel):
    """Who is paid, where, and what tax offices ask of them."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["person", "business"] = "person"
    legal_name: Line
    street: Line
    postcode: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16), AfterValidator(_printable)
    ]
    town: Line
    country: Country
    iban: Annotated[Iban | None, BeforeValidator(_none_if_empty)] = None
    bic: Bic = None
    born_on: Day = None
    tax_number: Number = None
    vat_number: Number = None
    forms: Annotated[list[TaxForm], Field(max_length=10)] = []

    @model_validator(mode="after")
    def _numbers(self) -> "PayeeFacts":
        if self.tax_number:
            self.tax_number = tax_number(self.country, self.tax_number)
        if self.vat_number:
            self.vat_number = vat_number(self.country, self.vat_number)
        return self

    @property
    def bank(self) -> str | None:
        """The bank's BIC: as said, or as the account says."""
        if self.bic or self.iban is None:
            return self.bic
        known = schwifty.IBAN(self.iban).bic
        return None if known is None else str(known)

    @property
    def masked_iban(self) -> str:
        """The account's two ends: ``DE89 … 3000``; empty where they have named none."""
        return masked(self.iban) if self.iban else ""

    def signed(self, kind: str) -> date | None:
        """When the newest form of a kind was signed."""
        return max((form.signed_on for form in self.forms if form.kind == kind), default=None)


def masked(iban: str) -> str:
    """An account number's two ends."""
    return f"{iban[:4]} … {iban[-4:]}"


class NewPayee(PayeeFacts):
    """``iban`` may be left out where one is kept: it stays. It may be left out, too, where Stripe pays."""

    def whole(self, before: PayeeFacts | None) -> dict[str, Any]:
        """All facts: an account that was not typed again stays, and with it its bank."""
        facts = self.model_dump(mode="json")
        if self.iban is None and before is not None:
            facts |= {"iban": before.iban, "bic": self.bic or before.bic}
        return facts


class PayeeOut(BaseModel):
    """Where the creator is paid. Of the account only its ends are shown. ``missing`` says what is asked for before
    anything is paid; ``bank_name`` is the name as banks get it."""

    kind: Literal["person", "business"]
    legal_name: str
    bank_name: str
    street: str
    postcode: str
    town: str
    country: str
    masked_iban: str
    bic: str | None
    born_on: date | None
    tax_number: str | None
    vat_number: str | None
    forms: list[TaxForm]
    missing: list[str]
    changed_at: datetime


class NewPayoutRun(BaseModel):
    """A run pays everybody whom something is due in ``currency`` and of whom nothing is missing."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    rail: Annotated[
        Literal["pain.001", "csv", "stripe"],
        Field(description="A file for the bank, or transfers to creators' accounts at Stripe."),
    ] = "pain.001"
    execution_on: date | None = Field(None, description="When the bank is to pay; unset: tomorrow.")


class PayoutRunOut(BaseModel):
    """A payout run. ``held_out`` of its lines are not paid by it; ``being_filed``: its file is being made."""

    id: UUID
    number: int
    currency: str
    rail: str
    execution_on: date
    status: Literal["draft", "approved", "filed", "cancelled"]
    being_filed: bool
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    filed_at: datetime | None
    cancel_reason: str | None
    lines: int
    amount_minor: int
    held_out: int
    confirmed: int
    returned: int
    file_sha256: str | None
    has_file: bool


class PayoutItemOut(BaseModel):
    """A line of a run. ``code`` says why it was held out, or what the bank said when it came back."""

    id: UUID
    run_id: UUID
    creator: CreatorName
    amount_minor: int
    currency: str
    status: Literal["waiting", "held_out", "sent", "confirmed", "returned", "cancelled"]
    code: str
    bank_reference: str | None
    settled_on: date | None


class RunLeaving(BaseModel):
    """Why a line, or a run, is not paid; or what was found of an exception."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class BankFileOut(BaseModel):
    """A bank file that was read: how many of its lines did something, were known, were noted, need somebody.
    ``again``: it had been read before."""

    id: UUID
    kind: str
    message_id: str
    read_by: str
    read_at: datetime
    again: bool = False
    done: int
    known: int
    noted: int
    exceptions: int


class BankExceptionOut(BaseModel):
    """A line of a bank's file that somebody has to look at."""

    id: UUID
    file_id: UUID
    said: str
    problem: str
    end_to_end_id: str
    bank_reference: str
    amount_minor: int | None
    currency: str
    booked_on: date | None
    bank_code: str
    item_id: UUID | None
    read_at: datetime


class StripeAccountOut(BaseModel):
    """A creator's account at Stripe: whether Stripe may pay it."""

    ready: bool


class StripeLink(BaseModel):
    """Where at Stripe a creator says what it wants to know of them. Good for a few minutes, once."""

    url: str
