"""Collections: made, changed, filled, ordered, shared with others. What of them whoever looks sees:
``collection_views``."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.providers import separation_of
from groundswell.catalog.titles import as_uuid
from groundswell.moments.availability import Audience, may_know
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.signals import send
from groundswell.trust.decisions import active

from .collection_tables import Collaborator, Collection, CollectionPart
from .comment_text import CommentEmpty, cleaned
from .people import find_person
from .signals import CollaboratorAsked, CollectionChanged

PARTS_MOST = 200
COLLECTIONS_MOST = 500
COLLABORATORS_MOST = 50
NAME_LONGEST = 100


class CollectionUnknown(NotFound):
    code, title = "collection_unknown", "There is no such collection."


class CollectionFull(Conflict):
    code, title = "collection_full", f"A collection holds {PARTS_MOST} moments at most."


class TooManyCollections(Conflict):
    code, title = "too_many_collections", f"You can have {COLLECTIONS_MOST} collections."


class CollectionCircular(Problem):
    status, code, title = (
        422,
        "collection_circular",
        "A collection holds moments: in another it could lead to itself.",
    )


class OrderIncomplete(Conflict):
    code, title = (
        "order_incomplete",
        "The order must name every moment once; the collection has changed.",
    )


class NameEmpty(Problem):
    status, code, title = 422, "name_empty", "A collection has a title, of 100 characters at most."


class TooManyCollaborators(Conflict):
    code, title = "too_many_collaborators", f"A collection has {COLLABORATORS_MOST} collaborators at most."


async def find_collection(session: AsyncSession, name: str, caller: Caller | None, *, held: bool = False) -> Collection:
    """The collection of this id or code, for whoever asks; ``held`` so that nobody else changes it meanwhile.

    Raises:
        CollectionUnknown: there is none for them: it is private and they have no part in it, deleted, taken down, or
            a block keeps them apart from its maker.
    """
    id = as_uuid(name)
    query = select(Collection).filter_by(code=name) if id is None else select(Collection).filter_by(id=id)
    query = query.with_for_update() if held else query
    found = await session.scalar(query.execution_options(populate_existing=held))
    me = None if caller is None else caller.id
    if found is None or found.deleted_at is not None:
        raise CollectionUnknown()
    if found.viewer_id == me:
        return found
    if found.viewer_id in (await separation_of(session, me, [found.viewer_id])).blocked:
        raise CollectionUnknown()
    if found.visibility == "private" and await standing_of(session, found, me) is None:
        raise CollectionUnknown()
    for kind, subject in (("collection", found.id), ("viewer", found.viewer_id)):
        if await active(session, kind, subject) is not None:
            raise CollectionUnknown()
    return found


async def collections_among(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Collection]:
    """Those of the collections that there are, by id."""
    return {each.id: each for each in await session.scalars(select(Collection).where(among(Collection.id, ids)))}


async def standing_of(session: AsyncSession, collection: Collection, viewer_id: UUID | None) -> str | None:
    """``owner``, ``asked`` or ``joined``; None of anybody else."""
    if viewer_id is None:
        return None
    if viewer_id == collection.viewer_id:
        return "owner"
    found: str | None = await session.scalar(
        select(Collaborator.state).filter_by(collection_id=collection.id, viewer_id=viewer_id)
    )
    return found


async def owned(session: AsyncSession, name: str, caller: Caller) -> Collection:
    """A collection of the caller's own, held.

    Raises:
        CollectionUnknown: it is not.
    """
    found = await find_collection(session, name, caller, held=True)
    if found.viewer_id != caller.id:
        raise CollectionUnknown()
    return found


async def edited(session: AsyncSession, name: str, caller: Caller) -> Collection:
    """A collection that the caller may fill, held.

    Raises:
        CollectionUnknown: they may not.
    """
    found = await find_collection(session, name, caller, held=True)
    if await standing_of(session, found, caller.id) not in {"owner", "joined"}:
        raise CollectionUnknown()
    return found


def _named(name: str) -> str:
    try:
        clean = cleaned(name).replace("\n", " ")
    except CommentEmpty:
        raise NameEmpty() from None
    if len(clean) > NAME_LONGEST:
        raise NameEmpty()
    return clean


def _about(text: str) -> str:
    return cleaned(text) if text.strip() else ""


async def make(session: AsyncSession, caller: Caller, name: str, about: str, visibility: str) -> Collection:
    """A new collection, with nothing in it.

    Raises:
        NameEmpty, TooManyCollections: as they say.
    """
    await lock(session, Lock.COLLECTING, caller.id)
    count = select(func.count()).select_from(Collection).filter_by(viewer_id=caller.id, deleted_at=None)
    if (await session.scalar(count) or 0) >= COLLECTIONS_MOST:
        raise TooManyCollections()
    made = Collection(
        id=uuid7(),
        code=random_code(),
        viewer_id=caller.id,
        name=_named(name),
        about=_about(about),
        visibility=visibility,
        created_at=utc_now(),
        changed_at=utc_now(),
    )
    session.add(made)
    await session.flush()
    return made


async def change(session: AsyncSession, caller: Caller, name: str, changes: dict[str, Any]) -> Collection:
    """Change the title, the words, who sees it, or the cover, of one's own.

    Raises:
        CollectionUnknown, NameEmpty: as they say. MomentUnknown: the cover is not in it.
    """
    found = await owned(session, name, caller)
    if changes.get("name") is not None and (renamed := _named(changes["name"])) != found.name:
        found.name = renamed
        await send(session, CollectionChanged(found.id))
    if changes.get("about") is not None:
        found.about = _about(changes["about"])
    if changes.get("visibility") is not None:
        found.visibility = changes["visibility"]
    if "cover" in changes:
        found.cover_id = None if changes["cover"] is None else await _part(session, found, changes["cover"])
    found.changed_at = utc_now()
    await session.flush()
    return found


async def _part(session: AsyncSession, collection: Collection, name: str) -> UUID:
    moment = await find_moment(session, name)
    key = {"collection_id": collection.id, "moment_id": moment.id}
    if await session.scalar(select(CollectionPart.place).filter_by(**key)) is None:
        raise MomentUnknown()
    return moment.id


async def remove(session: AsyncSession, caller: Caller, name: str) -> None:
    """Delete one's own collection; what was in it stays where it was."""
    found = await owned(session, name, caller)
    await _empty(session, [found.id])
    found.deleted_at, found.name, found.about, found.cover_id = utc_now(), "", "", None
    await session.flush()


