"""Recorded restrictions, and what people reported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Decision(Base):
    """A restriction on something: what, why, by whom or which rule. Lifted, never deleted.

    ``subject_kind`` is ``moment``, ``share``, ``title``, ``viewer``, ``comment``, ``earning`` or ``licence`` (a rights
    rule that has ended); ``action`` is ``hide``, ``hold``, ``demote`` or ``withhold``. One thing has at most one live
    decision of each action. ``appeal`` says, in words, how to contest it.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("action IN ('hide', 'hold', 'demote', 'withhold')", name="action"),
        Index("ix_decisions_subject", "subject_kind", "subject_id"),
        Index(
            "uq_decisions_live",
            *("subject_kind", "subject_id", "action"),
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    action: Mapped[str]
    reason_code: Mapped[str]
    explanation: Mapped[str]
    decided_by: Mapped[str]
    rule: Mapped[str | None]
    evidence: Mapped[dict[str, Any] | None]
    appeal: Mapped[str]
    created_at: Mapped[CreatedAt]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]


class Report(Base):
    """Somebody says that a moment should not be there. ``reporter`` is ``viewer:<id>`` or ``visitor:<hash>``.

    Closed by a decision about the moment (``decision_id``), or dismissed (no ``decision_id``).
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index("uq_reports_open", "moment_id", "reporter", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_reports_reporter", "reporter", "created_at"),
    )

    id: Mapped[Id]
    moment_id: Mapped[UUID] = mapped_column(index=True)
    reason_code: Mapped[str]
    text: Mapped[str]
    reporter: Mapped[str]
    created_at: Mapped[CreatedAt]
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
