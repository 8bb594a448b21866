"""What crosses HTTP about the fraud desk's cases."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundswell.catalog.schemas import FromRow

from .cases import Action

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]


class CaseOut(BaseModel):
    """A suspicion about ``subject_id`` (a viewer): ``rule`` opened it (``about`` says it in words), and it rests on
    ``size`` things."""

    id: UUID
    rule: str
    about: str
    subject_id: UUID
    status: Literal["open", "upheld", "cleared"]
    size: int
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None


class ItemOut(FromRow):
    """One thing that a case rests on: an ``event``, a ``conversion``, an ``adjustment`` or a ``refusal``, and what is
    known of it."""

    item_id: UUID
    kind: str
    at: datetime
    reason: str
    facts: dict[str, Any]


class StepOut(FromRow):
    """Something that was done about a case, and whether it was undone."""

    id: UUID
    case_id: UUID
    action: str
    reason: str
    by: str
    decision_id: UUID | None
    created_at: datetime
    undone_at: datetime | None
    undone_by: str | None


class StandingOut(FromRow):
    """How somebody stands by what their links brought in the last 60 days; money is all there is, in minor units."""

    clicks: int
    plays: int
    sign_ups_millionths: int
    subscriptions_millionths: int
    revenue: Mapping[str, int]
    money: Mapping[str, int]
    payable: Mapping[str, int]
    rank: int | None


class ChangeOut(FromRow):
    """What a step would change: before and after it."""

    before: StandingOut
    after: StandingOut


class CaseDetail(CaseOut):
    items: list[ItemOut]
    steps: list[StepOut]
    standing: StandingOut


class StepIn(BaseModel):
    """Something to be done about a case, and why: whoever it meets reads it."""

    model_config = ConfigDict(extra="forbid")

    action: Action = Field(
        description="`reject` (its visits are no person's), `accept` (they are), `hold` (withhold money), `ban` "
        "(nothing of theirs is shown or earns), `notice` (tell them), `uphold` or `clear` (close it)."
    )
    reason: Words


class AppealIn(BaseModel):
    """Why a case is not so."""

    model_config = ConfigDict(extra="forbid")

    text: Words
