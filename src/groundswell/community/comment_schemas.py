"""What crosses HTTP about comments."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from groundswell.catalog.schemas import FromRow, Microseconds
from groundswell.trust.schemas import ReportReason

from .schemas import CommunityInput, FellowOut

LONGEST_SENT = 20_000
Words = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SENT)]


class CommentIn(CommunityInput):
    """Something said at a second of the title; `parent` is the comment that it answers."""

    text: Words
    at_us: Microseconds
    parent: UUID | None = None
    spoiler: bool = Field(False, description="It gives away more than the second it is about.")
    share: Annotated[str, Field(max_length=64)] | None = None


class CommentChange(CommunityInput):
    """Other words."""

    text: Words


class PinIn(CommunityInput):
    """Whether it stands first."""

    pinned: bool = True


class CollapseIn(CommunityInput):
    """Whether it is shown only to those who ask for it."""

    collapsed: bool = True


class CommentReportIn(CommunityInput):
    """Something is wrong with a comment."""

    reason_code: ReportReason
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    share: Annotated[str, Field(max_length=64)] | None = None


class CommentOut(CommunityInput):
    """A comment. `text`, `html` and `by` are null where it is `veiled` or deleted; `html` is sanitised, and links in it
    lead somewhere only where its writer is trusted."""

    id: UUID
    parent: UUID | None
    at_us: int
    text: str | None
    html: str | None
    by: FellowOut | None
    look_alike: bool = Field(description="The writer's name mixes scripts: show their handle beside it.")
    veiled: bool
    deleted: bool
    held_for: str | None
    collapsed: bool = Field(description="Shown to those who ask for it: its maker or staff wanted it so.")
    pinned: bool
    mine: bool
    by_maker: bool
    created_at: datetime
    edited_at: datetime | None
    answers: list["CommentOut"]
    answer_count: int


class CommentsOut(CommunityInput):
    """A page of comments. `open`: there are any here at all; `keeper`: whoever reads looks after them."""

    items: list[CommentOut]
    next: str | None
    total: int
    open: bool
    keeper: bool


class HeldOut(FromRow):
    """A comment that waits to be looked at, for staff."""

    id: UUID
    moment_id: UUID
    viewer_id: UUID
    text: str
    held_for: str
    created_at: datetime
