"""What crosses HTTP about supercuts."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

SupercutStatus = Literal["none", "queued", "rendering", "ready", "failed", "outdated"]


class SupercutPartOut(BaseModel):
    """A moment in a supercut, and from where it is shown."""

    moment: UUID
    title: str
    label: str | None
    begin_us: int


class OmittedPartOut(BaseModel):
    """A moment of the collection that is not in its supercut."""

    place: int | None = Field(
        description="Its place in the collection, from 0; null where its media could not be made."
    )
    title: str = Field(description="Its title; empty where whoever asked may not know of the moment.")
    reason: str = Field(description="Reason code.")


class SupercutOut(BaseModel):
    """The supercut of a collection as whoever asks sees it: `url` where they may watch it now, `download_url` where
    they may save it; else `withheld` is the reason code of the part that keeps it back. `spoils`: something in it lies
    beyond where they are. What is `left_out` is told to those who fill the collection."""

    status: SupercutStatus
    progress: float
    url: str | None = None
    download_url: str | None = None
    withheld: str | None = None
    spoils: bool = False
    failure_code: str | None = None
    duration_us: int | None = None
    size_bytes: int | None = None
    made_at: datetime | None = None
    parts: list[SupercutPartOut] = []
    left_out: list[OmittedPartOut] = []
