"""Keeping what is searched in step with the subtitle lines: by the transaction that writes them, and, for lines older
than this index or its rules, by a job."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line
from groundswell.media import Cue, Sentence, asides, sentences
from groundswell.platform.locks import Lock, lock

from . import meanings
from .line_index import LineIndex, Spoken, Utterance
from .postgres_lines import PostgresLines
from .tables import SpokenLanguage

VERSION = 1
"""Of the rules by which words are made of lines; what was made by others is made again."""

RUNS_ON_US = 5_000_000
"""A phrase runs on into what is said next, if that begins within this long."""

INDEX: LineIndex = PostgresLines()
"""What finds lines in this installation."""


def said_in(lines: Sequence[Cue]) -> list[Utterance]:
    """What is said in a title: its sentences, then its noises and songs. Pure."""
    spoken = sentences(lines)
    following: list[Sentence | None] = [*spoken[1:], None]
    said = [
        Utterance(each.start_us, each.end_us, each.text, after is None or after.start_us - each.end_us > RUNS_ON_US)
        for each, after in zip(spoken, following, strict=False)
    ]
    return said + [Utterance(each.start_us, each.end_us, each.text, True) for each in asides(lines)]


async def index_lines(session: AsyncSession, languages: Sequence[tuple[UUID, str]]) -> None:
    """Have the lines of titles, each in one language, found as they are now."""
    spoken = []
    for title_id, language in sorted(languages):
        await lock(session, Lock.SPOKEN, title_id)
        query = select(Line.start_us, Line.end_us, Line.text).filter_by(title_id=title_id, language=language)
        lines = [Cue(*row) for row in await session.execute(query.order_by(Line.number))]
        spoken.append(Spoken(title_id, language, said_in(lines)))
        await _note(session, title_id, language, there=bool(lines))
    await INDEX.replace(session, spoken)
    await meanings.forget(session, languages)


async def _note(session: AsyncSession, title_id: UUID, language: str, *, there: bool) -> None:
    """Note that the lines of a title in one language are searched by the present rules."""
    known = {"title_id": title_id, "language": language}
    if not there:
        await session.execute(delete(SpokenLanguage).filter_by(**known))
        return
    made = insert(SpokenLanguage).values(**known, version=VERSION)
    await session.execute(
        made.on_conflict_do_update(index_elements=list(known), set_={"version": VERSION, "meant": None})
    )


async def out_of_step(session: AsyncSession, limit: int) -> list[tuple[UUID, str]]:
    """Languages of titles that have lines which are not searched, or by other rules; ``limit`` at most."""
    current = select(SpokenLanguage.title_id).where(
        SpokenLanguage.title_id == Line.title_id,
        SpokenLanguage.language == Line.language,
        SpokenLanguage.version == VERSION,
    )
    query = select(Line.title_id, Line.language).where(Line.number == 1, ~current.exists()).limit(limit)
    return [(title_id, language) for title_id, language in await session.execute(query)]
