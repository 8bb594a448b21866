"""Recorded restrictions, and what people reported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, event, text
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
    """Somebody says that a moment, or a comment below it (``comment_id``), should not be there. ``reporter`` is
    ``viewer:<id>`` or ``visitor:<hash>``.

    Closed by a decision about what was reported (``decision_id``), or dismissed (no ``decision_id``).
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index(
            "uq_reports_open",
            *("moment_id", "comment_id", "reporter"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_reports_comment", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index("ix_reports_reporter", "reporter", "created_at"),
    )

    id: Mapped[Id]
    moment_id: Mapped[UUID] = mapped_column(index=True)
    comment_id: Mapped[UUID | None]
    reason_code: Mapped[str]
    text: Mapped[str]
    reporter: Mapped[str]
    created_at: Mapped[CreatedAt]
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class Case(Base):
    """A suspicion that somebody's links bring what is not earned: opened by a rule, decided by people.

    ``subject_id`` is the viewer whom it would have earned money or rank. One rule has one open case of a person; what
    it finds meanwhile is added. ``status`` is ``open``, ``upheld`` or ``cleared``.
    """

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'upheld', 'cleared')", name="status"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
        Index("uq_cases_open", *("rule", "subject_id"), unique=True, postgresql_where=text("status = 'open'")),
        Index("ix_cases_subject", "subject_id"),
    )

    id: Mapped[Id]
    rule: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[CreatedAt]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class CaseItem(Base):
    """One thing that a case rests on: the ``event``, ``conversion`` or ``adjustment`` (``kind``) of that id, when it
    happened, and what was known of it. Each is in a case once."""

    __tablename__ = "case_items"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]
    added_at: Mapped[CreatedAt]


class CaseStep(Base):
    """What was done about a case, why, and by whom. Undone, never deleted.

    ``action`` is ``reject`` (its visits are no person's), ``accept`` (they are), ``hold`` (money is withheld), ``ban``
    (nothing of theirs is shown or earns), ``notice`` (its subject was told), ``appeal`` (they objected), ``uphold`` or
    ``clear`` (it is closed).
    """

    __tablename__ = "case_steps"
    __table_args__ = (
        CheckConstraint(
            "action IN ('reject', 'accept', 'hold', 'ban', 'notice', 'appeal', 'uphold', 'clear')", name="action"
        ),
        Index("ix_case_steps_case", "case_id", "id"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    action: Mapped[str]
    reason: Mapped[str]
    by: Mapped[str]
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    created_at: Mapped[CreatedAt]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


PUBLISHED = """
CREATE OR REPLACE VIEW published_decisions AS
    SELECT action, subject_kind, subject_id, created_at, lifted_at FROM decisions;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the tables."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
