"""What was shown in For you, with what probability, and what came of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt


class FeedImpression(Base):
    """A scene that was served to a reader at ``place`` of a page, for ``reason``, and of which something came: until
    then nothing is written (``showings``). ``reader`` is a viewer's id, or a number drawn for one visit of nobody
    known.

    ``probability`` is with which it was drawn, given the places before it (``slate``). ``shown_at``: it came on screen.
    ``outcome`` is the last that was told: ``watched``, ``continued``, ``not_this`` or ``less_of_title``.
    """

    __tablename__ = "feed_impressions"
    __table_args__ = (
        CheckConstraint("outcome IN ('watched', 'continued', 'not_this', 'less_of_title')", name="outcome"),
        CheckConstraint("probability > 0 AND probability <= 1", name="probability"),
        Index("ix_feed_impressions_reader", "reader", "at"),
        Index("ix_feed_impressions_scene", "scene_id", "at"),
        Index("ix_feed_impressions_viewer", "viewer_id"),
        Index("ix_feed_impressions_at", "at", postgresql_using="brin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reader: Mapped[UUID]
    viewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    scene_id: Mapped[UUID]
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    at: Mapped[CreatedAt]
    place: Mapped[int]
    reason: Mapped[str]
    probability: Mapped[float]
    shown_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class SceneNeighbour(Base):
    """How much it says for a scene (``near_id``) that somebody likes another (``scene_id``), as it was learned last
    (``ease``)."""

    __tablename__ = "scene_neighbours"

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    near_id: Mapped[UUID] = mapped_column(primary_key=True)
    weight: Mapped[float]


class FeedBlend(Base):
    """What says how much of what somebody likes next (``blend``), as it was learned last."""

    __tablename__ = "feed_blends"

    learned_at: Mapped[datetime] = mapped_column(primary_key=True)
    hot: Mapped[float]
    lasting: Mapped[float]
    near: Mapped[float]
