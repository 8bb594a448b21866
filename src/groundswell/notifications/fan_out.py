"""Clips by people whom somebody follows: found when they look, not written for each follower when they are made.

``gather`` is what an inbox, a digest and a push do first: it groups what the followed have clipped of titles that the
viewer watches since, one row a title. A creator's 100,000 followers cost nothing until they look; those who want such
clips pushed are gone through by a job, in batches.
"""

from datetime import datetime, timedelta
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy import Select, any_, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.catalog.tables import Progress, Title
from groundswell.community.separation import not_apart
from groundswell.community.tables import Follow
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import WHENEVER, defer, task
from groundswell.platform.runtime import runtime_of

from .groups import note
from .kinds import KIND_RULES, switch
from .tables import Notification, NotificationChoice, PushSubscription

LOOKED_BACK = timedelta(days=14)
"""Older clips are no news to anybody."""
CLIPS_MAX = 500
AT_ONCE = 500


def watched_titles(viewer_id: UUID) -> Select[UUID]:
    """A query for the titles that a viewer watches: those that they began, and what belongs to the same series."""
    begun = aliased(Title)
    mine = select(Progress.title_id).where(Progress.viewer_id == viewer_id)
    series = select(begun.series_id).where(begun.id.in_(mine), begun.series_id.is_not(None))
    return select(Title.id).where(or_(Title.id.in_(mine), Title.series_id.in_(series)))


def followed_clips(viewer_id: UUID, since: datetime) -> Select[Moment]:
    """A query for what those whom a viewer follows have made public, since they do, of titles that the viewer
    watches."""
    query = select(Moment).join(Follow, Follow.followed_id == Moment.viewer_id)
    query = query.where(Follow.follower_id == viewer_id, Follow.state == "following")
    query = query.where(Moment.visibility == "public", Moment.credit_me, Moment.deleted_at.is_(None))
    query = query.where(Moment.created_at >= since, Moment.created_at >= Follow.created_at)
    return query.where(Moment.title_id.in_(watched_titles(viewer_id)))


async def gather(session: AsyncSession, viewer_id: UUID) -> None:
    """Note for a viewer what has been clipped since they were last told, by title. Doing it twice is doing it once."""
    since = utc_now() - LOOKED_BACK
    clips = followed_clips(viewer_id, since).where(await not_apart(session, viewer_id, Moment.viewer_id))
    when = clips.with_only_columns(Moment.title_id, Moment.created_at)
    rows = (await session.execute(when.order_by(Moment.created_at.desc()).limit(CLIPS_MAX))).all()
    if not rows:
        return
    told = select(Notification.subject_id, Notification.at, Notification.read_at)
    told = told.filter_by(viewer_id=viewer_id, kind="clip")
    known = {row.subject_id: max(row.at, row.read_at or row.at) for row in await session.execute(told)}
    new: dict[UUID, list[datetime]] = {}
    for row in rows:
        if row.title_id not in known or row.created_at > known[row.title_id]:
            new.setdefault(row.title_id, []).append(row.created_at)
    for title_id, instants in sorted(new.items(), key=lambda each: max(each[1])):
        for at in sorted({min(instants), max(instants)}):  # the first is where what it counts begins
            await note(session, "clip", title_id, [viewer_id], at=at)


@task("notifications.push_clip")
async def push_clip(context: JobContext, moment: str, after: str | None = None) -> None:
    """Gather for those followers of a moment's maker who have such clips pushed: some now, the others in a job after
    this one."""
    database = runtime_of(context).database
    async with database.transaction() as session:
        made = await session.get(Moment, UUID(moment))
        if made is None or made.deleted_at is not None:
            return
        wanting = wants_pushed(made, None if after is None else UUID(after))
        ids = list(await session.scalars(wanting.limit(AT_ONCE)))
        if len(ids) == AT_ONCE:
            await defer(session, push_clip, priority=WHENEVER, moment=moment, after=str(ids[-1]))
    for id in ids:
        async with database.transaction() as session:
            await gather(session, id)


def wants_pushed(moment: Moment, after: UUID | None) -> Select[UUID]:
    """A query for followers of a moment's maker to whom its kind is pushed, in the order of their ids."""
    subscribed = select(PushSubscription.id).where(PushSubscription.viewer_id == Follow.follower_id).exists()
    preset = "push" in KIND_RULES["clip"].ways
    changed = select(NotificationChoice.viewer_id).where(
        NotificationChoice.viewer_id == Follow.follower_id,
        literal(switch("clip", "push")) == any_(NotificationChoice.changed),
    )
    query = select(Follow.follower_id).where(Follow.followed_id == moment.viewer_id, Follow.state == "following")
    query = query.where(subscribed, ~changed.exists() if preset else changed.exists()).order_by(Follow.follower_id)
    return query if after is None else query.where(Follow.follower_id > after)
