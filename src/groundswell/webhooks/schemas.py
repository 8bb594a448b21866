"""What crosses HTTP about webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .kinds import Kind
from .tables import WebhookDelivery, WebhookEndpoint, WebhookMessage

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=2000)]
Kinds = Annotated[list[Kind], Field(max_length=50, description="What it is told; an empty list: everything.")]

EXAMPLE: dict[str, Any] = {
    "name": "Our back end",
    "address": "https://hooks.play.example/groundswell",
    "kinds": ["sign_up.credited", "subscription.credited", "subscription.reversed"],
}


class NewWebhook(BaseModel):
    """An address that is to be told."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: Name = Field(description="What people call it.")
    address: Address = Field(description="Where messages are posted: https, and public.")
    kinds: Kinds = Field(default_factory=list)


class WebhookChange(BaseModel):
    """What is to be other than it is; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"on": False}]})

    name: Name | None = None
    address: Address | None = None
    kinds: Kinds | None = None
    on: bool | None = Field(None, description="false: nothing is sent, and nothing new is kept for it.")


class Webhook(BaseModel):
    """An address that is told."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    address: str
    kinds: list[str] = Field(description="What it is told; an empty list: everything.")
    status: Literal["on", "off", "gone"] = Field(description="`gone`: it answered 410, and is told no more.")
    failures: int = Field(description="Attempts without one between them that was taken.")
    rests_until: datetime | None = Field(description="It is left alone until then, having taken nothing for a while.")
    reached_at: datetime | None = Field(description="When it last took a message.")
    secret_before_until: datetime | None = Field(description="Until when the secret before signs, too.")
    created_at: datetime


class WebhookWithSecret(Webhook):
    """A webhook whose secret is new: it is shown this once."""

    secret: str = Field(description="What messages are signed with (`whsec_…`).", examples=["whsec_MfKQ9r8GKYqr…"])


class ExampleWanted(BaseModel):
    """An example that is to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "sign_up.credited"}]})

    kind: Kind


class Delivery(BaseModel):
    """A message to one webhook, and what became of the last attempt."""

    id: int
    message_id: UUID = Field(description="`webhook-id`: the event log's id where the log has a row of it.")
    kind: str
    subject: str = Field(description="What it is about; messages of one subject arrive in order.")
    at: datetime = Field(description="When what it tells happened.")
    status: Literal["waiting", "delivered", "failed", "dropped"]
    attempts: int
    tried_at: datetime | None
    due_at: datetime | None = Field(description="When it is tried next; null: it is not.")
    took_ms: int | None
    answer_status: int | None
    problem: str | None = Field(
        description="Why it was not taken: `http_<status>`, `timed_out`, `unreachable …`, or a reason code of ours."
    )
    data: dict[str, Any] = Field(description="Without the fields that name viewers, which are filled in when sent.")


class Deliveries(BaseModel):
    """A page of a webhook's log, newest first; ``next`` is null on the last."""

    items: list[Delivery]
    next: int | None = Field(None, description="`before` of the next page.")


class KindOut(BaseModel):
    """A kind of message."""

    kind: Kind
    about: str
    example: dict[str, Any] = Field(description="What its `data` looks like.")


def delivery_out(delivery: WebhookDelivery, message: WebhookMessage) -> Delivery:
    """A row of the log."""
    return Delivery(
        id=delivery.id,
        message_id=message.id,
        kind=message.kind,
        subject=message.subject,
        at=message.at,
        status=delivery.status,
        attempts=delivery.attempts,
        tried_at=delivery.tried_at,
        due_at=delivery.due_at if delivery.status == "waiting" else None,
        took_ms=delivery.took_ms,
        answer_status=delivery.answer_status,
        problem=delivery.problem,
        data=message.data,
    )


def webhook_out(endpoint: WebhookEndpoint) -> Webhook:
    """An endpoint as it is shown."""
    return Webhook.model_validate(endpoint)


def with_secret(endpoint: WebhookEndpoint, secret: str) -> WebhookWithSecret:
    """An endpoint with its secret, which is shown this once."""
    return WebhookWithSecret(**webhook_out(endpoint).model_dump(), secret=secret)
