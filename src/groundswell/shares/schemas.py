"""What crosses HTTP about shares."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ShareIn(BaseModel):
    """An act of sending. A visitor without an account passes on what came to them: ``parent`` is its token."""

    model_config = ConfigDict(extra="forbid")

    moment: Name | None = Field(None, description="Id or code; may be left out where `parent` says it.")
    channel: Name = Field(description="Where to: one of `GET /v1/channels`.")
    parent: Name | None = Field(None, description="Token of the share whose page it is passed on from.")
    expires_at: AwareDatetime | None = Field(None, description="When the link stops working. Unset: never.")


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
    video_url: str | None = Field(description="The rendition that suits the channel, for sending the clip as a file.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class ChannelOut(BaseModel):
    """A place that a moment can be sent to."""

    name: str
    label: str
    has_page: bool = Field(description="Whether it has a page of its own for sharing a link.")
    profile: str = Field(description="The rendition that suits it.")
