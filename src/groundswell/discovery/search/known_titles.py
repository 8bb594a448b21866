"""What of which titles may be played to whoever asks, kept in memory: a search meets hundreds of titles, and most of
what it would ask of each is what it asked before.

A title's facts and the rules that speak of it are looked up once and kept until a notification says that one of them
changed (``platform/notified_cache.py``), as where links lead is. What is not there, or is kept from all, is looked up
each time.
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Source, Title
from groundswell.moments.availability import Audience
from groundswell.platform.database import PreparedStatement
from groundswell.platform.notified_cache import NotifiedCache
from groundswell.trust.decisions import kept_from_all
from groundswell.trust.policy import AllowedSpans, PolicyRequest, decide_all
from groundswell.trust.rulebook import FACTS, FactsRow, facts_in, written_rulebook
from groundswell.trust.rules import RuleBook, TitleFacts

THERE = PreparedStatement(
    select(*FACTS)
    .join(Source, Source.id == Title.current_source_id)
    .where(Title.id == any_(bindparam("titles", [], type_=ARRAY(Uuid))), Title.withdrawn_at.is_(None))
    .where(Source.status == "ready", ~kept_from_all("title", Title.id))
)
"""The titles that are there, and that no decision keeps from all."""

AUDIENCES_MAX = 100
TITLE_BYTES = 4_096
"""What a title takes in memory, about, with what was decided of it."""

Kind = tuple[str | None, bool, bool, bool]
"""What of an audience rights look at: its territory, whether it is a child's profile, has advertising, is signed in."""


class KnownTitle:
    """A title that is there, and the rules that speak of it."""

    def __init__(self, facts: TitleFacts, book: RuleBook) -> None:
        self.facts, self.book = facts, book
        self._allowed: dict[Kind, tuple[datetime | None, AllowedSpans]] = {}

    @property
    def released_on(self) -> date | None:
        return self.facts.released_on

    def allowed(self, kind: Kind, at: datetime) -> AllowedSpans:
        """What of it may be played to an audience at an instant that is now. Decided once, until time alone may change
        it."""
        kept = self._allowed.get(kind)
        if kept is None or (kept[0] is not None and kept[0] <= at):
            territory, kids, ad_tier, member = kind
            request = PolicyRequest(self.facts, 0, 0, at, territory, kids, ad_tier, member)
            if len(self._allowed) >= AUDIENCES_MAX:
                self._allowed.clear()
            kept = self.book.next_change(self.facts, at), decide_all(self.book, request, "play")
            self._allowed[kind] = kept
        return kept[1]


def kind_of(audience: Audience) -> Kind:
    """What rights look at."""
    return audience.territory, audience.kids, audience.ad_tier, audience.viewer_id is not None


class KnownTitles:
    """Titles by id. ``known`` has to be kept true by a listener; while nobody listens, nothing is kept."""

    def __init__(self) -> None:
        self.known: NotifiedCache[KnownTitle] = NotifiedCache(weigh=lambda _: TITLE_BYTES)

    async def find(self, session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, KnownTitle]:
        """Those of the titles that are there."""
        found, unknown = dict[UUID, KnownTitle](), list[UUID]()
        for id in ids:
            if (kept := self.known.get(id)) is not None:
                found[id] = kept
            else:
                unknown.append(id)
        return found | await self._learn(session, unknown) if unknown else found

    async def _learn(self, session: AsyncSession, ids: list[UUID]) -> dict[UUID, KnownTitle]:
        generation = self.known.generation
        facts = [facts_in(FactsRow(*row)) for row in await THERE.rows(session, titles=ids)]
        book = await written_rulebook(session, facts)
        found = {each.id: KnownTitle(each, book) for each in facts}
        for id, title in found.items():
            self.known.put(id, title, generation, [key for _, key in title.facts.places])
        return found
