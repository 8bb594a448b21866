"""The event log: append-only, one partition a day."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, Index, LargeBinary, String, UniqueConstraint, event, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from groundswell.platform.database import Base, CreatedAt, Id
from groundswell.platform.ids import uuid7

from .event import KINDS


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's ``xid8``: a 64-bit transaction id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "xid8"


class LoggedEvent(Base):
    """One event. Nothing is updated or deleted here; the database refuses to.

    ``xid`` is the transaction that wrote the row: the lake is sealed in the order in which transactions ended, so
    that none is skipped because it committed late. There are no foreign keys: what is written has been checked
    against rows that are never deleted, and the log must outlive erasure.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
        CheckConstraint("verdict IN ('human', 'robot', 'unfurl')", name="verdict"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="money"),
        Index("ix_events_moment", "moment_id", "share_id"),  # what a moment, and each of its shares, brought
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    kind: Mapped[str]
    share_id: Mapped[UUID | None]
    moment_id: Mapped[UUID | None]
    title_id: Mapped[UUID | None]
    visitor: Mapped[str | None]
    viewer_id: Mapped[UUID | None]
    channel: Mapped[str | None]
    territory: Mapped[str | None] = mapped_column(String(2))
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    verdict: Mapped[str | None]
    verdict_reason: Mapped[str | None]
    verdict_rule: Mapped[str | None]
    inputs: Mapped[dict[str, Any] | None]
    xid: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"), index=True)


class Reverdict(Base):
    """A later verdict on a logged visit, by a newer rule or by what only shows afterwards. Appended, never changed.

    ``event_id`` and ``at`` name the event. The newest row is the visit's verdict; without one it is the event's own.
    ``traffic`` tells routine from sophisticated invalid traffic (``givt``, ``sivt``), null for people and unfurls.
    """

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("at", "event_id", "rule"),
        CheckConstraint("kind IN ('human', 'robot', 'unfurl')", name="kind"),
        CheckConstraint("traffic IN ('givt', 'sivt') AND kind = 'robot' OR traffic IS NULL", name="traffic"),
    )

    id: Mapped[Id]
    event_id: Mapped[UUID]
    at: Mapped[datetime]
    kind: Mapped[str]
    reason: Mapped[str]
    rule: Mapped[str]
    traffic: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    xid: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"), index=True)


class VisitorSalt(Base):
    """The salt of one day's visitor hashes. Deleted after two days, so that no hash can be traced back."""

    __tablename__ = "visitor_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class LakeSeal(Base):
    """How far a table has been sealed into the lake, for people to see; the lake itself holds the truth.

    ``position`` is the transaction id up to which (exclusive) everything is in the lake, ``as_of`` the instant
    at which that was seen to be so.
    """

    __tablename__ = "lake_seals"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    version: Mapped[int]
    as_of: Mapped[datetime]


APPEND_ONLY = """
CREATE OR REPLACE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are only ever appended' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();
"""

LINK_CHANGED = """
CREATE OR REPLACE FUNCTION link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('groundswell_links', coalesce(to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0], ''));
    RETURN NULL;
END $$;
"""
WATCHED = {
    "shares": ("UPDATE", "id"),
    "moments": ("UPDATE", "id"),
    "titles": ("UPDATE", "id"),
    "decisions": ("INSERT OR UPDATE", "subject_id"),
    "rights_rules": ("INSERT OR UPDATE OR DELETE", "all"),
    "service_keys": ("UPDATE", "all"),
}
"""Where a change alters what a link does: which changes, and the column that names what changed (``all`` is none,
so that everything is looked up anew). Whoever keeps links in memory listens (see ``memory.py``)."""

VERDICTS_STAY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON verdicts
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();
"""

event.listen(LoggedEvent.__table__, "after_create", DDL(APPEND_ONLY))  # type: ignore[no-untyped-call]
event.listen(Base.metadata, "after_create", DDL(VERDICTS_STAY))  # type: ignore[no-untyped-call]
event.listen(Base.metadata, "after_create", DDL(LINK_CHANGED))  # type: ignore[no-untyped-call]
for table, (changes, column) in WATCHED.items():
    trigger = f"CREATE OR REPLACE TRIGGER link_changed AFTER {changes} ON {table} "
    trigger += f"FOR EACH ROW EXECUTE FUNCTION link_changed('{column}')"
    event.listen(Base.metadata, "after_create", DDL(trigger))  # type: ignore[no-untyped-call]
