"""A viewer's own moments: which of them, page by page, and several deleted at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.tables import Title
from groundswell.catalog.titles import find_title
from groundswell.moments.availability import Audience
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.schemas import MomentOut
from groundswell.moments.tables import Moment
from groundswell.platform.database import among
from groundswell.platform.pages import Page, decode_cursor, encode_cursor
from groundswell.platform.settings import Settings

from .lifecycle import delete_moment
from .views import show_all

MANY_AT_ONCE = 100


@dataclass(frozen=True)
class MomentFilter:
    """Which moments: of one title (slug or id), of one visibility, whose words or note hold ``words`` (in any case),
    that can (or cannot) be shown at present. None and nothing: any."""

    title: str | None = None
    visibility: str | None = None
    words: str = ""
    available: bool | None = None


async def page_of_mine(
    session: AsyncSession, settings: Settings, me: Audience, wanted: MomentFilter, cursor: str | None, limit: int
) -> Page[MomentOut]:
    """My moments, newest first. Whether one can be shown is judged, not stored, so such pages are gathered by looking
    through one batch after the other.

    Raises:
        CursorInvalid, TitleUnknown.
    """
    query = await _narrowed(session, me, wanted)
    after = decode_cursor(cursor)
    shown: list[MomentOut] = []
    while True:
        batch = query.limit(limit) if after is None else query.where(Moment.id < after).limit(limit)
        rows = (await session.scalars(batch)).all()
        for moment in await show_all(session, settings, rows, me):
            if wanted.available in (None, moment.available):
                shown.append(moment)
            after = moment.id
            if len(shown) == limit:
                return Page(items=shown, next=encode_cursor(after))
        if len(rows) < limit:
            return Page(items=shown, next=None)


async def _narrowed(session: AsyncSession, me: Audience, wanted: MomentFilter) -> Select[Moment]:
    query = select(Moment).filter_by(viewer_id=me.viewer_id, deleted_at=None).order_by(Moment.id.desc())
    if wanted.title is not None:
        query = query.filter_by(title_id=(await find_title(session, wanted.title)).id)
    if wanted.visibility is not None:
        query = query.filter_by(visibility=wanted.visibility)
    if words := wanted.words.strip():
        query = query.where(
            Moment.caption.icontains(words, autoescape=True) | Moment.note.icontains(words, autoescape=True)
        )
    return query


async def newest_of(
    session: AsyncSession, viewer_id: UUID, limit: int, titles: Collection[str] | None
) -> Sequence[tuple[Moment, str]]:
    """A viewer's newest moments of ``titles`` (slugs; None: of any), each with the name of its title."""
    query = select(Moment, Title.name).join(Title, Title.id == Moment.title_id)
    query = query.where(Moment.viewer_id == viewer_id, Moment.deleted_at.is_(None))
    if titles is not None:
        query = query.where(among(Title.slug, titles))
    rows = await session.execute(query.order_by(Moment.id.desc()).limit(limit))
    return [(moment, name) for moment, name in rows]


async def own_moment(session: AsyncSession, caller: Caller, name: str) -> Moment:
    """A moment of the caller's own (id or code), locked, deleted ones too. Somebody else's is as unknown as one that
    does not exist.

    Raises:
        MomentUnknown: there is none.
    """
    found = await find_moment(session, name)
    if found.viewer_id != caller.id:
        raise MomentUnknown()
    return await session.get_one(Moment, found.id, with_for_update=True, populate_existing=True)


async def delete_mine(session: AsyncSession, caller: Caller, names: Sequence[str]) -> int:
    """Delete several moments of mine: all of them or, when one is not mine, none. Returns how many there were.

    Raises:
        MomentUnknown: one of them does not exist, or is somebody else's.
    """
    moments: dict[UUID, Moment] = {}
    for name in sorted(set(names)):
        moment = await own_moment(session, caller, name)
        moments[moment.id] = moment
    live = [moment for moment in moments.values() if moment.deleted_at is None]
    for moment in live:
        await delete_moment(session, moment)
    return len(live)


async def clipped_titles(session: AsyncSession, viewer_id: UUID) -> list[tuple[str, str]]:
    """Slug and name of every title that a viewer has a moment of, by name."""
    mine = select(Moment.title_id).filter_by(viewer_id=viewer_id, deleted_at=None)
    query = select(Title.slug, Title.name).where(Title.id.in_(mine)).order_by(Title.name)
    return [(slug, name) for slug, name in await session.execute(query)]
