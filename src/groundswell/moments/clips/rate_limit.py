"""How many clips one viewer may make, or trim anew, in a minute: each is rendered."""

import math
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.tables import ClippedSpan
from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import TooManyRequests

WINDOW = timedelta(minutes=1)


async def admit_clip(session: AsyncSession, viewer_id: UUID, limit: int) -> None:
    """Let a viewer make one more clip. Their next request waits until this transaction ends.

    Raises:
        TooManyRequests: ``limit`` clips within the last minute; Retry-After says when the next is free.
    """
    await lock(session, Lock.CLIPPING_RATE, viewer_id)
    now = utc_now()
    latest = select(ClippedSpan.created_at).where(
        ClippedSpan.viewer_id == viewer_id, ClippedSpan.created_at > now - WINDOW
    )
    made = (await session.scalars(latest.order_by(ClippedSpan.created_at.desc()).limit(limit))).all()
    if len(made) >= limit:
        wait = max(1, math.ceil((made[-1] + WINDOW - now).total_seconds()))
        detail = f"You may clip {limit} times a minute; try again in {wait} s."
        raise TooManyRequests(detail, headers={"Retry-After": str(wait)}, limit=limit)
