"""What was taken back for a verdict is given back when another takes the visit for a person's after all."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.signals import Rejudged
from groundswell.creators.tables import Creator
from groundswell.events.tables import LoggedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.database import among
from groundswell.platform.signals import on

from .clawback import same_view
from .corrections import is_reversible, reverse
from .ledger import posting_id
from .tables import Adjustment, PostingRow

WHY = "What was counted was a person's after all."


@on(Rejudged)
async def give_back(session: AsyncSession, rejudged: Rejudged) -> None:
    """Reverse what was taken back of the maker for this visit; nothing when nothing was."""
    event = await session.get(LoggedEvent, (rejudged.at, rejudged.event_id)) if rejudged.kind == "human" else None
    if event is None or event.moment_id is None:
        return
    events = [each.id for each in await same_view(session, event)] if event.kind == "play" else [event.id]
    maker = select(Creator.id).join(Moment, Moment.viewer_id == Creator.viewer_id).where(Moment.id == event.moment_id)
    taken = select(Adjustment.id).where(
        Adjustment.creator_id.in_(maker),
        Adjustment.amount_minor < 0,
        Adjustment.evidence["verdict"].astext.is_not(None),
        among(Adjustment.evidence["event"].astext, [str(id) for id in events]),
    )
    for adjustment in (await session.scalars(taken.order_by(Adjustment.id))).all():
        await _reverse(session, adjustment)


async def _reverse(session: AsyncSession, adjustment: UUID) -> None:
    for part in ("covered", "owed"):
        posting = await session.get(PostingRow, posting_id(adjustment, part))
        if posting is not None and await is_reversible(session, posting):
            await reverse(session, posting.id, "rule", WHY)
