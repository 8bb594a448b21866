"""What people say at a second of a title."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Comment(Base):
    """What somebody said below a moment, about the second ``at_us`` of its title; an answer names its ``parent_id``,
    and answers have none. Its place stays when it is deleted (``deleted_by`` is ``writer`` or ``maker``); its words go.

    ``held_for`` says why it waits for somebody to look at it; until then only its writer, and who may let it through,
    see it; ``collapsed_at``: the moment's maker wants it shown to those who ask for it. ``same_as`` is what it has in
    common with others that say the same.
    """

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint("deleted_by IN ('writer', 'maker')", name="deleted_by"),
        CheckConstraint("(deleted_at IS NULL) = (deleted_by IS NULL)", name="deleted"),
        Index("ix_comments_moment", "moment_id", "id", postgresql_where=text("parent_id IS NULL")),
        Index("ix_comments_parent", "parent_id", "id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_comments_viewer", "viewer_id", "id"),
        Index("ix_comments_held", "id", postgresql_where=text("held_for IS NOT NULL AND deleted_at IS NULL")),
        Index("uq_comments_pinned", "moment_id", unique=True, postgresql_where=text("pinned_at IS NOT NULL")),
    )

    id: Mapped[Id]
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("comments.id"))
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    at_us: Mapped[int]
    text: Mapped[str]
    same_as: Mapped[str]
    spoiler: Mapped[bool] = mapped_column(default=False)
    held_for: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None]
    pinned_at: Mapped[datetime | None]
    collapsed_at: Mapped[datetime | None]
