"""The first click on a share: found in the event log, where visits are written without a transaction of ours.

How far the log has been read is a snapshot in positions (``platform/positions.py``), so that no click is missed however
late it was committed, and none is told twice. Whose a click was is its current verdict: one that was taken for a
robot's when it was read, and is a person's after all, is told once that is known.
"""

from sqlalchemy import Select, exists, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.attribution.signals import Rejudged
from groundswell.events.tables import JudgedEvent
from groundswell.platform.signals import on

from .outbox import is_wanted, tell
from .tables import ClickMark, FirstClick

MARK = 1
AT_ONCE = 1_000

NEW = text(
    "xid >= pg_snapshot_xmin(CAST(:after AS pg_snapshot))"
    " AND NOT pg_visible_in_snapshot(xid, CAST(:after AS pg_snapshot))"
    " AND pg_visible_in_snapshot(xid, CAST(:until AS pg_snapshot))"
)


async def tell_first_clicks(session: AsyncSession) -> int:
    """Tell of the clicks since this was called last that are the first on their share, ``AT_ONCE`` at most: what is
    left is told by the next calls. Returns how many. Where nobody wants to hear of them, the next who does hears of
    what comes after."""
    mark = await session.get(ClickMark, MARK, with_for_update=True)
    if not await is_wanted(session, "share.first_click"):
        if mark is not None:
            await session.delete(mark)
        return 0
    until = await session.scalar(text("SELECT log_snapshot()::text"))
    if mark is None:
        await session.execute(insert(ClickMark).values(id=MARK, snapshot=until).on_conflict_do_nothing())
        return 0
    clicks = await _clicks(session, mark.snapshot, str(until))
    told = sum([await _tell(session, click) for click in clicks])
    if len(clicks) < AT_ONCE:
        mark.snapshot = str(until)
    return told


@on(Rejudged)
async def rejudged(session: AsyncSession, signal: Rejudged) -> None:
    """A click that is a person's after all may be the first: only since clicks are heard of, as others are."""
    if signal.kind != "human" or await session.get(ClickMark, MARK) is None:
        return
    if not await is_wanted(session, "share.first_click"):
        return
    this = JudgedEvent.at == signal.at, JudgedEvent.id == signal.event_id
    for click in (await session.scalars(_firsts().where(*this))).all():
        await _tell(session, click)


async def _clicks(session: AsyncSession, after: str, until: str) -> list[JudgedEvent]:
    """Such clicks as were written between two snapshots and were not told of yet, the first of them."""
    told = exists().where(FirstClick.share_id == JudgedEvent.share_id)
    query = _firsts().where(NEW, ~told).limit(AT_ONCE)
    return list((await session.scalars(query, {"after": after, "until": until})).all())


def _firsts() -> Select[JudgedEvent]:
    """People's clicks on shares that no other precedes, the first of each share."""
    before = aliased(JudgedEvent)
    earlier = exists().where(
        before.moment_id == JudgedEvent.moment_id,
        before.share_id == JudgedEvent.share_id,
        before.kind == "click",
        before.verdict == "human",
        tuple_(before.at, before.id) < tuple_(JudgedEvent.at, JudgedEvent.id),
    )
    query = select(JudgedEvent).ext(distinct_on(JudgedEvent.share_id)).where(JudgedEvent.share_id.is_not(None))
    query = query.where(JudgedEvent.kind == "click", JudgedEvent.verdict == "human", ~earlier)
    return query.order_by(JudgedEvent.share_id, JudgedEvent.at, JudgedEvent.id)


async def _tell(session: AsyncSession, click: JudgedEvent) -> int:
    row = {"share_id": click.share_id, "event_id": click.id}
    new = insert(FirstClick).values(row).on_conflict_do_nothing().returning(FirstClick.share_id)
    if (await session.execute(new)).first() is None:
        return 0
    data = {
        "share_id": click.share_id,
        "moment_id": click.moment_id,
        "channel": click.channel,
        "at": click.at.isoformat(),
    }
    await tell(session, "share.first_click", f"share:{click.share_id}", click.at, data, id=click.id)
    return 1
