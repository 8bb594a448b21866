"""The sources that a service names for its titles: kept, looked at by a job, and what was found."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.jobs import WHENEVER, defer

from .entry import SourceIn
from .jobs import index_sources
from .tables import GivenSource


async def write_sources(session: AsyncSession, given: Mapping[UUID, Sequence[SourceIn]]) -> None:
    """Keep what is said of titles, by id; where it is something new, a job looks at it."""
    there = await sources_of(session, given)
    changed = {
        title_id: sources
        for title_id, sources in given.items()
        if [(s.url, s.form) for s in sources] != [(row.address, row.form) for row in there.get(title_id, [])]
    }
    if not changed:
        return
    await session.execute(delete(GivenSource).where(among(GivenSource.title_id, changed)))
    rows = [
        {"title_id": id, "number": n, "address": each.url, "form": each.form, "status": "waiting"}
        for id, sources in changed.items()
        for n, each in enumerate(sources)
    ]
    if rows:
        await session.execute(insert(GivenSource), rows)
    for title_id, sources in changed.items():
        if sources:
            await defer(session, index_sources, priority=WHENEVER, once=f"sources:{title_id}", title=str(title_id))


async def sources_of(session: AsyncSession, titles: Iterable[UUID]) -> dict[UUID, list[GivenSource]]:
    """The sources that were given of titles, by id, in their order."""
    query = select(GivenSource).where(among(GivenSource.title_id, titles))
    found: dict[UUID, list[GivenSource]] = {}
    for row in await session.scalars(query.order_by(GivenSource.title_id, GivenSource.number)):
        found.setdefault(row.title_id, []).append(row)
    return found


async def note_trouble(session: AsyncSession, source_id: UUID, code: str, words: str) -> None:
    """Remember what went wrong when a source was last cut from."""
    values = {"code": code, "words": words, "checked_at": utc_now()}
    await session.execute(update(GivenSource).where(GivenSource.source_id == source_id).values(values))
