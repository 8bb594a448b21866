"""Supercuts: asked for, judged anew for whoever watches, given up when what they show changes. How one is made:
``supercut_maker``."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.moments.availability import Audience, is_open
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import WIDE
from groundswell.moments.showable import MomentRow, refusals, with_source
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.jobs import SOON, defer
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.settings import Settings
from groundswell.trust.policy import Purpose

from .collection_tables import Collection
from .collections import edited
from .supercut_plan import SupercutPlan, planned
from .supercut_tables import Supercut, SupercutPart

SUPERCUTS_MOST = 50


class SupercutUnknown(NotFound):
    code, title = "supercut_unknown", "There is no supercut of this collection."


class SupercutNeedsTwo(Problem):
    """``left_out`` says why of each part that may not be in it."""

    status, code, title = 422, "supercut_needs_two", "A supercut has two moments at least that may be shown in one."


class SupercutWaits(Conflict):
    code, title = "supercut_waits", "Another supercut of yours is being made; ask again when it is there."


class TooManySupercuts(Conflict):
    code, title = "too_many_supercuts", f"You can have {SUPERCUTS_MOST} supercuts."


class SupercutWithheld(Problem):
    """``why`` is the reason code of the part that keeps it back."""

    status, code, title = 403, "supercut_withheld", "Part of this supercut may not be shown to you here and now."
    CODES: ClassVar[dict[str, str]] = {
        "supercut_too_long": "The supercut would be longer than it may be.",
        "part_changed": "A moment in it is other than it was.",
    }
    """Reasons that are a supercut's own."""


def storage_key(recipe_hash: str) -> str:
    """Where the bytes of a supercut are kept."""
    return f"supercuts/{recipe_hash[:2]}/{recipe_hash}.mp4"


async def supercut_of(session: AsyncSession, collection: Collection) -> Supercut | None:
    """A collection's supercut, whatever has become of it."""
    return await session.get(Supercut, collection.id, populate_existing=True)


async def ask(
    session: AsyncSession, settings: Settings, caller: Caller, by: Audience, name: str, priority: int = SOON
) -> Supercut:
    """Have the supercut of a collection made that the caller may fill. One that waits, or is there as it would be made
    now, stays; a job that was lost is queued anew.

    Raises:
        CollectionUnknown, SupercutNeedsTwo, SupercutWaits, TooManySupercuts: as they say.
    """
    await lock(session, Lock.COLLECTING, caller.id)
    found = await edited(session, name, caller)
    plan = await planned(session, settings, found, by)
    if len(plan.parts) < 2:
        raise SupercutNeedsTwo(left_out=[each.to_document() for each in plan.left_out])
    recipe, there = plan.hash(found), await supercut_of(session, found)
    if there is not None and there.recipe_hash == recipe and there.status != "failed":
        if there.waits:
            await _queue(session, there, priority)
        return there
    await _refuse_more(session, caller.id, found.id)
    await outdate(session, [found.id])
    row = await _begin(session, caller.id, found, recipe, plan)
    await _queue(session, row, priority)
    return row


async def _refuse_more(session: AsyncSession, viewer_id: UUID, beside: UUID) -> None:
    """Rendering is dear: one at a time for each person, and so many in all."""
    mine = select(Supercut.status, func.count().label("number")).filter_by(asked_by=viewer_id)
    mine = mine.where(Supercut.collection_id != beside, Supercut.status != "outdated").group_by(Supercut.status)
    counted: dict[str, int] = {row.status: row.number for row in await session.execute(mine)}
    if counted.keys() & {"queued", "rendering"}:
        raise SupercutWaits()
    if sum(counted.values()) >= SUPERCUTS_MOST:
        raise TooManySupercuts()


async def _begin(
    session: AsyncSession, viewer_id: UUID, collection: Collection, recipe: str, plan: SupercutPlan
) -> Supercut:
    values: dict[str, Any] = {"asked_by": viewer_id, "status": "queued", "recipe_hash": recipe, "progress": 0}
    values |= dict.fromkeys(("duration_us", "size_bytes", "failure_code", "settled_at"))
    values |= {"left_out": [each.to_document() for each in plan.left_out], "asked_at": utc_now()}
    made = insert(Supercut).values(collection_id=collection.id, **values)
    await session.execute(made.on_conflict_do_update(index_elements=["collection_id"], set_=values))
    parts = [
        {"collection_id": collection.id, "place": place, "moment_id": part.moment.id, "recipe_hash": part.recipe.hash}
        for place, part in enumerate(plan.parts)
    ]
    await session.execute(insert(SupercutPart), parts)
    return await session.get_one(Supercut, collection.id, populate_existing=True)


