"""Adding a title from a file. All the slow work comes first; rows are written at the end, in one transaction.

Media is kept under its own hash, so the same bytes are stored once, and an import that was killed leaves nothing that
the next one does not take up again.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import exists, or_, select

from groundswell.media import Cues, MediaError, read_subtitles
from groundswell.media.reading.source import Fingerprint
from groundswell.media.scratch import scratch
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, held, lock
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime
from groundswell.platform.storage import ObjectStore

from .analysis import Analysis, OnProgress, analyse
from .packages import INDEX, Packaged
from .slugs import checked_slug, slug_of
from .streams.indexer import use_address
from .tables import Source, Title
from .title_rows import Stored, TitleText, check_place, record_suggestions, record_text, record_title
from .titles import ready_source

log = structlog.get_logger(__name__)

PIECE = 4 << 20

PASSING = frozenset({"timed_out", "out_of_memory", "crashed", "cannot_write"})
"""Reasons for not packaging a title that another try may not meet."""


class FileTooLarge(Problem):
    status, code, title = 413, "file_too_large", "The file is larger than this service takes."


async def import_title(
    runtime: Runtime,
    file: Path | str,
    *,
    name: str | None = None,
    slug: str | None = None,
    subtitles: Path | None = None,
    language: str = "en",
    synopsis: str = "",
    series: str | None = None,
    season: int | None = None,
    episode: int | None = None,
    released_on: date | None = None,
    rating: str | None = None,
    live: bool | None = None,
    external_id: str | None = None,
    poster: Path | None = None,
    backdrop: Path | None = None,
    accent: str | None = None,
    on_progress: OnProgress | None = None,
) -> UUID:
    """Add a title, or a new version of its media, from an MP4, MOV, MKV, WebM or TS file; or from an address, whose
    media stay where they are (``streams/indexer.py``).

    The same bytes again for the same slug leave the media alone (texts and lines are brought up to date). Nothing is
    left behind when it fails.

    A file whose codecs HLS cannot carry is imported all the same: it is played as MP4, and the title says why.

    Args:
        name: what it is called; may be left out for a title of that external id that is there.
        external_id: the service's id of the title; its slug by default.
        released_on, rating, live: facts that rights rules may need; what is not given stays as it was, at first
            unknown.
        slug: its address; made from ``name`` by default.
        subtitles: a file of subtitles (`read_subtitles`) in any encoding, in ``language`` (BCP 47).
        series, season, episode: all three for an episode, none for a film. ``series`` is the series' name.
        on_progress: hears (what is being done, how far: 0 to 1).

    Returns:
        The title's id.

    Raises:
        MediaError: the file, its subtitles or a picture is refused.
        TextRefused: a name, slug, language, colour or place in a series that cannot be.
        EpisodeTaken, SlugTaken: another title is this episode, or has the address made from ``name``.
        ExternalIdTaken: another title is reached by the slug or the external id.
        FileTooLarge: larger than GROUNDSWELL_UPLOAD_MAX_MB.
    """
    said = on_progress or (lambda stage, part: None)
    lines = await asyncio.to_thread(read_subtitles, subtitles, language) if subtitles else Cues()
    if lines.doubtful:
        log.warning("subtitles_doubtful", file=str(subtitles), encoding=lines.encoding)
    known = None if external_id is None else await _named(runtime.database, external_id)
    slug, name = (known.slug, name or known.name) if known is not None else (slug, name or "")
    text = TitleText(
        slug=checked_slug(slug) if slug else slug_of(name),
        name=name,
        external_id=external_id,
        live=live,
        synopsis=synopsis,
        series=series,
        season=season,
        episode=episode,
        released_on=released_on,
        rating=rating,
        accent=accent,
        language=language,
        slug_chosen=slug is not None,
        lines=lines,
    )
    if isinstance(file, str):
        said("looking at it", 0.0)
        return await use_address(runtime, file, None, text)
    before = _fingerprint(file, runtime.settings.upload_max_mb << 20)
    sha256 = await asyncio.to_thread(_sha256, file, before.size, said)
    async with _one_import_of(runtime.database, sha256):
        there = await _known(runtime.database, text, sha256)
        if there is not None and poster is None and backdrop is None:
            return await _refresh(runtime.database, there, text)
        with scratch() as folder:
            found = await analyse(file, folder, runtime.settings, said, poster, backdrop)
            if _fingerprint(file, before.size) != before:
                raise MediaError("source_changed")
            return await _keep(runtime, file, sha256, found, text, said)


async def _named(database: Database, external_id: str) -> Title | None:
    """The title that the service calls so."""
    async with database.transaction() as session:
        return await session.scalar(select(Title).filter_by(external_id=external_id))


def _fingerprint(file: Path, most: int) -> Fingerprint:
    if file.is_dir():
        raise MediaError("unreadable", "This is a folder, not a file.")
    found = Fingerprint.of(file)
    if found.size == 0:
        raise MediaError("empty_file")
    if found.size > most:
        raise FileTooLarge(f"The file has {found.size >> 20} MiB; at most {most >> 20} are taken.")
    return found


def _sha256(file: Path, size: int, said: OnProgress) -> str:
    digest = hashlib.sha256()
    done = 0
    try:
        with file.open("rb") as bytes_of:
            while piece := bytes_of.read(PIECE):
                digest.update(piece)
                done += len(piece)
                said("reading", done / size)
    except OSError as error:
        raise MediaError("unreadable", str(error)) from error
    return digest.hexdigest()


@asynccontextmanager
async def _one_import_of(database: Database, sha256: str) -> AsyncIterator[None]:
    """At most one import of the same bytes at once; given up by the database when this process dies."""
    connection = await database.connect(autocommit=True)
    async with connection, held(connection, Lock.IMPORT, sha256):
        yield


async def _known(database: Database, text: TitleText, sha256: str) -> UUID | None:
    """The title that ``text`` speaks of, when its present media are these bytes, and nothing of them is to be tried
    again: a version whose packaging met with an accident is."""
    done = or_(Source.package_key.is_not(None), Source.package_refusal.not_in(PASSING))
    query = select(Title.id).join(Source, Source.id == Title.current_source_id).where(Source.sha256 == sha256, done)
    async with database.transaction() as session:
        await check_place(session, text)
        title_id: UUID | None = await session.scalar(query.where(Title.slug == text.slug))
        return title_id


async def _refresh(database: Database, title_id: UUID, text: TitleText) -> UUID:
    async with database.transaction() as session:
        await lock(session, Lock.CATALOGUE)
        title = await session.get_one(Title, title_id)
        source = await ready_source(session, title)
        await record_text(session, title, text, source.duration_us or 0)
        await record_suggestions(session, title, source)
    log.info("title_known_already", slug=text.slug)
    return title_id


@dataclass
class Keeping:
    """Objects put by one import, so that they can be taken away again."""

    store: ObjectStore
    keys: list[str] = field(default_factory=list)

    async def put(self, key: str, file: Path) -> str:
        if not await self.store.exists(key):
            self.keys.append(key)
            await self.store.put_file(key, file)
        return key

    async def undo(self) -> None:
        for key in self.keys:
            await self.store.delete(key)


async def _keep(
    runtime: Runtime, file: Path, sha256: str, found: Analysis, text: TitleText, said: Callable[[str, float], object]
) -> UUID:
    keeping = Keeping(runtime.store)
    try:
        said("storing", 0.0)
        stored = await _store(keeping, file, sha256, found)
        async with runtime.database.transaction() as session:
            title_id = await record_title(session, text, found, stored)
    except BaseException:
        if keeping.keys and not await asyncio.shield(_stored_anyway(runtime.database, sha256)):
            await asyncio.shield(keeping.undo())
        raise
    log.info("title_imported", slug=text.slug, duration_us=found.index.duration_us, lines=len(text.lines))
    said("storing", 1.0)
    return title_id


async def _stored_anyway(database: Database, sha256: str) -> bool:
    """Whether a row refers to these bytes all the same (a commit whose answer was lost); if unsure, yes."""
    try:
        async with database.transaction() as session:
            return bool(await session.scalar(select(exists().where(Source.sha256 == sha256))))
    except Exception:
        log.exception("import_not_undone", sha256=sha256)
        return True


async def _store(keeping: Keeping, file: Path, sha256: str, found: Analysis) -> Stored:
    folder = f"sources/{sha256[:2]}/{sha256}"
    media = await keeping.put(f"{folder}/media{file.suffix.lower()[:8] or '.bin'}", file)
    playback = None if found.playback_file is None else f"{folder}/playback.mp4"
    if playback is not None and found.playback_file is not None:
        await keeping.put(playback, found.playback_file)
    package_key = await _put_package(keeping, folder, found.packaged)
    return Stored(
        sha256=sha256,
        size_bytes=found.index.size_bytes,
        media_key=media,
        playback_key=playback or media,
        storyboard_key=await keeping.put(f"{folder}/storyboard.jpg", found.storyboard_file),
        poster_key=await _put_picture(keeping, folder, found.poster_file),
        backdrop_key=await _put_picture(keeping, folder, found.backdrop_file),
        package_key=package_key,
    )


async def _put_package(keeping: Keeping, folder: str, packaged: Packaged) -> str | None:
    """Its files, then its index: an index that is there has all of its files."""
    if packaged.folder is None or packaged.package is None:
        return None
    beside = f"{folder}/hls-{packaged.name}"
    for track in (packaged.package.video, *packaged.package.audio):
        await keeping.put(f"{beside}/{track.file}", packaged.folder / track.file)
    return await keeping.put(f"{beside}/{INDEX}", packaged.folder / INDEX)


async def _put_picture(keeping: Keeping, folder: str, picture: Path) -> str:
    digest = hashlib.sha256(await asyncio.to_thread(picture.read_bytes)).hexdigest()[:16]
    return await keeping.put(f"{folder}/{picture.stem}-{digest}.jpg", picture)
