"""What came of what was served: written, looked up, let go."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import NotFound

from .showings import FeedShowing
from .tables import FeedImpression

SEEN_FOR = timedelta(days=7)
"""What came on screen is not shown again for so long."""

SERVED_FOR = timedelta(minutes=30)
"""Of what something came is not served again for so long, whether or not it came on screen."""

KEPT_FOR = timedelta(days=90)
"""Impressions are let go after this; until then, what is not wanted is not shown."""

LATELY = 100
"""Showings of a scene by which it is judged how it does."""

ENGAGED = ("watched", "continued")
REFUSED = ("not_this", "less_of_title")

LATEST = text(
    f"""
    SELECT s.id, count(i.shown_at), count(*) FILTER (WHERE i.outcome = ANY(:engaged))
    FROM unnest(CAST(:scenes AS uuid[])) AS s (id)
    CROSS JOIN LATERAL (
        SELECT shown_at, outcome FROM feed_impressions WHERE scene_id = s.id ORDER BY at DESC LIMIT {LATELY}
    ) i
    GROUP BY s.id
    """  # noqa: S608 - a number of ours
)


class ItemUnknown(NotFound):
    code, title = "item_unknown", "Nothing of For you is known by this id."


class Unwanted(NamedTuple):
    """Scenes and titles that are not to be shown to a reader now."""

    scenes: set[UUID]
    titles: set[UUID]


class Lately(NamedTuple):
    """How often a scene came on screen lately, and how often it was engaged with."""

    shown: int
    engaged: int


async def unwanted_by(session: AsyncSession, reader: UUID) -> Unwanted:
    """What a reader has seen lately, or does not want."""
    now = utc_now()
    seen = or_(FeedImpression.shown_at >= now - SEEN_FOR, FeedImpression.at >= now - SERVED_FOR)
    refused = FeedImpression.outcome.in_(REFUSED)
    query = select(FeedImpression.scene_id, FeedImpression.title_id, FeedImpression.outcome)
    query = query.where(FeedImpression.reader == reader, or_(seen, refused))
    rows = (await session.execute(query)).all()
    return Unwanted({row.scene_id for row in rows}, {row.title_id for row in rows if row.outcome == "less_of_title"})


async def engaged_by(session: AsyncSession, reader: UUID, limit: int) -> list[UUID]:
    """The scenes that a reader watched or went on from, the latest first."""
    query = select(FeedImpression.scene_id).where(
        FeedImpression.reader == reader, FeedImpression.outcome.in_(ENGAGED), FeedImpression.at >= utc_now() - KEPT_FOR
    )
    return list(await session.scalars(query.order_by(FeedImpression.at.desc()).limit(limit)))


async def lately(session: AsyncSession, scenes: Collection[UUID]) -> dict[UUID, Lately]:
    """How scenes did lately; those that were never served are not among them."""
    rows = await session.execute(LATEST, {"scenes": list(scenes), "engaged": list(ENGAGED)})
    return {id: Lately(shown, engaged) for id, shown, engaged in rows}


async def tell(session: AsyncSession, caller: Caller | None, showing: FeedShowing | None, what: str) -> None:
    """Note what came of a showing: a row the first time that something did.

    Raises:
        ItemUnknown: there is none, or it was served to somebody else who is signed in.
    """
    if showing is None or showing.viewer_id not in {None, caller.id if caller else None}:
        raise ItemUnknown()
    row = {
        "id": showing.id,
        "reader": showing.reader,
        "viewer_id": showing.viewer_id,
        "scene_id": showing.scene_id,
        "title_id": showing.title_id,
        "at": showing.at,
        "place": showing.place,
        "reason": showing.reason,
        "probability": showing.probability,
    }
    change = {"shown_at": utc_now()} if what == "shown" else {"outcome": what}
    noted = insert(FeedImpression).values(row | change)
    await session.execute(noted.on_conflict_do_update(index_elements=[FeedImpression.id], set_=change))


async def forget_impressions(session: AsyncSession, now: datetime) -> None:
    """Let go of what was served long ago."""
    await session.execute(delete(FeedImpression).where(FeedImpression.at < now - KEPT_FOR))


async def forget_viewer(session: AsyncSession, viewer_id: UUID) -> None:
    """Let go of all that was served to a viewer."""
    await session.execute(delete(FeedImpression).where(FeedImpression.viewer_id == viewer_id))