async def _queue(session: AsyncSession, row: Supercut, priority: int) -> None:
    from .jobs import make_supercut  # which hears what outdates one

    asked = {"collection": str(row.collection_id), "recipe": row.recipe_hash}
    await defer(session, make_supercut, priority=priority, once=f"supercut:{row.recipe_hash}", **asked)


async def give_up(session: AsyncSession, caller: Caller, name: str) -> None:
    """Have a supercut no longer.

    Raises:
        CollectionUnknown: the caller may not fill the collection.
    """
    await forget(session, [(await edited(session, name, caller)).id])


async def outdate(session: AsyncSession, collection_ids: Sequence[UUID]) -> None:
    """What these supercuts show is other than before: nobody sees them from now on, and their bytes are dropped."""
    from .jobs import drop_supercut

    query = select(Supercut).where(among(Supercut.collection_id, collection_ids), Supercut.recipe_hash.is_not(None))
    for row in (await session.scalars(query.with_for_update())).all():
        await defer(session, drop_supercut, priority=SOON, recipe=row.recipe_hash)
        row.status, row.recipe_hash, row.progress, row.left_out = "outdated", None, 0, []
        row.duration_us = row.size_bytes = row.failure_code = None
        await session.flush()
    await session.execute(delete(SupercutPart).where(among(SupercutPart.collection_id, collection_ids)))


async def forget(session: AsyncSession, collection_ids: Sequence[UUID]) -> None:
    """The collections are no longer there: nor are their supercuts."""
    await outdate(session, collection_ids)
    await session.execute(delete(Supercut).where(among(Supercut.collection_id, collection_ids)))


async def parts_shown(session: AsyncSession, row: Supercut) -> list[SupercutPart]:
    """What is in a supercut, in order."""
    query = select(SupercutPart).filter_by(collection_id=row.collection_id).order_by(SupercutPart.place)
    return list(await session.scalars(query))


async def collections_showing(session: AsyncSession, moment_id: UUID, limit: int) -> list[Collection]:
    """The collections whose supercut shows a moment, the last changed first: for staff."""
    shows = select(SupercutPart).where(SupercutPart.collection_id == Collection.id, SupercutPart.moment_id == moment_id)
    query = select(Collection).where(shows.exists())
    return list(await session.scalars(query.order_by(Collection.changed_at.desc(), Collection.id).limit(limit)))


async def rows_of(session: AsyncSession, parts: Sequence[SupercutPart]) -> dict[UUID, MomentRow]:
    """The moments of parts, with their titles, by id."""
    return {row.moment.id: row for row in await with_source(session, [part.moment_id for part in parts])}


async def withheld(
    session: AsyncSession,
    parts: Sequence[SupercutPart],
    rows: dict[UUID, MomentRow],
    audience: Audience,
    purpose: Purpose = "play",
) -> str | None:
    """Why a supercut of ``parts`` may not be shown to ``audience`` now (None: it may): it is one file, so that any part
    that may not be keeps all of it back."""
    refused = await refusals(session, list(rows.values()), audience, [purpose], captions=False)
    for part in parts:
        row = rows.get(part.moment_id)
        if row is None:
            return "title_not_ready"
        if row.moment.deleted_at is not None or recipe_of(row.moment, WIDE).hash != part.recipe_hash:
            return "part_changed"
        if not is_open(row.moment, audience):
            return "moment_private"
        if (reason := refused.get(part.moment_id)) is not None:
            return reason
    return None


async def opened(
    session: AsyncSession, collection: Collection, audience: Audience, purpose: Purpose
) -> tuple[Supercut, str]:
    """A supercut that ``audience`` may see now, and where its bytes are.

    Raises:
        SupercutUnknown: there is none.
        SupercutWithheld: they may not.
    """
    row = await supercut_of(session, collection)
    if row is None or row.status != "ready" or row.recipe_hash is None:
        raise SupercutUnknown()
    parts = await parts_shown(session, row)
    why = await withheld(session, parts, await rows_of(session, parts), audience, purpose)
    if why is not None:
        raise SupercutWithheld(why=why)
    return row, storage_key(row.recipe_hash)
