"""Heat by moment and day, the scenes made of it, and how far the event log has been read."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Identity, Index, event, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base
from groundswell.platform.positions import KEPT_SNAPSHOT

from .bluesky import tables as bluesky_tables  # noqa: F401 - declares them
from .for_you import tables as feed_tables  # noqa: F401
from .search import tables as search_tables  # noqa: F401
from .trending import tables as trending_tables  # noqa: F401


class HeatDay(Base):
    """The votes for one moment on one UTC day, as the logarithm of heat (see ``heat``), and how many of which kind.

    A day is the unit because a visitor counts once in it. ``votes`` is how many there are, ``heat_units`` their sum in
    whole numbers, which the logarithm is of (``tally.UNIT``).
    """

    __tablename__ = "heat_days"
    __table_args__ = (Index("ix_heat_days_title", "title_id", "day"),)

    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    log_heat: Mapped[float]
    votes: Mapped[int]
    heat_units: Mapped[int]
    clicks: Mapped[int]
    plays: Mapped[int]


class SceneVote(Base):
    """A moment as a vote for its span, and the scene that it belongs to.

    There is one for each moment that votes: live, public, not taken down, and warm. ``log_heat`` as in ``heat``, a
    demotion included; ``clicks`` and ``plays`` of the days that heat is kept for.
    ``first_id`` is the moment that begins its scene (its own id: it begins one); null only while scenes are made anew.
    ``scene_id`` is the scene's lasting id, ``factor`` what a decision leaves of the moment's votes, ``begun_at`` when
    it was clipped.
    """

    __tablename__ = "scene_votes"
    __table_args__ = (
        CheckConstraint("length_us = end_us - start_us AND length_us > 0", name="length"),
        Index("ix_scene_votes_span", "title_id", "start_us"),
        Index("ix_scene_votes_length", "title_id", "length_us"),
        Index("ix_scene_votes_first", "title_id", "start_us", postgresql_where=text("first_id = moment_id")),
        Index("ix_scene_votes_free", "title_id", "log_heat", postgresql_where=text("first_id IS NULL")),
        Index("ix_scene_votes_scene", "first_id", "log_heat"),
        Index("ix_scene_votes_lasting", "scene_id"),
    )

    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    start_us: Mapped[int]
    end_us: Mapped[int]
    length_us: Mapped[int]
    log_heat: Mapped[float]
    clicks: Mapped[int]
    plays: Mapped[int]
    public: Mapped[bool]
    first_id: Mapped[UUID | None]
    scene_id: Mapped[UUID | None]
    factor: Mapped[float]
    begun_at: Mapped[datetime]


class HeatVote(Base):
    """An event that counts as a vote, or would if the same person (``voter``, a hash) had not had one that day: kept
    for as long as verdicts may change it.

    ``weight`` is what the voter's vote counts, ``ballot`` by what it is counted once in a scene (``person_weight``),
    ``network`` a hash of where it came from, ``territory`` the country (ISO 3166-1 alpha-2); ``scene_id`` is the scene
    that its moment belonged to when the title was gathered last.
    """

    __tablename__ = "heat_votes"
    __table_args__ = (
        Index("ix_heat_votes_day", "day", postgresql_using="brin"),
        Index("ix_heat_votes_ballot", "scene_id", "day", "kind", "ballot", "at", "event_id"),
    )

    moment_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    voter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    weight: Mapped[float]
    ballot: Mapped[int]
    network: Mapped[int | None]
    territory: Mapped[str | None]
    scene_id: Mapped[UUID | None]


class StaleVote(Base):
    """A ballot of a moment's scene about which something is new. Rows are only added and taken away."""

    __tablename__ = "stale_votes"
    __table_args__ = (Index("ix_stale_votes_title", "title_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    title_id: Mapped[UUID]
    moment_id: Mapped[UUID]
    day: Mapped[date]
    kind: Mapped[str]
    voter: Mapped[int]
    ballot: Mapped[int]


class SceneBallot(Base):
    """A vote that counts for a scene: the first of its ballot, kind and UTC day (``person_weight``). ``weight`` is the
    voter's, less where the moment is demoted."""

    __tablename__ = "scene_ballots"
    __table_args__ = (Index("ix_scene_ballots_day", "day", postgresql_using="brin"),)

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    ballot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event_id: Mapped[UUID]
    weight: Mapped[float]
    established: Mapped[bool]
    network: Mapped[int | None]
    territory: Mapped[str | None]


class SceneDay(Base):
    """The ballots of one scene on one UTC day, added up at the three half-lives of ``rate``: each weighs what it would
    at the day's beginning, in whole numbers of ``ballots.UNIT``, so that taking out gives back what was put in."""

    __tablename__ = "scene_days"
    __table_args__ = (Index("ix_scene_days_day", "day", postgresql_using="brin"),)

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    votes: Mapped[int]
    quick_units: Mapped[Decimal]
    middle_units: Mapped[Decimal]
    slow_units: Mapped[Decimal]


class SceneLocalDay(Base):
    """As ``SceneDay``, of the ballots that came from one country."""

    __tablename__ = "scene_local_days"
    __table_args__ = (Index("ix_scene_local_days_day", "day", postgresql_using="brin"),)

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    territory: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    votes: Mapped[int]
    quick_units: Mapped[Decimal]
    middle_units: Mapped[Decimal]
    slow_units: Mapped[Decimal]


class SceneLocal(Base):
    """The counters of a scene in one country, as ``SceneRow`` has them for all; a scene that is not there has none."""

    __tablename__ = "scene_locals"
    __table_args__ = (
        Index("ix_scene_locals_quick", "territory", text("quick_log DESC"), "scene_id"),
        Index("ix_scene_locals_middle", "territory", text("middle_log DESC"), "scene_id"),
        Index("ix_scene_locals_slow", "territory", text("slow_log DESC"), "scene_id"),
        Index("ix_scene_locals_title", "title_id"),
    )

    scene_id: Mapped[UUID] = mapped_column(primary_key=True)
    territory: Mapped[str] = mapped_column(primary_key=True)
    title_id: Mapped[UUID]
    quick_log: Mapped[float]
    middle_log: Mapped[float]
    slow_log: Mapped[float]


class SceneRow(Base):
    """A scene that may be shown: its hottest public moment, and what was counted for all its moments.

    ``id`` stays when its moments change places. The logarithms are the counters of ``rate``, the quickest first;
    ``people`` and ``networks`` are how many established voters it has had, and from how many networks, within the days
    that heat is kept for (``tally.WINDOW_DAYS``), which numbers cover. ``first_id`` is the moment that begins it,
    ``begun_at`` when the oldest was clipped; ``sharers_at`` is when its sharers, people and networks were counted,
    which of a large scene is not done for every vote.
    """

    __tablename__ = "scenes"
    __table_args__ = (
        Index("ix_scenes_quick", text("quick_log DESC"), "id"),
        Index("ix_scenes_middle", text("middle_log DESC"), "id"),
        Index("ix_scenes_slow", text("slow_log DESC"), "id"),
        Index("ix_scenes_title_span", "title_id", "start_us"),
        Index("ix_scenes_first", "first_id"),
        Index("ix_scenes_refreshed_at", "refreshed_at"),
        Index("ix_scenes_begun", text("begun_at DESC"), "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), index=True)
    best_moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    first_id: Mapped[UUID | None]
    start_us: Mapped[int]
    end_us: Mapped[int]
    quick_log: Mapped[float]
    middle_log: Mapped[float]
    slow_log: Mapped[float]
    begun_at: Mapped[datetime]
    moments: Mapped[int]
    sharers: Mapped[int]
    people: Mapped[int]
    networks: Mapped[int]
    sharers_at: Mapped[datetime | None]
    clicks: Mapped[int]
    plays: Mapped[int]
    quote: Mapped[str | None]
    refreshed_at: Mapped[datetime]


class TitleHeat(Base):
    """How many moments of a title vote, how long the bins of its heatmap are, and how many people voted, as far as
    ``heat_bins.PEOPLE_COUNTED``."""

    __tablename__ = "title_heat"

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    width_us: Mapped[int]
    moments: Mapped[int]
    people: Mapped[int] = mapped_column(server_default="0")
    refreshed_at: Mapped[datetime]


class HeatBin(Base):
    """The heat over one bin of a title's heatmap, as a logarithm (see ``heat``): of each vote as much as covers it."""

    __tablename__ = "heat_bins"

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    bin: Mapped[int] = mapped_column(primary_key=True)
    log_heat: Mapped[float]


class StaleMoment(Base):
    """A moment of which something changed that scenes are made of. Rows are only added and taken away, so that nobody
    who adds one waits for whoever gathers; a moment may have several."""

    __tablename__ = "stale_moments"
    __table_args__ = (Index("ix_stale_moments_title", "title_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    title_id: Mapped[UUID]
    moment_id: Mapped[UUID]


class StaleTitle(Base):
    """A title whose scenes must be made anew from all its moments: a decision about it, or other bins."""

    __tablename__ = "stale_titles"

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)


class HeatMark(Base):
    """The snapshot of the database up to which the event log has been read. One row."""

    __tablename__ = "heat_marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    snapshot: Mapped[str] = mapped_column(info=KEPT_SNAPSHOT)


# Whoever changes a moment need not know that scenes are made of it.
MOMENT_CHANGED = """
CREATE OR REPLACE FUNCTION scenes_are_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_moments (title_id, moment_id) VALUES (NEW.title_id, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER scenes_are_stale AFTER UPDATE OF start_us, end_us, visibility, deleted_at ON moments
    FOR EACH ROW EXECUTE FUNCTION scenes_are_stale();
"""

# After all tables: it hangs on one table and writes to another.
event.listen(Base.metadata, "after_create", DDL(MOMENT_CHANGED))  # type: ignore[no-untyped-call]
