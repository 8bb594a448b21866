"""Routes whose request owns one database transaction, and Idempotency-Key on every POST.

Feature code takes ``DbSession`` and never commits. The transaction commits before the answer leaves, so what
was answered is stored; any error rolls the whole of it back. A POST that carries an ``Idempotency-Key`` has its
answer stored in that same transaction and gets it again when repeated (draft-ietf-httpapi-idempotency-key-header).
What this process remembers is up to date before a change is answered (``app.state.changes_heard``).
"""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import LargeBinary, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base, CreatedAt, Database
from .describing import describe
from .problems import IdempotencyKeyReused, Invalid

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotencyKey(Base):
    """One answered POST, by who asked and the key they chose; kept for a day."""

    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    media_type: Mapped[str | None]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)


class TransactionalRoute(APIRoute):
    """A route that runs in one transaction of ``request.app.state.database``."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        describe(self)

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            database: Database = request.app.state.database
            async with database.sessions() as session:
                request.state.session = session
                key = request.headers.get("idempotency-key") if request.method == "POST" else None
                answer = await (self._once(request, session, key, handler) if key else handler(request))
                if answer.status_code < 400:
                    changed = request.method not in SAFE and session.in_transaction()
                    await session.commit()
                    if changed:
                        await request.app.state.changes_heard()
                return answer

        return run

    async def _once(self, request: Request, session: AsyncSession, key: str, handler: Handler) -> Response:
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise Invalid("Idempotency-Key must be 1 to 255 printable characters.")
        principal = await request.app.state.principal_of(request)
        request_hash = await _hash(request)
        row = {"principal": principal, "key": key}
        # Waits here while another request with the same key is still in its transaction.
        claim = insert(IdempotencyKey).values(request_hash=request_hash, **row).on_conflict_do_nothing()
        claimed = await session.execute(claim.returning(IdempotencyKey.key))
        if claimed.first() is None:
            stored = await session.scalar(select(IdempotencyKey).filter_by(**row))
            return _replay(stored, request_hash)
        answer = await handler(request)
        if answer.status_code < 400:
            values = {
                "status": answer.status_code,
                "body": bytes(answer.body),
                "media_type": answer.media_type,
            }
            await session.execute(update(IdempotencyKey).filter_by(**row).values(**values))
        return answer


async def _hash(request: Request) -> bytes:
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(target.encode() + await request.body()).digest()


def _replay(stored: IdempotencyKey | None, request_hash: bytes) -> Response:
    if stored is None or stored.request_hash != request_hash:
        raise IdempotencyKeyReused()
    headers = {"Idempotency-Replayed": "true"}
    return Response(stored.body, stored.status or 200, headers, stored.media_type)


def request_session(request: Request) -> AsyncSession:
    """The session of the request's transaction."""
    session: AsyncSession = request.state.session
    return session


DbSession = Annotated[AsyncSession, Depends(request_session)]


async def forget_old_keys(session: AsyncSession, before: datetime) -> int:
    """Drop idempotency keys made before an instant; returns how many."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < before)
    return len((await session.scalars(old.returning(IdempotencyKey.key))).all())
