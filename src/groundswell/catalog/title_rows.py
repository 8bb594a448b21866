"""Writing the rows of an imported title."""

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.media import Cue, Cues, suggest
from groundswell.platform.database import among
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.signals import send

from .analysis import Analysis
from .signals import LinesRecorded, TitleImported
from .slugs import TextRefused, checked_slug, slug_of
from .tables import Line, Series, Shot, Source, Title


class EpisodeTaken(Problem):
    status, code, title = 409, "episode_taken", "Another title is this episode of the series already."


class SlugTaken(Problem):
    status, code, title = 409, "slug_taken", "Another title has this address."


EXTERNAL_ID = r"[A-Za-z0-9][A-Za-z0-9._:~@+=-]{0,199}"


@dataclass(frozen=True)
class TitleText:
    """What people say about a title. ``series`` is the series' name; ``lines`` are in ``language``.

    ``external_id`` is the service's id of the title (None: the slug). ``slug_chosen`` says that the slug was asked for
    by name, and not made from the title's.

    Raises:
        TextRefused: a name, language, colour or place in a series that cannot be.
    """

    slug: str
    name: str
    synopsis: str = ""
    series: str | None = None
    season: int | None = None
    episode: int | None = None
    released_on: date | None = None
    rating: str | None = None
    live: bool | None = None
    external_id: str | None = None
    accent: str | None = None
    language: str = "en"
    lines: Cues = field(default_factory=Cues)
    slug_chosen: bool = True

    def __post_init__(self) -> None:
        checked_slug(self.slug)
        if not self.name.strip() or len(self.name) > 300 or not self.name.isprintable():
            raise TextRefused("A title needs a name of 1 to 300 characters.")
        if len({part is None for part in (self.series, self.season, self.episode)}) > 1:
            raise TextRefused("An episode needs a series, a season and a number; a film has none of them.")
        if self.series is not None and not self.series.strip():
            raise TextRefused("A series needs a name.")
        if self.external_id is not None and re.fullmatch(EXTERNAL_ID, self.external_id) is None:
            raise TextRefused("An external id has letters, digits and ._:~@+=-, at most 200.")
        if (self.season or 0) < 0 or (self.episode or 0) < 0:
            raise TextRefused("Seasons and episodes are counted from 0.")
        if self.accent is not None and re.fullmatch(r"#[0-9a-fA-F]{6}", self.accent) is None:
            raise TextRefused(f"{self.accent!r} is not a colour; write #rrggbb.")
        if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", self.language) is None:
            raise TextRefused(f"{self.language!r} is not a language tag (BCP 47).")


class ExternalIdTaken(Problem):
    status, code, title = 409, "external_id_taken", "Another title is reached by this id."


@dataclass(frozen=True)
class Stored:
    """Where the objects of one version of the media lie."""

    sha256: str
    size_bytes: int
    media_key: str
    playback_key: str
    storyboard_key: str
    poster_key: str
    backdrop_key: str
    package_key: str | None = None


async def check_place(session: AsyncSession, says: TitleText) -> None:
    """Refuse early what could not be recorded after all the work.

    Raises:
        SlugTaken: the slug made from the name belongs to a title of another name.
        ExternalIdTaken: another title is reached by the slug or the external id.
        EpisodeTaken: another title is this episode.
    """
    title = await session.scalar(select(Title).filter_by(slug=says.slug))
    if title is not None and not says.slug_chosen and title.name != says.name.strip():
        raise SlugTaken(f"{title.name!r} is at {says.slug} already; choose a slug for {says.name!r}.")
    await _refuse_ambiguous(session, says)
    series = await session.scalar(select(Series).filter_by(name=(says.series or "").strip()))
    if series is not None:
        await _refuse_taken(session, series, says)


async def _refuse_ambiguous(session: AsyncSession, says: TitleText) -> None:
    """Either name of a title is no other's (``entries.py``)."""
    names = [says.slug, *([] if says.external_id is None else [says.external_id])]
    named = or_(among(Title.slug, names), among(Title.external_id, names))
    other = await session.scalar(select(Title).where(named, Title.slug != says.slug))
    if other is not None:
        raise ExternalIdTaken(f"{other.name!r} is reached by {', '.join(names)} already.")


async def _refuse_taken(session: AsyncSession, series: Series, says: TitleText) -> None:
    place = {"series_id": series.id, "season": says.season, "episode": says.episode}
    other = await session.scalar(select(Title).filter_by(**place).where(Title.slug != says.slug))
    if other is not None:
        raise EpisodeTaken(f"{other.name} is S{says.season}E{says.episode} of {series.name} already.")


async def record_title(session: AsyncSession, says: TitleText, found: Analysis, stored: Stored) -> UUID:
    """Write a title with a new version of its media, and tell the features above (``TitleImported``).

    Raises:
        EpisodeTaken, SlugTaken, ExternalIdTaken: the place is another title's.
    """
    await lock(session, Lock.CATALOGUE)
    await check_place(session, says)
    title = await session.scalar(select(Title).filter_by(slug=says.slug))
    if title is None:
        title = Title(slug=says.slug, name=says.name, external_id=says.external_id or says.slug)
        session.add(title)
    elif says.external_id is not None:
        title.external_id = says.external_id
    await record_text(session, title, says, found.index.duration_us)
    source = await _version_of(session, title, found, stored)
    title.current_source_id = source.id
    title.poster_key, title.backdrop_key = stored.poster_key, stored.backdrop_key
    await session.flush()
    await record_suggestions(session, title, source)
    await send(session, TitleImported(title.id, source.id))
    return title.id


