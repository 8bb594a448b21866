"""Making a rendition: one maker at a time anywhere, nothing half-made seen, safe to kill at any point.

The maker holds an advisory lock on a connection of its own. PostgreSQL drops the lock when that connection ends,
however it ends, so a free lock under a row that says ``rendering`` means that its maker has died.
"""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.given_sources import note_trouble
from groundswell.catalog.streams.sources import is_elsewhere, is_ladder, readable
from groundswell.catalog.tables import Source
from groundswell.media import ClipRequest, EndCard, Limits, MediaError, cut_bounded, run_bounded
from groundswell.media.scratch import scratch
from groundswell.moments.recipes import HLS, PLANNED, POSTER, PREVIEW, Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, held, is_held
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import RENDERS

from .content_credentials import sign_made
from .exact_hls import make_exact, make_exact_of_stretch
from .progress_feed import CHANNEL

log = structlog.get_logger(__name__)

PROGRESS_EVERY_S = 0.5

Connection = psycopg.AsyncConnection[Any]


async def make(runtime: Runtime, recipe_hash: str) -> None:
    """Make the rendition of a recipe that has a row. Does nothing when it is ready or somebody is making it.

    A refusal of the clip engine is recorded in the row; any other error is raised, for the job to be tried again.
    """
    async with sole_maker(runtime.database, recipe_hash) as connection:
        if connection is None:
            return
        begun = await _begin(runtime.database, recipe_hash)
        if begun is None:
            return
        recipe, source = begun
        try:
            result, size = await _make_and_store(runtime, recipe, source, ProgressWriter(connection, recipe_hash))
        except MediaError as refusal:
            log.warning("render_failed", recipe=recipe_hash, profile=recipe.profile, reason=str(refusal))
            values: dict[str, Any] = {"status": "failed", "failure_code": refusal.code, "failure_words": refusal.detail}
        else:
            values = {"status": "ready", "progress": 1000, "result": result, "size_bytes": size}
            values |= {"storage_key": recipe.storage_key, "media_type": recipe.media_type}
        await _settle(runtime.database, recipe_hash, values)
        RENDERS.labels(recipe.profile, values["status"]).inc()


@asynccontextmanager
async def sole_maker(database: Database, recipe_hash: str) -> AsyncIterator[Connection | None]:
    """A connection that holds the recipe's lock (autocommit, no transaction open), or None when somebody has it."""
    async with await database.connect(autocommit=True) as connection:
        async with held(connection, Lock.RENDERING, recipe_hash, wait=False) as mine:
            yield connection if mine else None


async def is_being_made(session: AsyncSession, recipe_hash: str) -> bool:
    """Whether a living maker holds the recipe's lock."""
    return await is_held(session, Lock.RENDERING, recipe_hash)


class ProgressWriter:
    """Writes progress to the row, at most twice a second, and tells those who watch."""

    SAY: LiteralString = (
        "WITH changed AS (UPDATE renditions SET progress = %(thousandths)s"
        " WHERE recipe_hash = %(hash)s AND status = 'rendering' RETURNING recipe_hash)"
        " SELECT pg_notify(%(channel)s, recipe_hash) FROM changed"
    )

    def __init__(self, connection: Connection, recipe_hash: str) -> None:
        self._connection, self._hash = connection, recipe_hash
        self._said_at = 0.0

    async def __call__(self, done: float) -> None:
        now = time.monotonic()
        if now - self._said_at < PROGRESS_EVERY_S:
            return
        self._said_at = now
        thousandths = min(999, max(0, round(done * 1000)))
        values = {"thousandths": thousandths, "hash": self._hash, "channel": CHANNEL}
        await self._connection.execute(self.SAY, values)


async def _begin(database: Database, recipe_hash: str) -> tuple[Recipe, Source] | None:
    async with database.transaction() as session:
        row = await session.get(Rendition, recipe_hash, with_for_update=True)
        if row is None or row.settled:
            return None
        row.status, row.progress, row.settled_at = "rendering", 0, None
        row.failure_code = row.failure_words = None
        source = await session.get_one(Source, row.source_id)
        await announce(session, recipe_hash)
        card = EndCard(**row.card) if row.card else None
        framing = tuple((us, at) for us, at in row.framing or [])
        return Recipe(row.source_id, row.start_us, row.end_us, row.profile, row.captions, card, framing), source


