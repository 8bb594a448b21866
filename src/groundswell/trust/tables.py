"""Recorded decisions, and what people reported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, event, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id

RESTRICTIONS = ("hide", "hold", "collapse", "demote", "withhold")
"""What takes something from somebody: in force until it is lifted."""

VERDICTS = ("keep", "confirm", "reverse", "restore")
"""What is decided without a restriction: nothing wrong was found, an appeal failed, an appeal held, a counter-notice
put something back."""


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(repr(word) for word in words)


class Decision(Base):
    """A restriction of something, or a verdict about one: what, why, by whom or which rule. Lifted, never deleted.

    ``subject_kind`` is ``moment``, ``share``, ``title``, ``viewer``, ``comment``, ``collection``, ``earning`` or
    ``licence`` (a rights rule that has ended); ``action`` is one of ``RESTRICTIONS`` or ``VERDICTS``. One thing has at
    most one live restriction of each action. ``appeal`` says, in words, how to contest it.

    ``person_id`` is the viewer whom it meets; ``source`` what led to it: a ``notice`` (DSA Art. 16), a ``report``,
    ``own`` looking, a ``rule``, an ``appeal`` or an ``order``; ``seen`` what the thing said then. A verdict names the
    decision it is about (``about_id``).
    """

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint(f"action IN ({_listed(RESTRICTIONS + VERDICTS)})", name="action"),
        CheckConstraint("source IN ('notice', 'report', 'own', 'rule', 'appeal', 'order')", name="source"),
        Index("ix_decisions_subject", "subject_kind", "subject_id"),
        Index("ix_decisions_person", "person_id", "id", postgresql_where=text("person_id IS NOT NULL")),
        Index("ix_decisions_made", "created_at"),
        Index(
            "uq_decisions_live",
            *("subject_kind", "subject_id", "action"),
            unique=True,
            postgresql_where=text(f"lifted_at IS NULL AND action IN ({_listed(RESTRICTIONS)})"),
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
    seen: Mapped[dict[str, Any] | None]
    appeal: Mapped[str]
    person_id: Mapped[UUID | None]
    source: Mapped[str] = mapped_column(default="own", server_default="own")
    about_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    created_at: Mapped[CreatedAt]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]


class Report(Base):
    """Somebody says that something a person made should not be there: a moment, a comment below it (``comment_id``), a
    collection, or a person (``person_id``). ``reporter`` is ``viewer:<id>`` or ``visitor:<hash>``.

    A ``notice`` also says that it is against the law, with what DSA Art. 16 and 17 USC 512(c)(3) ask for: where it is
    (``url``), why (``text``), by which law, who says so, and that they believe it in good faith; of a work, which one
    and that they may act for its owner (``sworn``). They are written to in ``language`` (BCP 47).

    Closed by a decision about what was reported (``decision_id``), or dismissed (no ``decision_id``). ``confirmed_at``
    and ``answered_at``: the notifier was mailed that it came, and what was decided.
    """

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("kind IN ('report', 'notice')", name="kind"),
        CheckConstraint("num_nonnulls(moment_id, collection_id, person_id) = 1", name="subject"),
        Index(
            "uq_reports_open",
            *("moment_id", "comment_id", "collection_id", "person_id", "kind", "reporter"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_reports_comment", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index("ix_reports_collection", "collection_id", postgresql_where=text("collection_id IS NOT NULL")),
        Index("ix_reports_person", "person_id", postgresql_where=text("person_id IS NOT NULL")),
        Index("ix_reports_reporter", "reporter", "created_at"),
        Index("ix_reports_review", "review_id"),
        Index("ix_reports_decision", "decision_id", postgresql_where=text("decision_id IS NOT NULL")),
    )

    id: Mapped[Id]
    review_id: Mapped[UUID | None] = mapped_column(ForeignKey("reviews.id"))
    moment_id: Mapped[UUID | None] = mapped_column(index=True)
    comment_id: Mapped[UUID | None]
    collection_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(default="report", server_default="report")
    reason_code: Mapped[str]
    text: Mapped[str]
    reporter: Mapped[str]
    url: Mapped[str | None]
    law: Mapped[str | None]
    work: Mapped[str | None]
    name: Mapped[str | None]
    email: Mapped[str | None]
    sworn: Mapped[bool] = mapped_column(default=False, server_default="false")
    language: Mapped[str] = mapped_column(String(35), default="en", server_default="en")
    confirmed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class Review(Base):
    """Something that people of staff have to look at, however many reported it: one thing has one open review.

    ``lane`` says how soon (``due_at``) and by whom: ``severe`` (child abuse, terror), ``law`` (notices), ``held`` (not
    shown until then) or ``community``. Closed by the decision that was taken (``decision_id``).
    """

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("lane IN ('severe', 'law', 'held', 'community')", name="lane"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed"),
        Index(
            "uq_reviews_open", *("subject_kind", "subject_id"), unique=True, postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_reviews_due", "due_at", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_reviews_subject", "subject_kind", "subject_id"),
    )

    id: Mapped[Id]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    lane: Mapped[str]
    reason_code: Mapped[str]
    opened_at: Mapped[CreatedAt]
    due_at: Mapped[datetime]
    assigned_to: Mapped[str | None]
    assigned_at: Mapped[datetime | None]
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class SavedReply(Base):
    """Words that staff give for the same thing again and again, with the reason code they go with."""

    __tablename__ = "saved_replies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    reason_code: Mapped[str]
    text: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[CreatedAt]


class Appeal(Base):
    """Whom a decision meets contests it, once. Somebody else than who took it decides; ``verdict_id`` is that decision
    and ``outcome`` is ``confirmed`` or ``reversed``."""

    __tablename__ = "appeals"
    __table_args__ = (
        CheckConstraint("outcome IN ('confirmed', 'reversed')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("ix_appeals_due", "due_at", "id", postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[Id]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decisions.id"), unique=True)
    appellant_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), index=True)
    text: Mapped[str]
    created_at: Mapped[CreatedAt]
    due_at: Mapped[datetime]
    verdict_id: Mapped[UUID | None] = mapped_column(ForeignKey("decisions.id"))
    outcome: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]


class CounterNotice(Base):
    """Whose work was taken down for copyright says, under penalty of perjury, that it was a mistake (17 USC 512(g)(3)).

    It is put back between ``restore_from`` and ``restore_by`` (10 and 14 business days), unless who gave the notice
    has gone to court (``court_action``). ``state`` is ``waiting``, ``stopped`` or ``restored``.
    """

    __tablename__ = "counter_notices"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'stopped', 'restored')", name="state"),
        Index("ix_counter_notices_due", "restore_from", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decisions.id"), unique=True)
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), index=True)
    name: Mapped[str]
    address: Mapped[str]
    email: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[CreatedAt]
    restore_from: Mapped[datetime]
    restore_by: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting")
    court_action: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class Preserved(Base):
    """What the law wants kept of something severe that was taken down: as it was, out of everybody's reach but of those
    who have the power for it, until ``keep_until``. Erasure leaves it there; what is due goes by itself."""

    __tablename__ = "preserved"

    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    content: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
    keep_until: Mapped[datetime] = mapped_column(index=True)


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
