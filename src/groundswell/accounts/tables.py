"""Viewers as the service names them, and the service's own keys."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DDL, ForeignKey, Index, Interval, LargeBinary, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Viewer(Base):
    """A person known to the service; a row is made when their token is first seen.

    ``kids``: a child's profile; ``ad_tier``: on the plan with advertising. Both as their token last said.
    """

    __tablename__ = "viewers"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Id]
    issuer: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    handle: Mapped[str] = mapped_column(unique=True)
    territory: Mapped[str | None] = mapped_column(String(2))
    kids: Mapped[bool] = mapped_column(default=False)
    ad_tier: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]


class ServiceKey(Base):
    """A key with which the service's back end calls us; only its hash is kept."""

    __tablename__ = "service_keys"

    id: Mapped[Id]
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]


class ServiceKeyUse(Base):
    """When a key was last used, to a minute."""

    __tablename__ = "service_key_uses"

    key_id: Mapped[UUID] = mapped_column(ForeignKey("service_keys.id"), primary_key=True)
    used_at: Mapped[datetime]


class StaffPreference(Base):
    """How somebody who works here wants the console shown: the time zone (IANA) by which it cuts days."""

    __tablename__ = "staff_preferences"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    time_zone: Mapped[str]


class StaffStanding(Base):
    """What an issuer last said of somebody of staff: the roles, at which instant, and the address that it vouches for.

    What is done for somebody while they are away rests on this, as a session rests on its row. ``said_by`` is the
    issuer as tokens name it; ``ended_at``: staff ended all that rests on what was said until then.
    """

    __tablename__ = "staff_standings"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    said_by: Mapped[str] = mapped_column(primary_key=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    email: Mapped[str | None]
    said_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignIn(Base):
    """A session of a browser on our pages: it holds until ``ends_at``, and until nothing was asked for ``idle``.

    ``hash`` is over the cookie, which is kept nowhere. ``roles``, ``titles`` and ``language`` are as the token or the
    provider said; ``provider`` is the issuer at which staff signed in, ``id_token`` what it gave, to sign out there.
    """

    __tablename__ = "sign_ins"

    id: Mapped[Id]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    titles: Mapped[list[str]] = mapped_column(ARRAY(String))
    language: Mapped[str | None]
    provider: Mapped[str | None]
    id_token: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    seen_at: Mapped[datetime]
    idle: Mapped[timedelta] = mapped_column(Interval)
    ends_at: Mapped[datetime] = mapped_column(index=True)


class SpentToken(Base):
    """Something that counts once and has counted: the hash of a state or of a token, kept until it would not hold any
    more."""

    __tablename__ = "spent_tokens"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)


class HandOverCode(Base):
    """A code for one hand-over: who comes with it is signed in with ``token``, which the service gave for it."""

    __tablename__ = "hand_over_codes"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    token: Mapped[str]
    until: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """One entry of the audit log: JSON with ``at``, ``actor``, ``action``, ``subject``, ``address`` and ``outcome``.
    ``seq`` counts from 1 without a gap; ``hash`` is SHA-256 over the hash before, ``seq`` in decimal, a line feed and
    the entry. The database makes all but the entry, and refuses changes."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_actor", "actor", "seq"),)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    actor: Mapped[str]
    made_at: Mapped[datetime]

    @property
    def told(self) -> dict[str, Any]:
        """The entry's members."""
        told: dict[str, Any] = json.loads(self.entry)
        return told


AUDIT_CHAIN = """
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last audit_log;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_log', 0));
    SELECT * INTO last FROM audit_log ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.hash := sha256(
        coalesce(last.hash, decode(repeat('00', 32), 'hex')) || convert_to(NEW.seq || chr(10) || NEW.entry, 'UTF8')
    );
    NEW.actor := NEW.entry::jsonb ->> 'actor';
    NEW.made_at := (NEW.entry::jsonb ->> 'at')::timestamptz;
    RETURN NEW;
END $$;
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_stays_whole BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
"""
event.listen(AuditEntry.__table__, "after_create", DDL(AUDIT_CHAIN))  # type: ignore[no-untyped-call]


PUBLISHED = """
CREATE OR REPLACE VIEW published_viewers AS SELECT id, created_at FROM viewers;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the table."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