async def _settle(database: Database, recipe_hash: str, values: dict[str, Any]) -> None:
    async with database.transaction() as session:
        row = await session.get_one(Rendition, recipe_hash, with_for_update=True)
        for name, value in values.items():
            setattr(row, name, value)
        row.settled_at = utc_now()
        await announce(session, recipe_hash)


async def announce(session: AsyncSession, recipe_hash: str) -> None:
    """Tell those who watch, when the transaction commits."""
    await session.execute(text("SELECT pg_notify(:channel, :hash)"), {"channel": CHANNEL, "hash": recipe_hash})


async def _make_and_store(
    runtime: Runtime, recipe: Recipe, source: Source, progress: ProgressWriter
) -> tuple[dict[str, Any], int]:
    limits = limits_of(runtime.settings)
    with workplace(runtime.settings) as folder:
        if recipe.profile == HLS and not is_ladder(source.storage_key):
            return await make_exact(runtime.store, source, recipe, folder, limits)
        made = folder / "made"
        async with _reading(runtime, source, recipe, limits) as path:
            if recipe.profile == HLS:
                return await make_exact_of_stretch(runtime.store, source, recipe, path, folder, limits)
            result = await _render(recipe, path, made, limits, progress)
        if recipe.profile not in PLANNED and await sign_made(runtime, recipe, source, made, result, limits):
            result = {**result, "signed": True}
        await runtime.store.put_file(recipe.storage_key, made)
        return result, made.stat().st_size


@asynccontextmanager
async def _reading(runtime: Runtime, source: Source, recipe: Recipe, limits: Limits) -> AsyncIterator[Path]:
    """A path under which the clip engine reads the source: of a remote one, only what the clip needs is fetched."""
    spans = {
        POSTER: (recipe.poster_us, recipe.poster_us + 1),
        PREVIEW: (recipe.start_us, recipe.start_us + recipe.preview_us),
    }
    span = spans.get(recipe.profile, (recipe.start_us, recipe.end_us))
    try:
        with scratch() as folder:
            async with readable(runtime, source, *span, folder, limits) as path:
                yield path
    except FileNotFoundError:
        raise MediaError("source_missing") from None
    except MediaError as refusal:
        if is_elsewhere(source.storage_key):
            async with runtime.database.transaction() as session:
                await note_trouble(session, source.id, refusal.code, refusal.detail)
        raise


async def _render(recipe: Recipe, source: Path, made: Path, limits: Limits, progress: ProgressWriter) -> dict[str, Any]:
    """Make ``made`` from ``source`` in a child that can be killed; what the clip engine says of it."""
    files = {"source": str(source), "destination": str(made)}
    if recipe.profile == POSTER:
        width, height = await run_bounded("poster", {**files, "at_us": recipe.poster_us}, limits)
        return {"width": width, "height": height}
    if recipe.profile == PREVIEW:
        span = {"start_us": recipe.start_us, "length_us": recipe.preview_us}
        shown: dict[str, Any] = await run_bounded("preview", {**files, **span}, limits, progress)
        return shown
    if recipe.profile in PLANNED:
        wanted = {"start_us": recipe.start_us, "end_us": recipe.end_us, "profile": PLANNED[recipe.profile]}
        return {"shots": await run_bounded("crop_plan", {**files, **wanted}, limits, progress)}
    captions = None
    if recipe.captions is not None:
        captions = made.with_name("captions.vtt")
        captions.write_text(recipe.captions, encoding="utf-8")
    cut = await cut_bounded(
        source,
        ClipRequest(
            start_us=recipe.start_us,
            end_us=recipe.end_us,
            profile=recipe.profile,
            subtitles=captions,
            focus=recipe.framing or None,
            card=recipe.card,
            limits=limits,
        ),
        made,
        on_progress=progress,
    )
    return asdict(cut)


def limits_of(settings: Settings) -> Limits:
    """What one render may use."""
    seconds = settings.render_timeout_s
    return Limits(wall_s=seconds, cpu_s=2 * seconds, memory_bytes=settings.render_memory_mb << 20)


@contextmanager
def workplace(settings: Settings) -> Iterator[Path]:
    """An empty folder, removed at the end. Those that killed makers left behind are swept up."""
    work = settings.data_dir / "work"
    work.mkdir(parents=True, exist_ok=True)
    _sweep(work, older_than_s=2 * settings.render_timeout_s + 60)
    with tempfile.TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _sweep(work: Path, older_than_s: float) -> None:
    for folder in work.iterdir():
        try:
            if time.time() - folder.stat().st_mtime > older_than_s:
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:
            continue
