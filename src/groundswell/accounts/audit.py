"""The audit log: who did what to whom, when and from where. Every change by staff or by a service key, in the same
transaction as the change; a key's reading, once an hour; and what was tried by who may not, as far as that is bounded.

Entries are chained: the hash of each is over the hash before it, so that none can be changed, removed or slipped in
without every later hash being wrong. The database makes the chain and refuses changes (its migration says how). Whoever
keeps the latest hash elsewhere also notices when the end is cut off.
"""

import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from fastapi import Request, Response
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.services import services_of

from .tables import AuditEntry

log = structlog.get_logger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
READ_AGAIN = timedelta(hours=1)
GENESIS = bytes(32)
"""What the first entry is chained to."""
A_BATCH = 1000
REFUSALS_AN_HOUR = 200
RECORDED = frozenset({"role_missing", "scope_missing", "service_key_invalid", "pool_exists", "same_person"})
"""Refusals that say something of whoever tries: what they may not, to divide a month twice, to pay what they funded. A
token that has expired, or no token, does not."""


@dataclass(frozen=True)
class Actor:
    """Who acts: ``viewer:<id>`` of staff, or ``key:<id>``; and what they are called."""

    id: str
    name: str


NOBODY = Actor("nobody", "")
"""Who brings a key that is none of ours, or that was revoked."""


def acts(request: Request, actor: Actor) -> None:
    """Note on ``request`` who was let in, so that what they do is recorded."""
    request.state.actor = actor


def tries(request: Request, actor: Actor) -> None:
    """Note on ``request`` who would do something that they may turn out not to be allowed."""
    request.state.trying = actor


async def record(request: Request, session: AsyncSession, answer: Response) -> None:
    """Record what the request did, when staff or a key did it, in its transaction."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None or (request.method in SAFE and not await _is_news(session, actor)):
        return
    await session.flush()
    await _write(session, request, actor, dict(request.path_params) | _made(answer), answer.status_code)


async def refused(request: Request, problem: Problem) -> None:
    """Record that staff or a service key tried what they may not, or somebody a key that is none: each once an hour
    on a route, and no more than ``REFUSALS_AN_HOUR`` by this process, so that nobody fills the log by trying."""
    actor: Actor | None = getattr(request.state, "trying", NOBODY if problem.code == "service_key_invalid" else None)
    if actor is None or problem.code not in RECORDED:
        return
    services = services_of(request)
    if not services.get_or_add(Refusals, Refusals).is_news(actor.id, _address(request), problem.code, _action(request)):
        return
    with suppress(DBAPIError, OSError):  # the refusal itself matters more
        async with services.database.transaction() as session:
            await _write(session, request, actor, {"refused": problem.code}, problem.status)


class Refusals:
    """Which refusals were recorded within the hour. It is this process's memory alone."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._seen: set[tuple[str | None, ...]] = set()

    def is_news(self, *what: str | None) -> bool:
        """Whether to record it: it is new in this hour, and the hour has not had too many."""
        if time.monotonic() - self._since > READ_AGAIN.total_seconds():
            self._since, self._seen = time.monotonic(), set()
        if what in self._seen or len(self._seen) >= REFUSALS_AN_HOUR:
            return False
        self._seen.add(what)
        if len(self._seen) == REFUSALS_AN_HOUR:
            log.warning("audit_refusals_full", why=f"{REFUSALS_AN_HOUR} in an hour; no more are recorded in it")
        return True


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


def _action(request: Request) -> str:
    return f"{request.method} {getattr(request.scope.get('route'), 'path', request.scope['path'])}"


async def _write(session: AsyncSession, request: Request, actor: Actor, subject: dict[str, Any], outcome: int) -> None:
    await _append(session, actor, _action(request), subject, _address(request), outcome)


async def note(session: AsyncSession, actor: Actor, action: str, subject: dict[str, Any]) -> None:
    """Record what no route records by itself: what a job did, or that something was looked at."""
    await session.flush()
    await _append(session, actor, action, subject, None, 200)


async def _append(
    session: AsyncSession, actor: Actor, action: str, subject: dict[str, Any], address: str | None, outcome: int
) -> None:
    now = utc_now()
    entry = {
        "at": now.isoformat(),
        "actor": actor.id,
        "name": actor.name,
        "action": action,
        "subject": subject,
        "address": address,
        "outcome": outcome,
    }
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, default=str)
    # The trigger settles everything but the entry.
    await session.execute(insert(AuditEntry).values(seq=0, entry=text, hash=GENESIS, actor=actor.id, made_at=now))


