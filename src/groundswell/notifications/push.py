"""Pushing: what is due is rendered, encrypted to the browser (RFC 8291), signed (RFC 8292), and posted (RFC 8030).

A delivery is put off before it is sent and gone once it was, each in a transaction of its own. Killed in between, it is
sent once more: under the same topic, by which a push service replaces what it still holds, and the same ``id``, by
which our service worker shows it once. Memory holds one batch, however much waits.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import http_ece
import httpcore
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.accounts.viewers import viewers_among
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.platform.ids import base64url
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.speech import Speech, speech_of
from groundswell.webhooks.message import asked_pause
from groundswell.webhooks.schedule import next_attempt
from groundswell.webhooks.sender import UNREACHABLE, MessageSender, senders

from .choices import choices_of, push_due
from .groups import PAUSE
from .inbox import EXCERPT, InboxItem, shown
from .kinds import ways_of
from .tables import Notification, PushDelivery, PushSubscription
from .vapid import authorization
from .wording import sentence

BATCH = 64
LEASE = timedelta(minutes=2)
"""How long a batch may take; whoever was killed is followed after it."""
HELD_S = 24 * 3600
"""Seconds for which a push service keeps a message for a browser that is off."""
GONE = frozenset({404, 410})


@dataclass(frozen=True)
class PushMessage:
    """A message that is ready to be sent: by its delivery, whose turn it is, where it goes."""

    delivery: UUID
    turn: int
    attempts: int
    notification: UUID
    viewer: UUID
    subscription: UUID
    endpoint: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class PushResult:
    """What became of a message: sent, gone for good (its browser too), or to be tried again."""

    message: PushMessage
    sent: bool = False
    gone: bool = False
    pause: timedelta | None = None


async def push_all_due(database: Database, settings: Settings, seconds: float) -> bool:
    """Push what is due, for some seconds; whether there may be more."""
    begun = time.monotonic()
    async with senders(settings) as lines:
        while time.monotonic() - begun < seconds:
            messages, looked_at = await _claim(database, settings)
            await _settle(database, await _sent(lines, messages))
            if not looked_at:
                return False
    return True


async def _claim(database: Database, settings: Settings) -> tuple[list[PushMessage], int]:
    """The next messages, put off until they must have been sent; and how many deliveries were looked at. What has
    nothing to say any more is dropped, what is quiet now waits until it is not."""
    now = utc_now()
    async with database.transaction() as session:
        due = select(PushDelivery, PushSubscription, Notification)
        due = due.join(PushSubscription, PushSubscription.id == PushDelivery.subscription_id)
        due = due.join(Notification, Notification.id == PushDelivery.notification_id)
        due = due.where(PushDelivery.due_at <= now).order_by(PushDelivery.due_at, PushDelivery.id).limit(BATCH)
        rows = (await session.execute(due.with_for_update(of=PushDelivery, skip_locked=True))).all()
        viewers = await viewers_among(session, {row.Notification.viewer_id for row in rows})
        choices = await choices_of(session, list(viewers))
        items = await _items(session, viewers, [row.Notification for row in rows])
        messages, dropped = [], []
        for delivery, subscription, notification in rows:
            choice = choices[notification.viewer_id]
            item = items.get(notification.id)
            wanted = "push" in ways_of(notification.kind, choice.changed) and notification.read_at is None
            signed = authorization(settings, subscription.vapid_key, subscription.endpoint, now)
            if item is None or not wanted or signed is None:
                dropped.append(delivery.id)
            elif (later := push_due(choice, now)) > now:
                delivery.due_at = later
            else:
                delivery.due_at, delivery.renewed = now + LEASE, False
                speech = await speech_of(choice.language)
                text = payload(item, speech, settings, f"{delivery.id}-{delivery.turn}")
                messages.append(_message(delivery, subscription, notification, text, signed))
        await session.flush()
        await session.execute(delete(PushDelivery).where(among(PushDelivery.id, dropped)))
    return messages, len(rows)


async def _items(
    session: AsyncSession, viewers: dict[UUID, Viewer], rows: Sequence[Notification]
) -> dict[UUID, InboxItem]:
    found: dict[UUID, InboxItem] = {}
    for id, viewer in viewers.items():
        mine = {row.id: row for row in rows if row.viewer_id == id}
        found |= {item.id: item for item in await shown(session, viewer, None, list(mine.values()))}
    return found


def payload(item: InboxItem, speech: Speech, settings: Settings, id: str) -> bytes:
    """What the service worker shows: in one line what happened, and below it whose words it is about."""
    document = {
        "id": id,
        "tag": str(item.id),
        "title": sentence(item, speech)[:300],
        "body": item.words[:EXCERPT],
        "url": settings.base_url.rstrip("/") + item.path,
        "lang": speech.language,
        "dir": speech.direction,
        "sender": settings.service_name[:80],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _message(
    delivery: PushDelivery, subscription: PushSubscription, notification: Notification, text: bytes, signed: str
) -> PushMessage:
    body = http_ece.encrypt(
        text,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=subscription.p256dh,
        auth_secret=subscription.auth,
        version="aes128gcm",
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "Authorization": signed,
        "TTL": str(HELD_S),
        "Urgency": "normal",
        "Topic": base64url(delivery.id.bytes).rstrip("="),
    }
    return PushMessage(
        delivery.id,
        delivery.turn,
        delivery.attempts,
        notification.id,
        notification.viewer_id,
        subscription.id,
        subscription.endpoint,
        body,
        headers,
    )


async def _sent(lines: Sequence[MessageSender], messages: Sequence[PushMessage]) -> list[PushResult]:
    """Send all over the lines that there are, each taking the next."""
    waiting, results = iter(messages), []

    async def work(line: MessageSender) -> None:
        for message in waiting:
            results.append(await _post(line, message))

    await asyncio.gather(*(work(line) for line in lines[: len(messages)]))
    return results


async def _post(line: MessageSender, message: PushMessage) -> PushResult:
    try:
        status, pause = await line.post(message.endpoint, message.body, message.headers)
    except (Problem, TimeoutError, httpcore.TimeoutException, *UNREACHABLE):
        return PushResult(message)
    if 200 <= status < 300:
        return PushResult(message, sent=True)
    return PushResult(message, gone=status in GONE, pause=asked_pause(pause, utc_now()))


async def _settle(database: Database, results: Sequence[PushResult]) -> None:
    """Note what became of messages."""
    if not results:
        return
    now = utc_now()
    async with database.transaction() as session:
        sent = {each.message.notification for each in results if each.sent}
        locked = (
            select(Notification.id)
            .where(among(Notification.id, sent))
            .order_by(Notification.viewer_id, Notification.id)
        )
        await session.execute(locked.with_for_update())  # in the order of ``groups.note``
        await session.execute(update(Notification).where(among(Notification.id, sent)).values(pushed_at=now))
        over = [each for each in results if each.sent or _again(each, now) is None]
        done = [each.message.delivery for each in over]
        await session.execute(delete(PushDelivery).where(among(PushDelivery.id, done), ~PushDelivery.renewed))
        renewed = {"turn": PushDelivery.turn + 1, "renewed": False, "attempts": 0, "due_at": now + PAUSE}
        await session.execute(update(PushDelivery).where(among(PushDelivery.id, done)).values(renewed))
        for each in results:
            if each not in over:
                values = {"attempts": each.message.attempts + 1, "due_at": _again(each, now)}
                await session.execute(update(PushDelivery).filter_by(id=each.message.delivery).values(values))
        failed = [each.message.subscription for each in results if not each.sent and not each.gone]
        more = {"failures": PushSubscription.failures + 1}
        await session.execute(update(PushSubscription).where(among(PushSubscription.id, failed)).values(more))
        reached = [each.message.subscription for each in results if each.sent]
        again = update(PushSubscription).where(among(PushSubscription.id, reached), PushSubscription.failures > 0)
        await session.execute(again.values(failures=0))
        gone = [each.message.subscription for each in results if each.gone]
        await session.execute(delete(PushSubscription).where(among(PushSubscription.id, gone)))


def _again(result: PushResult, now: datetime) -> datetime | None:
    """When a message that was not taken is tried again; None: no more."""
    return None if result.gone else next_attempt(result.message.attempts + 1, now, result.pause)
