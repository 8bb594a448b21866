"""Passing a moment on to those who follow one, with its maker's credit: a share like any other, so that what it brings
is credited along its line."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.providers import separation_of
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.moments.availability import Audience, is_open, may_know
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.showable import showable, with_source
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.shares.lifecycle import ShareRequest, make_share
from groundswell.shares.limits import admit_viewer
from groundswell.shares.links import share_url, token_of
from groundswell.shares.tables import Share

from .collection_schemas import RepostOut
from .collection_tables import Repost
from .feed import fellow
from .people import by_id
from .tables import Follow

CHANNEL = "copy"


class RepostOwn(Problem):
    status, code, title = 422, "repost_own", "What is yours, those who follow you have already."


class NotPublic(Problem):
    status, code, title = 422, "not_public", "Only what is public can be passed on to those who follow you."


async def repost(
    session: AsyncSession, settings: Settings, caller: Caller, by: Audience, name: str, share: str | None
) -> Repost:
    """Pass a moment on. Doing it twice is doing it once.

    Raises:
        RepostOwn, NotPublic: as they say. All that ``make_share`` raises.
    """
    await lock(session, Lock.COLLECTING, caller.id)
    moment = await find_moment(session, name)
    there = select(Repost).filter_by(viewer_id=caller.id, moment_id=moment.id, withdrawn_at=None)
    if (found := await session.scalar(there)) is not None:
        return found
    if moment.viewer_id == caller.id:
        raise RepostOwn()
    await admit_viewer(session, caller.id, settings.share_rate_per_minute)
    made = await make_share(session, settings, by, ShareRequest(name, share, CHANNEL))
    if moment.visibility != "public":
        raise NotPublic()
    row = Repost(id=uuid7(), viewer_id=caller.id, moment_id=moment.id, share_id=made.id, created_at=utc_now())
    session.add(row)
    await session.flush()
    return row


async def withdraw(session: AsyncSession, caller: Caller, by: Audience, name: str) -> None:
    """Pass a moment on no longer; the link goes on to work.

    Raises:
        MomentUnknown: they do not pass it on, and may not know of it.
    """
    moment = await find_moment(session, name)
    theirs = update(Repost).filter_by(viewer_id=caller.id, moment_id=moment.id, withdrawn_at=None)
    ended = await session.scalars(theirs.values(withdrawn_at=utc_now()).returning(Repost.id))
    if not ended.all() and not await may_know(session, moment, by):
        raise MomentUnknown()


async def passed_on(
    session: AsyncSession, settings: Settings, caller: Caller, audience: Audience, limit: int, after: UUID | None
) -> tuple[list[RepostOut], UUID | None]:
    """What those whom one follows passed on, newest first, and the last row that was looked at."""
    followed = select(Follow.followed_id).filter_by(follower_id=caller.id, state="following")
    query = select(Repost).where(Repost.viewer_id.in_(followed), Repost.withdrawn_at.is_(None))
    query = query if after is None else query.where(Repost.id < after)
    rows = list(await session.scalars(query.order_by(Repost.id.desc()).limit(limit)))
    return await shown(session, settings, caller, audience, rows), rows[-1].id if len(rows) == limit else None


async def shown(
    session: AsyncSession, settings: Settings, caller: Caller, audience: Audience, rows: list[Repost]
) -> list[RepostOut]:
    """Those of some reposts that whoever looks may see."""
    found = {row.moment.id: row for row in await with_source(session, [row.moment_id for row in rows])}
    there = [row for row in found.values() if row.moment.deleted_at is None and is_open(row.moment, audience)]
    may_see = await showable(session, there, audience)
    apart = (await separation_of(session, caller.id, [row.viewer_id for row in rows])).unlisted
    seen = await seen_by(session, caller, {row.title.id: row.title for row in there}.values())
    codes = await session.execute(select(Share.id, Share.code).where(among(Share.id, [row.share_id for row in rows])))
    tokens = {id: token_of(settings, code) for id, code in codes}
    people = await by_id(session, [*(row.viewer_id for row in rows), *(row.moment.viewer_id for row in there)])
    items = []
    for row in rows:
        if row.moment_id not in may_see or row.viewer_id in apart or row.viewer_id not in people:
            continue
        moment, title, _ = found[row.moment_id]
        spoiled = spoils(seen, title, moment.start_us, marked=moment.spoiler)
        maker = people.get(moment.viewer_id) if moment.credit_me else None
        items.append(
            RepostOut(
                id=row.id,
                moment=moment.id,
                code=moment.code,
                url=share_url(settings, tokens[row.share_id]),
                title=title.name,
                caption="" if spoiled else moment.caption,
                spoiled=spoiled,
                by=None if maker is None else fellow(maker),
                reposted_by=fellow(people[row.viewer_id]),
                created_at=row.created_at,
            )
        )
    return items
