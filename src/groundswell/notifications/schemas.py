"""What crosses HTTP about notifications."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundswell.platform.clock import ZoneName
from groundswell.platform.speech import Speech

from .inbox import InboxItem
from .kinds import NotificationKind, Way
from .wording import sentence

Language = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z0-9-]*$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
KeyText = Annotated[str, StringConstraints(min_length=16, max_length=200, pattern=r"^[A-Za-z0-9_-]+=*$")]


class NotificationOut(BaseModel):
    """Something that a viewer is told of, as it is now."""

    id: UUID
    kind: NotificationKind
    at: datetime = Field(description="When something was last added to it.")
    unread: bool
    text: str = Field(description="What it says, in the language asked for (`lang`).")
    words: str = Field(description="Whose words it is about: of a comment, a caption, a decision.")
    count: int = Field(description="How many of what `path` opens.")
    path: str = Field(description="Where what it counts is.")
    name: str | None = Field(description="Who did it last, where somebody is named.")
    title: str | None
    veiled: bool = Field(description="The words are left out: they come too early for the viewer.")
    amount_minor: int | None
    currency: str | None
    reason_code: str | None
    state: Literal["requested", "lifted", "returned", "confirmed", "reversed"] | None


class NotificationPage(BaseModel):
    """A page of an inbox, newest first; ``next`` is null on the last."""

    items: list[NotificationOut]
    next: str | None = None
    unread: int = Field(description="How many of all are unread, 100 at most.")


class UnreadOut(BaseModel):
    """How many notifications are unread, 100 at most."""

    unread: int


class ReadIn(BaseModel):
    """What was read: some by id, or all up to one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"all": True}]})

    ids: Annotated[list[UUID], Field(max_length=100)] | None = None
    all: bool = Field(False, description="All there are now.")


class QuietHours(BaseModel):
    """When nothing is pushed, by the clocks of the viewer's zone; it may go on after midnight."""

    begin: Clock = Field(examples=["22:00"])
    end: Clock = Field(examples=["07:30"])


class MailChoice(BaseModel):
    """Where the digest goes, and whether that address was confirmed."""

    address: str
    confirmed: bool


class ChoicesOut(BaseModel):
    """What a viewer wants to hear, and how."""

    switches: dict[NotificationKind, dict[Way, bool]]
    time_zone: str | None
    quiet: QuietHours | None
    digest: Literal["daily", "weekly"]
    mail: MailChoice | None
    mail_possible: bool = Field(description="Whether this service mails at all.")


class ChoicesIn(BaseModel):
    """What is to be other than it is; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"switches": {"comment": {"push": False}}}]}
    )

    switches: dict[NotificationKind, dict[Way, bool]] = Field(default_factory=dict)
    time_zone: ZoneName | None = None
    quiet: QuietHours | None = None
    no_quiet: bool = Field(False, description="true: there are no quiet hours any more.")
    digest: Literal["daily", "weekly"] | None = None
    language: Language | None = Field(None, description="What is mailed and pushed is in this language (BCP 47).")


class MailIn(BaseModel):
    """Where the digest is to go."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"address": "ann@example.com"}]})

    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320)]
    language: Language | None = None


class PushKeyOut(BaseModel):
    """The key with which a browser subscribes (`applicationServerKey`)."""

    key: str


class PushKeys(BaseModel):
    """The keys of a browser's subscription, in base64url."""

    p256dh: KeyText
    auth: KeyText


class PushSubscriptionIn(BaseModel):
    """A browser's subscription, as `PushSubscription.toJSON()` has it."""

    model_config = ConfigDict(extra="ignore")

    endpoint: Annotated[str, StringConstraints(min_length=8, max_length=1000)]
    keys: PushKeys
    key: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="The key that it subscribed with; by default the one that is given out now."
    )
    language: Language | None = None


class PushSubscriptionOut(BaseModel):
    """A browser that is pushed to."""

    id: UUID
    endpoint: str
    created_at: datetime


def notification_out(item: InboxItem, speech: Speech) -> NotificationOut:
    """A notification as the API shows it."""
    return NotificationOut(
        **{name: getattr(item, name) for name in _SAME},
        text=sentence(item, speech),
        state=item.state,
    )


_SAME = tuple(NotificationOut.model_fields.keys() - {"text", "state"})
