"""Creators: viewers who told us how they want to be named and paid."""

from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, event
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


PUBLISHED = """
CREATE OR REPLACE VIEW published_creators AS SELECT id, viewer_id FROM creators;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the tables."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
