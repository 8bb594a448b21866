"""The catalogue as those look at it who look after it: every title, with or without media, withdrawn or not."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from .entry import FACTS
from .tables import CatalogEntry, Series, Source, Title

Shown = Literal["all", "facts", "media", "withdrawn"]
"""Every title; those of which nobody gave a fact; those without media; those that were withdrawn."""


class Listed(NamedTuple):
    """A title with its series, the version of its media that clips are cut from, and its entry; None: it has none."""

    title: Title
    series: Series | None
    source: Source | None
    entry: CatalogEntry | None

    @property
    def id(self) -> UUID:
        return self.title.id


class Totals(NamedTuple):
    """How many titles there are, not counting those that were ``withdrawn``; and of how many nobody gave a fact."""

    titles: int
    rating: int
    released_on: int
    live: int
    without_media: int
    withdrawn: int


LACKING = tuple(getattr(Title, fact).is_(None) for fact in FACTS)
HERE = Title.withdrawn_at.is_(None)

NARROWED: dict[Shown, tuple[ColumnElement[bool], ...]] = {
    "all": (),
    "facts": (HERE, or_(*LACKING)),
    "media": (HERE, Title.current_source_id.is_(None)),
    "withdrawn": (Title.withdrawn_at.is_not(None),),
}


async def listed(
    session: AsyncSession, limit: int, after: UUID | None = None, *, shown: Shown = "all", search: str = ""
) -> Sequence[Listed]:
    """Titles, the newest first.

    Args:
        after: the last one of the page before.
        search: a part of the name, the series' name, the slug or the external id, in whatever case.
    """
    query = _rows().order_by(Title.id.desc()).limit(limit).where(*NARROWED[shown])
    if after is not None:
        query = query.where(Title.id < after)
    if words := search.strip().replace("\0", ""):
        names = (Title.name, Series.name, Title.slug, Title.external_id)
        query = query.where(or_(*(name.icontains(words, autoescape=True) for name in names)))
    return [Listed(title, series, source, entry) for title, series, source, entry in await session.execute(query)]


async def entry_of(session: AsyncSession, external_id: str) -> Listed | None:
    """The title of that external id; None when there is none."""
    row = (await session.execute(_rows().where(Title.external_id == external_id))).first()
    if row is None:
        return None
    title, series, source, entry = row
    return Listed(title, series, source, entry)


def _rows() -> Select[Title, Series, Source, CatalogEntry]:
    query = select(Title, Series, Source, CatalogEntry).outerjoin(Series, Series.id == Title.series_id)
    query = query.outerjoin(Source, Source.id == Title.current_source_id)
    return query.outerjoin(CatalogEntry, CatalogEntry.title_id == Title.id)


async def totals(session: AsyncSession) -> Totals:
    """How the catalogue stands as a whole."""
    lacking = [func.count().filter(HERE, each) for each in (*LACKING, Title.current_source_id.is_(None))]
    withdrawn = func.count().filter(Title.withdrawn_at.is_not(None))
    row = (await session.execute(select(func.count().filter(HERE), *lacking, withdrawn))).one()
    return Totals(*map(int, row))
