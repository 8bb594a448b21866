"""What crosses HTTP about people around a moment."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from groundswell.catalog.schemas import Microseconds

from .follows import State

ReactionKind = Literal["love", "laugh", "wow", "cry", "fire", "star"]
BarrierKind = Literal["block", "mute"]


class CommunityInput(BaseModel):
    """What is sent to us: nothing in it that is not described."""

    model_config = ConfigDict(extra="forbid")


class FellowOut(BaseModel):
    """Somebody as others see them. ``url`` is where their public profile is, if they have one."""

    handle: str
    name: str
    url: str | None


class FollowOut(BaseModel):
    """How the caller stands to somebody. ``followers`` counts those who follow them now."""

    person: FellowOut
    state: State
    followers: int
    approves: bool = Field(description="They decide on each who wants to follow them.")
    muted: bool
    me: bool


class FollowedOut(BaseModel):
    """Somebody whom the caller follows, or has asked to follow."""

    person: FellowOut
    state: State


class FollowersOut(BaseModel):
    """Who follows the caller, and who wants to."""

    followers: list[FellowOut]
    requests: list[FellowOut]
    approves: bool


class ApprovalIn(CommunityInput):
    """Whether the caller decides on each follower."""

    approves: bool


class BarrierIn(CommunityInput):
    """Keep somebody away."""

    handle: Annotated[str, Field(min_length=1, max_length=200)]
    kind: BarrierKind


class BarrierOut(BaseModel):
    """Somebody whom the caller has blocked or muted."""

    person: FellowOut
    kind: BarrierKind


class FollowingItem(BaseModel):
    """A moment that somebody whom the caller follows made public. A spoiled one has no words."""

    id: UUID
    code: str
    url: str
    title: str
    title_slug: str
    label: str | None
    person: FellowOut
    caption: str
    spoiled: bool = Field(description="It lies beyond where the caller is, or its maker marked it.")
    start_us: int
    end_us: int
    created_at: datetime


class ReactionIn(CommunityInput):
    """What one feels at a second of the title."""

    kind: ReactionKind
    at_us: Microseconds
    share: Annotated[str, Field(max_length=64)] | None = None
    visit: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="The ticket of the page's visit, for who is not signed in."
    )


class ReactionsAt(BaseModel):
    """How many reacted so within one second of the title."""

    at_us: int
    kind: ReactionKind
    count: int


class MyReaction(BaseModel):
    """What the caller feels about it, and at which time of the title."""

    kind: ReactionKind
    at_us: int


class ReactionsOut(BaseModel):
    """What people felt about a moment: people, not robots, one reaction each."""

    moment: UUID
    start_us: int
    end_us: int
    counts: dict[str, int]
    total: int
    seconds: list[ReactionsAt]
    mine: MyReaction | None
