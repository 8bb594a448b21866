"""The feed itself: of each scene that is catching on, the post noted last of a moment that everybody may see."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.discovery.feed import discover
from groundswell.discovery.ranking import Gate
from groundswell.discovery.tables import SceneVote
from groundswell.moments.availability import VISITOR
from groundswell.moments.showable import showable, with_source
from groundswell.moments.tables import Moment
from groundswell.platform.database import among

from .tables import BlueskyPost

PAGES = 10
"""Of scenes that are looked through for one page of posts; most scenes may have none."""

POSTS = 1_000
"""Posts of a page of scenes that are looked at, those noted last."""


class Skeleton(NamedTuple):
    """Posts by their ``at://`` addresses, and after which place the list goes on (None: it ends)."""

    posts: list[str]
    cursor: str | None


async def skeleton(session: AsyncSession, gate: Gate, cursor: str | None, limit: int) -> Skeleton:
    """A page of the feed: what is catching on for somebody who is not known, as Bluesky shows the same to all.

    Raises:
        CursorInvalid: ``cursor`` was not made here.
    """
    posts: list[str] = []
    for _ in range(PAGES):
        page = await discover(session, gate=gate, cursor=cursor, limit=limit - len(posts), audience=VISITOR)
        found = await _posts(session, [scene.id for scene in page.items])
        posts += [found[scene.id] for scene in page.items if scene.id in found]
        cursor = page.next
        if cursor is None or len(posts) >= limit:
            break
    return Skeleton(posts, cursor)


async def _posts(session: AsyncSession, scene_ids: Sequence[UUID]) -> dict[UUID, str]:
    """For each scene that has one, the post that was noted last of its moments that anybody may see."""
    query = (
        select(SceneVote.scene_id, BlueskyPost.moment_id, BlueskyPost.uri)
        .join(BlueskyPost, BlueskyPost.moment_id == SceneVote.moment_id)
        .join(Moment, Moment.id == BlueskyPost.moment_id)
        .where(among(SceneVote.scene_id, scene_ids), Moment.deleted_at.is_(None))
        .where(Moment.visibility == "public", ~Moment.spoiler)
        .order_by(BlueskyPost.noted_at.desc(), BlueskyPost.uri)
        .limit(POSTS)
    )
    rows = (await session.execute(query)).all()
    moments = await with_source(session, list(dict.fromkeys(row.moment_id for row in rows)))
    shown = await showable(session, moments, VISITOR)
    found: dict[UUID, str] = {}
    for scene_id, moment_id, uri in rows:
        if scene_id is not None and moment_id in shown:
            found.setdefault(scene_id, uri)
    return found
