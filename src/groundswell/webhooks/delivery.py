"""Delivering: what is due for one endpoint, many at once, those of one subject one after another.

One worker at a time delivers to an endpoint: it holds a lock of the database's, which is given back when it is killed.
What it has sent and not yet noted by then is sent once more. What was not taken is tried again by the schedule, and
keeps back what follows of its subject, and of no other. Memory holds one batch, however much waits.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpcore
from sqlalchemy import ARRAY, BigInteger, DateTime, Integer, String, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook

from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.platform.locks import Lock, held
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .message import asked_pause, body_of, headers_of
from .schedule import RESTS_AFTER, next_attempt, rest
from .secret_box import SecretUnreadable, signer
from .sender import UNREACHABLE, MessageSender, senders
from .tables import WebhookEndpoint

BATCH = 256
GONE = 410

DUE = text("""
SELECT d.id, d.subject, d.attempts, m.id AS message, m.kind, m.at, m.data, m.people
FROM webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id
WHERE d.endpoint_id = :endpoint AND d.status = 'waiting' AND d.due_at <= :now
ORDER BY d.due_at, d.id LIMIT :most
""")
FIRST = text("""
SELECT s.subject, first.id, first.due_at FROM unnest(:subjects) AS s (subject) CROSS JOIN LATERAL (
    SELECT d.id, d.due_at FROM webhook_deliveries d
    WHERE d.endpoint_id = :endpoint AND d.subject = s.subject AND d.status = 'waiting' ORDER BY d.id LIMIT 1
) first
""").bindparams(bindparam("subjects", type_=ARRAY(String)))
AFTER = text("""
UPDATE webhook_deliveries d SET due_at = w.due_at FROM unnest(:subjects, :dues) AS w (subject, due_at)
WHERE d.endpoint_id = :endpoint AND d.subject = w.subject AND d.status = 'waiting' AND d.due_at < w.due_at
""").bindparams(bindparam("subjects", type_=ARRAY(String)), bindparam("dues", type_=ARRAY(DateTime(timezone=True))))
NOTE = text("""
UPDATE webhook_deliveries d SET status = n.status, due_at = n.due_at, attempts = d.attempts + 1, tried_at = n.tried_at,
    took_ms = n.took_ms, answer_status = n.answer_status, problem = n.problem
FROM unnest(:ids, :statuses, :dues, :tried, :took, :answers, :problems)
    AS n (id, status, due_at, tried_at, took_ms, answer_status, problem)
