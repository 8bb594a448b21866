"""The touches that can earn credit for a conversion: one conversion's, or those of thousands in one question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from .models import Path, PathStep

TOUCHES_MAX = 50
LOOKED_AT_MAX = 1000
"""Of a viewer's newest touches so many are looked at, so that nobody's visits can make a conversion costly."""

CODE_CHANNEL = "code"
MICROSECOND = timedelta(microseconds=1)


def by_a_person(touch: str) -> str:
    """SQL for whether a touch is still a person's. It was when it was noted, so only a later verdict takes it out.

    Args:
        touch: an alias of ``touches``.
    """
    newest = f"SELECT v.kind FROM current_verdicts v WHERE v.at = {touch}.at AND v.event_id = {touch}.event_id"  # noqa: S608 - constants of ours
    return f"coalesce(({newest}), 'human') = 'human'"


ELIGIBLE = text(
    f"""
SELECT asked.n, t.id, t.at, t.share_id, t.moment_id, m.title_id, t.sharer_id, t.channel
FROM unnest(:viewers, :ats) WITH ORDINALITY AS asked (viewer_id, at, n)
CROSS JOIN LATERAL (
    SELECT newest.id, newest.at, newest.event_id, newest.share_id, s.moment_id,
        coalesce(s.viewer_id, newest.sharer_id) AS sharer_id, coalesce(s.channel, :code) AS channel
    FROM (
        SELECT id, at, event_id, share_id, sharer_id FROM touches
        WHERE viewer_id = asked.viewer_id AND at <= asked.at AND at >= asked.at - :window
        ORDER BY at DESC, event_id DESC LIMIT :looked_at
    ) newest
    LEFT JOIN published_shares s ON s.id = newest.share_id
    WHERE coalesce(s.viewer_id, newest.sharer_id) IS DISTINCT FROM asked.viewer_id
        AND {by_a_person("newest")}
    ORDER BY newest.at DESC, newest.event_id DESC LIMIT :most
) t
LEFT JOIN published_moments m ON m.id = t.moment_id
ORDER BY asked.n, t.at, t.event_id
"""  # noqa: S608 - constants of ours
).bindparams(bindparam("viewers", type_=ARRAY(Uuid())), bindparam("ats", type_=ARRAY(DateTime(timezone=True))))


@dataclass(frozen=True, slots=True)
class EligibleTouch:
    """A touch that can earn credit, and where it leads; a creator's code leads to no share, moment or title."""

    id: UUID
    at: datetime
    share_id: UUID | None
    moment_id: UUID | None
    title_id: UUID | None
    sharer_id: UUID | None
    channel: str


async def eligible(session: AsyncSession, viewer_id: UUID, at: datetime, window_days: int) -> Sequence[EligibleTouch]:
    """The touches that can earn credit for a conversion of ``viewer_id`` at ``at``, oldest first.

    Those within the window before it, the latest ``TOUCHES_MAX``; nobody earns credit for their own conversion, nor by
    a visit that a later verdict took for a robot's. The order is total (time, then event id), as money depends on it.
    """
    return (await eligible_for(session, [(viewer_id, at)], window_days))[0]


async def eligible_for(
    session: AsyncSession, conversions: Sequence[tuple[UUID, datetime]], window_days: int
) -> list[list[EligibleTouch]]:
    """``eligible`` of many conversions (viewer, instant) at once, in their order."""
    viewers, ats = [viewer for viewer, _ in conversions], [at for _, at in conversions]
    given = {"viewers": viewers, "ats": ats, "window": timedelta(days=window_days)}
    given |= {"looked_at": LOOKED_AT_MAX, "most": TOUCHES_MAX, "code": CODE_CHANNEL}
    found: list[list[EligibleTouch]] = [[] for _ in conversions]
    for number, *touch in await session.execute(ELIGIBLE, given):
        found[number - 1].append(EligibleTouch(*touch))
    return found


def path_of(touches: Sequence[EligibleTouch], at: datetime, effects: Mapping[str, int]) -> Path:
    """The path to a conversion at ``at``, as the models of ``models.py`` see it."""
    return Path([PathStep((at - touch.at) // MICROSECOND, touch.channel) for touch in touches], effects)
