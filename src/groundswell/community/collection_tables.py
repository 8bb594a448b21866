"""Collections: moments in an order that somebody chose, and who may choose with them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Collection(Base):
    """An ordered list of moments with a title. ``visibility`` is ``private``, ``unlisted`` (whoever has its address) or
    ``public``; ``cover_id`` is the moment whose picture stands for it, where its maker chose one.

    What is in it is judged for whoever looks, when they look: a collection gives nobody what its parts would not.
    """

    __tablename__ = "collections"
    __table_args__ = (
        CheckConstraint("visibility IN ('private', 'unlisted', 'public')", name="visibility"),
        Index("ix_collections_viewer", "viewer_id", "id"),
        Index(
            "ix_collections_public",
            *("viewer_id", "id"),
            postgresql_where=text("visibility = 'public' AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    name: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    visibility: Mapped[str] = mapped_column(default="private")
    cover_id: Mapped[UUID | None] = mapped_column(ForeignKey("moments.id"))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class CollectionPart(Base):
    """A moment in a collection: its place, counted from 0 without gaps, and who put it there."""

    __tablename__ = "collection_parts"
    __table_args__ = (
        CheckConstraint("place >= 0", name="place"),
        Index("ix_collection_parts_moment", "moment_id"),
        Index("ix_collection_parts_added_by", "added_by"),
    )

    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id"), primary_key=True)
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    place: Mapped[int]
    added_by: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    added_at: Mapped[CreatedAt]


class Collaborator(Base):
    """Somebody who may put moments into another's collection: ``asked`` to, until they agree (``joined``)."""

    __tablename__ = "collaborators"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'joined')", name="state"),
        Index("ix_collaborators_viewer", "viewer_id"),
    )

    collection_id: Mapped[UUID] = mapped_column(ForeignKey("collections.id"), primary_key=True)
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    state: Mapped[str]
    created_at: Mapped[CreatedAt]


class Repost(Base):
    """Somebody passes a moment on to those who follow them, by a link of theirs: what it brings is credited along the
    link's line, as of any share."""

    __tablename__ = "reposts"
    __table_args__ = (Index("ix_reposts_viewer", "viewer_id", "id"),)

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    share_id: Mapped[UUID] = mapped_column(ForeignKey("shares.id"))
    created_at: Mapped[CreatedAt]
    withdrawn_at: Mapped[datetime | None]
