"""Making and revoking shares."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.tables import Title
from groundswell.moments.availability import Audience, check_available, may_know
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signals import send

from .channels import OWN_PAGE
from .links import check_live, find_share, opens
from .signals import SentFrom, ShareCreated, ShareRevoked
from .tables import Share

CODE_LENGTH = 9
"""52 bits: two of ten million shares are alike with a chance of under one in a hundred."""

PAGE = 500
"""How many links are withdrawn in one step."""


class ChannelUnknown(Problem):
    status, code, title = 422, "channel_unknown", "There is no such channel to share on."


class NothingToShare(Problem):
    status, code, title = 422, "nothing_to_share", "Say which moment to share, or which share to pass on."


class ParentOfOther(Problem):
    status, code, title = 422, "parent_of_other_moment", "The share to pass on is of another moment."


class MomentPrivate(Problem):
    status, code, title = 409, "moment_private", "This moment is private; make it unlisted first."


class ExpiryPast(Problem):
    status, code, title = 422, "expiry_past", "The link would have expired already."


class ShareUnknown(Problem):
    status, code, title = 404, "share_unknown", "There is no such share of yours."


@dataclass(frozen=True)
class ShareRequest:
    """What is to be shared: a moment (id or code), the share it came by (its token), or both; and how it is shown."""

    moment: str | None
    parent: str | None
    channel: str
    expires_at: datetime | None = None
    shape: str = "wide"
    captions: bool = True
    spoiler: bool = False
    credit: bool = True


async def make_share(
    session: AsyncSession, settings: Settings, by: Audience, wish: ShareRequest, sent_from: SentFrom | None = None
) -> Share:
    """A new share, knowing where it came from. A link made from another does not outlive it.

    Raises:
        NothingToShare, ParentOfOther, MomentPrivate, ExpiryPast: the wish makes no share.
        Everything that ``resolve`` raises about the parent's link, and ``check_available`` about the moment.
    """
    now = utc_now()
    if wish.expires_at is not None and wish.expires_at <= now:
        raise ExpiryPast()
    parent = None if wish.parent is None else await _live_parent(session, settings, wish.parent, now)
    moment = await _moment_of(session, wish.moment, parent, by)
    title = await session.get_one(Title, moment.title_id)
    asked: dict[str, Any] = {"purpose": "share", "target": wish.channel, "captions": wish.captions}
    await check_available(session, moment, title, by, **asked, by_link=parent is not None and opens(parent))
    if moment.visibility == "private":
        raise MomentPrivate()
    share = _share(moment, by, wish, parent, now)
    session.add(share)
    await session.flush()
    await send(session, ShareCreated(share, moment, sent_from if by.viewer_id is None else None))
    return share


def _share(moment: Moment, by: Audience, wish: ShareRequest, parent: Share | None, now: datetime) -> Share:
    """Passed on, a link keeps what whoever shared it before was strict about."""
    id = uuid7()
    return Share(
        id=id,
        code=random_code(CODE_LENGTH),
        moment_id=moment.id,
        viewer_id=by.viewer_id,
        channel=wish.channel,
        parent_id=None if parent is None else parent.id,
        root_id=id if parent is None else parent.root_id,
        generation=0 if parent is None else parent.generation + 1,
        shape=wish.shape,
        captions=wish.captions,
        spoiler=wish.spoiler or (parent is not None and parent.spoiler),
        credit=wish.credit and (parent is None or parent.credit),
        created_at=now,
        expires_at=_earlier(wish.expires_at, parent.expires_at if parent else None),
    )


async def _live_parent(session: AsyncSession, settings: Settings, token: str, now: datetime) -> Share:
    parent = await find_share(session, settings, token)
    await check_live(session, parent, now)
    return parent


async def _moment_of(session: AsyncSession, name: str | None, parent: Share | None, by: Audience) -> Moment:
    if name is None:
        if parent is None:
            raise NothingToShare()
        return await session.get_one(Moment, parent.moment_id)
    moment = await find_moment(session, name)
    if parent is not None and parent.moment_id != moment.id:
        raise ParentOfOther() if await may_know(session, moment, by) else MomentUnknown()
    return moment


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


async def change_share(session: AsyncSession, by: Audience, share_id: UUID, changes: dict[str, Any]) -> Share:
    """Change how a link of mine shows the moment, or when it ends. What came with the link it was passed on from
    stays: it can be no less strict than that.

    Raises:
        ShareUnknown: there is none, or somebody else made it.
        LinkRevoked, LinkExpired, TakenDown: it has ended.
        ExpiryPast: it would have ended already.
        Everything that ``check_available`` raises about the moment.
    """
    share, now = await session.get(Share, share_id, with_for_update=True), utc_now()
    if share is None or share.viewer_id != by.viewer_id:
        raise ShareUnknown()
    await check_live(session, share, now)
    if (ends := changes.get("expires_at")) is not None and ends <= now:
        raise ExpiryPast()
    moment = await session.get_one(Moment, share.moment_id)
    title = await session.get_one(Title, moment.title_id)
    captions = changes.get("captions", share.captions)
    asked: dict[str, Any] = {"purpose": "share", "target": share.channel, "captions": captions}
    await check_available(session, moment, title, by, **asked, by_link=True)
    parent = None if share.parent_id is None else await session.get_one(Share, share.parent_id)
    if parent is not None:
        changes = _as_strict_as(parent, changes)
    for name, value in changes.items():
        setattr(share, name, value)
    await session.flush()
    return share


def _as_strict_as(parent: Share, changes: dict[str, Any]) -> dict[str, Any]:
    bounded = dict(changes)
    if "expires_at" in bounded:
        bounded["expires_at"] = _earlier(bounded["expires_at"], parent.expires_at)
    if "spoiler" in bounded:
        bounded["spoiler"] = bounded["spoiler"] or parent.spoiler
    if "credit" in bounded:
        bounded["credit"] = bounded["credit"] and parent.credit
    return bounded


async def revoke_links(session: AsyncSession, caller: Caller, moment: Moment) -> int:
    """Withdraw every live link to a moment of mine, whoever made it. Returns how many there were.

    Raises:
        MomentUnknown: it is somebody else's.
    """
    if moment.viewer_id != caller.id:
        raise MomentUnknown()
    now = utc_now()
    live = select(Share).filter_by(moment_id=moment.id, revoked_at=None).where(Share.channel != OWN_PAGE)
    live = live.where(or_(Share.expires_at.is_(None), Share.expires_at > now))
    page = live.order_by(Share.id).limit(PAGE).with_for_update()
    count = 0
    while shares := (await session.scalars(page)).all():  # a hit has more links than fit in memory
        for share in shares:
            share.revoked_at = now
        await session.flush()
        for share in shares:
            await send(session, ShareRevoked(share))
        count += len(shares)
    return count


async def revoke_share(session: AsyncSession, caller: Caller, share_id: UUID) -> None:
    """Withdraw a link: whoever made it may, and whoever made the moment. Doing it again changes nothing.

    Raises:
        ShareUnknown: there is none, or it is neither's.
    """
    share = await session.get(Share, share_id, with_for_update=True)
    moment = None if share is None else await session.get_one(Moment, share.moment_id)
    if share is None or moment is None or caller.id not in {share.viewer_id, moment.viewer_id}:
        raise ShareUnknown()
    if share.revoked_at is None:
        share.revoked_at = utc_now()
        await session.flush()
        await send(session, ShareRevoked(share))
