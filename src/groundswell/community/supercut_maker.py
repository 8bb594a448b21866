"""Making a supercut: each part by the clip engine as its own page has it, then all joined. One maker at a time
anywhere, nothing half-made seen, safe to kill at any point.

The bytes lie under the hash of what they are made of. Whoever takes that hash from a row queues their dropping in the
same transaction, so that no bytes are left that no row knows, whenever a maker is killed: before its row says
``ready``, the next one writes the same bytes over them.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.media import EndCard, Limits, Manifest, MediaError, run_bounded, sign_bounded
from groundswell.moments.media.eviction import note_asked
from groundswell.moments.media.renderer import limits_of, sole_maker, workplace
from groundswell.moments.media.renderer import make as make_rendition
from groundswell.moments.media.renditions import ensure
from groundswell.moments.media.tiers import recipe_of, renditions_of
from groundswell.moments.recipes import WIDE, Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.platform.jobs import SOON
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings
from groundswell.platform.trusted_clock import time_to_destroy

from .collection_tables import Collection
from .collection_views import address_of
from .supercut_plan import name_of
from .supercut_tables import Supercut, SupercutPart
from .supercuts import outdate, parts_shown, rows_of, storage_key

log = structlog.get_logger(__name__)

EDITS = ("c2pa.trimmed", "c2pa.resized", "c2pa.transcoded")
PARTS_SHARE = 0.6
"""How much of the work is the parts', for what progress says."""
PROGRESS_EVERY_S = 0.5
LOOK_AGAIN_S = 1.0


class SupercutBusy(Exception):
    """Somebody makes it, or a part of it; the job tries again."""


@dataclass(frozen=True)
class _Part:
    place: int
    recipe: Recipe
    name: str


@dataclass(frozen=True)
class _Order:
    """What is to be made, as the row was when the work began."""

    collection_id: UUID
    recipe: str
    name: str
    address: str
    parts: tuple[_Part, ...]


async def make(runtime: Runtime, collection_id: UUID, recipe: str) -> None:
    """Make a supercut that has a row. Does nothing when it is ready, or wanted otherwise by now.

    Raises:
        SupercutBusy: somebody makes it, or a part of it.
    """
    async with sole_maker(runtime.database, recipe) as connection:
        if connection is None:
            raise SupercutBusy()
        order = await _begin(runtime, collection_id, recipe)
        if order is None:
            return
        try:
            made = await _made(runtime, order)
        except MediaError as refusal:
            log.warning("supercut_failed", collection=str(collection_id), reason=str(refusal))
            await _settle(runtime.database, order, {"status": "failed", "failure_code": refusal.code}, [], {})
        else:
            await _settle(runtime.database, order, *made)


async def drop(runtime: Runtime, recipe: str) -> None:
    """Drop the bytes of a supercut, unless a row has them (again).

    Raises:
        SupercutBusy: they are being made.
    """
    async with sole_maker(runtime.database, recipe) as mine:
        if mine is None:
            raise SupercutBusy()
        async with runtime.database.transaction() as session:
            wanted = await session.scalar(select(Supercut.collection_id).filter_by(recipe_hash=recipe).limit(1))
        if wanted is None:
            await runtime.store.delete(storage_key(recipe))


async def evict(runtime: Runtime) -> None:
    """Drop supercuts that nobody asked for in as many days as renditions are kept."""
    days = runtime.settings.rendition_keep_days
    if not days or (now := await time_to_destroy(runtime.database, "supercuts")) is None:
        return
    await drop_unasked(runtime.database, now - timedelta(days=days))


async def drop_unasked(database: Database, before: datetime) -> int:
    """Outdate what nobody asked for since ``before``; returns how many."""
    async with database.transaction() as session:
        old = select(Supercut.collection_id).where(Supercut.asked_at < before, Supercut.status.in_(["ready", "failed"]))
        ids = list(await session.scalars(old.limit(1000)))
        await outdate(session, ids)
    return len(ids)


async def _begin(runtime: Runtime, collection_id: UUID, recipe: str) -> _Order | None:
    async with runtime.database.transaction() as session:
        row = await session.get(Supercut, collection_id, with_for_update=True)
        if row is None or row.recipe_hash != recipe or not row.waits:
            return None
        row.status, row.progress = "rendering", 0
        collection = await session.get_one(Collection, collection_id)
        parts = await parts_shown(session, row)
        rows = await rows_of(session, parts)
        found = [
            _Part(part.place, recipe_of(shown.moment, WIDE), name_of(shown))
            for part in parts
            if (shown := rows.get(part.moment_id)) is not None
        ]
        address = address_of(runtime.settings, collection)
        return _Order(collection_id, recipe, collection.name, address, tuple(found))


async def _made(runtime: Runtime, order: _Order) -> tuple[dict[str, Any], list[tuple[int, str]], dict[int, int]]:
    """Make it, and store it: what its row says of it, which parts could not be made, and where the others begin."""
    rendered = await _rendered(runtime, order)
    failed = [
        (part.place, str(rendered[part.recipe.hash].failure_code))
        for part in order.parts
        if rendered[part.recipe.hash].status != "ready"
    ]
    parts = [part for part in order.parts if part.place not in dict(failed)]
    if not parts:
        raise MediaError(failed[0][1] if failed else "no_frames")
    limits = _longer(limits_of(runtime.settings))
    with workplace(runtime.settings) as folder:
        made = folder / "made"
        said = await _joined(runtime, order, parts, rendered, made, limits)
        await _sign(runtime.settings, order, said, made, limits)
        await runtime.store.put_file(storage_key(order.recipe), made)
        size = made.stat().st_size
    values = {"status": "ready", "progress": 1000, "duration_us": said["duration_us"], "size_bytes": size}
    return values, failed, dict(zip([part.place for part in parts], said["begins_us"], strict=True))


