"""Heat by moment and day, the scenes made of it, and how far the event log has been read."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DDL, ForeignKey, Index, Table, event
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base


class HeatDay(Base):
    """The votes for one moment on one UTC day, as logarithms of heat (see ``heat``), and how many of which kind.

    A day is the unit because a visitor counts once in it; a day's row is written anew whenever an event of the day
    arrives, so nothing is counted twice however often that happens.
    """

    __tablename__ = "heat_days"
    __table_args__ = (Index("ix_heat_days_title", "title_id", "day"),)

    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    log_heat: Mapped[float]
    quick_log: Mapped[float]
    clicks: Mapped[int]
    plays: Mapped[int]


class SceneRow(Base):
    """A scene that may be shown: its hottest public moment, and what was counted for all its moments.

    Numbers cover the days that heat is kept for (``refreshing.WINDOW_DAYS``).
    """

    __tablename__ = "scenes"
    __table_args__ = (Index("ix_scenes_heat", "log_heat", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), index=True)
    best_moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    start_us: Mapped[int]
    end_us: Mapped[int]
    log_heat: Mapped[float]
    quick_log: Mapped[float]
    moments: Mapped[int]
    sharers: Mapped[int]
    clicks: Mapped[int]
    plays: Mapped[int]
    quote: Mapped[str | None]
    refreshed_at: Mapped[datetime]


class StaleTitle(Base):
    """A title whose scenes must be gathered again."""

    __tablename__ = "stale_titles"

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)


class HeatMark(Base):
    """The snapshot of the database up to which the event log has been read. One row."""

    __tablename__ = "heat_marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    snapshot: Mapped[str]


# Whoever changes a moment need not know that scenes are made of it.
MOMENT_CHANGED = """
CREATE OR REPLACE FUNCTION scenes_are_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_titles (title_id) VALUES (NEW.title_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER scenes_are_stale AFTER UPDATE OF start_us, end_us, visibility, deleted_at ON moments
    FOR EACH ROW EXECUTE FUNCTION scenes_are_stale();
"""

stale_titles = StaleTitle.__table__
assert isinstance(stale_titles, Table)
# After all tables: it hangs on one table and writes to another.
event.listen(Base.metadata, "after_create", DDL(MOMENT_CHANGED))  # type: ignore[no-untyped-call]
