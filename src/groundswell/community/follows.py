"""Following: asked for, granted, given up; and who follows whom."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.providers import followed_by_viewer, public_faces
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Conflict, NotFound
from groundswell.platform.signals import send

from .separation import not_apart
from .signals import FollowBegun
from .tables import CommunityProfile, Follow

State = Literal["none", "requested", "following"]
MOST = 10_000
"""People whom one viewer can follow."""


class FollowSelf(Conflict):
    code, title = "follow_self", "You cannot follow yourself."


class FollowsTooMany(Conflict):
    code, title = "follows_too_many", f"You can follow {MOST:,} people."


class RequestUnknown(NotFound):
    code, title = "request_unknown", "They have not asked to follow you, or no longer do."


@dataclass(frozen=True)
class FollowStanding:
    """How a viewer stands to somebody: whether they follow them; how many others do."""

    state: State
    followers: int


async def approves(session: AsyncSession, viewer_id: UUID) -> bool:
    """Whether a viewer decides on each who wants to follow them."""
    chosen = await session.scalar(select(CommunityProfile.approves).filter_by(viewer_id=viewer_id))
    return viewer_id not in await public_faces(session, [viewer_id]) if chosen is None else chosen


async def choose_approval(session: AsyncSession, viewer_id: UUID, wanted: bool) -> None:
    """Decide on each follower from now on, or let in whoever wants to, and whoever is waiting."""
    row = insert(CommunityProfile).values(viewer_id=viewer_id, approves=wanted)
    await session.execute(row.on_conflict_do_update(index_elements=["viewer_id"], set_={"approves": wanted}))
    if not wanted:
        waiting = update(Follow).filter_by(followed_id=viewer_id, state="requested")
        await session.execute(waiting.values(state="following"))


async def follow(session: AsyncSession, follower_id: UUID, followed_id: UUID) -> State:
    """Follow somebody, or ask to. Doing it twice is doing it once.

    Raises:
        FollowSelf, FollowsTooMany: as they say.
    """
    if follower_id == followed_id:
        raise FollowSelf()
    count = select(func.count()).select_from(Follow).filter_by(follower_id=follower_id)
    if (await session.scalar(count) or 0) >= MOST:
        raise FollowsTooMany()
    state: State = "requested" if await approves(session, followed_id) else "following"
    row = {"follower_id": follower_id, "followed_id": followed_id, "state": state, "created_at": utc_now()}
    made = await session.scalar(insert(Follow).values(row).on_conflict_do_nothing().returning(Follow.state))
    if made is not None:
        await send(session, FollowBegun(follower_id, followed_id, asked=state == "requested"))
        return state
    return await state_of(session, follower_id, followed_id)


async def state_of(session: AsyncSession, follower_id: UUID, followed_id: UUID) -> State:
    """Whether one follows the other."""
    query = select(Follow.state).filter_by(follower_id=follower_id, followed_id=followed_id)
    found: State | None = await session.scalar(query)
    return found or "none"


async def unfollow(session: AsyncSession, follower_id: UUID, followed_id: UUID) -> None:
    """Follow somebody no longer, or withdraw the request; also what somebody does who lets go of a follower."""
    await session.execute(delete(Follow).filter_by(follower_id=follower_id, followed_id=followed_id))


async def grant(session: AsyncSession, viewer_id: UUID, follower_id: UUID) -> None:
    """Let in somebody who asked to follow.

    Raises:
        RequestUnknown: they have not.
    """
    waiting = update(Follow).filter_by(follower_id=follower_id, followed_id=viewer_id, state="requested")
    granted = await session.execute(waiting.values(state="following", created_at=utc_now()).returning(Follow.state))
    if granted.first() is None:
        raise RequestUnknown()


async def standing(session: AsyncSession, viewer_id: UUID | None, other_id: UUID) -> FollowStanding:
    """How a viewer (None: a visitor) stands to somebody. Followers from whom the viewer is kept apart do not count."""
    query = select(func.count()).select_from(Follow).filter_by(followed_id=other_id, state="following")
    met = await not_apart(session, viewer_id, Follow.follower_id, muted=False)
    followers = await session.scalar(query.where(met)) or 0
    state: State = "none" if viewer_id is None else await state_of(session, viewer_id, other_id)
    return FollowStanding(state, followers)


async def followed_by(session: AsyncSession, viewer_id: UUID, limit: int) -> list[tuple[UUID, State]]:
    """Whom a viewer follows or has asked to, the latest first."""
    query = select(Follow.followed_id, Follow.state).filter_by(follower_id=viewer_id)
    rows = await session.execute(query.order_by(Follow.created_at.desc(), Follow.followed_id).limit(limit))
    return [(row.followed_id, row.state) for row in rows]


@followed_by_viewer.answer
async def followed(session: AsyncSession, viewer_id: UUID) -> frozenset[UUID]:
    """Whom a viewer follows; not those who have not let them in yet."""
    query = select(Follow.followed_id).filter_by(follower_id=viewer_id, state="following")
    return frozenset(await session.scalars(query))


async def followers_of(session: AsyncSession, viewer_id: UUID, state: State, limit: int) -> list[UUID]:
    """Who follows a viewer, or has asked to, the latest first."""
    query = select(Follow.follower_id).filter_by(followed_id=viewer_id, state=state)
    query = query.where(await not_apart(session, viewer_id, Follow.follower_id))
    return list(await session.scalars(query.order_by(Follow.created_at.desc(), Follow.follower_id).limit(limit)))
