"""Who sends events: a service by its key, or a page in somebody's browser."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from fastapi import Request
from sqlalchemy import select

from groundswell.accounts.access import KeyInvalid, ScopeMissing, claims_of, find_key, hash_key, viewer_of
from groundswell.accounts.audit import Actor, tries
from groundswell.accounts.key_uses import KeyUses
from groundswell.accounts.tables import ServiceKey
from groundswell.events.traffic.client import see
from groundswell.events.traffic.verdicts import STAFF
from groundswell.events.traffic.visitors import Visitors
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.notified_cache import NotifiedCache

from .parser import Sender

SCOPE = "events:write"


class KnownKey(NamedTuple):
    """A service key that holds."""

    id: UUID
    scopes: frozenset[str]


@dataclass(frozen=True)
class Callers:
    """Tells senders apart; the scopes of keys are kept in memory until a key changes."""

    database: Database
    visitors: Visitors
    keys: NotifiedCache[KnownKey]
    uses: KeyUses

    async def sender(self, request: Request) -> Sender:
        """Who sends this request.

        Raises:
            KeyInvalid, ScopeMissing: a service key that will not do.
            TokenExpired, TokenInvalid: a viewer's token that will not do.
        """
        header = request.headers.get("authorization", "")
        if header[:11].lower() == "bearer gsk_":
            key = header[7:].strip()
            known = await self._known(key)
            if SCOPE not in known.scopes:
                await self._note(request, key)
                raise ScopeMissing(f"This needs a key with the scope {SCOPE}.")
            await self.uses.note(known.id)
            return Sender(service=True)
        return await self._page(request)

    async def _note(self, request: Request, key: str) -> None:
        """Note whose key it is that may not do this."""
        async with self.database.transaction() as session:
            row = await find_key(session, key)
        tries(request, Actor(f"key:{row.id}", row.name))

    async def _known(self, key: str) -> KnownKey:
        digest = hash_key(key)
        known = self.keys.get(digest)
        if known is None:
            generation = self.keys.generation
            async with self.database.transaction() as session:
                row = await session.scalar(select(ServiceKey).filter_by(hash=digest, revoked_at=None))
            if row is None:
                raise KeyInvalid()
            known = KnownKey(row.id, frozenset(row.scopes))
            self.keys.put(digest, known, generation, [row.id])
        return known

    async def _page(self, request: Request) -> Sender:
        claims = await claims_of(request)
        viewer_id = None
        if claims is not None:
            async with self.database.transaction() as session:
                viewer_id = (await viewer_of(session, claims)).id
        address, user_agent = request.client.host if request.client else "", request.headers.get("user-agent", "")
        seen = see(request.headers, address, await self.visitors.prepare(utc_now()))
        verdict = STAFF if claims is not None and claims.roles and seen.verdict.kind == "human" else seen.verdict
        return Sender(False, verdict, seen.visitor, viewer_id, seen.inputs, address, user_agent)
