"""The following feed: what those whom a viewer follows made public, newest first; read when it is asked for.

It is a merge of as many lists as people are followed, each in the order of one index. The newest of each is looked up;
a page of ``n`` can only come from the ``n`` people whose newest are the newest, so that the others' lists are read no
further. A page costs a look-up for each person followed, whatever number of moments there is.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.accounts.access import Caller
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience
from groundswell.moments.showable import MomentRow, showable, with_source
from groundswell.moments.tables import CREDITED, Moment
from groundswell.platform.pages import Page, decode_cursor, encode_cursor

from .people import KnownPerson, by_id
from .schemas import FellowOut, FollowingItem
from .tables import Follow

TRIES = 5
"""Batches that are looked through for one page; what may not be shown leaves it shorter, not without end."""


async def following_feed(
    session: AsyncSession, caller: Caller, audience: Audience, cursor: str | None, limit: int
) -> Page[FollowingItem]:
    """A page of the feed. A page may be short of ``limit`` while there is a next one.

    Raises:
        CursorInvalid: ``cursor`` was not made here.
    """
    after, found, more = decode_cursor(cursor), [], True
    for _ in range(TRIES):
        rows = await _newest(session, caller.id, after, limit)
        shown = await showable(session, rows, audience)
        found += [row for row in rows if row.moment.id in shown]
        more = len(rows) == limit
        if rows:
            after = rows[-1].moment.id
        if not more or len(found) >= limit:
            break
    if len(found) > limit:
        found, more = found[:limit], True
        after = found[-1].moment.id
    return Page(
        items=await _items(session, caller, found), next=encode_cursor(after) if more and after is not None else None
    )


async def _newest(session: AsyncSession, viewer_id: UUID, after: UUID | None, limit: int) -> list[MomentRow]:
    head = _list_of(Follow.followed_id, after, 1).lateral("head")
    leading = select(Follow.followed_id).join(head, true())
    leading = leading.where(Follow.follower_id == viewer_id, Follow.state == "following")
    leads = leading.order_by(head.c.id.desc()).limit(limit).subquery("leads")
    each = _list_of(leads.c.followed_id, after, limit).lateral("each")
    ids = select(each.c.id).select_from(leads).join(each, true()).order_by(each.c.id.desc()).limit(limit)
    return await with_source(session, list(await session.scalars(ids)))


def _list_of(person: ColumnElement[UUID] | InstrumentedAttribute[UUID], after: UUID | None, limit: int) -> Select[UUID]:
    """The newest public moments with a name of one person, in the order of ``ix_moments_credited``."""
    newest = select(Moment.id).where(Moment.viewer_id == person, CREDITED).correlate_except(Moment)
    newest = newest if after is None else newest.where(Moment.id < after)
    return newest.order_by(Moment.id.desc()).limit(limit)


async def _items(session: AsyncSession, caller: Caller, rows: list[MomentRow]) -> list[FollowingItem]:
    people = await by_id(session, [row.moment.viewer_id for row in rows])
    seen = await seen_by(session, caller, {row.title.id: row.title for row in rows}.values())
    items = []
    for moment, title, _ in rows:
        spoiled = spoils(seen, title, moment.start_us, marked=moment.spoiler)
        items.append(
            FollowingItem(
                id=moment.id,
                code=moment.code,
                url=f"/m/{moment.code}",
                title=title.name,
                title_slug=title.slug,
                label=label_of(title),
                person=fellow(people[moment.viewer_id]),
                caption="" if spoiled else moment.caption,
                spoiled=spoiled,
                start_us=moment.start_us,
                end_us=moment.end_us,
                created_at=moment.created_at,
            )
        )
    return items


def fellow(person: KnownPerson) -> FellowOut:
    """Somebody as the API shows them."""
    return FellowOut(handle=person.handle, name=person.name, url=person.url)
