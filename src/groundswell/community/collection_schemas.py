"""What crosses HTTP about collections."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from .schemas import CommunityInput, FellowOut

CollectionVisibility = Literal["private", "unlisted", "public"]
CollectionName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
About = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
MomentName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class CollectionIn(CommunityInput):
    """A new collection; nobody else sees it unless it says so."""

    name: CollectionName
    about: About = ""
    visibility: CollectionVisibility = "private"


class CollectionChanges(CommunityInput):
    """What is to be changed; what is left out stays."""

    name: CollectionName | None = None
    about: About | None = None
    visibility: CollectionVisibility | None = None
    cover: MomentName | None = Field(None, description="A moment in it, by id or code; null: its first.")


class PartIn(CommunityInput):
    """A moment to be put at the end, by id or code."""

    moment: MomentName


class OrderIn(CommunityInput):
    """The ids of all moments in the collection, as they shall follow each other."""

    moments: Annotated[list[UUID], Field(max_length=200)]


class CollaboratorIn(CommunityInput):
    """Who is asked to fill it too."""

    handle: Annotated[str, Field(min_length=1, max_length=200)]


class CollectionOut(BaseModel):
    """A collection as whoever asks sees it: `count` and `duration_us` are of what they may see of it now. `standing` is
    `owner`, `asked` or `joined`."""

    id: UUID
    code: str
    url: str
    embed_url: str
    name: str
    about: str
    visibility: str
    by: FellowOut | None
    standing: str | None
    cover: str | None = Field(description="Code of the moment whose picture stands for it.")
    count: int
    duration_us: int
    created_at: datetime
    changed_at: datetime


class CollectionPartOut(BaseModel):
    """A moment in a collection. A spoiled one has no words; `by` is its maker, where they are named."""

    moment: UUID
    code: str
    url: str
    title: str
    label: str | None
    caption: str
    spoiled: bool
    by: FellowOut | None
    start_us: int
    end_us: int


class CollaboratorOut(BaseModel):
    """Somebody who fills a collection, or is asked to."""

    person: FellowOut
    state: str


class CollectionDetail(CollectionOut):
    """A collection with its parts, in order; its collaborators for those who have a part in it."""

    parts: list[CollectionPartOut]
    collaborators: list[CollaboratorOut]


class RepostIn(CommunityInput):
    """How one came to it: the token of the link, so that who shared it before is credited."""

    share: Annotated[str, Field(max_length=64)] | None = None


class RepostOut(BaseModel):
    """A moment that somebody passed on to those who follow them, by their own link, with its maker's credit."""

    id: UUID
    moment: UUID
    code: str
    url: str = Field(description="The link by which it was passed on.")
    title: str
    caption: str
    spoiled: bool
    by: FellowOut | None
    reposted_by: FellowOut
    created_at: datetime
