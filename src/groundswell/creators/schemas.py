"""What crosses HTTP about creators. Every number says what it counts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

RESERVED = frozenset({"me", "admin", "api", "new", "edit", "settings", "support", "staff", "groundswell"})


def _unreserved(handle: str) -> str:
    if handle in RESERVED:
        raise ValueError("this handle is reserved")
    return handle


def _lower(value: object) -> object:
    return value.strip().removeprefix("@").lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _visible(text: str) -> str:
    if not text.strip() or not all(character.isprintable() or character == "\n" for character in text):
        raise ValueError("must have visible characters, and no control characters")
    return text.strip()


Handle = Annotated[
    str, BeforeValidator(_lower), Field(pattern=r"^[a-z0-9][a-z0-9_]{1,29}$"), AfterValidator(_unreserved)
]
Code = Annotated[str, BeforeValidator(_upper), Field(pattern=r"^[A-Z0-9]{3,16}$", examples=["NOOR10"])]
DisplayName = Annotated[str, Field(max_length=60), AfterValidator(_visible)]
Bio = Annotated[str, Field(max_length=500)]


class NewCreator(BaseModel):
    """``code`` is made from the handle when none is given."""

    model_config = ConfigDict(extra="forbid")

    handle: Handle
    display_name: DisplayName
    bio: Bio = ""
    code: Code | None = None


Languages = Annotated[
    list[Annotated[str, Field(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20, examples=["de"])]],
    Field(max_length=10),
]
Note = Annotated[str, Field(max_length=1000)]


class NewApplication(NewCreator):
    """``adult``: whoever applies says that they are of age where they live. ``terms_version`` is what they accept."""

    country: Annotated[str, BeforeValidator(_upper), Field(pattern="^[A-Z]{2}$", examples=["DE"])]
    languages: Languages = []
    adult: Literal[True]
    note: Note = ""
    terms_version: int | None = None


class ApplicationOut(BaseModel):
    """An application; ``reason`` is what staff wrote when they decided it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: Literal["waiting", "accepted", "refused", "withdrawn"]
    handle: str
    display_name: str
    bio: str
    country: str
    languages: list[str]
    note: str
    reason: str
    decided_at: datetime | None
    created_at: datetime


class ApplicationDecision(BaseModel):
    """Whether they become a creator, and why, in words that they read."""

    model_config = ConfigDict(extra="forbid")

    accepted: bool
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class NewInvitations(BaseModel):
    """Whom to invite to become creators."""

    model_config = ConfigDict(extra="forbid")

    viewers: Annotated[list[UUID], Field(min_length=1, max_length=100, description="Ids of viewers.")]


class InvitationsMade(BaseModel):
    """How many are told of it now; who is a creator, was invited or has declined is not asked again."""

    invited: int


class InvitationOut(BaseModel):
    """An invitation to become a creator, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    viewer_id: UUID
    status: Literal["invited", "accepted", "declined"]
    created_at: datetime
    answered_at: datetime | None


class NewTerms(BaseModel):
    model_config = ConfigDict(extra="forbid")

    body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=50_000)]


class TermsOut(BaseModel):
    """The terms that creators accept, by version."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    body: str
    published_at: datetime


class TermsAccepted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31)]


class NewChannel(BaseModel):
    """A page of the creator's elsewhere."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=300)]


class CreatorChannelOut(BaseModel):
    """A channel: put ``proof`` into the words about you there, or a link to your page here, and have it looked at.
    ``found``: ``proof``, ``link``, ``absent``, or why the page could not be looked at; empty before."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    address: str
    proof: str
    found: str
    checked_at: datetime | None
    verified_at: datetime | None


class CreatorChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName | None = None
    bio: Bio | None = None


class Figure(BaseModel):
    """A number and, in words, what it counts."""

    value: int
    counts: str


class PublicMoment(BaseModel):
    """A moment on a creator's page. ``spoiler``: it would spoil something for whoever asks; its caption is left out."""

    code: str
    url: str
    title: str
    title_slug: str
    caption: str
    start_us: int
    end_us: int
    spoiler: bool
    created_at: datetime


class CreatorOut(BaseModel):
    id: UUID
    handle: str
    display_name: str
    bio: str
    code: str
    url: str
    created_at: datetime


class CreatorPage(CreatorOut):
    """A creator as everybody sees them, with their newest public moments."""

    public_moments: Figure
    moments: list[PublicMoment]


class RevenueAmount(BaseModel):
    amount_minor: int
    currency: str


class Numbers(BaseModel):
    """What moments brought over a period; ``Results.counts`` says what each counts."""

    shares: int = 0
    unfurls: int = 0
    clicks: int = 0
    plays: int = 0
    sign_ups_millionths: int = 0
    subscriptions_millionths: int = 0
    revenue: list[RevenueAmount] = []


class MomentResult(Numbers):
    moment_id: UUID
    moment_code: str
    url: str
    title: str
    caption: str
    visibility: str
    start_us: int
    end_us: int


class ChannelResult(Numbers):
    """What a creator's own links brought that were sent to one channel; of the channel `code`, their code."""

    channel: str


class Results(BaseModel):
    """``begin`` to ``end`` (exclusive), as of ``as_of``; credited by ``model``."""

    begin: datetime
    end: datetime
    as_of: datetime
    model: str
    counts: dict[str, str]
    total: Numbers
    by_code: Numbers
    channels: list[ChannelResult]
    moments: list[MomentResult]
