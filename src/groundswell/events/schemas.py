"""What crosses HTTP about events. Typed dictionaries, because a batch is validated at tens of thousands a second."""

from typing import Annotated, Literal, NotRequired
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict  # pydantic needs it before Python 3.12

from .event import Kind

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]


@with_config(ConfigDict(extra="forbid"))
class IncomingEvent(TypedDict):
    """One event. What it points at is named by the most specific of share, moment and title."""

    kind: Annotated[
        Kind,
        Field(
            description="`play` from anybody; with a service key also `click`, `continue` and `unfurl`. Clips, shares "
            "and conversions are recorded where they are made."
        ),
    ]
    id: NotRequired[Annotated[UUID, Field(description="Chosen by the caller; with `at` it identifies the event.")]]
    at: NotRequired[Annotated[AwareDatetime, Field(description="When it happened; by default now.")]]
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


class Committed(BaseModel):
    """How many events are now in the log: committed, on disk."""

    status: Literal["committed"] = "committed"
    events: int


BATCH = TypeAdapter(IncomingBatch)
