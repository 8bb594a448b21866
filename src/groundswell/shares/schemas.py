"""What crosses HTTP about shares."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundswell.platform.clock import Instant

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Shape = Literal["wide", "vertical", "square"]


class ShareIn(BaseModel):
    """An act of sending. A visitor without an account passes on what came to them: ``parent`` is its token."""

    model_config = ConfigDict(extra="forbid")

    moment: Name | None = Field(None, description="Id or code; may be left out where `parent` says it.")
    channel: Name = Field(description="Where to: one of `GET /v1/channels`.")
    parent: Name | None = Field(None, description="Token of the share whose page it is passed on from.")
    expires_at: Instant | None = Field(None, description="When the link stops working. Unset: never.")
    shape: Shape = Field("wide", description="16:9, 9:16 or 1:1.")
    captions: bool = Field(True, description="Subtitles on at first.")
    spoiler: bool = Field(False, description="Veil it, also when the moment is not marked as a spoiler.")
    credit: bool = Field(True, description="Name whoever clipped it, where they want to be named.")


class ShareChanges(BaseModel):
    """What to change about a link of mine; what is left out stays. The address stays too."""

    model_config = ConfigDict(extra="forbid")

    expires_at: Instant | None = None
    shape: Shape = "wide"
    captions: bool = True
    spoiler: bool = False
    credit: bool = True


class ShareReason(BaseModel):
    """Why something is not to be had: for programs and for people."""

    code: str
    words: str


class ShareOut(BaseModel):
    """A share and its link. ``intent_url`` opens the channel's own page for sharing it, where there is one."""

    id: UUID
    token: str
    url: str
    go_url: str = Field(description="The direct form: straight to the title.")
    qr_url: str
    channel: str
    generation: int
    parent: UUID | None
    root: UUID
    moment: UUID
    intent_url: str | None
    embed_html: str | None = Field(description="For the channel `embed`: what to paste.")
    shape: Shape
    captions: bool
    spoiler: bool
    credit: bool
    video_url: str | None = Field(description="The file that suits the channel, for saving; null where it may not be.")
    video_refused: ShareReason | None = Field(description="Why the clip may not be saved as a file.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class ReminderIn(BaseModel):
    """Remind me of what a link leads to."""

    model_config = ConfigDict(extra="forbid")

    share: Name = Field(description="The link's token.")


class ReminderOut(BaseModel):
    """What a viewer waits for."""

    id: UUID
    url: str
    title: str
    available: bool = Field(description="It can be seen now.")
    reason: ShareReason | None = Field(description="Why it cannot be seen yet.")
    created_at: datetime


class DueOut(BaseModel):
    """Somebody to be told, in the service's own way, that what they wait for can be seen now."""

    id: UUID
    subject: str = Field(description="The viewer, as the service's tokens call them.")
    url: str
    title: str


class AllowedOut(BaseModel):
    """What a place takes, and who says so. Null: it says nothing, or takes more than any clip."""

    model_config = ConfigDict(from_attributes=True)

    source: str
    read_on: date
    text_characters: int | None
    video_bytes: int | None
    video_us: int | None
    note: str


class LinksRevoked(BaseModel):
    """How many links were withdrawn; those that had ended are not counted."""

    revoked: int


class ChannelOut(BaseModel):
    """A place that a moment can be sent to."""

    name: str
    label: str
    has_page: bool = Field(description="Whether it has a page of its own for sharing a link.")
    profile: str = Field(description="The rendition that suits it.")
    allowed: AllowedOut | None = Field(description="Its limits, where it says any.")
