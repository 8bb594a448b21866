"""Posts that the service says it has on Bluesky: noted, and let go of."""

import re
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.problems import Conflict, Invalid, NotFound

from .tables import BlueskyPost

DID = r"did:(?:plc:[a-z2-7]{24}|web:[A-Za-z0-9.%-]{1,253})"
RECORD_KEY = r"[A-Za-z0-9._~:-]{1,512}"
URI = re.compile(rf"at://({DID})/app\.bsky\.feed\.post/({RECORD_KEY})")
PAGE = re.compile(rf"https://bsky\.app/profile/({DID})/post/({RECORD_KEY})")


class PostAddressUnknown(Invalid):
    code = "post_uri_invalid"
    title = (
        "A post is named at://did:…/app.bsky.feed.post/…, or by its page with its account's did. A handle will not do: "
        "it may be somebody else's tomorrow."
    )


class PostTaken(Conflict):
    code, title = "post_taken", "This post was noted for another moment."


class PostUnknown(NotFound):
    code, title = "post_unknown", "No such post was noted."


def uri_of(address: str) -> str:
    """A post's ``at://`` address, of that or of its page's.

    Raises:
        PostAddressUnknown: it is neither.
    """
    found = URI.fullmatch(address) or PAGE.fullmatch(address)
    if found is None or found[2] in {".", ".."}:
        raise PostAddressUnknown()
    return f"at://{found[1]}/app.bsky.feed.post/{found[2]}"


async def note(session: AsyncSession, moment_name: str, address: str, by: str) -> tuple[BlueskyPost, bool]:
    """Note that a post shows a moment; the same again changes nothing. Returns it, and whether it is new.

    Raises:
        MomentUnknown, PostAddressUnknown; PostTaken: it shows another, as was said before.
    """
    uri, moment = uri_of(address), await find_moment(session, moment_name)
    if moment.deleted_at is not None:
        raise MomentUnknown()
    made = insert(BlueskyPost).values(uri=uri, moment_id=moment.id, noted_by=by).on_conflict_do_nothing()
    post = await session.scalar(made.returning(BlueskyPost))
    if post is not None:
        return post, True
    known = await session.get_one(BlueskyPost, uri)
    if known.moment_id != moment.id:
        raise PostTaken()
    return known, False


async def drop(session: AsyncSession, address: str) -> None:
    """Let go of a post.

    Raises:
        PostAddressUnknown, PostUnknown.
    """
    gone = delete(BlueskyPost).filter_by(uri=uri_of(address)).returning(BlueskyPost.uri)
    if await session.scalar(gone) is None:
        raise PostUnknown()


async def drop_of_moment(session: AsyncSession, moment_id: UUID) -> None:
    """Let go of the posts of a moment that is deleted."""
    await session.execute(delete(BlueskyPost).filter_by(moment_id=moment_id))


async def drop_of_viewer(session: AsyncSession, viewer_id: UUID) -> None:
    """Let go of the posts of an erased viewer's moments: their addresses name accounts."""
    theirs = BlueskyPost.moment_id.in_(select(Moment.id).filter_by(viewer_id=viewer_id))
    await session.execute(delete(BlueskyPost).where(theirs))