async def _rendered(runtime: Runtime, order: _Order) -> dict[str, Rendition]:
    """The rendition of each part by recipe hash, settled: made here, where nobody else does."""
    progress = _Progress(runtime.database, order, 0, PARTS_SHARE)
    until = time.monotonic() + 2 * runtime.settings.render_timeout_s
    recipes = {part.recipe.hash: part.recipe for part in order.parts}
    async with runtime.database.transaction() as session:
        for recipe in recipes.values():
            note_asked(await ensure(session, recipe, SOON))
    while True:
        for number, wanted in enumerate(recipes):
            await make_rendition(runtime, wanted)
            await progress(number / len(recipes))
            if not await _wanted(runtime.database, order):
                raise MediaError("cancelled")
        async with runtime.database.transaction() as session:
            rows = await renditions_of(session, list(recipes.values()))
        if all(each in rows and rows[each].settled for each in recipes):
            return rows
        if time.monotonic() > until:
            raise SupercutBusy()
        await asyncio.sleep(LOOK_AGAIN_S)


async def _joined(
    runtime: Runtime,
    order: _Order,
    parts: Sequence[_Part],
    rendered: dict[str, Rendition],
    made: Path,
    limits: Limits,
) -> dict[str, Any]:
    try:
        paths = [await runtime.store.local_path(str(rendered[part.recipe.hash].storage_key)) for part in parts]
    except FileNotFoundError:
        raise MediaError("source_missing") from None
    arguments = {
        "parts": [{"path": str(path), "name": part.name} for path, part in zip(paths, parts, strict=True)],
        "destination": str(made),
        "card": asdict(EndCard(order.address, order.name, runtime.settings.service_name)),
    }
    progress = _Progress(runtime.database, order, PARTS_SHARE, 1)
    said: dict[str, Any] = await run_bounded("join", arguments, limits, progress)
    return said


async def _sign(settings: Settings, order: _Order, said: dict[str, Any], made: Path, limits: Limits) -> None:
    """Content credentials, as on every file that leaves the house: of the collection, for it is of several titles."""
    if settings.credentials_file is None:
        return
    manifest = Manifest(
        title=order.name,
        title_id=order.address,
        moment="",
        moment_id=order.address,
        service=settings.service_name,
        start_us=0,
        end_us=said["duration_us"],
        edits=EDITS,
    )
    await sign_bounded(made, manifest, settings.credentials_file, limits=limits)


def _longer(limits: Limits) -> Limits:
    """Joining may take twice as long as a clip: it is as long as several."""
    return replace(limits, wall_s=2 * limits.wall_s, cpu_s=2 * limits.cpu_s)


async def _wanted(database: Database, order: _Order) -> bool:
    async with database.transaction() as session:
        row = await session.get(Supercut, order.collection_id)
        return row is not None and row.recipe_hash == order.recipe


class _Progress:
    """Writes how far it is, at most twice a second, as the share of the work from ``start`` to ``end``."""

    def __init__(self, database: Database, order: _Order, start: float, end: float) -> None:
        self._database, self._order, self._start, self._end = database, order, start, end
        self._said_at = 0.0

    async def __call__(self, done: float) -> None:
        now = time.monotonic()
        if now - self._said_at < PROGRESS_EVERY_S:
            return
        self._said_at = now
        at = self._start + (self._end - self._start) * min(1.0, max(0.0, done))
        mine = update(Supercut).filter_by(collection_id=self._order.collection_id, recipe_hash=self._order.recipe)
        async with self._database.transaction() as session:
            await session.execute(
                mine.where(Supercut.status == "rendering").values(progress=min(999, round(at * 1000)))
            )


async def _settle(
    database: Database,
    order: _Order,
    values: dict[str, Any],
    failed: Sequence[tuple[int, str]],
    begins: dict[int, int],
) -> None:
    """Say what came of it, unless it is wanted otherwise by now: its bytes are dropped then, as is queued."""
    async with database.transaction() as session:
        row = await session.get(Supercut, order.collection_id, with_for_update=True)
        if row is None or row.recipe_hash != order.recipe:
            return
        for name, value in values.items():
            setattr(row, name, value)
        row.settled_at = utc_now()
        names = {part.place: part.name for part in order.parts}
        row.left_out = [
            *row.left_out,
            *({"place": None, "title": names[place], "reason": reason} for place, reason in failed),
        ]
        await _place(session, order, failed, begins)


async def _place(
    session: AsyncSession, order: _Order, failed: Sequence[tuple[int, str]], begins: dict[int, int]
) -> None:
    for part in await session.scalars(select(SupercutPart).filter_by(collection_id=order.collection_id)):
        part.begin_us = begins.get(part.place)
    gone = [place for place, _ in failed]
    await session.execute(
        delete(SupercutPart).where(SupercutPart.collection_id == order.collection_id, among(SupercutPart.place, gone))
    )