WHERE d.id = n.id
""").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("statuses", type_=ARRAY(String)),
    bindparam("dues", type_=ARRAY(DateTime(timezone=True))),
    bindparam("tried", type_=ARRAY(DateTime(timezone=True))),
    bindparam("took", type_=ARRAY(Integer)),
    bindparam("answers", type_=ARRAY(Integer)),
    bindparam("problems", type_=ARRAY(String)),
)
DROP = text("UPDATE webhook_deliveries SET status = 'dropped' WHERE endpoint_id = :endpoint AND status = 'waiting'")


@dataclass(frozen=True)
class DueMessage:
    """A message that is to be sent now. ``data`` names people as the service does."""

    id: int
    subject: str
    attempts: int
    message: UUID
    kind: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class DeliveryAttempt:
    """What became of one attempt; ``problem`` is None where it was taken."""

    due: DueMessage
    at: datetime
    took_ms: int
    status: int | None
    problem: str | None
    asked: timedelta | None = None


async def deliver(database: Database, settings: Settings, endpoint_id: UUID, seconds: float) -> bool:
    """Deliver what is due for one endpoint, for ``seconds`` at most; says whether there is more. Where another worker
    does already, nothing is done."""
    until = time.monotonic() + seconds
    async with await database.connect(autocommit=True) as connection:
        async with held(connection, Lock.WEBHOOK, endpoint_id, wait=False) as mine:
            if not mine:
                return False
            async with senders(settings) as workers:
                while time.monotonic() < until:
                    if not await _deliver_some(database, settings, endpoint_id, workers):
                        return False
    return True


async def _deliver_some(
    database: Database, settings: Settings, endpoint_id: UUID, workers: list[MessageSender]
) -> bool:
    """Deliver a batch; False when nothing more is due, or the receiver is to be left alone."""
    now = utc_now()
    async with database.transaction() as session:
        endpoint = await session.get(WebhookEndpoint, endpoint_id)
        if endpoint is None or endpoint.status != "on" or (endpoint.rests_until or now) > now:
            return False
        chains = await _chains(session, endpoint_id, now)
    if chains is None:
        return False
    if not chains:
        return True
    attempts = await Round(endpoint, _signers(settings, endpoint, now), workers).run(chains)
    async with database.transaction() as session:
        return await _note(session, endpoint_id, attempts)


def _signers(settings: Settings, endpoint: WebhookEndpoint, now: datetime) -> list[Webhook] | None:
    """A signer for each secret that holds; None where they cannot be read any more."""
    sealed = [endpoint.secret]
    if endpoint.secret_before is not None and (endpoint.secret_before_until or now) > now:
        sealed.append(endpoint.secret_before)
    try:
        return [signer(settings, each) for each in sealed]
    except SecretUnreadable:
        return None


async def _chains(session: AsyncSession, endpoint_id: UUID, now: datetime) -> list[list[DueMessage]] | None:
    """What is due, by subject, each from the first that waits of it; None: nothing is due. What has to wait for one
    before it that is not due yet is made due when that is."""
    rows = (await session.execute(DUE, {"endpoint": endpoint_id, "now": now, "most": BATCH})).all()
    if not rows:
        return None
    called = await _called(session, [row.people for row in rows])
    by_subject: dict[str, list[DueMessage]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        data = row.data | {field: called.get(viewer) for field, viewer in row.people.items()}
        due = DueMessage(row.id, row.subject, row.attempts, row.message, row.kind, row.at, data)
        by_subject.setdefault(row.subject, []).append(due)
    firsts = await session.execute(FIRST, {"endpoint": endpoint_id, "subjects": list(by_subject)})
    kept_back: dict[str, datetime] = {}
    for subject, first, due_at in firsts:
        if by_subject[subject][0].id != first:
            del by_subject[subject]
            kept_back[subject] = max(due_at, now)
    await _put_off(session, endpoint_id, kept_back)
    return list(by_subject.values())


async def _called(session: AsyncSession, people: Sequence[dict[str, str]]) -> dict[str, str]:
    """What the service calls the viewers that messages name."""
    ids = {UUID(viewer) for named in people for viewer in named.values()}
    if not ids:
        return {}
    rows = await session.execute(select(Viewer.id, Viewer.subject).where(among(Viewer.id, ids)))
    return {str(id): subject for id, subject in rows}


async def _put_off(session: AsyncSession, endpoint_id: UUID, dues: dict[str, datetime]) -> None:
    if dues:
        named = {"subjects": list(dues), "dues": list(dues.values())}
        await session.execute(AFTER, {"endpoint": endpoint_id, **named})


class Round:
    """One batch on its way to one endpoint. Once it has failed a few times running, the rest stays for later."""

    def __init__(self, endpoint: WebhookEndpoint, signers: list[Webhook] | None, workers: list[MessageSender]) -> None:
        self._address, self._failures = endpoint.address, endpoint.failures
        self._signers, self._workers = signers, workers
        self._attempts: list[DeliveryAttempt] = []
        self._over = False

    async def run(self, chains: list[list[DueMessage]]) -> list[DeliveryAttempt]:
        """The attempts that were made, of each chain up to the first that was not taken."""
        waiting = iter(chains)

        async def work(sender: MessageSender) -> None:
            for chain in waiting:
                await self._follow(chain, sender)
                if self._over:
                    return

        async with asyncio.TaskGroup() as group:
            for sender in self._workers[: len(chains)]:
                group.create_task(work(sender))
        return self._attempts

    async def _follow(self, chain: list[DueMessage], sender: MessageSender) -> None:
        for due in chain:
            if self._over:
                return
            attempt = await self._send(due, sender)
            self._attempts.append(attempt)
            self._failures = 0 if attempt.problem is None else self._failures + 1
            self._over = attempt.status == GONE or self._failures >= RESTS_AFTER
            if attempt.problem is not None:
                return

    async def _send(self, due: DueMessage, sender: MessageSender) -> DeliveryAttempt:
        at, began = utc_now(), time.monotonic()
        if self._signers is None:
            return DeliveryAttempt(due, at, 0, None, SecretUnreadable.code)
        body = body_of(due.kind, due.at, due.data)
        status, problem, asked = None, None, None
        try:
            headers = headers_of(due.message, body, self._signers, at)
            status, retry_after = await sender.post(self._address, body, headers)
            asked = asked_pause(retry_after, at)
            problem = None if 200 <= status < 300 else f"http_{status}"
        except (TimeoutError, httpcore.TimeoutException):
            problem = "timed_out"
        except Problem as refused:
            problem = refused.code
        except UNREACHABLE as error:
            problem = f"unreachable ({type(error).__name__})"
        return DeliveryAttempt(due, at, int((time.monotonic() - began) * 1000), status, problem, asked)


async def _note(session: AsyncSession, endpoint_id: UUID, attempts: list[DeliveryAttempt]) -> bool:
    """Note what became of each, and how the endpoint is; says whether to go on."""
    now = utc_now()
    dues = {each.due.id: next_attempt(each.due.attempts + 1, now, each.asked) for each in attempts if each.problem}
    named = {
        "ids": [each.due.id for each in attempts],
        "statuses": [_status(each, dues) for each in attempts],
        "dues": [dues.get(each.due.id) or each.at for each in attempts],
        "tried": [each.at for each in attempts],
        "took": [each.took_ms for each in attempts],
        "answers": [each.status for each in attempts],
        "problems": [each.problem for each in attempts],
    }
    await session.execute(NOTE, named)
    await _put_off(session, endpoint_id, {each.due.subject: due for each in attempts if (due := dues.get(each.due.id))})
    endpoint = await session.get(WebhookEndpoint, endpoint_id, with_for_update=True)
    if endpoint is None:
        return False
    for each in attempts:
        endpoint.failures = 0 if each.problem is None else endpoint.failures + 1
        endpoint.reached_at = each.at if each.problem is None else endpoint.reached_at
    endpoint.rests_until = rest(endpoint.failures, now)
    if any(each.status == GONE for each in attempts):
        endpoint.status = "gone"
        await session.execute(DROP, {"endpoint": endpoint_id})
    return endpoint.rests_until is None and endpoint.status == "on"


def _status(attempt: DeliveryAttempt, dues: dict[int, datetime | None]) -> str:
    if attempt.problem is None:
        return "delivered"
    if attempt.status == GONE:
        return "dropped"
    return "failed" if dues[attempt.due.id] is None else "waiting"
