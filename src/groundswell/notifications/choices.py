"""What viewers chose to hear, when, and how."""

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among
from groundswell.platform.settings import Settings

from .kinds import KIND_RULES, NOTIFICATION_KINDS, WAYS, NotificationKind, Way, switch, ways_of
from .quiet_hours import after_quiet
from .tables import NotificationChoice

DIGEST_AT = time(8)
"""When the digest is due, by the viewer's clocks; the weekly one on Mondays."""


def as_set(viewer_id: UUID) -> NotificationChoice:
    """The choice of somebody who chose nothing."""
    return NotificationChoice(viewer_id=viewer_id, changed=[], language="en", digest="daily")


async def choice_of(session: AsyncSession, viewer_id: UUID) -> NotificationChoice:
    """What a viewer chose; a row that is not there is not made."""
    return await session.get(NotificationChoice, viewer_id) or as_set(viewer_id)


async def choices_of(session: AsyncSession, viewers: Collection[UUID]) -> dict[UUID, NotificationChoice]:
    """What each of ``viewers`` chose."""
    found = await session.scalars(select(NotificationChoice).where(among(NotificationChoice.viewer_id, viewers)))
    chosen = {each.viewer_id: each for each in found}
    return {id: chosen.get(id) or as_set(id) for id in viewers}


async def kept_choice(session: AsyncSession, viewer_id: UUID) -> NotificationChoice:
    """The row of what a viewer chose, to be changed: locked, and made where there is none."""
    await session.execute(insert(NotificationChoice).values(viewer_id=viewer_id).on_conflict_do_nothing())
    return await session.get_one(NotificationChoice, viewer_id, with_for_update=True, populate_existing=True)


def switches(choice: NotificationChoice) -> dict[NotificationKind, dict[Way, bool]]:
    """Every switch, as it stands."""
    on = {kind: ways_of(kind, choice.changed) for kind in NOTIFICATION_KINDS}
    return {kind: {way: way in on[kind] for way in WAYS} for kind in NOTIFICATION_KINDS}


def set_switches(choice: NotificationChoice, wanted: Mapping[NotificationKind, Mapping[Way, bool]]) -> None:
    """Turn switches; those that are not named stay."""
    changed = set(choice.changed)
    for kind, ways in wanted.items():
        for way, on in ways.items():
            if on == (way in KIND_RULES[kind].ways):
                changed.discard(switch(kind, way))
            else:
                changed.add(switch(kind, way))
    choice.changed = sorted(changed)


def push_due(choice: NotificationChoice, at: datetime) -> datetime:
    """When something that happened at ``at`` may be pushed. Quiet hours are kept with the zone that they are of."""
    return after_quiet(at, choice.time_zone or "UTC", choice.quiet_from, choice.quiet_to)


def next_digest(choice: NotificationChoice, settings: Settings, now: datetime) -> datetime:
    """The first instant after ``now`` at which a digest is due."""
    zone = ZoneInfo(choice.time_zone or settings.time_zone)
    day = now.astimezone(zone).date()
    for _ in range(9):
        due = datetime.combine(day, DIGEST_AT, zone)
        if due > now and (choice.digest == "daily" or day.weekday() == 0):
            break
        day += timedelta(days=1)
    return due


def schedule_digest(choice: NotificationChoice, settings: Settings, now: datetime) -> None:
    """Have the digest due as chosen from now on; never, while there is nowhere to send it."""
    mailed = choice.mail_to is not None and choice.mail_confirmed_at is not None
    choice.digest_due_at = next_digest(choice, settings, now) if mailed else None
