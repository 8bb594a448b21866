"""The event log: append-only, one partition a day."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, Index, LargeBinary, MetaData, String, UniqueConstraint, event, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform import trusted_clock  # noqa: F401 - its table is made with these
from groundswell.platform.database import Base, CreatedAt, Id
from groundswell.platform.ids import uuid7
from groundswell.platform.positions import KEPT_POSITION, Position

from .event import COLUMNS, KINDS
from .traffic.current_verdict import VIEWS


class EventColumns:
    """What the log keeps of an event, with one verdict: the first or the current one."""

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


class LoggedEvent(EventColumns, Base):
    """One event as it was logged. Nothing is updated or deleted here; the database refuses to.

    Its verdict is the first one, which a later one may have replaced: what counts or shows events reads
    ``JudgedEvent``.

    ``xid`` is the position of the transaction that wrote the row (``platform/positions.py``): the lake is sealed in the
    order in which transactions ended, so that none is skipped because it committed late. There are no foreign keys:
    what is written has been checked against rows that are never deleted, and the log must outlive erasure.
    """

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
        CheckConstraint("verdict IN ('human', 'robot', 'unfurl')", name="verdict"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="money"),
        Index("ix_events_moment", "moment_id", "share_id"),  # what a moment, and each of its shares, brought
        {"postgresql_partition_by": "RANGE (at)"},
    )

    xid: Mapped[Position]


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
COLUMN_TYPES: dict[str, str] = {
    name: LoggedEvent.__table__.c[name].type.compile(dialect=_DIALECT) for name in COLUMNS.split(", ")
}
"""SQL's types of what a writer gives, in its order."""


class JudgedEvent(EventColumns, Base):
    """An event with its current verdict (see ``traffic/current_verdict.py``). A view: for reading only."""

    __tablename__ = "judged_events"
    metadata = MetaData()  # not among the tables that are made

    logged_verdict: Mapped[str | None]
    judged_at: Mapped[datetime | None]


class Reverdict(Base):
    """A later verdict on a logged visit, by a newer rule or by what only shows afterwards. Appended, never changed.

    ``event_id`` and ``at`` name the event. Which verdict is current: ``traffic/current_verdict.py``.
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
    xid: Mapped[Position]


class VisitorSalt(Base):
    """The salt of one day's visitor hashes. Deleted after two days, so that no hash can be traced back."""

    __tablename__ = "visitor_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class LakeSeal(Base):
    """How far a table has been sealed into the lake, for people to see; the lake itself holds the truth.

    ``position`` is the one up to which (exclusive) everything is in the lake, ``as_of`` the instant at which that was
    seen to be so.
    """

    __tablename__ = "lake_seals"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(info=KEPT_POSITION)
    version: Mapped[int]
    as_of: Mapped[datetime]


class DayAside(Base):
    """A day of the event log that was moved aside: the next to be dropped."""

    __tablename__ = "days_aside"

    day: Mapped[date] = mapped_column(primary_key=True)
    moved_at: Mapped[datetime]


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
DECLARE
    is_now text := to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0];
    was text := to_jsonb(coalesce(OLD, NEW)) ->> TG_ARGV[0];
BEGIN
    PERFORM pg_notify('groundswell_links', coalesce(nullif(is_now, '*'), ''));
    IF was IS DISTINCT FROM is_now THEN
        PERFORM pg_notify('groundswell_links', coalesce(nullif(was, '*'), ''));
    END IF;
    RETURN NULL;
END $$;
"""
WATCHED = {
    "shares": ("UPDATE", "id"),
    "moments": ("UPDATE", "id"),
    "titles": ("UPDATE", "id"),
    "decisions": ("INSERT OR UPDATE", "subject_id"),
    "rights_rules": ("INSERT OR UPDATE OR DELETE", "scope_key"),
    "service_keys": ("UPDATE", "id"),
}
"""Where a change alters what a link does: which changes, and the column that names what changed (``*`` in it: all, so
that everything is looked up anew). Whoever keeps links in memory listens (see ``platform/notified_cache.py``)."""

VERDICTS_STAY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON verdicts
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();
"""

event.listen(LoggedEvent.__table__, "after_create", DDL(APPEND_ONLY))  # type: ignore[no-untyped-call]
event.listen(Base.metadata, "after_create", DDL(VERDICTS_STAY))  # type: ignore[no-untyped-call]
event.listen(Base.metadata, "after_create", DDL(VIEWS))  # type: ignore[no-untyped-call]
event.listen(Base.metadata, "after_create", DDL(LINK_CHANGED))  # type: ignore[no-untyped-call]
for table, (changes, column) in WATCHED.items():
    trigger = f"CREATE OR REPLACE TRIGGER link_changed AFTER {changes} ON {table} "
    trigger += f"FOR EACH ROW EXECUTE FUNCTION link_changed('{column}')"
    event.listen(Base.metadata, "after_create", DDL(trigger))  # type: ignore[no-untyped-call]


PUBLISHED = """
CREATE OR REPLACE VIEW published_events AS
    SELECT id, at, kind, moment_id, viewer_id, visitor, inputs, verdict, xid FROM events;
CREATE OR REPLACE VIEW published_verdicts AS SELECT id, at, event_id, kind, xid FROM verdicts;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the tables."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
