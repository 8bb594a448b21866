"""Titles and what is known about them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Series(Base):
    """A series; its episodes are titles."""

    __tablename__ = "series"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    synopsis: Mapped[str] = mapped_column(default="")


def _same_as_slug(context: Any) -> str:
    slug: str = context.get_current_parameters()["slug"]
    return slug


class Title(Base):
    """A film or an episode. An episode has a series, a season and a number; a film has none of them.

    ``external_id`` is the service's own name for it; ``slug`` our address. ``live``: it is, or was, a live event;
    rights to clip those are often sold apart. ``rating``, ``released_on`` and ``live`` are null where nobody has said:
    a rule that needs the fact then refuses. Each of ``licences`` is ``{territories, opens_at, closes_at}``, where null
    is everywhere and always; without any list, none were given. ``watch`` has the templates of the service's own
    addresses (``watch_address.py``). ``withdrawn_at``: the service has taken it out of its catalogue.
    ``suggestions`` are moments worth clipping, best first: each ``{start_us, end_us, score, why, text}``.
    ``doubtful_encoding`` is in which encoding its lines were read last, when another would have done nearly as well.
    """

    __tablename__ = "titles"
    __table_args__ = (
        UniqueConstraint("series_id", "season", "episode"),
        CheckConstraint(
            "(series_id IS NULL) = (season IS NULL) AND (series_id IS NULL) = (episode IS NULL)", name="episode"
        ),
    )

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True, default=_same_as_slug)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    synopsis: Mapped[str] = mapped_column(default="")
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("series.id"))
    season: Mapped[int | None]
    episode: Mapped[int | None]
    released_on: Mapped[date | None]
    rating: Mapped[str | None]
    live: Mapped[bool | None]
    licences: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    watch: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    withdrawn_at: Mapped[datetime | None]
    poster_key: Mapped[str | None]
    backdrop_key: Mapped[str | None]
    accent: Mapped[str | None] = mapped_column(String(7))
    suggestions: Mapped[list[Any] | None]
    doubtful_encoding: Mapped[str | None]
    current_source_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    if TYPE_CHECKING:
        captioned: Mapped[bool]
        """It has subtitle lines, in any language. Computed."""


class CatalogEntry(Base):
    """What the service says of a title, as it said it last; ``hash`` is over that, so that the same again is known.
    ``line_hash`` is over the line of a feed that said it, as it was written; null where it did not come by one.

    ``given_by`` is ``key:<id>``, or ``sync:<name>`` of a feed.
    """

    __tablename__ = "catalog_entries"

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    line_hash: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    entry: Mapped[dict[str, Any]]
    given_by: Mapped[str]
    updated_at: Mapped[CreatedAt]


class CatalogSync(Base):
    """One sync of the catalogue with a feed. ``source`` is where it was read, without secrets; ``problem`` why it did
    not reach its end (null: it did, once ``ended_at``). ``etag`` is what the feed's server calls the version that was
    read; ``refusals`` are the first lines that were refused, as the API would answer them.
    """

    __tablename__ = "catalog_syncs"
    __table_args__ = (Index("ix_catalog_syncs_name", "name", "id"),)

    id: Mapped[Id]
    name: Mapped[str]
    source: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    created: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    withdrawn: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None]
    etag: Mapped[str | None]
    refusals: Mapped[list[Any] | None]


class Source(Base):
    """One version of a title's media: the file a clip is cut from. Replacing the media adds a version.

    ``status`` is ``importing``, ``ready`` or ``failed``; ``index`` is the media engine's title index,
    for itself alone. The frame rate is a fraction, null where it varies.
    ``playback_key`` is what browsers are given: the file itself, or a rendition of it where they cannot play it.
    ``storyboard`` is the layout of the sprite under ``storyboard_key``; ``waveform`` is loudness by equal steps,
    each 0 to 255 (empty: no sound).
    ``package_key`` is where the index of its CMAF package lies, beside the package's files, or that of a service's own
    stream; ``package_refusal`` is the reason code why there is none, or why no clip of that stream plays at once.
    ``copies_play`` says that browsers play what is copied out of it as MP4.
    """

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("title_id", "version"),
        CheckConstraint("status IN ('importing', 'ready', 'failed')", name="status"),
    )

    id: Mapped[Id]
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"))
    version: Mapped[int]
    storage_key: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    status: Mapped[str]
    failure_code: Mapped[str | None]
    duration_us: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    frame_rate_num: Mapped[int | None]
    frame_rate_den: Mapped[int | None]
    index: Mapped[dict[str, Any] | None]
    playback_key: Mapped[str | None]
    playback_type: Mapped[str | None]
    package_key: Mapped[str | None]
    package_refusal: Mapped[str | None]
    copies_play: Mapped[bool] = mapped_column(default=False)
    storyboard_key: Mapped[str | None]
    storyboard: Mapped[dict[str, Any] | None]
    waveform: Mapped[list[Any] | None]
    created_at: Mapped[CreatedAt]


class GivenSource(Base):
    """Where the service says that a title's media are, in the order in which it would have them used.

    ``form`` is ``hls``, ``dash`` or ``mp4`` where it says so. ``status`` is ``waiting`` (not looked at yet), ``used``
    (what clips are cut from), ``spare`` (one before it is used) or ``refused``: ``code`` and ``words`` say why. Of one
    that is used they say what went wrong with it last.
    """

    __tablename__ = "given_sources"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'used', 'spare', 'refused')", name="status"),
        CheckConstraint("form IN ('hls', 'dash', 'mp4')", name="form"),
    )

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    form: Mapped[str | None]
    status: Mapped[str]
    code: Mapped[str | None]
    words: Mapped[str | None]
    source_id: Mapped[UUID | None] = mapped_column(ForeignKey("sources.id"), index=True)
    checked_at: Mapped[datetime | None]


class Line(Base):
    """One subtitle cue of a title. ``language`` is a BCP 47 tag; ``look`` a ``CueStyle`` as JSON, where it is not
    shown in white in the middle below."""

    __tablename__ = "lines"
    __table_args__ = (CheckConstraint("start_us < end_us", name="order"),)

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    start_us: Mapped[int]
    end_us: Mapped[int]
    text: Mapped[str]
    look: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


Title.captioned = column_property(select(Line.number).where(Line.title_id == Title.id).exists())


class Shot(Base):
    """A span between two cuts."""

    __tablename__ = "shots"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    start_us: Mapped[int]
    end_us: Mapped[int]


class RightsRule(Base):
    """What rights allow for a part of the catalogue. A null field says nothing; the most specific rule that says
    something wins (title over season over series over all; a named territory over any; a window of time over always).

    ``scope`` is ``all``, ``series``, ``season`` or ``title``; ``scope_key`` names it (``*``, a series id,
    ``<series id>/<season>``, a title id). The rule speaks from ``speaks_from`` until ``speaks_until`` (null: always).
    ``*_percent`` are of the title's length; a cap is said in microseconds or in per cent, not both. The ending is the
    last ``ending_percent`` of a title, held back for ``ending_days`` after its release. Each of ``blocked_ranges`` is
    ``{start_us, end_us, reason}``. ``targets`` are the channels that may be shared on; ``ratings_off`` are ratings that
    may not be shared, ``kids_ratings`` those that children's profiles may see. ``captions``: with subtitles only.
    """

    __tablename__ = "rights_rules"
    __table_args__ = (
        CheckConstraint("scope IN ('all', 'series', 'season', 'title')", name="scope"),
        CheckConstraint("min_clip_us <= max_clip_us", name="clip_length"),
        CheckConstraint("opens_at < closes_at", name="window"),
        CheckConstraint("speaks_from < speaks_until", name="speaks"),
        CheckConstraint("num_nonnulls(title_total_us, title_total_percent) <= 1", name="title_total"),
        CheckConstraint("num_nonnulls(viewer_total_us, viewer_total_percent) <= 1", name="viewer_total"),
        Index(
            "uq_rights_rules_place",
            *("scope", "scope_key", "territory", "speaks_from", "speaks_until"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_rights_rules_closes", "closes_at", postgresql_where=text("closes_at IS NOT NULL")),
    )

    id: Mapped[Id]
    scope: Mapped[str]
    scope_key: Mapped[str]
    territory: Mapped[str | None] = mapped_column(String(2))
    speaks_from: Mapped[datetime | None]
    speaks_until: Mapped[datetime | None]
    sharing: Mapped[bool | None]
    min_clip_us: Mapped[int | None]
    max_clip_us: Mapped[int | None]
    title_total_us: Mapped[int | None]
    title_total_percent: Mapped[int | None]
    viewer_total_us: Mapped[int | None]
    viewer_total_percent: Mapped[int | None]
    ending_percent: Mapped[int | None]
    ending_days: Mapped[int | None]
    kids: Mapped[bool | None]
    kids_ratings: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    ratings_off: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    ad_tier: Mapped[bool | None]
    live: Mapped[bool | None]
    public_playback: Mapped[bool | None]
    download: Mapped[bool | None]
    targets: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    captions: Mapped[bool | None]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    blocked_ranges: Mapped[list[Any] | None]
    note: Mapped[str] = mapped_column(default="")
    updated_by: Mapped[str]
    updated_at: Mapped[CreatedAt]


class Progress(Base):
    """How far a viewer has got in a title, as the service tells us. ``position_us`` is the furthest, by which spoilers
    are judged; ``left_us`` is where they left, from where they go on."""

    __tablename__ = "progress"

    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"), primary_key=True)
    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    position_us: Mapped[int]
    left_us: Mapped[int | None]
    updated_at: Mapped[CreatedAt]


PUBLISHED = """
CREATE OR REPLACE VIEW published_progress AS SELECT viewer_id FROM progress;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the table."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
