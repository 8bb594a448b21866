"""Where links lead, kept in memory while nothing about them changes (``memory.py`` forgets them when it does)."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from groundswell.moments.availability import Audience
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.shares.links import holds_until, resolve, share_url

from .memory import Memory
from .references import Place, place

AT_THE_SERVICE = Audience(viewer_id=UUID(int=0))
"""Who goes to the title is judged as a member: who may watch it is for the service to say, at its own door."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a link leads. ``start`` and ``after`` are the title at the moment's first and at its last second;
    ``holds_until`` is when that may change without anybody changing anything."""

    place: Place
    start: str
    after: str
    landing: str
    holds_until: datetime | None


class Destinations:
    """Where links lead."""

    def __init__(self, database: Database, settings: Settings, memory: Memory[Destination]) -> None:
        self.database, self.settings, self.memory = database, settings, memory
        self._resolving: dict[tuple[str, int], asyncio.Task[Destination]] = {}

    def known(self, token: str, now: datetime) -> Destination | None:
        """Where ``token`` leads now, when that is in memory."""
        found = self.memory.get(token)
        return None if found is None or (found.holds_until is not None and found.holds_until <= now) else found

    async def find(self, token: str, now: datetime) -> Destination:
        """Where ``token`` leads now.

        Raises:
            Problem: it leads nowhere (``shares.links.resolve`` says why).
        """
        return self.known(token, now) or await self._resolve_once(token)

    async def _resolve_once(self, token: str) -> Destination:
        """What one look-up finds, for all who ask while it goes on and nothing has changed: a link that everybody
        follows would else be looked up by everybody when it is forgotten."""
        if not self.memory.listening:
            return await self._resolve(token)
        question = (token, self.memory.age)
        resolving = self._resolving.get(question)
        if resolving is None:
            resolving = self._resolving[question] = asyncio.create_task(self._resolve(token))
            resolving.add_done_callback(lambda done: self._resolved(question, done))
        return await asyncio.shield(resolving)

    def _resolved(self, question: tuple[str, int], done: "asyncio.Task[Destination]") -> None:
        del self._resolving[question]
        if not done.cancelled():
            done.exception()  # those who asked have it, if any are left

    async def _resolve(self, token: str) -> Destination:
        age, asked_at = self.memory.age, utc_now()
        async with self.database.transaction() as session:
            resolved = await resolve(session, self.settings, token, AT_THE_SERVICE)
            until = await holds_until(session, resolved, asked_at)
        share, moment, title = resolved.share, resolved.moment, resolved.title
        watch = f"{self.settings.service_home}/watch/{quote(title.slug)}?t="
        found = Destination(
            place=place(share.id, moment.id, title.id, share.channel),
            start=f"{watch}{moment.start_us // US_PER_SECOND}",
            after=f"{watch}{moment.end_us // US_PER_SECOND}",
            landing=share_url(self.settings, token),
            holds_until=until,
        )
        self.memory.put(token, found, age, [share.id, moment.id, title.id, moment.viewer_id])
        return found
