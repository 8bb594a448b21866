"""Reports kept for when the engine is down, what was told of periods that are over, saved views, experiments."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class KeptReport(Base):
    """The last good answer to one question: shown, and marked as old, when the engine cannot answer."""

    __tablename__ = "kept_reports"

    question: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(index=True)


class ClosedReport(Base):
    """The figures of a period as they were first told after it was over: what they are told later is set against them.

    ``figures``: counts by step, and net revenue in minor units by currency; ``as_of``: up to when all was counted.
    """

    __tablename__ = "closed_reports"

    question: Mapped[str] = mapped_column(primary_key=True)
    figures: Mapped[dict[str, float]] = mapped_column(JSONB)
    as_of: Mapped[datetime] = mapped_column(index=True)


class SavedView(Base):
    """A page of the console with everything chosen on it, under a name of its owner's, for all who may see it."""

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("name ~ '\\S' AND length(name) <= 80", name="name"),
        CheckConstraint("starts_with(address, '/console/') AND length(address) <= 2000", name="address"),
        UniqueConstraint("made_by", "name"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    address: Mapped[str]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    created_at: Mapped[CreatedAt]


class WeeklyRecipient(Base):
    """Somebody who works here and has the weekly report mailed to them, for as long as they may read it."""

    __tablename__ = "weekly_recipients"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    address: Mapped[str]
    created_at: Mapped[CreatedAt]


class WeeklyMail(Base):
    """That the report of a week (its Monday) is due to somebody, and when it was sent: once."""

    __tablename__ = "weekly_mails"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime | None]


class Experiment(Base):
    """A question put to chance. What is assigned, and how much of it is held back, never changes once it runs.

    ``subject`` is what is held back or varied: ``sharing`` (the share button) or ``landing`` (the page behind a link).
    ``unit`` is what is drawn: a ``viewer``, a ``cluster`` of viewers around a sharer, or a ``visitor``'s browser.
    ``control_ppm`` of the units, in millionths, are in the arm ``control``; the others are in ``treatment``.
    """

    __tablename__ = "experiments"
    __table_args__ = (
        CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]{1,62}$'", name="key"),
        CheckConstraint("subject IN ('sharing', 'landing')", name="subject"),
        CheckConstraint("unit IN ('viewer', 'cluster', 'visitor')", name="unit"),
        CheckConstraint("control_ppm BETWEEN 10000 AND 990000", name="control"),
        CheckConstraint("stopped_at IS NULL OR stopped_at >= started_at", name="stopped"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    hypothesis: Mapped[str] = mapped_column(default="")
    subject: Mapped[str]
    unit: Mapped[str]
    control_ppm: Mapped[int]
    minimum_effect: Mapped[float]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    started_at: Mapped[CreatedAt]
    stopped_at: Mapped[datetime | None]


class Exposure(Base):
    """That somebody was, or but for the draw would have been, shown what an experiment is about; the first time only.

    Both arms are logged at the same point of the same path (as with ghost ads), so that they can be compared.
    ``viewer_id`` is whose conversions count for ``unit``; a unit may have many viewers.
    """

    __tablename__ = "exposures"
    __table_args__ = (
        CheckConstraint("arm IN ('control', 'treatment')", name="arm"),
        Index("ix_exposures_viewer", "viewer_id", "experiment_id"),
        Index("ix_exposures_at", "experiment_id", "at"),
    )

    experiment_id: Mapped[UUID] = mapped_column(ForeignKey("experiments.id"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    viewer: Mapped[str] = mapped_column(primary_key=True)
    viewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    arm: Mapped[str]
    at: Mapped[CreatedAt]
