"""What viewers are told of, what they want to hear, and what waits to be pushed or mailed to them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id
from groundswell.platform.ids import uuid7
from groundswell.platform.positions import KEPT_SNAPSHOT

from .kinds import NOTIFICATION_KINDS


class Notification(Base):
    """One row for each viewer, kind and subject, however much happened.

    It holds no count and names nobody: what it counts since ``since`` is counted when it is read, from the rows that it
    is about, so that it says what they say then. ``place`` is its place in the inbox, time-ordered and new whenever
    something is added. Once it was read, what comes next begins again (``since``). ``step`` is the highest number of
    plays that ``catching_on`` told of. ``mailed_at`` and ``pushed_at``: when what it said last went out so.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in NOTIFICATION_KINDS)})", name="kind"),
        UniqueConstraint("viewer_id", "kind", "subject_id"),
        Index("ix_notifications_inbox", "viewer_id", "place"),
        Index("ix_notifications_at", "at"),
    )

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    place: Mapped[UUID] = mapped_column(default=uuid7)
    since: Mapped[datetime]
    at: Mapped[datetime]
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    pushed_at: Mapped[datetime | None]


class NotificationChoice(Base):
    """What a viewer chose about notifications. No row: everything as it is set.

    ``changed`` holds the switches (``comment:mail``) that are other than set. Nothing is pushed between ``quiet_from``
    and ``quiet_to`` (minutes of the day) by the clocks of ``time_zone``, by which the digest is mailed in the morning
    too. ``mail_to`` counts once it is confirmed; ``mail_asked_at`` is when a message that asks for that was last
    queued. ``digest_due_at`` is when the next digest is due.
    """

    __tablename__ = "notification_choices"
    __table_args__ = (
        CheckConstraint("quiet_from BETWEEN 0 AND 1439 AND quiet_to BETWEEN 0 AND 1439", name="quiet"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_both"),
        CheckConstraint("digest IN ('daily', 'weekly')", name="digest"),
        Index("ix_notification_choices_due", "digest_due_at"),
    )

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    changed: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default="{}")
    language: Mapped[str] = mapped_column(String(35), default="en", server_default="en")
    time_zone: Mapped[str | None]
    quiet_from: Mapped[int | None] = mapped_column(SmallInteger)
    quiet_to: Mapped[int | None] = mapped_column(SmallInteger)
    digest: Mapped[str] = mapped_column(default="daily", server_default="daily")
    mail_to: Mapped[str | None]
    mail_confirmed_at: Mapped[datetime | None]
    mail_asked_at: Mapped[datetime | None]
    digest_due_at: Mapped[datetime | None]


class DigestMail(Base):
    """That a digest is due to somebody on a day of theirs, and what became of it: ``sent_at``, or nothing new to say
    (``empty_at``)."""

    __tablename__ = "notification_digests"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime | None]
    empty_at: Mapped[datetime | None]


class PushSubscription(Base):
    """A browser that takes pushes for a viewer (Push API): where they go, and the keys that they are encrypted to.

    ``vapid_key`` is the public key of ours that the browser subscribed with: whoever signs with another is refused.
    """

    __tablename__ = "push_subscriptions"
    __table_args__ = (UniqueConstraint("endpoint"), Index("ix_push_subscriptions_viewer", "viewer_id", "id"))

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    endpoint: Mapped[str] = mapped_column(String(1000))
    p256dh: Mapped[bytes] = mapped_column(LargeBinary)
    auth: Mapped[bytes] = mapped_column(LargeBinary)
    vapid_key: Mapped[str] = mapped_column(String(100))
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[CreatedAt]


class PushDelivery(Base):
    """A notification that waits to be pushed to a browser; gone when it was. What happens meanwhile is in the same.

    Whoever pushes it puts ``due_at`` off for as long as that may take, so that one that was killed is followed by
    another. What happens after it was rendered sets ``renewed``: then it is pushed once more, as the next ``turn``.
    """

    __tablename__ = "push_deliveries"
    __table_args__ = (
        UniqueConstraint("notification_id", "subscription_id"),
        Index("ix_push_deliveries_due", "due_at", "id"),
        Index("ix_push_deliveries_subscription", "subscription_id"),
    )

    id: Mapped[Id]
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("push_subscriptions.id", ondelete="CASCADE"))
    due_at: Mapped[datetime]
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    renewed: Mapped[bool] = mapped_column(default=False, server_default="false")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")


class PlaysMark(Base):
    """How far the event log has been read for moments that catch on: a snapshot, in positions. One row."""

    __tablename__ = "notification_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    snapshot: Mapped[str] = mapped_column(info=KEPT_SNAPSHOT)
