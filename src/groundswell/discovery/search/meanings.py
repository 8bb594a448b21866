"""What sentences mean, kept beside their words: points made of English sentences by a job, and those nearest to one.

A point is an array of PostgreSQL's own, so that a database without pgvector has the table too; where search by meaning
is on, the extension and an index over the same arrays are made at the start.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import Database, driver_connection
from groundswell.platform.locks import Lock, lock

from .embedding import WIDTH, Array, Embedding, MeaningUnavailable
from .line_index import Hit, Likeness, Within
from .postgres_lines import narrowing
from .tables import SpokenLanguage, SpokenSentence

log = structlog.get_logger(__name__)

VERSION = 1
"""Of the model and of what it is given; points made by another are made again."""

LANGUAGE = "en"
"""The model knows no other."""

ALIKE = 0.3
"""How alike (the cosine) what is found at least is to what was typed; what has nothing to do with it is at 0."""

EXTENSION = text("CREATE EXTENSION IF NOT EXISTS vector")
INDEX = text(
    f"CREATE INDEX IF NOT EXISTS ix_spoken_meanings_near ON spoken_meanings "
    f"USING hnsw ((meaning::vector({WIDTH})) vector_ip_ops)"
)
SEARCHING = text(
    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', :most, true)"
)
"""As many are looked at as it takes to have enough that pass the conditions."""

NEAR = f"""
    SELECT s.title_id, s.language, s.number, s.start_us, s.end_us,
        (m.meaning::vector({WIDTH})) <#> CAST(%(point)s AS vector({WIDTH})) AS apart
    FROM spoken_meanings m JOIN spoken_sentences s USING (title_id, language, number)
    WHERE true {{conditions}}
    ORDER BY (m.meaning::vector({WIDTH})) <#> CAST(%(point)s AS vector({WIDTH})) LIMIT %(limit)s
"""  # noqa: S608 - constants of ours
FORGET = text(
    """
    DELETE FROM spoken_meanings m
    USING unnest(CAST(:titles AS uuid[]), CAST(:languages AS text[])) AS spoken (title_id, language)
    WHERE m.title_id = spoken.title_id AND m.language = spoken.language
    """
)
COPY = "COPY spoken_meanings (title_id, language, number, meaning) FROM STDIN"


class Waiting(NamedTuple):
    """A language of a title whose sentences have no points yet."""

    title_id: UUID
    language: str


async def prepare(database: Database) -> None:
    """Have the database able to look for what is near.

    Raises:
        MeaningUnavailable: it has no pgvector, or does not let us use it.
    """
    try:
        async with database.transaction() as session:
            await lock(session, Lock.MIGRATION)
            await session.execute(EXTENSION)
            await session.execute(INDEX)
    except DBAPIError as error:
        why = str(error.orig).splitlines()[0]
        raise MeaningUnavailable(
            f"GROUNDSWELL_SEARCH_MEANING is on, and this PostgreSQL lets us have no pgvector: {why}"
        ) from None


async def near(session: AsyncSession, point: Array, within: Within, limit: int) -> list[Hit]:
    """The sentences whose meaning is nearest to ``point``, the nearest first."""
    await session.execute(SEARCHING, {"most": str(min(max(limit, 40), 1_000))})
    conditions, given = narrowing(within)
    connection = await driver_connection(session)
    given |= {"point": written(point), "limit": limit}
    rows = await connection.execute(NEAR.format(conditions=conditions).encode(), given)
    return [
        Hit(title_id, language, number, start_us, end_us, Likeness.MEANT)
        for title_id, language, number, start_us, end_us, apart in await rows.fetchall()
        if -apart >= ALIKE
    ]


def written(point: Array) -> str:
    """A point as pgvector reads it."""
    return "[" + ",".join(f"{number:.6g}" for number in point.tolist()) + "]"


async def forget(session: AsyncSession, languages: Sequence[tuple[UUID, str]]) -> None:
    """Let go of what was said in titles, each in one language."""
    given = {"titles": [title for title, _ in languages], "languages": [language for _, language in languages]}
    await session.execute(FORGET, given)


async def waiting(session: AsyncSession, limit: int) -> list[Waiting]:
    """Languages of titles without points, or with points of another version."""
    english = func.lower(func.split_part(SpokenLanguage.language, "-", 1)) == LANGUAGE
    behind = SpokenLanguage.meant.is_distinct_from(VERSION)
    query = select(SpokenLanguage.title_id, SpokenLanguage.language).where(english, behind).limit(limit)
    return [Waiting(*row) for row in await session.execute(query)]


async def learn(database: Database, embedding: Embedding, each: Waiting) -> bool:
    """Make the points of what is said in a title. No transaction is open while they are made; returns whether they
    were kept: not if the lines have changed meanwhile."""
    async with database.transaction() as session:
        said = await _said(session, each)
    points = await asyncio.to_thread(embedding.of, [spoken for _, spoken in said]) if said else None
    async with database.transaction() as session:
        await lock(session, Lock.SPOKEN, each.title_id)
        if await _said(session, each) != said:
            return False
        await forget(session, [each])
        if points is not None:
            connection = await driver_connection(session)
            async with connection.cursor().copy(COPY) as copy:
                for (number, _), point in zip(said, points, strict=True):
                    await copy.write_row((each.title_id, each.language, number, point.tolist()))
        done = update(SpokenLanguage).filter_by(title_id=each.title_id, language=each.language).values(meant=VERSION)
        await session.execute(done)
    return True


async def _said(session: AsyncSession, each: Waiting) -> list[tuple[int, str]]:
    query = select(SpokenSentence.number, SpokenSentence.text)
    query = query.filter_by(title_id=each.title_id, language=each.language).order_by(SpokenSentence.number)
    return [(number, spoken) for number, spoken in await session.execute(query)]
