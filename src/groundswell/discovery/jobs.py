"""Keeping heat and scenes up to date: regularly (see ``lifespan``), and at once after a clip, a share, a decision.

One job reads the event log and queues, for each title of which something changed, a job of its own: one that fails, or
has much to do, keeps none of the others waiting.
"""

import asyncio
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.signals import LinesRecorded
from groundswell.moments.signals import MomentCreated, MomentDeleted
from groundswell.moments.tables import Moment
from groundswell.platform.database import Database
from groundswell.platform.jobs import WHENEVER, defer, periodic, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on
from groundswell.platform.trusted_clock import time_to_destroy
from groundswell.shares.signals import ShareCreated
from groundswell.trust.signals import Lifted, Restricted
from groundswell.trust.tables import Decision

from . import refresh as refreshing
from . import tally, title_refresh
from .bluesky.posts import drop_of_moment
from .for_you import feed_model, impressions
from .ranking import Gate
from .search import meanings, unfound, upkeep
from .search.hybrid_lines import embedding_in
from .trending import alerts, forecasts, reviews

ONCE = "discovery.refresh"
LANGUAGES_MAX, BESIDE_EACH_OTHER = 40, 2
"""Languages of titles whose lines are indexed by one job, and transactions in which that is done at the same time:
while the database takes in what one says, the words of the next are cut."""

EMBEDDED_AT_ONCE = 5
"""Languages of titles whose lines are embedded by one job: some seconds each."""

TITLES_MAX = 1_000
"""Queued by one refresh; if there were more, another follows when these have had their turn."""


@task("discovery.refresh")
async def refresh(context: JobContext) -> None:
    """Read what is new in the event log, and have the titles gathered that it changes."""
    async with runtime_of(context).database.transaction() as session:
        await refreshing.count(session)
        titles = await refreshing.stale_titles(session, TITLES_MAX)
        for title_id in titles:
            await _gather_soon(session, title_id)
        if len(titles) == TITLES_MAX:
            await soon(session)


@task("discovery.gather")
async def gather(context: JobContext, title: str) -> None:
    """Bring one title's scenes and heatmap up to date; what is more than a page waits until others had their turn."""
    async with runtime_of(context).database.transaction() as session:
        if await title_refresh.gather(session, UUID(title)):
            await _gather_soon(session, UUID(title))
        await reviews.note(session, runtime_of(context).settings, UUID(title))


async def _gather_soon(session: AsyncSession, title_id: UUID) -> None:
    await defer(session, gather, priority=WHENEVER, once=f"discovery.gather:{title_id}", title=str(title_id))


@task("discovery.index_lines")
async def index_lines(context: JobContext) -> None:
    """Have lines searched that are older than the index, or were indexed by other rules: some titles at a time."""
    database = runtime_of(context).database
    async with database.transaction() as session:
        behind = await upkeep.out_of_step(session, LANGUAGES_MAX)
    async with asyncio.TaskGroup() as together:
        for n in range(BESIDE_EACH_OTHER):
            if some := behind[n::BESIDE_EACH_OTHER]:
                together.create_task(_index(database, some))
    if len(behind) == LANGUAGES_MAX:
        async with database.transaction() as session:
            await index_soon(session)


async def _index(database: Database, languages: list[tuple[UUID, str]]) -> None:
    async with database.transaction() as session:
        await upkeep.index_lines(session, languages)


async def index_soon(session: AsyncSession) -> None:
    """Look whether all lines are searched, when this transaction has committed."""
    await defer(session, index_lines, priority=WHENEVER, once="discovery.index_lines")


@task("discovery.embed_lines")
async def embed_lines(context: JobContext) -> None:
    """Have lines found by what they mean, where that is on: some titles at a time."""
    runtime = runtime_of(context)
    if not runtime.settings.search_meaning:
        return
    async with runtime.database.transaction() as session:
        behind = await meanings.waiting(session, EMBEDDED_AT_ONCE)
    if behind:
        embedding = await asyncio.to_thread(embedding_in, runtime.settings.meaning_model)
        for each in behind:
            await meanings.learn(runtime.database, embedding, each)
    if len(behind) == EMBEDDED_AT_ONCE:
        async with runtime.database.transaction() as session:
            await _embed_soon(session)


