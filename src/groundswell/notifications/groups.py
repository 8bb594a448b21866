"""Noting that something happened: in the transaction in which it did, one row for each viewer, kind and subject."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.viewers import viewers_among
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.webhooks.outbox import is_wanted, tell

from .choices import choices_of, push_due
from .kinds import NotificationKind, ways_of
from .tables import Notification, NotificationChoice, PushDelivery, PushSubscription

CHANNEL = "groundswell_notified"
"""Whoever shows an inbox live listens here (NOTIFY), for the viewer's id."""

PAUSE = timedelta(hours=1)
"""After a push about something, what else happens to it is gathered for as long, unless it was read."""

TELL_LIVE = text("SELECT pg_notify(:channel, v) FROM unnest(CAST(:viewers AS text[])) v")


async def note(
    session: AsyncSession,
    kind: NotificationKind,
    subject_id: UUID,
    viewers: Iterable[UUID | None],
    *,
    at: datetime | None = None,
    step: int = 0,
) -> None:
    """Have viewers told of something, in the order of their ids, so that two who do so at once never wait for each
    other. Children's profiles and people who are gone are told nothing, nor are they who want to hear nothing of it.

    Args:
        at: when it happened, by default now; what it counts begins here where nothing of it is unread.
        step: see ``Notification``.
    """
    await note_each(session, kind, {id: subject_id for id in viewers if id is not None}, at=at, step=step)


async def note_each(
    session: AsyncSession,
    kind: NotificationKind,
    subjects: Mapping[UUID, UUID],
    *,
    at: datetime | None = None,
    step: int = 0,
) -> None:
    """As ``note``, each viewer of a thing of their own: ``subjects`` are by viewer."""
    ids = sorted(subjects)
    known = await viewers_among(session, ids)
    choices = await choices_of(session, ids)
    told = [id for id in ids if id in known and known[id].name and not known[id].kids]
    told = [id for id in told if ways_of(kind, choices[id].changed)]
    if not told:
        return
    now = at or utc_now()
    values = {"kind": kind, "since": now, "at": now, "step": step}
    rows = [{"id": uuid7(), "place": uuid7(), "viewer_id": id, "subject_id": subjects[id], **values} for id in told]
    row = insert(Notification).values(rows)
    unread = Notification.read_at.is_(None)
    changes = {
        "since": case((unread, func.least(Notification.since, row.excluded.since)), else_=row.excluded.since),
        "at": func.greatest(Notification.at, row.excluded.at),
        "place": row.excluded.place,
        "step": func.greatest(Notification.step, row.excluded.step),
        "pushed_at": case((unread, Notification.pushed_at), else_=None),
        "read_at": None,
    }
    upsert = row.on_conflict_do_update(index_elements=["viewer_id", "kind", "subject_id"], set_=changes)
    found = (
        await session.execute(upsert.returning(Notification.id, Notification.viewer_id, Notification.pushed_at))
    ).all()
    await queue_pushes(session, kind, {each.viewer_id: (each.id, each.pushed_at) for each in found}, choices)
    await session.execute(TELL_LIVE, {"channel": CHANNEL, "viewers": [str(id) for id in told]})
    if await is_wanted(session, "notification.made"):
        for each in found:
            data = {"notification_id": each.id, "notification_kind": kind, "subject_id": subjects[each.viewer_id]}
            about = f"notification:{each.id}"
            await tell(session, "notification.made", about, now, data, people={"viewer": each.viewer_id})


async def queue_pushes(
    session: AsyncSession,
    kind: NotificationKind,
    noted: dict[UUID, tuple[UUID, datetime | None]],
    choices: dict[UUID, NotificationChoice],
) -> None:
    """Have what was noted pushed to each viewer's browsers once their quiet hours are over: what waits already is
    enough.

    Args:
        noted: by viewer, their notification, and when it was last pushed.
    """
    wanted = [id for id in noted if "push" in ways_of(kind, choices[id].changed)]
    if not wanted:
        return
    query = select(PushSubscription.id, PushSubscription.viewer_id).where(among(PushSubscription.viewer_id, wanted))
    waiting = []
    now = utc_now()
    for subscription in await session.execute(query.order_by(PushSubscription.id)):
        notification, pushed_at = noted[subscription.viewer_id]
        begin = now if pushed_at is None else max(now, pushed_at + PAUSE)
        due = push_due(choices[subscription.viewer_id], begin)
        waiting.append(
            {"id": uuid7(), "notification_id": notification, "subscription_id": subscription.id, "due_at": due}
        )
    if waiting:
        row = insert(PushDelivery).values(waiting)
        key = [PushDelivery.notification_id, PushDelivery.subscription_id]
        await session.execute(row.on_conflict_do_update(index_elements=key, set_={"renewed": True}))
