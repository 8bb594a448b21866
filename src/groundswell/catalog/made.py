"""Of which genre a title is, and in which language it was made: as the service says in its entry."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from .tables import Title

GENRES = 40
"""Offered to choose from, those of most titles first."""

OF_GENRE = """
    EXISTS (
        SELECT FROM catalog_entries e CROSS JOIN jsonb_array_elements_text(coalesce(e.entry -> 'genres', '[]')) genre
        WHERE e.title_id = titles.id AND lower(genre) = :genre
    )
"""
IN_LANGUAGE = """
    CASE WHEN EXISTS (
        SELECT FROM catalog_entries e WHERE e.title_id = titles.id AND e.entry -> 'languages' <> '[]'
    ) THEN EXISTS (
        SELECT FROM catalog_entries e CROSS JOIN jsonb_array_elements_text(e.entry -> 'languages') language
        WHERE e.title_id = titles.id AND (lower(language) = :language OR starts_with(lower(language), :language || '-'))
    ) ELSE EXISTS (
        SELECT FROM lines l WHERE l.title_id = titles.id
            AND (lower(l.language) = :language OR starts_with(lower(l.language), :language || '-'))
    ) END
"""
ALIKE = """
    titles.id = ANY(:titles)
    OR titles.series_id IN (SELECT t.series_id FROM titles t WHERE t.id = ANY(:titles) AND t.series_id IS NOT NULL)
    OR EXISTS (
        SELECT FROM catalog_entries e CROSS JOIN jsonb_array_elements_text(coalesce(e.entry -> 'genres', '[]')) genre
        WHERE e.title_id = titles.id AND lower(genre) IN (
            SELECT lower(g) FROM catalog_entries o
            CROSS JOIN jsonb_array_elements_text(coalesce(o.entry -> 'genres', '[]')) g WHERE o.title_id = ANY(:titles)
        )
    )
"""
GENRES_SAID = text(
    """
    SELECT min(genre) FROM catalog_entries e
    CROSS JOIN jsonb_array_elements_text(coalesce(e.entry -> 'genres', '[]')) genre
    GROUP BY lower(genre) ORDER BY count(*) DESC, 1 LIMIT :most
    """
)


def titles_made(genre: str | None, language: str | None) -> Select[UUID]:
    """The ids of titles of a genre (in any case), made in a language (BCP 47; its regional forms are of it). Where
    nobody says in which a title was made, it is that of its lines."""
    query = select(Title.id).correlate(None)
    if genre:
        query = query.where(text(OF_GENRE).bindparams(genre=genre.lower().replace("\0", "")))
    if language:
        query = query.where(text(IN_LANGUAGE).bindparams(language=language.lower()))
    return query


def titles_alike(titles: Collection[UUID]) -> Select[UUID]:
    """The ids of titles like some: themselves, and those of a series or a genre of theirs."""
    these = bindparam("titles", list(titles), type_=ARRAY(Uuid()))
    return select(Title.id).correlate(None).where(text(f"({ALIKE})").bindparams(these))


async def genres(session: AsyncSession) -> list[str]:
    """The genres that titles have, in alphabetical order."""
    return sorted(await session.scalars(GENRES_SAID, {"most": GENRES}))
