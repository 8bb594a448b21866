"""What crosses HTTP about decisions, reports and effective rights."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundswell.catalog.schemas import FromRow, Microseconds, Target, Territory
from groundswell.platform.clock import Instant

from .policy import Purpose

Kind = Literal["moment", "share", "title", "viewer", "comment", "collection", "earning", "licence"]
Action = Literal["hide", "hold", "collapse", "demote", "withhold"]
ReportReason = Literal[
    "rights", "nudity", "violence", "hate", "harassment", "privacy", "spoiler", "spam", "child_abuse", "terror", "other"
]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]


class Subject(BaseModel):
    """What a decision is about."""

    kind: Kind
    id: Reference = Field(description="Its id, or the name people use: a moment's code, a title's slug, a handle.")


class DecisionIn(BaseModel):
    """A restriction to be made."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    action: Action = "hide"
    reason_code: Code
    explanation: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] = Field(
        description="Why, in words that whoever meets the restriction will read."
    )
    rule: Annotated[str, StringConstraints(max_length=200)] | None = None
    evidence: dict[str, Any] | None = None


class DecisionOut(FromRow):
    """A decision as recorded: a restriction (`hide`, `hold`, `collapse`, `demote`, `withhold`), or a verdict (`keep`,
    `confirm`, `reverse`, `restore`)."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    action: str
    reason_code: str
    explanation: str
    decided_by: str
    rule: str | None
    evidence: dict[str, Any] | None
    appeal: str
    person_id: UUID | None = Field(description="The viewer whom it meets.")
    source: str = Field(description="`notice`, `report`, `own`, `rule`, `appeal` or `order`: what led to it.")
    about_id: UUID | None = Field(description="The decision that a verdict is about.")
    created_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None


class ReportIn(BaseModel):
    """Something is wrong with a moment."""

    model_config = ConfigDict(extra="forbid")

    moment: Reference = Field(description="Id or code.")
    reason_code: ReportReason
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


class ReportTaken(FromRow):
    """What the person who reported gets to see."""

    id: UUID
    created_at: datetime


class ReportOut(ReportTaken):
    """A report as staff see it."""

    moment_id: UUID | None
    comment_id: UUID | None
    collection_id: UUID | None
    person_id: UUID | None
    review_id: UUID | None
    kind: str = Field(description="`report`, or `notice` (DSA Art. 16).")
    reason_code: str
    text: str
    reporter: str
    closed_at: datetime | None
    closed_by: str | None
    decision_id: UUID | None


class Term(BaseModel):
    """One settled field of a title's rights. ``rule_id`` is null where the default holds."""

    value: Any
    rule_id: UUID | None
    scope: str | None
    territory: str | None


class EffectiveRights(BaseModel):
    """What holds for a title in a territory, and who says so. Caps are in microseconds for this title."""

    title_id: UUID
    territory: str | None
    terms: dict[str, Term]


class SimulationIn(BaseModel):
    """A clip that somebody might want, there and then."""

    model_config = ConfigDict(extra="forbid")

    title: Reference = Field(description="Slug or id.")
    start_us: Microseconds
    end_us: Microseconds
    purpose: Purpose = "clip"
    territory: Territory | None = None
    at: Instant | None = Field(None, description="By default now.")
    kids: bool = False
    ad_tier: bool = False
    member: bool = Field(True, description="Somebody is signed in.")
    target: Target | None = Field(None, description="The channel it goes to.")
    captions: bool = Field(True, description="What goes out carries its subtitles.")
    clipped_us: Microseconds = Field(0, description="What this viewer has clipped of the title elsewhere.")


class CheckOut(BaseModel):
    """What one check says: ``code`` and ``words`` are null where it has nothing against it."""

    check: str
    fields: list[str]
    code: str | None
    words: str | None
    rule_id: UUID | None
    rules: list[UUID] = Field(description="The rules that settled what it reads; none: the defaults.")


class SpeakerOut(BaseModel):
    """A rule that speaks of the clip, and the fields it settled."""

    rule_id: UUID
    scope: str
    territory: str | None
    settled: list[str]


class SimulationOut(BaseModel):
    """The verdict, every check behind it, and every rule that spoke, most specific first."""

    allowed: bool
    code: str
    words: str
    rule_id: UUID | None
    checks: list[CheckOut]
    speakers: list[SpeakerOut]