async def _embed_soon(session: AsyncSession) -> None:
    await defer(session, embed_lines, priority=WHENEVER, once="discovery.embed_lines")


@periodic("discovery.embed", cron="* * * * *")
async def embed(context: JobContext, timestamp: int) -> None:
    """Every minute, see to what is said and not known by its meaning, where that is on."""
    runtime = runtime_of(context)
    if runtime.settings.search_meaning:
        async with runtime.database.transaction() as session:
            await _embed_soon(session)


@on(LinesRecorded)
async def lines_recorded(session: AsyncSession, signal: LinesRecorded) -> None:
    await upkeep.index_lines(session, [(signal.title_id, signal.language)])


@periodic("discovery.run_clock", cron="* * * * *")
async def run_clock(context: JobContext, timestamp: int) -> None:
    """Every minute, decide of scenes that nobody looked at in time."""
    runtime = runtime_of(context)
    async with runtime.database.transaction() as session:
        await reviews.run_clock(session, runtime.settings)


@periodic("discovery.forecast", cron="* * * * *")
async def forecast(context: JobContext, timestamp: int) -> None:
    """Every minute, look how many votes the scenes that lead will have, and raise the alerts that this concerns."""
    runtime = runtime_of(context)
    async with runtime.database.transaction() as session:
        made = await forecasts.keep(session, Gate.of(runtime.settings))
        await alerts.raise_due(session, made)


@periodic("discovery.forget_votes", cron="41 3 * * *")
async def forget_votes(context: JobContext, timestamp: int) -> None:
    """Every night, let go of the single votes of days that no longer count."""
    database = runtime_of(context).database
    if (now := await time_to_destroy(database, "single votes")) is not None:
        async with database.transaction() as session:
            await tally.forget_votes(session, now.date())


@periodic("discovery.forget_impressions", cron="47 3 * * *")
async def forget_impressions(context: JobContext, timestamp: int) -> None:
    """Every night, let go of what For you served long ago."""
    database = runtime_of(context).database
    if (now := await time_to_destroy(database, "impressions")) is not None:
        async with database.transaction() as session:
            await impressions.forget_impressions(session, now)


@periodic("discovery.learn_taste", cron="27 */6 * * *")
async def learn_taste(context: JobContext, timestamp: int) -> None:
    """Four times a day, learn which scenes people clip who clip others."""
    await feed_model.learn(runtime_of(context).database)


@periodic("discovery.forget_searches", cron="53 3 * * *")
async def forget_searches(context: JobContext, timestamp: int) -> None:
    """Every night, let go of what was searched for and not found long ago, and of old forecasts."""
    database = runtime_of(context).database
    if (now := await time_to_destroy(database, "searches without results")) is not None:
        async with database.transaction() as session:
            await unfound.forget(session, now.date())
            await forecasts.forget(session, now)


async def soon(session: AsyncSession) -> None:
    """Refresh when this transaction has committed, unless a refresh is waiting anyway."""
    await defer(session, refresh, priority=WHENEVER, once=ONCE)


@on(MomentCreated)
async def clipped(session: AsyncSession, signal: MomentCreated) -> None:
    await soon(session)


@on(MomentDeleted)
async def deleted(session: AsyncSession, signal: MomentDeleted) -> None:
    await drop_of_moment(session, signal.moment.id)
    await soon(session)


@on(ShareCreated)
async def shared(session: AsyncSession, signal: ShareCreated) -> None:
    await soon(session)


@on(Restricted)
async def restricted(session: AsyncSession, signal: Restricted) -> None:
    await _decided(session, signal.decision)


@on(Lifted)
async def lifted(session: AsyncSession, signal: Lifted) -> None:
    await _decided(session, signal.decision)


async def _decided(session: AsyncSession, decision: Decision) -> None:
    if decision.subject_kind == "moment":
        moment = await session.get_one(Moment, decision.subject_id)
        await title_refresh.mark_moments(session, moment.title_id, moment.id)
    elif decision.subject_kind == "viewer":
        await title_refresh.mark_viewer(session, decision.subject_id)
    elif decision.subject_kind == "title":
        await title_refresh.mark_title(session, decision.subject_id)
    else:
        return
    await soon(session)
