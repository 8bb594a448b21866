"""What of the catalogue cannot be shared as its rules mean it: facts that nobody gave, media that cannot be cut."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.given_sources import sources_of
from groundswell.catalog.listing import Listed, listed
from groundswell.catalog.tables import GivenSource
from groundswell.media import REASONS
from groundswell.platform.clock import utc_now
from groundswell.platform.outbound import without_query

from .missing_facts import Unbound, unbound_rules
from .rulebook import facts_of, rulebook

PAGE = 500


@dataclass(frozen=True)
class SourceHealth:
    """One of the places where a service says that a title's media are: ``address`` without its query, and why it cannot
    be cut from, or could not when it was last tried."""

    address: str
    status: str
    code: str | None
    words: str | None


@dataclass(frozen=True)
class Health:
    """How one title stands. ``media`` says why it cannot be cut (None: it can); ``packaging`` why it plays as MP4 only
    (None: it is packaged)."""

    listed: Listed
    unbound: tuple[Unbound, ...]
    media: str | None
    packaging: str | None
    sources: tuple[SourceHealth, ...] = ()

    @property
    def well(self) -> bool:
        """Every rule binds, it can be cut, and none of its sources is refused or was in trouble lately."""
        return not self.unbound and self.media is None and not any(each.code for each in self.sources)


async def health_of(session: AsyncSession, rows: Sequence[Listed]) -> list[Health]:
    """How titles stand, in their order. Of one that was withdrawn nothing is missing."""
    facts = [facts_of(row.title, row.source) for row in rows]
    book, now = await rulebook(session, *facts), utc_now()
    given = await sources_of(session, [row.title.id for row in rows])
    return [
        Health(
            listed=row,
            unbound=() if row.title.withdrawn_at else tuple(unbound_rules(book, fact, now)),
            media=_media(row, given.get(row.title.id, [])),
            packaging=_packaging(row),
            sources=tuple(
                SourceHealth(without_query(each.address), each.status, each.code, each.words)
                for each in given.get(row.title.id, [])
            ),
        )
        for row, fact in zip(rows, facts, strict=True)
    ]


def _media(row: Listed, given: Sequence[GivenSource]) -> str | None:
    if row.source is None and given:
        waits = any(each.status == "waiting" for each in given)
        return "Its sources have not been looked at yet." if waits else "None of its sources can be cut from."
    if row.source is None:
        return "It has no media yet."
    code = row.source.failure_code
    return None if row.source.status == "ready" else REASONS.get(code or "", f"It is {row.source.status}.")


def _packaging(row: Listed) -> str | None:
    code = None if row.source is None else row.source.package_refusal
    return None if code is None else REASONS.get(code, code)


async def unwell(session: AsyncSession) -> AsyncIterator[Health]:
    """Every title that is not withdrawn and not well, the newest first, a page at a time."""
    after: UUID | None = None
    while rows := await listed(session, PAGE, after):
        for each in await health_of(session, rows):
            if not each.well and each.listed.title.withdrawn_at is None:
                yield each
        after = rows[-1].id
        session.expunge_all()