async def record_text(session: AsyncSession, title: Title, says: TitleText, duration_us: int) -> None:
    """Bring what is said about ``title`` up to date; what is not said (None, empty) stays as it was.

    Lines that begin after the end of the media, ``duration_us``, are left out.

    Raises:
        EpisodeTaken: another title is this episode.
    """
    title.name = says.name.strip()
    for name in ("synopsis", "released_on", "rating", "live", "accent"):
        value = getattr(says, name)
        if value not in (None, ""):
            setattr(title, name, value)
    if says.series is not None:
        await _place_in_series(session, title, says)
    await session.flush()
    if says.lines:
        title.doubtful_encoding = says.lines.encoding if says.lines.doubtful else None
        await _record_lines(session, title.id, says, duration_us)


async def record_suggestions(session: AsyncSession, title: Title, source: Source) -> None:
    """Find moments worth clipping anew, from the title's first language, shots and loudness."""
    language = await session.scalar(select(func.min(Line.language)).filter_by(title_id=title.id))
    lines = await session.scalars(select(Line).filter_by(title_id=title.id, language=language).order_by(Line.number))
    shots = await session.scalars(select(Shot).filter_by(source_id=source.id).order_by(Shot.number))
    found = suggest(
        source.duration_us or 0,
        [(shot.start_us, shot.end_us) for shot in shots],
        [Cue(line.start_us, line.end_us, line.text) for line in lines],
        source.waveform or [],
    )
    title.suggestions = [asdict(each) for each in found]
    await session.flush()


async def _place_in_series(session: AsyncSession, title: Title, says: TitleText) -> None:
    series = await _series_named(session, (says.series or "").strip())
    await _refuse_taken(session, series, says)
    title.series_id, title.season, title.episode = series.id, says.season, says.episode


async def _series_named(session: AsyncSession, name: str) -> Series:
    slug = slug_of(name)
    series = await session.scalar(select(Series).where(Series.name == name))
    taken = series is None and await session.scalar(select(Series).filter_by(slug=slug)) is not None
    if series is None:
        series = Series(slug=slug_of("") if taken else slug, name=name)
        session.add(series)
        await session.flush()
    return series


async def _record_lines(session: AsyncSession, title_id: UUID, says: TitleText, duration_us: int) -> None:
    await session.execute(delete(Line).filter_by(title_id=title_id, language=says.language))
    common = {"title_id": title_id, "language": says.language}
    rows = [
        {
            **common,
            "number": n,
            "start_us": line.start_us,
            "end_us": min(line.end_us, duration_us),
            "text": line.text,
            "look": None if line.look is None else line.look.to_document(),
        }
        for n, line in enumerate(says.lines, 1)
        if line.start_us < duration_us
    ]
    if rows:
        await session.execute(insert(Line), rows)
    await send(session, LinesRecorded(title_id, says.language))


async def next_version(session: AsyncSession, title_id: UUID) -> int:
    """The number of a title's next version."""
    latest = await session.scalar(select(func.max(Source.version)).filter_by(title_id=title_id))
    return (latest or 0) + 1


async def _version_of(session: AsyncSession, title: Title, found: Analysis, stored: Stored) -> Source:
    """The version of ``title`` with these bytes: the one there was, or a new one."""
    source = await session.scalar(select(Source).filter_by(title_id=title.id, sha256=stored.sha256))
    if source is not None:
        _packaged_since(source, found, stored)
        return source
    video = found.index.video
    rate = None if video.is_vfr else video.frame_rate
    source = Source(
        title_id=title.id,
        version=await next_version(session, title.id),
        storage_key=stored.media_key,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        status="ready",
        duration_us=found.index.duration_us,
        width=video.display_width,
        height=video.display_height,
        frame_rate_num=None if rate is None else rate.numerator,
        frame_rate_den=None if rate is None else rate.denominator,
        index=json.loads(found.index.to_json()),
        playback_key=stored.playback_key,
        playback_type=found.playback_type,
        package_key=stored.package_key,
        package_refusal=found.packaged.refusal,
        copies_play=found.copies_play,
        storyboard_key=stored.storyboard_key,
        storyboard=found.storyboard,
        waveform=found.waveform,
    )
    session.add(source)
    await session.flush()
    rows = [
        {"source_id": source.id, "number": n, "start_us": start, "end_us": end}
        for n, (start, end) in enumerate(found.shots, 1)
    ]
    await session.execute(insert(Shot), rows)
    return source


def _packaged_since(source: Source, found: Analysis, stored: Stored) -> None:
    """A version that could not be packaged when it came, and now can be. A package that is there stays."""
    if source.package_key is None:
        source.package_key, source.package_refusal = stored.package_key, found.packaged.refusal
