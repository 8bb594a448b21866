"""Routes whose request owns one database transaction, and Idempotency-Key on every POST.

Feature code takes ``DbSession`` and never commits. The transaction commits before the answer leaves, so what
was answered is stored; any error rolls the whole of it back. A POST that carries an ``Idempotency-Key`` has its
answer stored in that same transaction and gets it again when repeated (draft-ietf-httpapi-idempotency-key-header).
An answer that says ``Cache-Control: no-store``, as each does that holds a secret, is stored encrypted.
What this process remembers is up to date before a change is answered (``ChangesHeard``).
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import ARRAY, LargeBinary, String, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from starlette._utils import get_route_path
from starlette.routing import Match
from starlette.types import Scope

from .database import Base, CreatedAt
from .openapi_security import describe, power_of
from .problems import AnswerUnreadable, IdempotencyKeyReused, Invalid, Problem
from .secret_box import SealedUnderAnother, seal, unseal
from .services import services_of
from .settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PURPOSE = "stored answers"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Principals:
    """The service that names the caller of a request, alike for every request of theirs (scopes idempotency keys)."""

    principal_of: Callable[[Request], Awaitable[str]]
    require_still: Callable[[Request, str], Awaitable[None]] | None = None
    """Refuses whoever no longer has the power that a route asks for."""


@dataclass(frozen=True)
class AuditTrail:
    """The service that records what a request did, in its transaction, before it is answered; and what was refused to
    whoever may not do it, when that transaction has been rolled back."""

    record: Callable[[Request, AsyncSession, Response], Awaitable[None]]
    refused: Callable[[Request, Problem], Awaitable[None]]


@dataclass(frozen=True)
class ChangesHeard:
    """The service that returns once this process's caches know every change committed before the call."""

    wait: Callable[[], Awaitable[None]]


REPLAYED = "Idempotency-Replayed"


class IdempotencyKey(Base):
    """One answered POST, by who asked and the key they chose; kept for a day (``ANSWERS_LAST``).

    ``principal`` is a keyed hash where nobody is signed in: no address is kept. The ``body`` is ``sealed``
    (``secret_box``) where the answer was not to be stored by anybody who passes it on.
    """

    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    media_type: Mapped[str | None]
    sealed: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[CreatedAt] = mapped_column(index=True)


class TransactionalRoute(APIRoute):
    """A route that runs in one transaction of the application's database."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        describe(self)
        self.power = power_of(self)
        self.begins = self.path_format.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As ``APIRoute`` has it; most of some six hundred routes are told apart by how their path begins, for a tenth
        of what an expression takes."""
        if not get_route_path(scope).startswith(self.begins):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            try:
                return await in_transaction(request)
            except Problem as problem:
                if (trail := services_of(request).find(AuditTrail)) is not None:
                    await trail.refused(request, problem)
                raise

        async def in_transaction(request: Request) -> Response:
            services = services_of(request)
            async with services.database.sessions() as session:
                request.state.session = session
                key = request.headers.get("idempotency-key") if request.method == "POST" else None
                answer = await (self._once(request, session, key, handler) if key else handler(request))
                if answer.status_code < 400:
                    trail = services.find(AuditTrail)
                    if trail is not None and REPLAYED not in answer.headers:  # what is answered again is not done again
                        await trail.record(request, session, answer)
                    changed = request.method not in SAFE and session.in_transaction()
                    await session.commit()
                    if changed:
                        await services.get(ChangesHeard).wait()
                return answer

        return run

    async def _once(self, request: Request, session: AsyncSession, key: str, handler: Handler) -> Response:
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise Invalid("Idempotency-Key must be 1 to 255 printable characters.")
        principals = services_of(request).get(Principals)
        principal = await principals.principal_of(request)
        request_hash = await _hash(request)
        row = {"principal": principal, "key": key}
        # Waits here while another request with the same key is still in its transaction.
        claim = insert(IdempotencyKey).values(request_hash=request_hash, **row).on_conflict_do_nothing()
        claimed = await session.execute(claim.returning(IdempotencyKey.key))
        if claimed.first() is None:
            if self.power is not None and principals.require_still is not None:
                await principals.require_still(request, self.power)
            stored = await session.scalar(select(IdempotencyKey).filter_by(**row))
            return _replay(stored, request_hash, services_of(request).settings)
        answer = await handler(request)
        if answer.status_code < 400:
            body, sealed = bytes(answer.body), is_secret(answer)
            values = {
                "status": answer.status_code,
                "body": seal(services_of(request).settings, PURPOSE, body) if sealed else body,
                "media_type": answer.media_type,
                "sealed": sealed,
            }
            await session.execute(update(IdempotencyKey).filter_by(**row).values(**values))
        return answer


async def _hash(request: Request) -> bytes:
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(target.encode() + await request.body()).digest()


def is_secret(answer: Response) -> bool:
    """Whether an answer is not to be kept by whoever passes it on, so that we keep it encrypted."""
    return "no-store" in answer.headers.get("cache-control", "").lower()


def _replay(stored: IdempotencyKey | None, request_hash: bytes, settings: Settings) -> Response:
    if stored is None or stored.request_hash != request_hash:
        raise IdempotencyKeyReused()
    headers, body = {REPLAYED: "true"}, stored.body
    if stored.sealed and body is not None:
        headers["Cache-Control"] = "no-store"
        try:
            body = unseal(settings, PURPOSE, body)
        except SealedUnderAnother:
            raise AnswerUnreadable() from None
    return Response(body, stored.status or 200, headers, stored.media_type)


def request_session(request: Request) -> AsyncSession:
    """The session of the request's transaction."""
    session: AsyncSession = request.state.session
    return session


DbSession = Annotated[AsyncSession, Depends(request_session)]


ANSWERS_LAST = timedelta(days=1)
"""How long a POST can be repeated under its key."""


MENTIONING = text("""
UPDATE idempotency_keys SET body = NULL, media_type = NULL
WHERE EXISTS (SELECT FROM unnest(:words) word WHERE position(convert_to(word, 'UTF8') IN body) > 0)
""").bindparams(bindparam("words", type_=ARRAY(String)))


async def forget_answers_to(session: AsyncSession, principal: str) -> None:
    """Drop the answers that were stored for ``principal``."""
    await session.execute(delete(IdempotencyKey).filter_by(principal=principal))


async def forget_mentions(session: AsyncSession, *values: str) -> None:
    """Empty the stored answers, whoever's, that have one of ``values`` as a value. They stay answered: what was asked
    for is not done again when it is repeated. Looks through all that is stored, which is a day's.
    """
    words = [json.dumps(value, ensure_ascii=False) for value in values if value]
    await session.execute(MENTIONING, {"words": words})


async def forget_old_keys(session: AsyncSession, before: datetime) -> int:
    """Drop idempotency keys made before an instant; returns how many."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < before)
    return len((await session.scalars(old.returning(IdempotencyKey.key))).all())
