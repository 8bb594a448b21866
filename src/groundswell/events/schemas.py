"""What crosses HTTP about events. Typed dictionaries, because a batch is validated at tens of thousands a second."""

from typing import Annotated, Literal, NotRequired
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict  # pydantic needs it before Python 3.12

from groundswell.platform.clock import Instant

from .event import Kind

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]


@with_config(ConfigDict(extra="forbid"))
class IncomingEvent(TypedDict):
    """One event. What it points at is named by the most specific of share, moment and title."""

    kind: Annotated[
        Kind,
        Field(
            description="`play` from a page, with its visit; with a service key also `click`, `continue`, `view` (a "
            "player shown elsewhere than on a landing page) and `unfurl`. Clips, shares and conversions are recorded "
            "where they are made."
        ),
    ]
    id: NotRequired[
        Annotated[UUID, Field(description="Chosen by the caller; with `at` it identifies the event (service key).")]
    ]
    at: NotRequired[Annotated[Instant, Field(description="When it happened; by default now (service key).")]]
    visit: NotRequired[
        Annotated[
            str,
            Field(max_length=128, description="The ticket of the page's visit (`POST /v1/visits`): once a kind."),
        ]
    ]
    watched_ms: NotRequired[
        Annotated[
            int,
            Field(
                ge=0,
                le=86_400_000,
                description="How long was really watched, in milliseconds. A play counts from 5,000; reported by a "
                "service without it, a play earns nothing.",
            ),
        ]
    ]
    share: NotRequired[Annotated[Name, Field(description="A share's token, or (service) its id.")]]
    moment: NotRequired[Annotated[Name, Field(description="A moment's code or id.")]]
    title: NotRequired[Annotated[Name, Field(description="A title's slug or id.")]]
    viewer: NotRequired[Annotated[Name, Field(description="The service's own id of a viewer (service key).")]]
    visitor: NotRequired[
        Annotated[Name, Field(description="Any name that is the same for one visitor; hashed at once (service key).")]
    ]
    territory: NotRequired[Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]]
    channel: NotRequired[Annotated[str, StringConstraints(pattern="^[a-z0-9_]{1,32}$")]]
    user_agent: NotRequired[
        Annotated[str, Field(max_length=2048, description="The visitor's browser, judged for robots (service key).")]
    ]


@with_config(ConfigDict(extra="forbid"))
class IncomingBatch(TypedDict):
    """Events that are committed together or not at all."""

    events: Annotated[list[IncomingEvent], Field(min_length=1)]


class NewVisit(BaseModel):
    """What a player shows: a share by its token, or a moment by its code or id."""

    model_config = ConfigDict(extra="forbid")

    share: Name | None = None
    moment: Name | None = None


class VisitOut(BaseModel):
    """The ticket with which this visitor's browser may report what was watched, within the hour or the next."""

    visit: str


class Committed(BaseModel):
    """How many events are now in the log: committed, on disk."""

    status: Literal["committed"] = "committed"
    events: int


BATCH = TypeAdapter(IncomingBatch)
