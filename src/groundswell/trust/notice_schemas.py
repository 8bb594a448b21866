"""What crosses HTTP about notices, reviews, statements of reasons, appeals and counter-notices."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from groundswell.catalog.schemas import FromRow
from groundswell.platform.mail import address_of

from .reviews import Verb
from .schemas import Code, DecisionOut, Reference, ReportOut, ReportReason

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=4000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
Mail = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320), AfterValidator(address_of)]


class TrustInput(BaseModel):
    """What is sent to us: nothing in it that is not described."""

    model_config = ConfigDict(extra="forbid")


class NoticeSubject(TrustInput):
    """What a notice is about."""

    kind: Literal["moment", "comment", "collection", "viewer"]
    id: Reference = Field(description="Its id, or the name people use: a code, a handle.")


class NoticeIn(TrustInput):
    """Something is against the law: the fields of DSA Art. 16(2), and of 17 USC 512(c)(3) for `rights`."""

    subject: NoticeSubject
    reason_code: ReportReason
    text: Words = Field(description="Why it is against the law.")
    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = Field(
        None, description="Where exactly it is, where the subject does not say."
    )
    law: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] | None = None
    name: Name | None = Field(None, description="Who gives notice; may be left out for child abuse.")
    email: Mail | None = Field(None, description="Where the confirmation and the decision go.")
    good_faith: bool = Field(False, description="What is said is believed in good faith to be accurate and complete.")
    work: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] | None = Field(
        None, description="For `rights`: the work that is infringed."
    )
    sworn: bool = Field(
        False, description="For `rights`: under penalty of perjury, they own the right or act for who does."
    )
    language: Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z0-9-]*$")] | None = Field(
        None, description="In which the notifier is written to (BCP 47); by default, as the request says."
    )


class NoticeTaken(FromRow):
    """What the notifier gets: the reference of their notice, and whether they will be mailed."""

    id: UUID
    created_at: datetime
    mailed: bool


class ReviewOut(FromRow):
    """Something that staff have to look at: what, how soon, who has it in hand, and the decision that closed it."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    lane: Literal["severe", "law", "held", "community"]
    reason_code: str
    opened_at: datetime
    due_at: datetime
    assigned_to: str | None
    assigned_at: datetime | None
    decision_id: UUID | None
    closed_at: datetime | None
    closed_by: str | None


class ReviewDetail(ReviewOut):
    """A review with its newest reports, of so many."""

    reports: list[ReportOut]
    report_count: int


class AssignIn(TrustInput):
    """Take it in hand, or give it back."""

    mine: bool = True


class SettleIn(TrustInput):
    """What is decided about a review, and why: whom it meets reads it."""

    action: Verb = Field(
        description="`keep` (it stands as it is), `hide`, `hold`, `collapse` (shown to who asks for it), `demote` "
        "(shown less) or `withhold` (its money)."
    )
    reason_code: Code
    explanation: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class VerdictIn(SettleIn):
    """What a moderation tool outside has decided, and why: whom it meets reads it."""

    subject: NoticeSubject
    tool: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] = Field(
        examples=["Coop"]
    )
    rule: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = Field(
        None, description="Which of its rules decided.", examples=["Spam detector"]
    )
    automated: bool = Field(True, description="A rule decided, and no person; whom it meets is told so.")


class SettleManyIn(SettleIn):
    """The same decision on several reviews."""

    reviews: Annotated[list[UUID], Field(min_length=1, max_length=100)]


class SettledOut(BaseModel):
    """What became of one of several: its decision, or the reason code of why not."""

    review: UUID
    decision: DecisionOut | None
    code: str | None
    detail: str | None


class ReplyIn(TrustInput):
    """Words for the same thing again and again."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    reason_code: Code
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class ReplyOut(FromRow):
    """A saved reply."""

    id: UUID
    name: str
    reason_code: str
    text: str
    made_by: str
    created_at: datetime


class AppealWords(TrustInput):
    """Why a decision is wrong."""

    text: Words


class AppealOut(FromRow):
    """An appeal against `decision_id`; `outcome` is null until it is decided."""

    id: UUID
    decision_id: UUID
    text: str
    created_at: datetime
    due_at: datetime
    outcome: Literal["confirmed", "reversed"] | None
    decided_at: datetime | None


class AppealDetail(AppealOut):
    """An appeal as staff see it, with the decision that it contests."""

    appellant_id: UUID
    decided_by: str | None
    verdict_id: UUID | None
    decision: DecisionOut


class JudgeIn(TrustInput):
    """What is decided on an appeal, and why."""

    outcome: Literal["confirmed", "reversed"]
    explanation: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class CounterNoticeIn(TrustInput):
    """17 USC 512(g)(3): who says so, where they can be reached, and the two statements that the law asks for."""

    name: Name
    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=500)]
    email: Mail
    text: Words = Field(description="What was taken down, and why that was a mistake or a misidentification.")
    sworn: Literal[True] = Field(description="They say so under penalty of perjury.")
    jurisdiction: Literal[True] = Field(
        description="They consent to the jurisdiction of the court where they live, and accept service of process."
    )


class CounterNoticeOut(FromRow):
    """A counter-notice: what was taken down is put back between the two days, unless it is stopped."""

    id: UUID
    decision_id: UUID
    created_at: datetime
    restore_from: datetime
    restore_by: datetime
    state: Literal["waiting", "stopped", "restored"]
    court_action: str | None
    closed_at: datetime | None


class CourtIn(TrustInput):
    """Whoever gave the notice has gone to court."""

    court_action: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)] = Field(
        description="Which court, and under which number."
    )


class SaidOut(FromRow):
    """What one report said; never who said it."""

    kind: str
    reason_code: str
    text: str
    law: str | None
    work: str | None
    at: datetime


class JustificationOut(BaseModel):
    """A statement of reasons (DSA Art. 17), with what staff saw."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    action: str
    reason_code: str
    ground: str = Field(description="The ground in words.")
    law: str | None = Field(description="The legal ground; null: the terms of use.")
    explanation: str
    source: str
    automated: bool
    seen: dict[str, Any] | None = Field(description="The thing as it was.")
    said: list[SaidOut]
    said_count: int
    redress: str
    created_at: datetime
    lifted_at: datetime | None
    appeal_until: datetime
    appeal_refused: str | None = Field(description="The reason code of why it cannot be contested; null: it can.")
    appeal: AppealOut | None
    verdict: str | None = Field(description="What was said when the appeal was decided.")
    counter_notice: CounterNoticeOut | None
    may_counter: bool


class MyDecisionOut(FromRow):
    """A decision about me or mine, or on what I reported."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    action: str
    reason_code: str
    explanation: str
    about_id: UUID | None
    created_at: datetime
    lifted_at: datetime | None


class PreservedOut(FromRow):
    """What is preserved of something severe, and until when."""

    decision_id: UUID
    content: dict[str, Any]
    created_at: datetime
    keep_until: datetime


class TransparencyOut(FromRow):
    """The transparency report, counted from decisions."""

    first: date
    last: date
    notices: dict[str, int]
    reports: dict[str, int]
    restrictions: list[dict[str, Any]]
    kept: int
    lifted: int
    median_hours: float | None
    appeals: dict[str, int]
    counter_notices: dict[str, int]