async def _empty(session: AsyncSession, ids: Sequence[UUID]) -> None:
    for id in ids:
        await send(session, CollectionChanged(id, gone=True))
    for table in (CollectionPart, Collaborator):
        await session.execute(delete(table).where(among(table.collection_id, ids)))


async def parts_of(session: AsyncSession, collection_id: UUID) -> list[CollectionPart]:
    """Everything in a collection, in its order."""
    query = select(CollectionPart).filter_by(collection_id=collection_id).order_by(CollectionPart.place)
    return list(await session.scalars(query.limit(PARTS_MOST)))


async def add(session: AsyncSession, caller: Caller, by: Audience, name: str, moment_name: str) -> Collection:
    """Put a moment at the end. One that is in it already stays where it is.

    Raises:
        CollectionUnknown, CollectionFull: as they say. MomentUnknown: they may not know of it.
        CollectionCircular: it is a collection.
    """
    found = await edited(session, name, caller)
    try:
        moment = await find_moment(session, moment_name)
    except MomentUnknown:
        if await session.scalar(select(Collection.id).filter_by(code=moment_name)) is not None:
            raise CollectionCircular() from None
        raise
    if moment.deleted_at is not None or not await may_know(session, moment, by):
        raise MomentUnknown()
    parts = await parts_of(session, found.id)
    if moment.id in {part.moment_id for part in parts}:
        return found
    if len(parts) >= PARTS_MOST:
        raise CollectionFull()
    session.add(CollectionPart(collection_id=found.id, moment_id=moment.id, place=len(parts), added_by=caller.id))
    found.changed_at = utc_now()
    await session.flush()
    await send(session, CollectionChanged(found.id))
    return found


async def drop(session: AsyncSession, caller: Caller, name: str, moment_name: str) -> Collection:
    """Take a moment out: its collection's maker any, a collaborator what they put in.

    Raises:
        CollectionUnknown, MomentUnknown: as they say.
    """
    found = await edited(session, name, caller)
    moment_id = await _part(session, found, moment_name)
    parts = await parts_of(session, found.id)
    gone = next(part for part in parts if part.moment_id == moment_id)
    if caller.id not in {found.viewer_id, gone.added_by}:
        raise MomentUnknown()
    await session.delete(gone)
    if found.cover_id == moment_id:
        found.cover_id = None
    await _number(session, found, [part for part in parts if part is not gone])
    return found


async def order(session: AsyncSession, caller: Caller, name: str, moments: Sequence[UUID]) -> Collection:
    """Put what is in a collection into this order.

    Raises:
        CollectionUnknown: see there. OrderIncomplete: it does not name each once.
    """
    found = await edited(session, name, caller)
    parts = {part.moment_id: part for part in await parts_of(session, found.id)}
    if len(moments) != len(parts) or set(moments) != set(parts):
        raise OrderIncomplete()
    await _number(session, found, [parts[id] for id in moments])
    return found


async def _number(session: AsyncSession, collection: Collection, parts: Sequence[CollectionPart]) -> None:
    for place, part in enumerate(parts):
        part.place = place
    collection.changed_at = utc_now()
    await session.flush()
    await send(session, CollectionChanged(collection.id))


