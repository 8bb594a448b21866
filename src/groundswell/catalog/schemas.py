"""What crosses HTTP about titles and their rights. Times are integer microseconds."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from groundswell.platform.clock import Instant

Territory = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2.")]
Microseconds = Annotated[int, Field(ge=0, le=10**15)]
Percent = Annotated[int, Field(ge=0, le=100)]


class FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SeriesOut(FromRow):
    """A series."""

    id: UUID
    slug: str
    name: str


class TitleSummary(BaseModel):
    """A title as it stands in a list."""

    id: UUID
    slug: str
    name: str
    synopsis: str
    series: SeriesOut | None
    season: int | None
    episode: int | None
    label: str | None = Field(description="Its place in the series, such as `S1E2`.")
    released_on: date | None
    rating: str | None
    accent: str | None = Field(description="A colour for its page, `#rrggbb`.")
    duration_us: int
    poster_url: str
    backdrop_url: str


class LineOut(FromRow):
    """One subtitle cue."""

    number: int
    start_us: int
    end_us: int
    text: str


class ShotOut(FromRow):
    """A span between two cuts."""

    number: int
    start_us: int
    end_us: int


class SentenceOut(BaseModel):
    """What is said between two times."""

    start_us: int
    end_us: int


class SuggestionOut(BaseModel):
    """A moment worth clipping: a complete exchange of words, or a loud one. ``text`` is what is said first in it."""

    start_us: int
    end_us: int
    score: float = Field(ge=0, le=1)
    why: Literal["exchange", "peak"]
    text: str


class SourceOut(BaseModel):
    """The version of the media that clips are cut from."""

    id: UUID
    version: int
    duration_us: int
    width: int
    height: int
    frame_rate_num: int | None = Field(description="Frames a second as a fraction; null when the rate varies.")
    frame_rate_den: int | None


class BlockedOut(BaseModel):
    """A part of the title that may not be clipped now."""

    start_us: int
    end_us: int
    code: str
    reason: str


class ClipRights(BaseModel):
    """What may be clipped of a title, for whoever asks, now."""

    sharing: bool
    code: str | None = Field(description="Why nothing may be clipped, for programs.")
    words: str | None = Field(description="Why nothing may be clipped, for people.")
    min_clip_us: int
    max_clip_us: int
    viewer_total_us: int = Field(description="How much one viewer may clip in all.")
    viewer_remaining_us: int
    title_total_us: int = Field(description="How much of the title all viewers may clip together.")
    title_remaining_us: int
    remaining_us: int = Field(description="How much more, not clipped before, this viewer may clip.")
    clipped_ranges: list[tuple[int, int]] = Field(description="What this viewer has clipped: again costs nothing.")
    blocked_ranges: list[BlockedOut]
    public_playback: bool
    download: bool
    targets: list[str] | None = Field(description="The channels that may be shared on; null: all.")
    captions: bool = Field(description="Clips go out only with subtitles.")
    opens_at: datetime | None
    closes_at: datetime | None


class NotPackagedOut(BaseModel):
    """Why a title is not packaged for streaming: for programs and for people."""

    code: str
    words: str


class TitleDetail(TitleSummary):
    """A title with all that a player and a trimmer need."""

    width: int
    height: int
    frame_us: float | None = Field(description="Length of a frame; null when the frame rate varies.")
    source: SourceOut
    hls_url: str | None = Field(description="The title as HLS; null when it is not packaged, or not served from here.")
    not_packaged: NotPackagedOut | None
    media_url: str | None = Field(
        description="Where the service's player gets the title: one MP4 or WebM file of ours, for entitled viewers, or "
        "the service's own address. Null: titles are not served from here."
    )
    storyboard_url: str | None = Field(description="Null when whoever asks may not clip the title.")
    storyboard_vtt_url: str | None
    waveform_url: str | None
    languages: list[str]
    lines: list[LineOut] = Field(description="In the language asked for, or the first there is.")
    shots: list[ShotOut]
    sentences: list[SentenceOut] = Field(description="Where somebody has finished speaking: where a clip likes to end.")
    suggestions: list[SuggestionOut] = Field(description="Moments worth clipping, best first.")
    rights: ClipRights | None


class Waveform(BaseModel):
    """Loudness by equal steps over the title: peaks from 0 to 255; empty when there is no sound."""

    duration_us: int
    peaks: list[int]


class BlockedIn(BaseModel):
    """A part of a title that may not be clipped. ``reason`` is shown to viewers."""

    model_config = ConfigDict(extra="forbid")

    start_us: Microseconds
    end_us: Microseconds
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

    @model_validator(mode="after")
    def in_order(self) -> "BlockedIn":
        if self.start_us >= self.end_us:
            raise ValueError("start_us must come before end_us")
        return self


Scope = Literal["all", "series", "season", "title"]
Rating = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Ratings = Annotated[list[Rating], Field(max_length=50)]
Target = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,29}$")]


class RightsTerms(FromRow):
    """What a rule may say. A field that is null says nothing, and the next rule behind decides."""

    sharing: bool | None = None
    min_clip_us: Microseconds | None = None
    max_clip_us: Microseconds | None = None
    viewer_total_us: Microseconds | None = Field(None, description="What one viewer may clip of a title in all.")
    viewer_total_percent: Percent | None = Field(None, description="The same, in per cent of its length.")
    title_total_us: Microseconds | None = Field(None, description="What all viewers together may have out at once.")
    title_total_percent: Percent | None = None
    ending_percent: Percent | None = Field(None, description="The last part of a title, held back after release.")
    ending_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    kids: bool | None = Field(None, description="Whether children's profiles may clip.")
    kids_ratings: Ratings | None = Field(None, description="The ratings that children's profiles may clip and see.")
    ratings_off: Ratings | None = Field(None, description="Ratings that may not be shared at all.")
    ad_tier: bool | None = Field(None, description="Whether viewers on the plan with advertising may clip and see.")
    live: bool | None = Field(None, description="Whether live events may be shared.")
    public_playback: bool | None = Field(None, description="Whether clips play for people without an account.")
    download: bool | None = Field(None, description="Whether clips may be saved as files.")
    targets: Annotated[list[Target], Field(max_length=50)] | None = Field(
        None, description="The channels (`GET /v1/channels`) that may be shared on; null: all."
    )
    captions: bool | None = Field(None, description="Whether clips go out only with subtitles.")
    opens_at: Instant | None = None
    closes_at: Instant | None = None
    blocked_ranges: Annotated[list[BlockedIn], Field(max_length=500)] | None = None
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


class RightsRuleIn(RightsTerms):
    """A rule for one place: everything, a series, one of its seasons, or a title; anywhere or in one territory."""

    model_config = ConfigDict(extra="forbid")

    scope: Scope
    title: str | None = Field(None, description="Slug or id, for the scope `title`.")
    series: str | None = Field(None, description="Slug or id, for the scopes `series` and `season`.")
    season: Annotated[int, Field(ge=0, le=10_000)] | None = None
    territory: Territory | None = None
    speaks_from: Instant | None = Field(None, description="The rule says nothing before; null: always.")
    speaks_until: Instant | None = Field(None, description="The rule says nothing from then on.")

    @model_validator(mode="after")
    def coherent(self) -> "RightsRuleIn":
        named = {name for name in ("title", "series", "season") if getattr(self, name) is not None}
        wanted = {"all": set(), "series": {"series"}, "season": {"series", "season"}, "title": {"title"}}[self.scope]
        if named != wanted:
            raise ValueError(f"the scope {self.scope} is named by {', '.join(sorted(wanted)) or 'nothing'}")
        if None not in (self.min_clip_us, self.max_clip_us) and self.min_clip_us > self.max_clip_us:  # type: ignore[operator]
            raise ValueError("min_clip_us is greater than max_clip_us")
        if None not in (self.opens_at, self.closes_at) and self.opens_at >= self.closes_at:  # type: ignore[operator]
            raise ValueError("opens_at must come before closes_at")
        if None not in (self.speaks_from, self.speaks_until) and self.speaks_from >= self.speaks_until:  # type: ignore[operator]
            raise ValueError("speaks_from must come before speaks_until")
        for cap in ("viewer_total", "title_total"):
            if None not in (getattr(self, f"{cap}_us"), getattr(self, f"{cap}_percent")):
                raise ValueError(f"{cap} is said in microseconds or in per cent, not both")
        return self


class RightsRuleOut(RightsTerms):
    """A rule as it stands."""

    id: UUID
    scope: Scope
    scope_key: str
    territory: str | None
    speaks_from: datetime | None
    speaks_until: datetime | None
    label: str = Field(description="What it speaks of, for people.")
    updated_by: str
    updated_at: datetime


class ProgressIn(BaseModel):
    """How far a viewer has got. Services name the viewer by their own id; a viewer speaks of themselves."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="Slug or id.")
    position_us: Microseconds
    viewer: str | None = Field(None, description="The service's id for the viewer; only with a service key.")


class ProgressOut(FromRow):
    """How far a viewer has got in a title: the furthest, and where they left."""

    viewer_id: UUID
    title_id: UUID
    position_us: int
    left_us: int | None
    updated_at: datetime
