"""Creators: viewers who told us how they want to be named and paid."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Creator(Base):
    """A viewer's public profile. ``code`` is what they say aloud (``NOOR10``); both names are theirs alone."""

    __tablename__ = "creators"
    __table_args__ = (
        CheckConstraint("handle ~ '^[a-z0-9][a-z0-9_]{1,29}$'", name="handle"),
        CheckConstraint("code ~ '^[A-Z0-9]{3,16}$'", name="code"),
    )

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), unique=True)
    handle: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    bio: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]


class CreatorTerms(Base):
    """The terms that creators accept, by version. What was published is never changed; a new version asks everybody
    again."""

    __tablename__ = "creator_terms"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str]
    published_by: Mapped[str]
    published_at: Mapped[CreatedAt]


class CreatorAgreement(Base):
    """That a viewer accepted a version of the terms, and when."""

    __tablename__ = "creator_agreements"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    version: Mapped[int] = mapped_column(ForeignKey("creator_terms.version"), primary_key=True)
    agreed_at: Mapped[CreatedAt]


class CreatorApplication(Base):
    """Somebody who would be a creator: ``waiting``, ``accepted``, ``refused`` (with a reason) or ``withdrawn``."""

    __tablename__ = "creator_applications"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'accepted', 'refused', 'withdrawn')", name="status"),
        CheckConstraint("status <> 'refused' OR reason <> ''", name="refused"),
        Index("uq_creator_applications_waiting", "viewer_id", unique=True, postgresql_where=text("status = 'waiting'")),
        Index("ix_creator_applications_queue", "status", "id"),
    )

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    status: Mapped[str] = mapped_column(default="waiting")
    handle: Mapped[str]
    display_name: Mapped[str]
    bio: Mapped[str]
    code: Mapped[str | None]
    country: Mapped[str] = mapped_column(String(2))
    languages: Mapped[list[str]] = mapped_column(ARRAY(String))
    note: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]


class CreatorInvitation(Base):
    """That a viewer was invited to become a creator: ``invited``, ``accepted`` or ``declined``. One of each viewer, so
    that who declined is not asked again."""

    __tablename__ = "creator_invitations"
    __table_args__ = (
        CheckConstraint("status IN ('invited', 'accepted', 'declined')", name="status"),
        CheckConstraint("(status = 'invited') = (answered_at IS NULL)", name="answered"),
    )

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), unique=True)
    status: Mapped[str] = mapped_column(default="invited")
    invited_by: Mapped[str]
    answered_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class CreatorChannel(Base):
    """Where else a creator is: theirs once the page there carries ``proof`` or leads to their page here.

    ``found`` is what the last look found: ``proof``, ``link``, ``absent``, or why it could not be looked at.
    """

    __tablename__ = "creator_channels"
    __table_args__ = (UniqueConstraint("creator_id", "address"),)

    id: Mapped[Id]
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"))
    address: Mapped[str]
    proof: Mapped[str]
    found: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class ImportedPartner(Base):
    """A partner of another programme who moved here with it: a creator once ``creator_id`` is known, until then
    somebody who is to come and take their place.

    ``code`` is what their links and sales carried there; it goes on counting here, beside the creator's own, and
    nobody else gets it. Their address is not kept, only a keyed hash of it, by which their commissions are found.
    """

    __tablename__ = "imported_partners"
    __table_args__ = (
        UniqueConstraint("programme", "key"),
        CheckConstraint("programme IN ('dub', 'rewardful', 'tolt', 'partnerstack')", name="programme"),
        Index("ix_imported_partners_email_tag", "programme", "email_tag"),
    )

    id: Mapped[Id]
    programme: Mapped[str]
    key: Mapped[str]
    email_tag: Mapped[str | None]
    name: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True)
    creator_id: Mapped[UUID | None] = mapped_column(ForeignKey("creators.id"), index=True)
    imported_by: Mapped[str]
    joined_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class ImportedCommission(Base):
    """What another programme recorded for a partner before they moved here: history, which no ledger, statement or
    payout of ours reads. ``state`` is what that programme said last: ``paid``, ``due`` or ``void``."""

    __tablename__ = "imported_commissions"
    __table_args__ = (
        UniqueConstraint("programme", "key"),
        CheckConstraint("state IN ('paid', 'due', 'void')", name="state"),
    )

    id: Mapped[Id]
    programme: Mapped[str]
    key: Mapped[str]
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("imported_partners.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    sale_minor: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str]
    earned_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


PUBLISHED = """
CREATE OR REPLACE VIEW published_creators AS SELECT id, viewer_id FROM creators;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the tables."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
