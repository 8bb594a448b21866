"""Where links lead, kept in memory while nothing about them changes (``memory.py`` forgets them when it does)."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from groundswell.moments.availability import Audience
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.shares.links import LinkExpired, resolve, share_url

from .memory import Memory
from .references import Place, place

AT_THE_SERVICE = Audience(viewer_id=UUID(int=0))
"""Who goes to the title is judged as a member: who may watch it is for the service to say, at its own door."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a link leads. ``start`` and ``after`` are the title at the moment's first and at its last second."""

    place: Place
    start: str
    after: str
    landing: str
    expires_at: datetime | None


class Destinations:
    """Where links lead."""

    def __init__(self, database: Database, settings: Settings, memory: Memory[Destination]) -> None:
        self.database, self.settings, self.memory = database, settings, memory

    def known(self, token: str, now: datetime) -> Destination | None:
        """Where ``token`` leads now, when that is in memory."""
        found = self.memory.get(token)
        return None if found is None or (found.expires_at is not None and found.expires_at <= now) else found

    async def find(self, token: str, now: datetime) -> Destination:
        """Where ``token`` leads now.

        Raises:
            Problem: it leads nowhere (``shares.links.resolve`` says why).
        """
        found = self.memory.get(token)
        if found is None:
            found = await self._resolve(token)
        if found.expires_at is not None and found.expires_at <= now:
            raise LinkExpired()
        return found

    async def _resolve(self, token: str) -> Destination:
        age = self.memory.age
        async with self.database.transaction() as session:
            resolved = await resolve(session, self.settings, token, AT_THE_SERVICE)
        share, moment, title = resolved.share, resolved.moment, resolved.title
        watch = f"{self.settings.service_home}/watch/{quote(title.slug)}?t="
        found = Destination(
            place=place(share.id, moment.id, title.id, share.channel),
            start=f"{watch}{moment.start_us // US_PER_SECOND}",
            after=f"{watch}{moment.end_us // US_PER_SECOND}",
            landing=share_url(self.settings, token),
            expires_at=share.expires_at,
        )
        self.memory.put(token, found, age, [share.id, moment.id, title.id, moment.viewer_id])
        return found
