"""Shares: each act of sending a moment somewhere, with where it came from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Share(Base):
    """One act of sending a moment, with its own link ``/s/<token>`` (the code and its signature).

    ``parent_id`` is the share by whose landing page this one was made; ``root_id`` is the first of the chain (its
    own id when there is no parent); ``generation`` counts from 0. All three are written once, here.
    ``viewer_id`` is null when a visitor without an account re-shares.

    How it is shown may be changed by whoever made it: ``shape`` is ``wide``, ``vertical`` or ``square``; ``captions``
    says whether subtitles are on at first; ``spoiler`` and ``credit`` can only be stricter than the moment's own.
    """

    __tablename__ = "shares"
    __table_args__ = (
        CheckConstraint("(parent_id IS NULL) = (generation = 0)", name="generation"),
        CheckConstraint("(parent_id IS NULL) = (root_id = id)", name="root"),
        CheckConstraint("shape IN ('wide', 'vertical', 'square')", name="shape"),
        Index("ix_shares_root", "root_id", "generation"),
        Index("ix_shares_viewer_recent", "viewer_id", "created_at"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), index=True)
    viewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    channel: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("shares.id"), index=True)
    root_id: Mapped[UUID] = mapped_column(ForeignKey("shares.id"))
    generation: Mapped[int]
    shape: Mapped[str] = mapped_column(default="wide", server_default="wide")
    captions: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    spoiler: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    credit: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Reminder(Base):
    """A viewer's wish to hear when a moment that was sent to them can be seen where they are. It goes when they no
    longer wait, and with whoever is erased.

    ``share_id`` is the link they came by; ``territory`` is where they were (ISO 3166-1 alpha-2), where that was known.
    """

    __tablename__ = "reminders"
    __table_args__ = (UniqueConstraint("viewer_id", "moment_id"),)

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    share_id: Mapped[UUID] = mapped_column(ForeignKey("shares.id"))
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    territory: Mapped[str | None] = mapped_column(String(2))
    created_at: Mapped[CreatedAt]


PUBLISHED = """
CREATE OR REPLACE VIEW published_shares AS SELECT id, viewer_id, moment_id, channel FROM shares;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the table."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
