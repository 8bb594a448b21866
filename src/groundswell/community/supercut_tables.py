"""Supercuts: a collection rendered as one clip."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt


class Supercut(Base):
    """The one clip of a collection. ``status`` is ``queued``, ``rendering``, ``ready``, ``failed`` or ``outdated``: it
    was, and what it showed is other than before, so that its bytes go.

    ``recipe_hash`` says what it is made of, and names its bytes (``supercuts.storage_key``); none where it is outdated.
    ``left_out`` is what of the collection is not in it: ``{"place", "title", "reason"}``. ``settled_at`` is when it
    became ready or failed, ``asked_at`` when it was last asked for, within an hour.
    """

    __tablename__ = "supercuts"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'rendering', 'ready', 'failed', 'outdated')", name="status"),
        CheckConstraint("(status = 'outdated') = (recipe_hash IS NULL)", name="outdated"),
        CheckConstraint("(status = 'ready') = (size_bytes IS NOT NULL)", name="ready"),
        CheckConstraint("(status = 'failed') = (failure_code IS NOT NULL)", name="failed"),
        CheckConstraint("progress BETWEEN 0 AND 1000", name="progress"),
        Index("ix_supercuts_recipe_hash", "recipe_hash"),
        Index("ix_supercuts_asked_by", "asked_by"),
    )

    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id"), primary_key=True)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    status: Mapped[str]
    recipe_hash: Mapped[str | None] = mapped_column(String(64))
    progress: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[list[Any]]
    duration_us: Mapped[int | None]
    size_bytes: Mapped[int | None]
    failure_code: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]

    @property
    def waits(self) -> bool:
        """It is to be made, or is being made."""
        return self.status in {"queued", "rendering"}


class SupercutPart(Base):
    """A moment in a supercut: the recipe of its media as it was when the supercut was asked for, and, once that is
    made, where it begins in it."""

    __tablename__ = "supercut_parts"
    __table_args__ = (Index("ix_supercut_parts_moment", "moment_id"),)

    collection_id: Mapped[UUID] = mapped_column(ForeignKey("supercuts.collection_id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    recipe_hash: Mapped[str] = mapped_column(String(64))
    begin_us: Mapped[int | None]
