"""People over HTTP: follow, let in, block, mute; what those followed made. Reactions: ``reactions_api.py``;
comments: ``comments_api.py``."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn
from groundswell.accounts.providers import separation_of
from groundswell.accounts.tables import Viewer
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, encode_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import collections_api, comments_api, follows, reactions_api, separation, supercuts_api
from .collection_embeds import collection_at  # noqa: F401 - answers
from .feed import fellow, following_feed
from .own_data import OwnKind, page_of
from .people import described, find_barred, find_person, grown, no_child
from .schemas import (
    ApprovalIn,
    BarrierIn,
    BarrierKind,
    BarrierOut,
    FellowOut,
    FollowedOut,
    FollowersOut,
    FollowingItem,
    FollowOut,
)

v1 = APIRouter(prefix="/v1", tags=["community"], route_class=TransactionalRoute, dependencies=[Depends(no_child)])

MANY = 500


@v1.get("/people/{handle}")
async def read_person(handle: str, caller: MaybeCaller, session: DbSession) -> FollowOut:
    """How I stand to somebody: whether I follow them, and how many do."""
    return await _shown(session, caller, await find_person(session, caller, handle))


@v1.post("/people/{handle}/follow", status_code=201)
async def follow_person(handle: str, caller: SignedIn, session: DbSession) -> FollowOut:
    """Follow somebody. Who decides on each follower is asked (`requested`) and may let me in."""
    other = await find_person(session, grown(caller), handle)
    await follows.follow(session, caller.id, other.id)
    return await _shown(session, caller, other)


@v1.delete("/people/{handle}/follow", status_code=204)
async def unfollow_person(handle: str, caller: SignedIn, session: DbSession) -> Response:
    """Follow somebody no longer, or withdraw the request."""
    other = await find_barred(session, handle)
    await follows.unfollow(session, caller.id, other.id)
    return Response(status_code=204)


@v1.get("/following")
async def read_following_feed(
    caller: SignedIn, session: DbSession, request: Request, cursor: Cursor = None, limit: Limit = 24
) -> Page[FollowingItem]:
    """What those whom I follow made public, newest first. What would spoil something for me comes without its words."""
    return await following_feed(session, grown(caller), Audience.of(caller, request), cursor, limit)


@v1.get("/following/people")
async def read_followed(caller: SignedIn, session: DbSession) -> list[FollowedOut]:
    """Whom I follow, or have asked to, the latest first (500)."""
    states = dict(await follows.followed_by(session, grown(caller).id, MANY))
    found = await described(session, list(states))
    return [FollowedOut(person=fellow(person), state=states[person.id]) for person in found]


@v1.get("/followers")
async def read_followers(caller: SignedIn, session: DbSession) -> FollowersOut:
    """Who follows me, and who wants to, the latest first (500 of each)."""
    me = grown(caller).id
    there = await described(session, await follows.followers_of(session, me, "following", MANY))
    asking = await described(session, await follows.followers_of(session, me, "requested", MANY))
    return FollowersOut(
        followers=[fellow(person) for person in there],
        requests=[fellow(person) for person in asking],
        approves=await follows.approves(session, me),
    )


@v1.patch("/followers")
async def choose_approval(body: ApprovalIn, caller: SignedIn, session: DbSession) -> FollowersOut:
    """Decide on each follower from now on; or let in whoever wants to, and all who are waiting."""
    await follows.choose_approval(session, grown(caller).id, body.approves)
    return await read_followers(caller, session)


@v1.post("/followers/{handle}/grant")
async def grant_request(handle: str, caller: SignedIn, session: DbSession) -> FellowOut:
    """Let in somebody who asked to follow me."""
    other = await find_person(session, grown(caller), handle)
    await follows.grant(session, caller.id, other.id)
    return fellow((await described(session, [other.id]))[0])


@v1.delete("/followers/{handle}", status_code=204)
async def let_go(handle: str, caller: SignedIn, session: DbSession) -> Response:
    """Refuse somebody who asked to follow me, or let go of a follower. They are not told."""
    other = await find_barred(session, handle)
    await follows.unfollow(session, other.id, caller.id)
    return Response(status_code=204)


@v1.get("/barriers")
async def read_barriers(caller: SignedIn, session: DbSession) -> list[BarrierOut]:
    """Whom I have blocked or muted, the latest first (500)."""
    kinds = dict(await separation.barriers_of(session, caller.id, MANY))
    found = await described(session, list(kinds))
    return [BarrierOut.model_validate({"person": fellow(each), "kind": kinds[each.id]}) for each in found]


@v1.post("/barriers", status_code=201)
async def put_up_barrier(body: BarrierIn, caller: SignedIn, session: DbSession) -> BarrierOut:
    """Block somebody (neither of us finds the other or what the other made), or mute them (I see nothing of them in
    lists; they learn nothing of it)."""
    other = await find_barred(session, body.handle)
    if other.id == grown(caller).id:
        raise follows.FollowSelf("You cannot keep yourself away.")
    await separation.put_up(session, caller.id, other.id, body.kind)
    return BarrierOut(person=fellow((await described(session, [other.id]))[0]), kind=body.kind)


@v1.delete("/barriers/{kind}/{handle}", status_code=204)
async def take_down_barrier(kind: BarrierKind, handle: str, caller: SignedIn, session: DbSession) -> Response:
    """Take back a block or a mute."""
    other = await find_barred(session, handle)
    await separation.take_down(session, caller.id, other.id, kind)
    return Response(status_code=204)


async def _shown(session: DbSession, caller: Caller | None, other: Viewer) -> FollowOut:
    stands = await follows.standing(session, caller.id if caller else None, other.id)
    apart = await separation_of(session, caller.id if caller else None, [other.id])
    return FollowOut(
        person=fellow((await described(session, [other.id]))[0]),
        state=stands.state,
        followers=stands.followers,
        approves=await follows.approves(session, other.id),
        muted=other.id in apart.muted,
        me=caller is not None and caller.id == other.id,
    )


@v1.get("/me/data/{kind}")
async def read_own_data(
    kind: OwnKind, caller: SignedIn, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[dict[str, Any]]:
    """What is kept of what I did among others, one kind at a time, as it is stored; and what was decided about me."""
    rows, after = await page_of(session, caller.id, kind, limit, decode_cursor(cursor))
    return Page(items=rows, next=None if after is None else encode_cursor(after))


router = APIRouter()
router.include_router(v1)
router.include_router(reactions_api.v1)
router.include_router(comments_api.v1)
router.include_router(collections_api.v1)
router.include_router(supercuts_api.v1)
router.include_router(supercuts_api.media)
