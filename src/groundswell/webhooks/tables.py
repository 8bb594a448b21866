"""Where the service is told, what it is told, and what became of each message."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id
from groundswell.platform.positions import KEPT_SNAPSHOT


class WebhookEndpoint(Base):
    """An address that is told. No ``kinds``: all kinds.

    ``status`` is ``on``, ``off`` (somebody turned it off) or ``gone`` (it answered 410). ``secret`` and
    ``secret_before``, which signs too until ``secret_before_until``, are encrypted with the service's own secret.
    ``failures`` counts attempts without a success between them; after a few nothing is tried before ``rests_until``.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("status IN ('on', 'off', 'gone')", name="status"),
        CheckConstraint("name ~ '\\S' AND length(name) <= 80", name="name"),
        CheckConstraint("(secret_before IS NULL) = (secret_before_until IS NULL)", name="secret_before"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    address: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String))
    status: Mapped[str] = mapped_column(default="on")
    secret: Mapped[str]
    secret_before: Mapped[str | None]
    secret_before_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    rests_until: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class WebhookMessage(Base):
    """Something that happened, as it is told: written in the transaction in which it happened, if an endpoint wants it.

    ``id`` is the event log's where the log has a row of it, else its own. ``subject`` is what messages are kept in
    order by. ``people`` has, for each field of the data that names a viewer, our id of them: what the service calls
    them is filled in when the message is sent.
    """

    __tablename__ = "webhook_messages"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    people: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)


class WebhookDelivery(Base):
    """A message to one endpoint: ``waiting`` until it is ``delivered`` or, tried as often as the schedule says,
    ``failed``; ``dropped`` when its endpoint had gone. What is said of an attempt is of the last one.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'delivered', 'failed', 'dropped')", name="status"),
        Index("ix_webhook_deliveries_due", "endpoint_id", "due_at", "id", postgresql_where=text("status = 'waiting'")),
        Index(
            "ix_webhook_deliveries_subject",
            *("endpoint_id", "subject", "id"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_webhook_deliveries_log", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_message", "message_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_messages.id"))
    subject: Mapped[str]
    status: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    tried_at: Mapped[datetime | None]
    took_ms: Mapped[int | None]
    answer_status: Mapped[int | None]
    problem: Mapped[str | None]


class ClickMark(Base):
    """How far the event log has been read for first clicks: a snapshot, in positions. One row, while somebody wants to
    hear of them."""

    __tablename__ = "click_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    snapshot: Mapped[str] = mapped_column(info=KEPT_SNAPSHOT)


class FirstClick(Base):
    """The first person's click on a share, once it has been told."""

    __tablename__ = "first_clicks"

    share_id: Mapped[UUID] = mapped_column(ForeignKey("shares.id"), primary_key=True)
    event_id: Mapped[UUID]
