"""Titles by what pages know of them: an id, a slug, or that there is something to choose from."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, String, case, func, literal, literal_column, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among

from .schemas import TitleSummary
from .tables import Series, Source, Title
from .titles import label_of, summary

CHOICES = 500
"""Titles offered in a list to choose from; more are found by their address."""


async def id_of_slug(session: AsyncSession, slug: str) -> UUID | None:
    """The id of the title with that slug; None when there is none."""
    return await session.scalar(select(Title.id).filter_by(slug=slug))


async def title_with_slug(session: AsyncSession, slug: str) -> Title | None:
    """The title with that slug; None when there is none."""
    return await session.scalar(select(Title).filter_by(slug=slug))


async def titles_among(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Title]:
    """Those of the titles ``ids`` that there are, by id."""
    found = await session.scalars(select(Title).where(among(Title.id, set(ids))))
    return {title.id: title for title in found}


async def title_and_series(session: AsyncSession, title_id: UUID) -> tuple[Title, Series | None]:
    """A title that is known to be there, and the series it belongs to."""
    title = await session.get_one(Title, title_id)
    return title, await series_of(session, title)


async def series_of(session: AsyncSession, title: Title) -> Series | None:
    """The series that a title belongs to."""
    return None if title.series_id is None else await session.get_one(Series, title.series_id)


async def titles_named(session: AsyncSession, words: Sequence[str], limit: int) -> list[TitleSummary]:
    """The titles there are to clip whose name, or whose series' name, has every one of ``words`` in it, in any case and
    with any accents; those that begin with the first come first."""
    both = func.concat_ws(" ", Series.name, Title.name, type_=String)
    folded = select(_bare(both).label("named")).correlate(Title, Series)
    bare = folded.offset(0).lateral("bare")  # once a title, however often it is compared
    query = (
        select(Title, Source, Series)
        .join(Source, Source.id == Title.current_source_id)
        .outerjoin(Series, Series.id == Title.series_id)
        .join(bare, true())
        .where(Title.withdrawn_at.is_(None), Source.status == "ready")
        .where(*(bare.c.named.contains(_bare(literal(word)), autoescape=False) for word in words))
        .order_by(~bare.c.named.startswith(_bare(literal(words[0]))), Title.series_id, Title.season, Title.episode)
        .order_by(Title.id)
        .limit(limit)
    )
    return [summary(title, source, series) for title, source, series in await session.execute(query)]


def _bare(words: ColumnElement[str]) -> ColumnElement[str]:
    """Words without case and accents. Most have none but letters without accents, which take a tenth of the time."""
    plain = func.replace(func.lower(words), "'", "", type_=String)
    apart = func.normalize(func.lower(words), literal_column("NFKD"), type_=String)
    folded = func.regexp_replace(apart, "[\u0300-\u036f'’]", "", "g", type_=String)
    return case((func.octet_length(words) == func.char_length(words), plain), else_=folded)


async def all_series(session: AsyncSession, limit: int) -> Sequence[Series]:
    """Series by name."""
    return (await session.scalars(select(Series).order_by(Series.name).limit(limit))).all()


async def slugs(session: AsyncSession) -> dict[str, str]:
    """The slug of every title by its id as text, as reports name their rows."""
    return {str(id): slug for id, slug in await session.execute(select(Title.id, Title.slug))}


async def names(session: AsyncSession) -> dict[UUID, str]:
    """The name of every title by its id."""
    return {row.id: row.name for row in await session.execute(select(Title.id, Title.name))}


async def names_by_slug(session: AsyncSession) -> dict[str, str]:
    """The name of every title by its slug."""
    return {row.slug: row.name for row in await session.execute(select(Title.slug, Title.name))}


async def choices(session: AsyncSession) -> list[tuple[Title, Series | None]]:
    """Titles to choose from, by name, each with its series."""
    query = select(Title, Series).outerjoin(Series, Series.id == Title.series_id).order_by(Title.name).limit(CHOICES)
    return [(title, series) for title, series in await session.execute(query)]


async def clippable_choices(session: AsyncSession) -> list[tuple[str, str]]:
    """Slug and full name of titles that have media, by name."""
    query = select(Title, Series).outerjoin(Series, Series.id == Title.series_id)
    query = query.where(Title.current_source_id.is_not(None)).order_by(Title.name).limit(CHOICES)
    return [
        (title.slug, f"{series.name} {label_of(title)}: {title.name}" if series else title.name)
        for title, series in await session.execute(query)
    ]
