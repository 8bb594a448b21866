"""What of a collection whoever looks sees: each part held by its title's rights, by what spoils, and by who may know of
it, at the time of looking."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience, is_open
from groundswell.moments.showable import MomentRow, showable, with_source
from groundswell.platform.settings import Settings

from .collection_schemas import CollaboratorOut, CollectionDetail, CollectionOut, CollectionPartOut
from .collection_tables import Collection, CollectionPart
from .collections import collaborators_of, parts_of, standing_of
from .feed import fellow
from .people import KnownPerson, by_id


@dataclass(frozen=True)
class ShownPart:
    """A part that whoever looks may see, and whether it would spoil something for them."""

    part: CollectionPart
    row: MomentRow
    spoiled: bool


async def shown_parts(
    session: AsyncSession, collection: Collection, caller: Caller | None, audience: Audience
) -> list[ShownPart]:
    """The parts that whoever looks may see now, in order."""
    parts = await parts_of(session, collection.id)
    rows = {row.moment.id: row for row in await with_source(session, [part.moment_id for part in parts])}
    there = [row for row in rows.values() if row.moment.deleted_at is None and is_open(row.moment, audience)]
    may_see = await showable(session, there, audience)
    seen = await seen_by(session, caller, {row.title.id: row.title for row in there}.values())
    return [
        ShownPart(part, row, _spoils(seen, row, caller))
        for part in parts
        if (row := rows.get(part.moment_id)) is not None and row.moment.id in may_see
    ]


def _spoils(seen: object, row: MomentRow, caller: Caller | None) -> bool:
    if caller is not None and caller.id == row.moment.viewer_id:
        return False
    return spoils(seen, row.title, row.moment.start_us, marked=row.moment.spoiler)  # type: ignore[arg-type]


def cover_of(collection: Collection, parts: list[ShownPart]) -> ShownPart | None:
    """What stands for a collection in a picture: the chosen part, or the first, that spoils nothing."""
    plain = [each for each in parts if not each.spoiled]
    chosen = [each for each in plain if each.row.moment.id == collection.cover_id]
    return next(iter([*chosen, *plain]), None)


def address_of(settings: Settings, collection: Collection) -> str:
    """A collection's own link."""
    return f"{settings.base_url.rstrip('/')}/c/{collection.code}"


async def shown_collection(
    session: AsyncSession, settings: Settings, collection: Collection, caller: Caller | None, audience: Audience
) -> CollectionDetail:
    """A collection with all that whoever looks sees of it."""
    parts = await shown_parts(session, collection, caller, audience)
    standing = await standing_of(session, collection, caller.id if caller else None)
    guests = await collaborators_of(session, collection.id) if standing is not None else []
    makers = [each.row.moment.viewer_id for each in parts]
    people = await by_id(session, [collection.viewer_id, *makers, *(id for id, _ in guests)])
    return CollectionDetail(
        **_out(settings, collection, parts, people, standing).model_dump(),
        parts=[_part(each, people) for each in parts],
        collaborators=[CollaboratorOut(person=fellow(people[id]), state=state) for id, state in guests if id in people],
    )


async def shown_briefly(
    session: AsyncSession, settings: Settings, collection: Collection, caller: Caller | None, audience: Audience
) -> CollectionOut:
    """A collection as lists show it."""
    parts = await shown_parts(session, collection, caller, audience)
    standing = await standing_of(session, collection, caller.id if caller else None)
    people = await by_id(session, [collection.viewer_id])
    return _out(settings, collection, parts, people, standing)


def _out(
    settings: Settings,
    collection: Collection,
    parts: list[ShownPart],
    people: dict[UUID, KnownPerson],
    standing: str | None,
) -> CollectionOut:
    by, cover = people.get(collection.viewer_id), cover_of(collection, parts)
    return CollectionOut(
        id=collection.id,
        code=collection.code,
        url=address_of(settings, collection),
        embed_url=f"{settings.base_url.rstrip('/')}/c/{collection.code}/embed",
        name=collection.name,
        about=collection.about,
        visibility=collection.visibility,
        by=None if by is None else fellow(by),
        standing=standing,
        cover=None if cover is None else cover.row.moment.code,
        count=len(parts),
        duration_us=sum(each.row.moment.end_us - each.row.moment.start_us for each in parts),
        created_at=collection.created_at,
        changed_at=collection.changed_at,
    )


def _part(each: ShownPart, people: dict[UUID, KnownPerson]) -> CollectionPartOut:
    moment, title, _ = each.row
    credited = people.get(moment.viewer_id) if moment.credit_me else None
    return CollectionPartOut(
        moment=moment.id,
        code=moment.code,
        url=f"/m/{moment.code}",
        title=title.name,
        label=label_of(title),
        caption="" if each.spoiled else moment.caption,
        spoiled=each.spoiled,
        by=None if credited is None else fellow(credited),
        start_us=moment.start_us,
        end_us=moment.end_us,
    )
