"""Who follows whom, who is kept apart from whom, and what people felt at which second of a title."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt

from . import collection_tables, comment_tables, supercut_tables  # noqa: F401 - made with these

REACTIONS = ("love", "laugh", "wow", "cry", "fire", "star")


class Follow(Base):
    """One viewer follows another, or has asked to: ``state`` is ``following`` or ``requested``."""

    __tablename__ = "follows"
    __table_args__ = (
        CheckConstraint("state IN ('following', 'requested')", name="state"),
        CheckConstraint("follower_id <> followed_id", name="other"),
        Index("ix_follows_followed", "followed_id", "state", "created_at"),
    )

    follower_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    followed_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    state: Mapped[str]
    created_at: Mapped[CreatedAt]


class Barrier(Base):
    """A viewer wants to have nothing to do with another (``block``, which keeps both apart), or to see nothing of
    them (``mute``, of which the other learns nothing)."""

    __tablename__ = "barriers"
    __table_args__ = (
        CheckConstraint("kind IN ('block', 'mute')", name="kind"),
        CheckConstraint("viewer_id <> other_id", name="other"),
        Index("ix_barriers_other", "other_id", "kind"),
    )

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    kind: Mapped[str]
    created_at: Mapped[CreatedAt]


class CommunityProfile(Base):
    """What a viewer chose about being followed. Without a row, who has a public profile is followed by whoever wants
    to, and everybody else decides on each request."""

    __tablename__ = "community_profiles"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    approves: Mapped[bool]


class Reaction(Base):
    """What somebody felt at a second of a moment: one a person. ``reactor`` is a viewer's id or a visitor's hash, which
    lasts a day.

    ``at_us`` is a time of the title. ``verdict`` is the first one on the event that it was logged as, which is named by
    ``event_at`` and ``event_id``; whether it counts is read from the log while that has the event.
    """

    __tablename__ = "reactions"
    __table_args__ = (CheckConstraint(f"kind IN ({', '.join(repr(each) for each in REACTIONS)})", name="kind"),)

    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    reactor: Mapped[str] = mapped_column(primary_key=True)
    viewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"), index=True)
    kind: Mapped[str]
    at_us: Mapped[int]
    verdict: Mapped[str]
    event_at: Mapped[datetime]
    event_id: Mapped[UUID]
    created_at: Mapped[CreatedAt]
