"""Scenes and heatmap of one title, kept where something changed: bounded, in a lock of the title's own."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Source, Title
from groundswell.moments.tables import Moment
from groundswell.platform.locks import Lock, lock
from groundswell.trust.decisions import active

from .ballots import Ballots
from .heat_bins import bin_us, count_bins, note_moments, touched
from .lasting_ids import assign
from .membership import Membership, Votes
from .scene_rows import rewrite
from .scenes import Span
from .tables import HeatBin, HeatDay, SceneLocal, SceneRow, SceneVote, StaleMoment, StaleTitle, TitleHeat
from .votes import PAGE, votes_among


async def mark_moments(session: AsyncSession, title_id: UUID, *moment_ids: UUID) -> None:
    """Have these moments of a title looked at when it is gathered next."""
    if moment_ids:
        session.add_all(StaleMoment(title_id=title_id, moment_id=id) for id in moment_ids)
        await session.flush()


async def mark_viewer(session: AsyncSession, viewer_id: UUID) -> None:
    """Have all moments of a viewer looked at when their titles are gathered next."""
    theirs = select(Moment.title_id, Moment.id).where(Moment.viewer_id == viewer_id)
    await session.execute(upsert(StaleMoment).from_select(["title_id", "moment_id"], theirs))


async def mark_title(session: AsyncSession, title_id: UUID) -> None:
    """Have all scenes of a title made anew when it is gathered next."""
    await session.execute(upsert(StaleTitle).values(title_id=title_id).on_conflict_do_nothing())


async def gather(session: AsyncSession, title_id: UUID) -> bool:
    """Bring a title's scenes and heatmap up to date with what is marked of it: of moments, the first ``votes.PAGE``.
    Returns whether more is left to do."""
    await lock(session, Lock.SCENES, title_id)
    anew = await session.scalar(delete(StaleTitle).filter_by(title_id=title_id).returning(StaleTitle.title_id))
    ids, more = await _take_marked(session, title_id)
    ballots = Ballots(session, title_id)
    more |= await ballots.take()
    ready = select(Source.duration_us).join(Title, Title.current_source_id == Source.id).where(Title.id == title_id)
    duration_us = await session.scalar(ready) or 0
    known = await session.scalar(select(TitleHeat.width_us).filter_by(title_id=title_id))
    if anew is not None or (known is not None and known != bin_us(duration_us)):
        await _gather_all(session, title_id, duration_us, ballots)
    else:
        await _gather_some(session, title_id, duration_us, ids, ballots)
    return more


async def _take_marked(session: AsyncSession, title_id: UUID) -> tuple[list[UUID], bool]:
    """The moments of the oldest marks, which are taken away; and whether there are more."""
    theirs = select(StaleMoment.id).filter_by(title_id=title_id)
    page = theirs.order_by(StaleMoment.id).offset(PAGE - 1).limit(1).scalar_subquery()
    newest = select(func.max(StaleMoment.id)).filter_by(title_id=title_id).scalar_subquery()
    oldest = StaleMoment.id <= func.coalesce(page, newest)  # by a bound: see ``ballots.TAKE``
    taken = await session.execute(
        delete(StaleMoment).where(StaleMoment.title_id == title_id, oldest).returning(StaleMoment.moment_id)
    )
    ids = [row.moment_id for row in taken]
    return sorted(set(ids)), len(ids) == PAGE


async def _gather_some(
    session: AsyncSession, title_id: UUID, duration_us: int, ids: Sequence[UUID], ballots: Ballots
) -> None:
    hidden = await active(session, "title", title_id) is not None
    votes: Votes = {} if hidden else await votes_among(session, title_id, ids)
    membership = Membership(session, title_id)
    before = await membership.write(ids, votes)
    await _settle(session, title_id, membership, ballots)
    spans: list[Span] = [(vote.start_us, vote.end_us) for vote in before]
    spans += [(vote["start_us"], vote["end_us"]) for vote in votes.values()]
    await _count(session, title_id, duration_us, spans, len(votes) - len(before))


async def _settle(session: AsyncSession, title_id: UUID, membership: Membership, ballots: Ballots) -> None:
    """Put moments into scenes, count their ballots there, and write the rows of the scenes that this changes."""
    await membership.settle()
    moved = membership.moved | await assign(session, membership.changed)
    changed = sorted(membership.changed | await ballots.settle(sorted(moved)))
    for begin in range(0, len(changed), PAGE):
        await rewrite(session, title_id, changed[begin : begin + PAGE])


async def _count(session: AsyncSession, title_id: UUID, duration_us: int, spans: list[Span], more: int) -> None:
    width = bin_us(duration_us)
    await count_bins(session, title_id, width, touched(spans, width, -(-duration_us // width)))
    await note_moments(session, title_id, width, more)


async def _gather_all(session: AsyncSession, title_id: UUID, duration_us: int, ballots: Ballots) -> None:
    """All of it anew, from the moments that have votes, ``votes.PAGE`` at a time. Scenes keep their ids."""
    for table in (SceneRow, SceneLocal, HeatBin, TitleHeat):
        await session.execute(delete(table).where(table.title_id == title_id))
    hidden = await active(session, "title", title_id) is not None
    membership, written = Membership(session, title_id), 0
    membership.moved |= await _dissolve(session, title_id, hidden)
    if not hidden:
        async for ids in _pages(session, title_id):
            votes: Votes = await votes_among(session, title_id, ids)
            await membership.write(ids, votes)
            written += len(votes)
    await _settle(session, title_id, membership, ballots)
    if not hidden:
        await _count(session, title_id, duration_us, [(0, duration_us)], written)


async def _dissolve(session: AsyncSession, title_id: UUID, hidden: bool) -> set[UUID]:
    """End all scenes of a title, whose moments still know which they were of; those that vote no longer are taken
    away, and returned."""
    counted = select(HeatDay.moment_id).where(HeatDay.moment_id == SceneVote.moment_id)
    gone = delete(SceneVote).where(SceneVote.title_id == title_id, or_(literal(hidden), ~counted.exists()))
    moved = set(await session.scalars(gone.returning(SceneVote.moment_id)))
    await session.execute(update(SceneVote).where(SceneVote.title_id == title_id).values(first_id=None))
    return moved


async def _pages(session: AsyncSession, title_id: UUID) -> AsyncIterator[list[UUID]]:
    """The ids of the moments of a title that have days of heat, in order."""
    after = UUID(int=0)
    while True:
        query = select(HeatDay.moment_id).where(HeatDay.title_id == title_id, HeatDay.moment_id > after)
        page = list(await session.scalars(query.distinct().order_by(HeatDay.moment_id).limit(PAGE)))
        if page:
            yield page
            after = page[-1]
        if len(page) < PAGE:
            return
