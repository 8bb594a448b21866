"""What crosses HTTP about campaigns."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from groundswell.attribution.schemas import Money
from groundswell.creators.schemas import RevenueAmount
from groundswell.platform.clock import Instant

from .terms import TermKind

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


Words = Annotated[str, StringConstraints(max_length=300, pattern=r"\S"), AfterValidator(_worded)]
Listed = Annotated[list[Words], Field(max_length=20)]
Minor = Annotated[int, Field(ge=1, le=10**10, strict=True, description="In minor units of the budget's currency.")]
ReviewReason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), AfterValidator(_worded)
]


class NewTerm(BaseModel):
    """One thing that is paid for: an amount for one (for a thousand ``plays``), or a part of ``revenue``."""

    model_config = ConfigDict(extra="forbid")

    kind: TermKind
    amount_minor: Annotated[int, Field(ge=0, le=10**9, strict=True)] = 0
    share_ppm: Annotated[int, Field(ge=0, le=1_000_000, strict=True, description="Of revenue, in millionths.")] = 0
    months: Annotated[
        int, Field(ge=0, le=36, strict=True, description="For how long renewals count, after the first payment.")
    ] = 0

    @model_validator(mode="after")
    def _of_its_kind(self) -> "NewTerm":
        if (self.kind == "revenue") != (self.share_ppm > 0) or (self.kind == "revenue") == (self.amount_minor > 0):
            raise ValueError("revenue has a share_ppm, every other kind an amount_minor, and neither has both")
        if self.months and self.kind != "revenue":
            raise ValueError("only revenue has months")
        return self


class CampaignScene(BaseModel):
    """A span that is cleared for the campaign, and suggested."""

    model_config = ConfigDict(extra="forbid")

    title: Reference
    start_us: Annotated[int, Field(ge=0, le=10**12, strict=True)]
    end_us: Annotated[int, Field(ge=1, le=10**12, strict=True)]
    note: Annotated[str, StringConstraints(max_length=300), AfterValidator(_worded)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> "CampaignScene":
        if self.start_us >= self.end_us:
            raise ValueError("a scene begins before it ends")
        return self


class NewBrief(BaseModel):
    """What a campaign asks of creators, and what it pays. Once published it stays as it is."""

    model_config = ConfigDict(extra="forbid")

    entry: Annotated[Literal["open", "invited"], Field(description="Whoever applies, or only who is invited.")] = "open"
    about: Annotated[str, StringConstraints(max_length=4000, pattern=r"\S"), AfterValidator(_worded)]
    dos: Listed = []
    donts: Listed = []
    captions: Listed = []
    scenes: Annotated[list[CampaignScene], Field(max_length=50)] = []
    terms: Annotated[list[NewTerm], Field(max_length=5, description="At most one of each kind.")] = []
    creator_cap_minor: Annotated[Minor | None, Field(description="The most that one creator earns by it.")] = None
    day_cap_minor: Annotated[Minor | None, Field(description="The most that is earned for one UTC day.")] = None
    hold_days: Annotated[int | None, Field(ge=0, le=365, strict=True, description="Unset: the refund window.")] = None
    review_hours: Annotated[
        int, Field(ge=1, le=720, strict=True, description="A submission nobody decides in so many hours is accepted.")
    ] = 72

    @model_validator(mode="after")
    def _one_of_each(self) -> "NewBrief":
        if len({term.kind for term in self.terms}) < len(self.terms):
            raise ValueError("there is at most one term of each kind")
        return self


class TermOut(BaseModel):
    """A term; ``counts`` says what it is paid for."""

    kind: TermKind
    amount_minor: int
    share_ppm: int
    months: int
    counts: str


class Disclosure(BaseModel):
    """What a paid post says in a territory, and by which rule."""

    territory: str
    words: str
    rule: str


class BriefOut(BaseModel):
    """A published brief. ``captions`` begin with what a paid post has to say where the campaign runs."""

    entry: Literal["open", "invited"]
    about: str
    dos: list[str]
    donts: list[str]
    captions: list[str]
    scenes: list[CampaignScene]
    currency: str | None
    terms: list[TermOut]
    creator_cap_minor: int | None
    day_cap_minor: int | None
    hold_days: int
    review_hours: int
    disclosures: list[Disclosure]
    published_at: Instant
    paused_at: Instant | None


class Invitations(BaseModel):
    model_config = ConfigDict(extra="forbid")

    creators: Annotated[References, Field(description="Handles.")]


class Invited(BaseModel):
    """How many were not there yet."""

    invited: int


class CampaignApplication(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, StringConstraints(max_length=1000), AfterValidator(_worded)] = ""


class ReviewRefusal(BaseModel):
    """Why somebody, or a post, is not taken: they are told so."""

    model_config = ConfigDict(extra="forbid")

    reason: ReviewReason


class MemberOut(BaseModel):
    """A creator's part in a campaign."""

    id: UUID
    creator: str
    status: Literal["invited", "applied", "accepted", "refused", "declined", "withdrawn", "left"]
    note: str
    reason: str
    agreed_at: Instant | None
    decided_at: Instant | None


class NewSubmission(BaseModel):
    """A post of a moment of one's own."""

    model_config = ConfigDict(extra="forbid")

    moment: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"), Field(description="Its code or id.")]
    url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https://[^\s\\]+$"), AfterValidator(_worded)]


class SubmissionOut(BaseModel):
    """A post that was submitted. It counts as accepted at ``due_at`` when nobody has decided by then; ``mark`` is the
    code that it has to carry, unless it carries the moment's link. ``check_code`` is what was found at the address:
    ``link``, ``code``, ``absent``, or why it could not be looked at; it decides nothing by itself."""

    id: UUID
    creator: str
    moment: str
    url: str
    mark: str
    check_code: str
    checked_at: Instant | None
    status: Literal["waiting", "accepted", "refused", "withdrawn"]
    reason: str
    due_at: Instant
    decided_at: Instant | None
    by_clock: bool
    created_at: Instant


class InboxEntry(BaseModel):
    """A campaign as a creator sees it, and their part in it (null: none yet)."""

    campaign: CampaignOut
    brief: BriefOut
    part: MemberOut | None


class ExpectedOut(BaseModel):
    """Paid subscriptions per share, in millionths: what is expected, and between what it surely lies."""

    mean_ppm: int
    low_ppm: int
    high_ppm: int


class PartnerOut(BaseModel):
    """Somebody who shares, and what is known of them; ``Shortlist.counts`` says what each figure counts.

    ``place`` is theirs where everybody adds most people whom those before do not reach, ``added_people`` how many.
    ``part`` is their part in the campaign asked for, ``invitation`` what became of one to become a creator.
    """

    viewer_id: UUID
    creator: str | None
    display_name: str | None
    shares: int
    subscriptions_millionths: int
    expected: ExpectedOut
    clicks: int
    robots: int
    quality_ppm: int | None
    people: int
    added_people: int
    place: int
    earlier_people: int
    later_people: int
    fit_ppm: int | None
    channels: list[str]
    territories: list[str]
    earned: list[RevenueAmount]
    part: str | None
    invitation: str | None


class Shortlist(BaseModel):
    """Whom to partner with, from ``begin`` to ``end`` (exclusive): who is surely worth most, first."""

    begin: Instant
    end: Instant
    counts: dict[str, str]
    items: list[PartnerOut]


class SharedRowOut(BaseModel):
    """A share behind the figures, and what it brought of each."""

    id: UUID
    moment_id: UUID
    channel: str
    created_at: Instant
    subscriptions_millionths: int
    clicks: int
    robots: int
