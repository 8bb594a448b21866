"""Moments, what has ever been clipped, and the media made from recipes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id

CREDITED = text("visibility = 'public' AND credit_me AND deleted_at IS NULL")
"""What somebody made for all to see, with their name on it."""


class Moment(Base):
    """A viewer's clip: a span of one version of a title, and their words.

    ``code`` is what its public address shows. ``visibility`` is ``private``, ``unlisted`` (whoever has a link) or
    ``public`` (also in Discover). ``note`` is for its maker alone. ``framing`` is what an upright or square clip shows
    of the wide picture, where its maker chose: ``[start_us, centre]`` for each shot, ``centre`` from 0 to 1 of the
    width. A deleted moment keeps its row, so that its links can say what became of it.
    """

    __tablename__ = "moments"
    __table_args__ = (
        CheckConstraint("start_us >= 0 AND start_us < end_us", name="order"),
        CheckConstraint("visibility IN ('private', 'unlisted', 'public')", name="visibility"),
        CheckConstraint("char_length(caption) <= 500", name="caption"),
        Index("ix_moments_viewer_live", "viewer_id", "id"),
        Index("ix_moments_title_span", "title_id", "start_us"),
        Index("ix_moments_credited", "viewer_id", "id", postgresql_where=CREDITED),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    start_us: Mapped[int]
    end_us: Mapped[int]
    caption: Mapped[str] = mapped_column(default="")
    visibility: Mapped[str] = mapped_column(default="unlisted")
    spoiler: Mapped[bool] = mapped_column(default=False)
    credit_me: Mapped[bool] = mapped_column(default=True)
    note: Mapped[str] = mapped_column(default="")
    framing: Mapped[list[Any] | None]
    created_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]


class ClippedSpan(Base):
    """A span that a viewer has once clipped. It stays when the moment is deleted or trimmed anew: caps on how much one
    person, and all together, may clip of a title count everything that has been in people's hands."""

    __tablename__ = "clipped_spans"
    __table_args__ = (
        UniqueConstraint("moment_id", "start_us", "end_us"),
        CheckConstraint("start_us < end_us", name="order"),
        Index("ix_clipped_spans_title", "title_id"),
        Index("ix_clipped_spans_theirs", "title_id", "viewer_id"),
    )

    id: Mapped[Id]
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    start_us: Mapped[int]
    end_us: Mapped[int]
    created_at: Mapped[CreatedAt]


class TrimWindow(Base):
    """A span around a moment that its maker has looked at, to trim it. They stay: what one person may look at of a
    title in this way is bounded for good."""

    __tablename__ = "trim_windows"
    __table_args__ = (
        UniqueConstraint("moment_id", "start_us", "end_us"),
        CheckConstraint("start_us < end_us", name="order"),
        Index("ix_trim_windows_title", "title_id"),
        Index("ix_trim_windows_theirs", "title_id", "viewer_id"),
        Index("ix_trim_windows_viewer", "viewer_id", "created_at"),
    )

    id: Mapped[Id]
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    start_us: Mapped[int]
    end_us: Mapped[int]
    created_at: Mapped[CreatedAt]


class CoveredRange(Base):
    """What all clips (``clip``), or all windows (``window``), that there ever were cover of a title together: disjoint
    ranges that do not touch, so that how many there are is a matter of its length and not of how often it is clipped.

    Whoever adds a span holds the title's lock of that kind, and adds it here too (``spans.cover``).
    """

    __tablename__ = "covered_ranges"
    __table_args__ = (
        CheckConstraint("start_us < end_us", name="order"),
        CheckConstraint("kind IN ('clip', 'window')", name="kind"),
    )

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    start_us: Mapped[int] = mapped_column(primary_key=True)
    end_us: Mapped[int]


class Rendition(Base):
    """The bytes of one recipe: (source, start, end, profile, captions, card, framing), by its hash. Never made twice.

    ``status`` is ``queued``, ``rendering``, ``ready`` or ``failed``; ``progress`` is thousandths. ``failure_code`` is
    the clip engine's reason. ``settled_at`` is when it became ready, or failed for the last time; ``asked_at`` is
    when it was last asked for, within an hour.
    """

    __tablename__ = "renditions"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'rendering', 'ready', 'failed')", name="status"),
        CheckConstraint("(status = 'ready') = (storage_key IS NOT NULL)", name="ready"),
        CheckConstraint("(status = 'failed') = (failure_code IS NOT NULL)", name="failed"),
        CheckConstraint("progress BETWEEN 0 AND 1000", name="progress"),
    )

    recipe_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"))
    start_us: Mapped[int]
    end_us: Mapped[int]
    profile: Mapped[str]
    captions: Mapped[str | None]
    card: Mapped[dict[str, Any] | None]
    framing: Mapped[list[Any] | None]
    status: Mapped[str] = mapped_column(default="queued")
    progress: Mapped[int] = mapped_column(default=0)
    storage_key: Mapped[str | None]
    media_type: Mapped[str | None]
    size_bytes: Mapped[int | None]
    result: Mapped[dict[str, Any] | None]
    failure_code: Mapped[str | None]
    failure_words: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    asked_at: Mapped[CreatedAt]

    @property
    def settled(self) -> bool:
        """Ready or failed: nothing more will happen by itself."""
        return self.status in {"ready", "failed"}


PUBLISHED = """
CREATE OR REPLACE VIEW published_moments AS SELECT id, viewer_id, title_id FROM moments;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the table."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