async def ask(session: AsyncSession, caller: Caller, name: str, handle: str) -> Collaborator:
    """Ask somebody to fill one's collection too.

    Raises:
        CollectionUnknown, PersonUnknown, TooManyCollaborators: as they say.
    """
    found = await owned(session, name, caller)
    other = await find_person(session, caller, handle)
    row = {"collection_id": found.id, "viewer_id": other.id}
    there = list(await session.scalars(select(Collaborator).filter_by(collection_id=found.id)))
    if other.id == caller.id or other.id in {each.viewer_id for each in there}:
        return next((each for each in there if each.viewer_id == other.id), Collaborator(**row, state="joined"))
    if len(there) >= COLLABORATORS_MOST:
        raise TooManyCollaborators()
    made = await session.scalars(insert(Collaborator).values(state="asked", **row).returning(Collaborator))
    await send(session, CollaboratorAsked(found.id, caller.id, other.id))
    return made.one()


async def join(session: AsyncSession, caller: Caller, name: str) -> Collection:
    """Agree to fill somebody's collection.

    Raises:
        CollectionUnknown: one was not asked.
    """
    found = await find_collection(session, name, caller)
    asked = update(Collaborator).filter_by(collection_id=found.id, viewer_id=caller.id).values(state="joined")
    if (await session.execute(asked.returning(Collaborator.state))).first() is None:
        raise CollectionUnknown()
    return found


async def leave(session: AsyncSession, caller: Caller, name: str, handle: str) -> None:
    """End somebody's part in a collection: its maker anybody's, everybody their own. What they put in stays.

    Raises:
        CollectionUnknown, PersonUnknown: as they say.
    """
    found = await find_collection(session, name, caller)
    other = caller.viewer if handle in {"me", caller.viewer.handle} else await find_person(session, caller, handle)
    if caller.id not in {found.viewer_id, other.id}:
        raise CollectionUnknown()
    await session.execute(delete(Collaborator).filter_by(collection_id=found.id, viewer_id=other.id))


async def end_between(session: AsyncSession, one: UUID, other: UUID) -> None:
    """A block ends that two people fill each other's collections."""
    for owner, guest in ((one, other), (other, one)):
        theirs = select(Collection.id).filter_by(viewer_id=owner)
        gone = delete(Collaborator).where(Collaborator.collection_id.in_(theirs), Collaborator.viewer_id == guest)
        await session.execute(gone)


async def mine(session: AsyncSession, viewer_id: UUID, limit: int, after: UUID | None) -> Sequence[Collection]:
    """One's own collections, and those that one fills or is asked to, newest first."""
    filled = select(Collaborator.collection_id).filter_by(viewer_id=viewer_id)
    query = select(Collection).where(Collection.deleted_at.is_(None))
    query = query.where(or_(Collection.viewer_id == viewer_id, Collection.id.in_(filled)))
    query = query if after is None else query.where(Collection.id < after)
    return (await session.scalars(query.order_by(Collection.id.desc()).limit(limit))).all()


async def fillable(
    session: AsyncSession, viewer_id: UUID, moment_id: UUID, limit: int
) -> list[tuple[Collection, bool]]:
    """The collections that one may fill, the last changed first, each with whether a moment is in it."""
    filled = select(Collaborator.collection_id).filter_by(viewer_id=viewer_id, state="joined")
    part = and_(CollectionPart.collection_id == Collection.id, CollectionPart.moment_id == moment_id)
    query = select(Collection, CollectionPart.moment_id.is_not(None)).outerjoin(CollectionPart, part)
    query = query.where(or_(Collection.viewer_id == viewer_id, Collection.id.in_(filled)))
    query = query.where(Collection.deleted_at.is_(None)).order_by(Collection.changed_at.desc(), Collection.id)
    return [(found, there) for found, there in await session.execute(query.limit(limit))]


async def public_of(session: AsyncSession, viewer_id: UUID, limit: int, after: UUID | None) -> Sequence[Collection]:
    """Somebody's public collections, newest first."""
    query = select(Collection).filter_by(viewer_id=viewer_id, visibility="public", deleted_at=None)
    query = query if after is None else query.where(Collection.id < after)
    return (await session.scalars(query.order_by(Collection.id.desc()).limit(limit))).all()


async def collaborators_of(session: AsyncSession, collection_id: UUID) -> list[tuple[UUID, str]]:
    """Who fills a collection with its maker, and whether they have agreed."""
    query = select(Collaborator).filter_by(collection_id=collection_id).order_by(Collaborator.created_at)
    return [(row.viewer_id, row.state) for row in await session.scalars(query)]


async def forget(session: AsyncSession, viewer_id: UUID) -> None:
    """An erased viewer's collections go, with what was in them, and their part in others'; what they put into those
    stays, by nobody. What others collected of theirs goes with the moments."""
    ids = list(await session.scalars(select(Collection.id).filter_by(viewer_id=viewer_id)))
    await _empty(session, ids)
    gone = update(Collection).where(among(Collection.id, ids))
    await session.execute(
        gone.values(name="", about="", cover_id=None, deleted_at=func.coalesce(Collection.deleted_at, utc_now()))
    )
    await session.execute(delete(Collaborator).filter_by(viewer_id=viewer_id))
    theirs = select(Moment.id).filter_by(viewer_id=viewer_id)
    await session.execute(delete(CollectionPart).where(CollectionPart.moment_id.in_(theirs)))
    await session.execute(update(Collection).where(and_(Collection.cover_id.in_(theirs))).values(cover_id=None))