async def _is_news(session: AsyncSession, actor: Actor) -> bool:
    """Whether a key has not been seen reading for an hour. What staff look at is not recorded."""
    if not actor.id.startswith("key:"):
        return False
    latest = select(AuditEntry.made_at).filter_by(actor=actor.id).order_by(AuditEntry.seq.desc()).limit(1)
    last = await session.scalar(latest)
    return last is None or last < utc_now() - READ_AGAIN


def _made(answer: Response) -> dict[str, Any]:
    """What an answer says that it is about: the id in a JSON answer, or where a page leads."""
    if (leads := answer.headers.get("location")) is not None:
        return {"leads_to": leads[:300]}
    try:
        body = json.loads(bytes(answer.body)) if answer.media_type == "application/json" else None
    except (ValueError, AttributeError):
        return {}
    return {"made": body["id"]} if isinstance(body, dict) and isinstance(body.get("id"), str | int) else {}


def chained(before: bytes, seq: int, entry: str) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(before + f"{seq}\n".encode() + entry.encode()).digest()


class ChainBroken(Exception):
    """The audit log is not what was written: ``seq`` is the first entry that does not fit."""

    def __init__(self, seq: int, why: str) -> None:
        self.seq, self.why = seq, why
        super().__init__(f"entry {seq}: {why}")


def verify(rows: Iterable[tuple[int, str, bytes]], after: tuple[int, bytes] = (0, GENESIS)) -> tuple[int, bytes]:
    """The sequence number and hash of the last of ``rows`` (seq, entry, hash), which follow ``after``. Pure.

    Raises:
        ChainBroken: one was changed, removed or slipped in.
    """
    last, before = after
    for seq, entry, hash in rows:
        if seq != last + 1:
            raise ChainBroken(seq, f"{last + 1} is missing")
        if chained(before, seq, entry) != hash:
            raise ChainBroken(seq, "its hash does not follow from the one before")
        last, before = seq, hash
    return last, before


def verified_through(rows: Iterable[tuple[int, str, bytes]], head: bytes | None) -> tuple[int, bytes]:
    """As ``verify``, from the first entry; ``head`` is a hash that was once the latest, and must be among them. Pure.

    Raises:
        ChainBroken: an entry does not fit, or ``head`` is gone.
    """
    last, met = (0, GENESIS), head is None
    for row in rows:
        last = verify([row], last)
        met = met or row[2] == head
    if not met:
        raise ChainBroken(last[0] + 1, "the hash that was noted is not in the log: its end was cut off")
    return last


async def page_of(session: AsyncSession, limit: int, before: int | None, actor: str | None) -> Sequence[AuditEntry]:
    """Entries, the newest first: those before a sequence number, by one actor, or all."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    if actor is not None:
        query = query.where(AuditEntry.actor == actor)
    return (await session.scalars(query)).all()


async def entries(session: AsyncSession) -> AsyncIterator[AuditEntry]:
    """Every entry from the first, in batches."""
    after = 0
    while True:
        query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(A_BATCH)
        batch = (await session.scalars(query)).all()
        for row in batch:
            yield row
        if len(batch) < A_BATCH:
            return
        after = batch[-1].seq


async def verify_all(session: AsyncSession) -> tuple[int, bytes]:
    """Verify the whole log; returns how many entries there are and the latest hash.

    Raises:
        ChainBroken: it is not what was written.
    """
    last = (0, GENESIS)
    async for row in entries(session):
        last = verify([(row.seq, row.entry, row.hash)], last)
    return last


def exported(row: AuditEntry) -> str:
    """One line of an export, from which the chain can be verified elsewhere."""
    return json.dumps({"seq": row.seq, "hash": row.hash.hex(), "entry": row.entry}, ensure_ascii=False)


def read_export(lines: Iterable[str]) -> Iterator[tuple[int, str, bytes]]:
    """The entries of an export, to be verified.

    Raises:
        ChainBroken: a line is none of an export.
    """
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            yield int(row["seq"]), str(row["entry"]), bytes.fromhex(row["hash"])
        except (ValueError, KeyError, TypeError):
            raise ChainBroken(number, "this line is none of an export") from None
