"""What was decided of scenes that catch on, what is expected of them, and who wants to know."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class SceneStanding(Base):
    """Whether a scene may stand in public lists. It gets one when it passes the gate for the first time, or when staff
    decide of it before.

    ``state`` is ``waiting`` (somebody is to look at it first, until ``due_at``), ``released`` or ``held``. One that is
    ``featured`` stands above the lists.
    """

    __tablename__ = "scene_standings"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'released', 'held')", name="state"),
        CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name="due"),
        Index("ix_scene_standings_due", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_scene_standings_featured", "featured_at", postgresql_where=text("featured_at IS NOT NULL")),
    )

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    state: Mapped[str]
    due_at: Mapped[datetime | None]
    featured_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class SceneDecision(Base):
    """What was decided of a scene in public lists, why, and by whom (``viewer:<id>``, or ``rule``). Never changed.

    ``action`` is ``wait`` (it is looked at before it is listed), ``release``, ``hold``, ``feature`` or ``unfeature``.
    """

    __tablename__ = "scene_decisions"
    __table_args__ = (
        CheckConstraint("action IN ('wait', 'release', 'hold', 'feature', 'unfeature')", name="action"),
        Index("ix_scene_decisions_scene", "scene_id", "id"),
    )

    id: Mapped[Id]
    scene_id: Mapped[UUID]
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    action: Mapped[str]
    reason: Mapped[str]
    decided_by: Mapped[str]
    created_at: Mapped[CreatedAt]


class SceneForecast(Base):
    """How many votes a scene's wave will have had in the end, as it was estimated at ``at`` (``forecast``): ``low`` to
    ``high`` in four cases of five. ``state`` is ``forecast``, or why there is no number."""

    __tablename__ = "scene_forecasts"

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    at: Mapped[datetime]
    state: Mapped[str]
    begun_at: Mapped[datetime | None]
    seen: Mapped[int]
    expected: Mapped[int | None]
    low: Mapped[int | None]
    high: Mapped[int | None]
    error: Mapped[float | None]


class TrendAlert(Base):
    """Somebody of staff (``made_by``: ``viewer:<id>``) wants to know when a scene, of any title or of one, is expected
    to have more than ``threshold`` votes in the end."""

    __tablename__ = "trend_alerts"
    __table_args__ = (CheckConstraint("threshold > 0", name="threshold"),)

    id: Mapped[Id]
    threshold: Mapped[int]
    title_id: Mapped[UUID | None] = mapped_column(ForeignKey("titles.id"))
    made_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]


class TrendAlertHit(Base):
    """A scene that an alert was raised for, once, with what was expected of it then."""

    __tablename__ = "trend_alert_hits"

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("trend_alerts.id"), primary_key=True)
    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[CreatedAt]
    seen: Mapped[int]
    expected: Mapped[int]
    low: Mapped[int]
    high: Mapped[int]
