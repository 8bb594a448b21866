"""What crosses HTTP about creators. Every number says what it counts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

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


class Results(BaseModel):
    """``begin`` to ``end`` (exclusive), as of ``as_of``; credited by ``model``."""

    begin: datetime
    end: datetime
    as_of: datetime
    model: str
    counts: dict[str, str]
    total: Numbers
    by_code: Numbers
    moments: list[MomentResult]
