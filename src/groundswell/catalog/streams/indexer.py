"""Making a title of media that stay where they are: what is there is looked at, and only what was found is kept."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.analysis import limits_for
from groundswell.catalog.packages import copies_play
from groundswell.catalog.signals import TitleImported
from groundswell.catalog.tables import GivenSource, Source, Title
from groundswell.catalog.title_rows import TitleText, next_version, record_suggestions, record_text
from groundswell.media import Cues, Limits, MediaError, TitleIndex, probe_bounded, run_bounded
from groundswell.media.analysis.survey import BACKDROP, POSTER
from groundswell.media.remote import SUFFIX
from groundswell.media.scratch import scratch
from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.range_server import offered
from groundswell.platform.runtime import Runtime
from groundswell.platform.signals import send

from .ladders import find_ladder
from .reader import MediaReader
from .remote_file import RemoteFile, RemoteStore
from .sources import LADDER, REMOTE, reader_of
from .stretches import stretch_of
from .subtitles import lines_in

log = structlog.get_logger(__name__)

FILES = (".mp4", ".m4v", ".mov")
POSTER_SHARE = 5
"""The poster is the picture at this part of the title, past its opening."""


@dataclass(frozen=True)
class Indexed:
    """What was found at an address: the document to keep, named ``name``, and what else is kept of the title."""

    name: str
    document: str
    index: TitleIndex
    poster: bytes
    backdrop: bytes
    refusal: str | None = None
    """Why its clips do not play at once."""
    lines: Mapping[str, Cues] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()


async def index_title(runtime: Runtime, title_id: UUID) -> None:
    """Look at the sources that were given of a title, in their order, until one can be cut from; that one is used.

    Raises:
        Problem: none can, and one may when it is tried again.
    """
    async with runtime.database.transaction() as session:
        query = select(GivenSource).filter_by(title_id=title_id).order_by(GivenSource.number)
        given = [(row.number, row.address, row.form) for row in await session.scalars(query)]
    passing: Problem | None = None
    for number, address, form in given:
        try:
            found = await look_at(runtime, address, form)
        except MediaError as refusal:
            await _say(runtime, title_id, number, "refused", refusal.code, refusal.detail)
        except Problem as refusal:
            passing = refusal
            await _say(runtime, title_id, number, "refused", refusal.reason(), refusal.detail)
        else:
            await _use(runtime, title_id, number, found)
            return
    if passing is not None:
        raise passing


async def look_at(runtime: Runtime, address: str, form: str | None) -> Indexed:
    """What is at ``address``.

    Raises:
        MediaError: it cannot be cut from.
        Problem: it could not be looked at now.
    """
    reader, limits = reader_of(runtime), limits_for(0, runtime.settings)
    with scratch() as folder:
        if form == "mp4" or (form is None and Path(urlsplit(address).path).suffix.lower() in FILES):
            return await _file_at(runtime, reader, address, folder, limits)
        return await _ladder_at(runtime, reader, address, folder, limits)


async def _ladder_at(runtime: Runtime, reader: MediaReader, address: str, folder: Path, limits: Limits) -> Indexed:
    heads, parts = folder / "heads", folder / "parts"
    for each in (heads, parts):
        each.mkdir()
    found = await find_ladder(runtime.settings, reader, address, heads, limits)
    ladder = found.ladder
    at_us = ladder.duration_us // POSTER_SHARE
    async with stretch_of(ladder, reader, at_us, at_us + 1, parts, limits) as path:
        poster, backdrop = await _pictures(path, at_us, folder, limits)
    lines = await lines_in(ladder, reader)
    document = ladder.model_dump_json(exclude_defaults=True)
    refusal = None if ladder.timed else "segment_times"
    return Indexed(LADDER, document, found.index, poster, backdrop, refusal, lines)


async def _file_at(runtime: Runtime, reader: MediaReader, address: str, folder: Path, limits: Limits) -> Indexed:
    size, etag, _ = await reader.sized(address)
    file = RemoteFile(url=address, size=size, etag=etag)
    store = RemoteStore(reader, file, runtime.store.cache)
    async with offered(store, "media", SUFFIX, folder, for_good=(MediaError,)) as path:
        index = await probe_bounded(path)
        poster, backdrop = await _pictures(path, index.duration_us // POSTER_SHARE, folder, limits)
    return Indexed(REMOTE, file.model_dump_json(), index, poster, backdrop, "not_copied")


async def _pictures(path: Path, at_us: int, folder: Path, limits: Limits) -> tuple[bytes, bytes]:
    made = []
    for name, size in (("poster", POSTER), ("backdrop", BACKDROP)):
        destination = folder / f"{name}.jpg"
        asked = {"source": str(path), "at_us": at_us, "destination": str(destination), "size": list(size)}
        await run_bounded("poster", asked, limits)
        made.append(await asyncio.to_thread(destination.read_bytes))
    return made[0], made[1]


async def _say(
    runtime: Runtime, title_id: UUID, number: int, status: str, code: str | None = None, words: str | None = None
) -> None:
    async with runtime.database.transaction() as session:
        row = await session.get(GivenSource, (title_id, number))
        if row is not None:
            row.status, row.code, row.words, row.checked_at = status, code, words, utc_now()


async def _use(runtime: Runtime, title_id: UUID, number: int, found: Indexed) -> None:
    keys = await _stored(runtime, found)
    async with runtime.database.transaction() as session:
        await lock(session, Lock.CATALOGUE)
        title = await session.get_one(Title, title_id)
        source = await record_elsewhere(session, title, found, keys)
        query = select(GivenSource).where(GivenSource.title_id == title_id, GivenSource.number >= number)
        for row in await session.scalars(query.with_for_update()):
            row.status, row.code, row.words = ("used" if row.number == number else "spare"), None, None
            row.source_id, row.checked_at = (source.id if row.number == number else None), utc_now()
    log.info("title_indexed", slug=title.slug, duration_us=found.index.duration_us, source=found.name)


async def use_address(runtime: Runtime, address: str, form: str | None, text: TitleText) -> UUID:
    """Make ``address`` the media of a title that ``text`` speaks of, which is made where it is not there.

    Returns:
        The title's id.

    Raises:
        MediaError, Problem: as `look_at`.
    """
    found = await look_at(runtime, address, form)
    keys = await _stored(runtime, found)
    async with runtime.database.transaction() as session:
        await lock(session, Lock.CATALOGUE)
        title = await session.scalar(select(Title).filter_by(slug=text.slug))
        if title is None:
            title = Title(slug=text.slug, name=text.name, external_id=text.external_id or text.slug)
            session.add(title)
        await record_text(session, title, text, found.index.duration_us)
        await record_elsewhere(session, title, found, keys)
        return title.id


async def _stored(runtime: Runtime, found: Indexed) -> tuple[str, str, str]:
    """Keys of the document, the poster and the backdrop."""
    folder = f"sources/{found.digest[:2]}/{found.digest}"
    contents = {found.name: found.document.encode(), "poster.jpg": found.poster, "backdrop.jpg": found.backdrop}
    for name, content in contents.items():
        await runtime.store.put_bytes(f"{folder}/{name}", content)
    document, poster, backdrop = (f"{folder}/{name}" for name in contents)
    return document, poster, backdrop


async def record_elsewhere(session: AsyncSession, title: Title, found: Indexed, keys: tuple[str, str, str]) -> Source:
    """Write a version of a title whose media stay where they are, and tell the features above (``TitleImported``)."""
    document, title.poster_key, title.backdrop_key = keys
    source = await session.scalar(select(Source).filter_by(title_id=title.id, sha256=found.digest))
    if source is None:
        video = found.index.video
        rate = None if video.is_vfr else video.frame_rate
        source = Source(
            title_id=title.id,
            version=await next_version(session, title.id),
            storage_key=document,
            sha256=found.digest,
            size_bytes=found.index.size_bytes,
            status="ready",
            duration_us=found.index.duration_us,
            width=video.display_width,
            height=video.display_height,
            frame_rate_num=None if rate is None else rate.numerator,
            frame_rate_den=None if rate is None else rate.denominator,
            index=json.loads(found.index.to_json()),
            package_key=document if found.name == LADDER else None,
            package_refusal=found.refusal,
            copies_play=copies_play(found.index),
            waveform=[],
        )
        session.add(source)
    await session.flush()
    title.current_source_id = source.id
    for language, lines in found.lines.items():
        text = TitleText(slug=title.slug, name=title.name, language=language, lines=lines)
        await record_text(session, title, text, found.index.duration_us)
    await record_suggestions(session, title, source)
    await send(session, TitleImported(title.id, source.id))
    return source
