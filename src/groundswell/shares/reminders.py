"""Wishes to hear when what was sent to somebody can be seen where they are: not out yet, or not in their country."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.moments.availability import Audience, check_available
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.trust.clip_checks import ClipRefused

from .links import check_live, find_share, share_url, token_of
from .tables import Reminder, Share

MOST = 200
"""Reminders one viewer may have."""
LATER = frozenset({"not_yet_open", "ending_held"})
"""Refusals that time alone lifts."""


class NothingToWaitFor(Problem):
    status, code, title = (
        409,
        "nothing_to_wait_for",
        "It can be seen now, or never will be.",
    )


class TooManyReminders(Problem):
    status, code, title = 409, "too_many_reminders", f"One viewer may have {MOST} reminders."


class ReminderUnknown(Problem):
    status, code, title = 404, "reminder_unknown", "There is no such reminder of yours."


@dataclass(frozen=True)
class Awaited:
    """A reminder with what it is of. ``hindrance`` is why the moment cannot be seen yet; None: it can be now."""

    reminder: Reminder
    viewer: Viewer
    title: Title
    url: str
    hindrance: Problem | None


def may_come(problem: Problem) -> bool:
    """Whether what is refused may be seen later, or is seen elsewhere."""
    return isinstance(problem, ClipRefused) and (problem.elsewhere or problem.reason() in LATER)


async def remind(session: AsyncSession, settings: Settings, by: Audience, token: str) -> Reminder:
    """Remember that a viewer waits for what the share ``token`` leads to. Asking twice is asking once.

    Raises:
        LinkForged, LinkUnknown, LinkRevoked, LinkExpired, TakenDown: the link leads nowhere.
        NothingToWaitFor: the moment can be seen now, or will never be.
        TooManyReminders: there are enough.
    """
    share = await find_share(session, settings, token)
    await check_live(session, share, utc_now())
    moment = await session.get_one(Moment, share.moment_id)
    hindrance = await _hindrance(session, moment, await session.get_one(Title, moment.title_id), by, share.channel)
    if hindrance is None or not may_come(hindrance):
        raise NothingToWaitFor()
    mine = select(Reminder).filter_by(viewer_id=by.viewer_id)
    if len((await session.scalars(mine.limit(MOST))).all()) >= MOST:
        raise TooManyReminders()
    row = {"id": uuid7(), "viewer_id": by.viewer_id, "share_id": share.id, "moment_id": moment.id}
    await session.execute(insert(Reminder).values(**row, territory=by.territory).on_conflict_do_nothing())
    return (await session.scalars(mine.filter_by(moment_id=moment.id))).one()


async def forget(session: AsyncSession, viewer_id: UUID, reminder_id: UUID) -> None:
    """Wait no more.

    Raises:
        ReminderUnknown: there is none, or it is somebody else's.
    """
    mine = delete(Reminder).where(Reminder.id == reminder_id, Reminder.viewer_id == viewer_id)
    if (await session.scalar(mine.returning(Reminder.id))) is None:
        raise ReminderUnknown()


async def awaited_by(session: AsyncSession, settings: Settings, me: Audience) -> list[Awaited]:
    """What a viewer waits for, what came last first."""
    mine = select(Reminder).filter_by(viewer_id=me.viewer_id).order_by(Reminder.id.desc())
    return await _awaited(session, settings, (await session.scalars(mine)).all(), me)


async def due(
    session: AsyncSession, settings: Settings, after: UUID | None, limit: int
) -> tuple[list[Awaited], UUID | None]:
    """Reminders whose moment its viewer can see now, the oldest first, among the ``limit`` that come after ``after``;
    and the last that was looked at (None: there are no more)."""
    query = select(Reminder).order_by(Reminder.id).limit(limit)
    rows = (await session.scalars(query if after is None else query.where(Reminder.id > after))).all()
    found = await _awaited(session, settings, rows)
    return [each for each in found if each.hindrance is None], rows[-1].id if len(rows) == limit else None


async def _awaited(
    session: AsyncSession, settings: Settings, rows: Sequence[Reminder], me: Audience | None = None
) -> list[Awaited]:
    found = []
    for row in rows:
        share, moment = await session.get_one(Share, row.share_id), await session.get_one(Moment, row.moment_id)
        title, viewer = await session.get_one(Title, moment.title_id), await session.get_one(Viewer, row.viewer_id)
        who = me or Audience(viewer.id, viewer.territory or row.territory, viewer.kids, viewer.ad_tier)
        hindrance = await _over(session, share) or await _hindrance(session, moment, title, who, share.channel)
        found.append(Awaited(row, viewer, title, share_url(settings, token_of(settings, share.code)), hindrance))
    return found


async def _over(session: AsyncSession, share: Share) -> Problem | None:
    try:
        await check_live(session, share, utc_now())
    except Problem as problem:
        return problem
    return None


async def _hindrance(
    session: AsyncSession, moment: Moment, title: Title, audience: Audience, channel: str
) -> Problem | None:
    try:
        await check_available(session, moment, title, audience, target=channel, by_link=True)
    except Problem as problem:
        return problem
    return None
