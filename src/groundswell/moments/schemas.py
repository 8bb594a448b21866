"""What crosses HTTP about moments. Times of media are integer microseconds."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Microseconds = Annotated[int, Field(ge=0, le=10**15)]
Visibility = Literal["private", "unlisted", "public"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=100_000, description="Plain text, at most 500 characters.")]


class Framed(BaseModel):
    """What an upright or square clip shows of the wide picture, from a time of the title on: for each shot."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    start_us: Microseconds
    focus: float | None = Field(
        ge=0, le=1, description="From 0, all the way left, to 1, all the way right; null: the whole picture."
    )


Framing = Annotated[list[Framed], Field(max_length=200)]


class MomentIn(BaseModel):
    """A clip to be made. Its ends move to the nearest frames."""

    model_config = ConfigDict(extra="forbid")

    title: Name = Field(description="Slug or id.")
    start_us: Microseconds
    end_us: Microseconds = Field(description="The frame at this time is not in it.")
    caption: Text = ""
    visibility: Visibility = Field("unlisted", description="`unlisted`: whoever has a link.")
    spoiler: bool = False
    credit_me: bool = Field(True, description="Show my name with it.")


class MomentChanges(BaseModel):
    """What to change; what is left out stays. Links follow a new start or end."""

    model_config = ConfigDict(extra="forbid")

    start_us: Microseconds = 0
    end_us: Microseconds = 0
    caption: Text = ""
    note: Text = ""
    visibility: Visibility = "unlisted"
    spoiler: bool = False
    credit_me: bool = True
    framing: Framing | None = Field(None, description="For 9:16 and 1:1; null: chosen by itself.")


class WindowIn(BaseModel):
    """What is chosen in the trimmer."""

    model_config = ConfigDict(extra="forbid")

    start_us: Microseconds
    end_us: Microseconds


class WindowOut(BaseModel):
    """What of the title may be looked at around it: [start, end), which `url` plays from its own zero on."""

    start_us: int
    end_us: int
    url: str


class MomentsDelete(BaseModel):
    """Moments to be deleted together."""

    model_config = ConfigDict(extra="forbid")

    moments: Annotated[list[Name], Field(min_length=1, max_length=100, description="Ids or codes.")]


class MomentsDeleted(BaseModel):
    """How many there were; those deleted before are not counted."""

    deleted: int


class MomentTitle(BaseModel):
    """The title that a moment is of."""

    id: UUID
    slug: str
    name: str
    series: str | None = Field(description="Name of its series; a film has none.")
    label: str | None = Field(description="Its place in the series, such as `S1E2`.")
    poster_url: str
    backdrop_url: str


class Person(BaseModel):
    """Who made it, where they want to be named."""

    name: str
    handle: str


Tier = Literal["none", "virtual", "exact", "rendered"]
TIER = Field(
    description="How good it is by now: `virtual` plays at once, `exact` holds the clip's frames alone (about a second "
    "later), `rendered` is there in every shape (seconds later). `none`: nothing plays before the MP4 is ready."
)


class Media(BaseModel):
    """The clip itself. The addresses are stable: what is not made yet is made when first asked for.

    `status` and `progress` are those of the MP4; `hls_url` plays at once where there is one, and gets better by itself.
    """

    tier: Tier = TIER
    status: Literal["queued", "rendering", "ready", "failed"]
    progress: float = Field(ge=0, le=1)
    failure_code: str | None = Field(description="The clip engine's reason, when it failed.")
    failure_words: str | None
    hls_url: str | None
    mp4_url: str | None = Field(description="The best MP4 there is, or that will be there first.")
    light_url: str | None = Field(description="A small MP4 for slow connections, once it is there.")
    poster_url: str | None
    preview_url: str | None
    captions_url: str | None


class MediaNow(Media):
    """The media of one moment, for its player."""

    duration_us: int
    start_us: int
    framing: list[Framed] | None
    hls_from_us: int | None = Field(
        description="Where in `hls_url`, which here names one stream, the clip begins: a virtual one begins and ends"
        " with segments. Null when there is none that could be played."
    )


class RenderProgress(BaseModel):
    """How far the clip is. ``mp4_url`` may be another one than before: the best there is."""

    tier: Tier = TIER
    mp4_url: str | None
    light_url: str | None
    status: Literal["queued", "rendering", "ready", "failed"]
    progress: float
    failure_code: str | None = None
    failure_words: str | None = None


class Reason(BaseModel):
    """Why something cannot be shown: for programs and for people."""

    code: str
    words: str


class MomentOut(BaseModel):
    """A moment. ``note`` is null for everybody but its maker."""

    id: UUID
    code: str
    url: str
    title: MomentTitle
    by: Person | None
    start_us: int
    end_us: int
    duration_us: int
    caption: str
    note: str | None
    visibility: Visibility
    spoiler: bool
    credit_me: bool
    framing: list[Framed] | None = Field(description="For 9:16 and 1:1; null: chosen by itself.")
    created_at: datetime
    media: Media
    available: bool
    unavailable_reason: Reason | None
