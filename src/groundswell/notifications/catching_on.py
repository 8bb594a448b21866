"""Moments that catch on: found in the event log, where plays are written without a transaction of ours.

How far the log has been read is a snapshot in positions (``platform/positions.py``), so no play is missed however late
it was committed, and none is read twice. The maker is told at each step of ``STEPS``, by the current verdicts: the
number is the one that the moment's own page shows (``events.reach``).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.reach import reach_of
from groundswell.events.tables import JudgedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.database import among

from .groups import note
from .tables import Notification, PlaysMark

MARK = 1
STEPS = (5, 10, 25, 50, *(base * 10**power for power in range(2, 9) for base in (1, 2.5, 5)))
AT_ONCE = 200

NEW = text(
    "xid >= pg_snapshot_xmin(CAST(:after AS pg_snapshot))"
    " AND NOT pg_visible_in_snapshot(xid, CAST(:after AS pg_snapshot))"
    " AND pg_visible_in_snapshot(xid, CAST(:until AS pg_snapshot))"
)


def step_of(plays: int) -> int:
    """The highest step that so many plays have reached; 0: none."""
    return max((int(step) for step in STEPS if step <= plays), default=0)


async def note_catching_on(session: AsyncSession) -> None:
    """Look at the moments that were played since this was called last; the first call begins with what comes after."""
    mark = await session.get(PlaysMark, MARK, with_for_update=True)
    until = str(await session.scalar(text("SELECT log_snapshot()::text")))
    if mark is None:
        await session.execute(insert(PlaysMark).values(id=MARK, snapshot=until).on_conflict_do_nothing())
        return
    played = select(JudgedEvent.moment_id).where(JudgedEvent.kind == "play", JudgedEvent.verdict == "human", NEW)
    played = played.distinct().order_by(JudgedEvent.moment_id)
    found = await session.stream_scalars(
        played.execution_options(yield_per=AT_ONCE), {"after": mark.snapshot, "until": until}
    )
    async for ids in found.partitions():
        await consider(session, [id for id in ids if id is not None])
    mark.snapshot = until


async def consider(session: AsyncSession, moment_ids: Sequence[UUID]) -> None:
    """Tell the makers of those moments that have reached a step which they were not told of."""
    query = select(Moment).where(among(Moment.id, moment_ids), Moment.deleted_at.is_(None)).order_by(Moment.id)
    moments = list(await session.scalars(query))
    if not moments:
        return
    reach = await reach_of(session, [each.id for each in moments], min(each.created_at for each in moments))
    told = select(Notification.subject_id, Notification.step).where(Notification.kind == "catching_on")
    steps = {
        row.subject_id: row.step
        for row in await session.execute(told.where(among(Notification.subject_id, moment_ids)))
    }
    for moment in moments:
        step = step_of(reach[moment.id].plays)
        if step > steps.get(moment.id, 0):
            await note(session, "catching_on", moment.id, [moment.viewer_id], step=step)
