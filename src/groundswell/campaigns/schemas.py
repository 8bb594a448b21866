"""What crosses HTTP about campaigns."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from groundswell.attribution.schemas import Money
from groundswell.platform.clock import Instant

CREDIT_MODELS = Literal["last", "first", "linear", "position", "time_decay", "shapley", "markov"]


def _worded(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a null character")
    return text.strip()


Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
Name = Annotated[str, StringConstraints(max_length=120, pattern=r"\S"), AfterValidator(_worded)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_worded)]
References = Annotated[list[Reference], Field(min_length=1, max_length=500)]
Territory = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]


class NewCampaign(BaseModel):
    """A campaign to be made. What it is about and the rule of its credit cannot be changed afterwards."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[Key, Field(description="Small letters, digits and dashes: its name in addresses.")]
    name: Name
    begins_at: Instant
    ends_at: Annotated[Instant, Field(description="Exclusive.")]
    titles: Annotated[References | None, Field(description="Slugs or ids; null: all.")] = None
    territories: Annotated[
        Annotated[list[Territory], Field(min_length=1, max_length=250)] | None,
        Field(
            description="ISO 3166-1 alpha-2; null: all. A visit's is where it came from, a conversion's its viewer's."
        ),
    ] = None
    creators: Annotated[References | None, Field(description="Handles of who clips; null: everybody.")] = None
    model: Annotated[
        CREDIT_MODELS | None, Field(description="The credit model, in its version of now; by default the service's.")
    ] = None
    attribution_window_days: Annotated[
        int | None, Field(ge=1, le=365, strict=True, description="By default the service's; never longer.")
    ] = None
    budget: Money | None = None
    terms: Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_worded)] = ""


class CampaignOut(BaseModel):
    """A campaign. ``until`` is when it ends (exclusive): ``ends_at``, or ``ended_at`` when it was ended early."""

    id: UUID
    key: str
    name: str
    begins_at: Instant
    ends_at: Instant
    ended_at: Instant | None
    until: Instant
    titles: list[str] | None
    territories: list[str] | None
    creators: list[str] | None
    model: str
    model_version: int
    attribution_window_days: int
    budget: Money | None
    terms: str
    created_by: UUID | None
    created_at: Instant
