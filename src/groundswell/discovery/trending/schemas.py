"""What crosses HTTP about trending scenes. Every number says what it counts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundswell.catalog.schemas import FromRow

from .forecast import State
from .forecasts import ForecastNow
from .reviews import Action

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00]*$")]


class SceneDecisionIn(BaseModel):
    """What becomes of a scene in public lists, and why: it is kept for good."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    reason: Reason


class SceneDecisionOut(FromRow):
    """A decision as recorded. ``action`` is ``wait`` where a scene waits to be looked at; ``decided_by`` is ``rule``
    where nobody did."""

    id: UUID
    scene_id: UUID
    title_id: UUID
    action: str
    reason: str
    decided_by: str
    created_at: datetime


class ForecastOut(BaseModel):
    """``seen``: votes of the wave that counted until ``at``, once a person, kind and day. ``expected``: how many there
    will have been in the end, in four cases of five ``low`` to ``high``; null while it is too early, or while every
    vote brings another (``growing``). ``error``: by how much of the true number such forecasts were wrong (median)."""

    scene_id: UUID
    at: datetime
    begun_at: datetime | None
    state: State
    seen: int
    expected: int | None
    low: int | None
    high: int | None
    error: float | None

    @classmethod
    def of(cls, now: ForecastNow) -> "ForecastOut":
        found = now.estimate
        rounded = {
            name: None if (value := getattr(found, name)) is None else round(value)
            for name in ("expected", "low", "high")
        }
        about = {"scene_id": now.scene_id, "at": now.at, "begun_at": now.begun_at}
        return cls(**about, state=found.state, seen=found.seen, error=found.error, **rounded)


class AlertIn(BaseModel):
    """At how many expected votes to be told; of one title (slug or id), or of any."""

    model_config = ConfigDict(extra="forbid")

    threshold: Annotated[int, Field(ge=1, le=10**9)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None


class AlertOut(FromRow):
    """An alert that stands."""

    id: UUID
    threshold: int
    title_id: UUID | None
    made_by: str
    created_at: datetime
