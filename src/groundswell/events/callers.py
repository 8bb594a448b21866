"""Who sends events: a service by its key, or a page in somebody's browser."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy import select

from groundswell.accounts.access import KeyInvalid, ScopeMissing, claims_of, hash_key, viewer_of
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database

from .intake import Sender
from .memory import Memory
from .seeing import see
from .visitors import Visitors

SCOPE = "events:write"


@dataclass(frozen=True)
class Callers:
    """Tells senders apart; the scopes of keys are kept in memory until a key changes."""

    database: Database
    visitors: Visitors
    keys: Memory[frozenset[str]]

    async def sender(self, request: Request) -> Sender:
        """Who sends this request.

        Raises:
            KeyInvalid, ScopeMissing: a service key that will not do.
            TokenExpired, TokenInvalid: a viewer's token that will not do.
        """
        header = request.headers.get("authorization", "")
        if header[:11].lower() == "bearer gsk_":
            if SCOPE not in await self._scopes(header[7:].strip()):
                raise ScopeMissing(f"This needs a key with the scope {SCOPE}.")
            return Sender(service=True)
        return await self._page(request)

    async def _scopes(self, key: str) -> frozenset[str]:
        digest = hash_key(key)
        scopes = self.keys.get(digest)
        if scopes is None:
            age = self.keys.age
            async with self.database.transaction() as session:
                row = await session.scalar(select(ServiceKey).filter_by(hash=digest, revoked_at=None))
            if row is None:
                raise KeyInvalid()
            scopes = frozenset(row.scopes)
            self.keys.put(digest, scopes, age)
        return scopes

    async def _page(self, request: Request) -> Sender:
        claims = await claims_of(request)
        viewer_id = None
        if claims is not None:
            async with self.database.transaction() as session:
                viewer_id = (await viewer_of(session, claims)).id
        seen = see(
            request.headers, request.client.host if request.client else "", await self.visitors.prepare(utc_now())
        )
        return Sender(False, seen.verdict, seen.visitor, viewer_id, seen.inputs)
