"""What crosses HTTP about conversions."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundswell.platform.clock import Instant

Printable = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,200}$")]


SALE_MOST_MINOR = 10**9
"""No subscription costs ten million of a currency with cents: such an amount is a mistake or worse."""


class Money(BaseModel):
    """An amount in the currency's minor units (cents for EUR, whole yen for JPY)."""

    model_config = ConfigDict(extra="forbid")

    minor: Annotated[int, Field(ge=0, le=SALE_MOST_MINOR, strict=True)]
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]


class NewConversion(BaseModel):
    """A conversion as the service reports it. The same ``id`` again, with the same content, is harmless."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[Printable, Field(description="The service's own id; reports are idempotent by it.")]
    kind: Literal["sign_up", "trial", "subscription", "renewal", "refund", "cancellation", "churn"]
    viewer: Annotated[
        str,
        StringConstraints(pattern=r"^[^\x00-\x1f]{1,255}$"),
        Field(description="The service's own id of the viewer, their tokens' `sub`. A sign-up may introduce one."),
    ]
    at: Instant
    amount: Annotated[
        Money | None, Field(description="What was paid; for a refund, what was given back. Required where money moves.")
    ] = None
    touch: Annotated[
        Printable | None,
        Field(description="The `gs` parameter with which the viewer came to the service, on the web or by app link."),
    ] = None
    install_referrer: Annotated[
        str | None,
        StringConstraints(pattern=r"^[ -~]{0,2048}$"),
        Field(description="What Google Play's Install Referrer says, as it is; a `gs` in it names the visit."),
    ] = None
    code: Annotated[
        str | None,
        StringConstraints(pattern=r"^[ -~]{1,40}$"),
        Field(description="A creator's code that the viewer typed or scanned, in any case."),
    ] = None
    original: Annotated[
        Printable | None,
        Field(
            description="For a refund: the id of the sale that it undoes; for a cancellation or churn, what it ends."
        ),
    ] = None
    day: Annotated[
        Literal[30, 90] | None,
        Field(description="For churn: the day of the subscription on which it was found not to be paid any more."),
    ] = None


class CreditGiven(BaseModel):
    """A part of the conversion, given to one touch by one model: to a share, or to a creator's code (no share)."""

    model_config = ConfigDict(from_attributes=True)

    model: str
    model_version: int
    touch_id: UUID
    share_id: UUID | None
    moment_id: UUID | None
    sharer_id: UUID | None
    channel: str
    weight_ppm: int
    amount_minor: int | None
    currency: str | None


class Note(BaseModel):
    """Something about a conversion that was recorded all the same: ``touch_taken``, its visit is another viewer's."""

    code: Literal["touch_taken"]
    detail: str


class RecordedConversion(BaseModel):
    """A recorded conversion and how its credit was divided: empty when no share led to it."""

    id: UUID
    external_id: str
    kind: str
    at: Instant
    credits: list[CreditGiven]
    notes: list[Note] = []
