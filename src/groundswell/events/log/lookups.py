"""What an event points at: shares, moments, titles and viewers, by the names that callers use for them.

Rows are never deleted and what is kept of them here never changes, so a name once resolved stays in memory.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.events.event import copy_place
from groundswell.moments.tables import Moment
from groundswell.platform.database import Database, among
from groundswell.platform.signatures import Secrets, verified
from groundswell.shares.tables import Share

NAMES_MAX = 200_000


class EventPlace(NamedTuple):
    """Where in the loop an event happened. ``columns`` is the same, ready for COPY."""

    share_id: UUID | None
    moment_id: UUID | None
    title_id: UUID | None
    channel: str | None
    columns: str


def place(
    share_id: UUID | None, moment_id: UUID | None, title_id: UUID | None, channel: str | None = None
) -> EventPlace:
    return EventPlace(share_id, moment_id, title_id, channel, copy_place(share_id, moment_id, title_id))


NOWHERE = place(None, None, None)


class References:
    """Resolves names of one service.

    Args:
        secrets: what signs share tokens, and did before.
        issuer: whose subjects viewers are.
    """

    def __init__(self, database: Database, secrets: Secrets, issuer: str) -> None:
        self.database, self.secrets, self.issuer = database, secrets, issuer
        self.shares: dict[str, EventPlace] = {}
        self.moments: dict[str, EventPlace] = {}
        self.titles: dict[str, EventPlace] = {}
        self.viewers: dict[str, UUID] = {}

    async def learn(
        self, shares: Iterable[str], moments: Iterable[str], titles: Iterable[str], viewers: Iterable[str]
    ) -> None:
        """Look up the names that are not known yet; those that exist are in the dictionaries afterwards.

        A share is named by its token or id, a moment by its code or id, a title by its slug or id, a viewer by the
        service's own id.
        """
        new_shares, new_moments = set(shares) - self.shares.keys(), set(moments) - self.moments.keys()
        new_titles, new_viewers = set(titles) - self.titles.keys(), set(viewers) - self.viewers.keys()
        if not (new_shares or new_moments or new_titles or new_viewers):
            return
        for known in (self.shares, self.moments, self.titles, self.viewers):
            if len(known) > NAMES_MAX:
                known.clear()
        async with self.database.transaction() as session:
            await self._learn_shares(session, new_shares)
            await self._learn_moments(session, new_moments)
            await self._learn_titles(session, new_titles)
            await self._learn_viewers(session, new_viewers)

    async def _learn_shares(self, session: AsyncSession, names: set[str]) -> None:
        codes = {code: name for name in names if (code := verified(self.secrets, "share", name)) is not None}
        if not names:
            return
        query = select(Share.id, Share.code, Share.moment_id, Moment.title_id, Share.channel)
        query = query.join(Moment, Moment.id == Share.moment_id).where(_named(Share.id, Share.code, names, codes))
        for id, code, moment_id, title_id, channel in await session.execute(query):
            found = place(id, moment_id, title_id, channel)
            for name in {codes.get(code), str(id)} & names:
                self.shares[str(name)] = found

    async def _learn_moments(self, session: AsyncSession, names: set[str]) -> None:
        if not names:
            return
        query = select(Moment.id, Moment.code, Moment.title_id)
        for id, code, title_id in await session.execute(query.where(_named(Moment.id, Moment.code, names, names))):
            for name in {code, str(id)} & names:
                self.moments[name] = place(None, id, title_id)

    async def _learn_titles(self, session: AsyncSession, names: set[str]) -> None:
        if not names:
            return
        query = select(Title.id, Title.slug).where(_named(Title.id, Title.slug, names, names))
        for id, slug in await session.execute(query):
            for name in {slug, str(id)} & names:
                self.titles[name] = place(None, None, id)

    async def _learn_viewers(self, session: AsyncSession, names: set[str]) -> None:
        if not names:
            return
        query = select(Viewer.id, Viewer.subject).where(Viewer.issuer == self.issuer, among(Viewer.subject, names))
        self.viewers |= {subject: id for id, subject in await session.execute(query)}


def _named(
    id: InstrumentedAttribute[UUID], name: InstrumentedAttribute[str], names: Iterable[str], codes: Iterable[str]
) -> ColumnElement[bool]:
    return or_(among(name, list(codes)), among(id, [UUID(text) for text in names if _is_uuid(text)]))


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
