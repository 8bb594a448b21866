"""A supercut as if it had been made, for tests of who sees it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.community.collection_tables import Collection
from groundswell.community.supercut_tables import Supercut, SupercutPart
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import WIDE
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among


async def as_made(session: AsyncSession, collection: Collection, moment_ids: Sequence[UUID]) -> None:
    """The collection's supercut, of these moments; its bytes are not there."""
    made = {"status": "ready", "recipe_hash": "a" * 64, "size_bytes": 1, "duration_us": 1, "asked_at": utc_now()}
    session.add(Supercut(collection_id=collection.id, asked_by=collection.viewer_id, left_out=[], **made))
    await session.flush()
    moments = {each.id: each for each in await session.scalars(select(Moment).where(among(Moment.id, moment_ids)))}
    for place, id in enumerate(moment_ids):
        part = {"collection_id": collection.id, "place": place, "moment_id": id, "begin_us": place}
        session.add(SupercutPart(**part, recipe_hash=recipe_of(moments[id], WIDE).hash))
