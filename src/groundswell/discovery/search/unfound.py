"""What people searched for and did not find: what could be licensed next, and which words are missing.

A search only reads: what it did not find is counted in memory, and written down now and then by the process itself. So
a search waits for no row and holds none, and whoever invents phrases fills neither memory nor a table.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database

from .tables import UnfoundPhrase

KEPT_DAYS = 60
LONGEST = 60
A_DAY = 2_000
"""Phrases kept of one day at most, so that whoever invents them fills nothing."""

HELD_PHRASES, HELD_ASKERS = 200, 50
"""Phrases that wait in memory at most, and how often one counts each time it is written."""

WRITTEN_EVERY_S = 30.0

TIMES_MIN = 3
"""A phrase is shown once it was asked for so often: what one person typed once is theirs."""

# Where a day is full, phrases that were asked for once make room: what is asked for again stays.
MAKE_ROOM = text(
    """
    DELETE FROM unfound_phrases WHERE day = :day AND words IN (
        SELECT words FROM unfound_phrases WHERE day = :day AND times = 1 ORDER BY words
        LIMIT greatest(0, (SELECT count(*) FROM unfound_phrases WHERE day = :day) + :fresh - :most)
    )
    """
)
WRITE = text(
    """
    INSERT INTO unfound_phrases AS u (day, words, times)
    SELECT CAST(:day AS date), words, times FROM (
        SELECT asked.words, asked.times, kept.words IS NULL AS fresh,
            count(*) FILTER (WHERE kept.words IS NULL) OVER (ORDER BY asked.times DESC, asked.words) AS nth
        FROM unnest(CAST(:words AS varchar[]), CAST(:times AS bigint[])) AS asked (words, times)
        LEFT JOIN unfound_phrases kept ON kept.day = :day AND kept.words = asked.words
    ) each
    WHERE NOT fresh OR nth <= :most - (SELECT count(*) FROM unfound_phrases WHERE day = :day)
    ORDER BY words
    ON CONFLICT (day, words) DO UPDATE SET times = u.times + excluded.times
    """
)


class Unfound(NamedTuple):
    """A phrase, how often it was asked for in the days that are kept, and when last."""

    words: str
    times: int
    last: date


class Misses:
    """What was not found since it was last written down. Of one viewer a phrase counts once in that time; of all who
    are not signed in, too."""

    def __init__(self) -> None:
        self._askers: dict[str, set[UUID | None]] = {}

    def note(self, typed: str, viewer_id: UUID | None) -> None:
        """Note that nothing was found for what was typed."""
        phrase = " ".join(typed.casefold().split())
        if 1 < len(phrase) <= LONGEST and (phrase in self._askers or len(self._askers) < HELD_PHRASES):
            askers = self._askers.setdefault(phrase, set())
            if len(askers) < HELD_ASKERS:
                askers.add(viewer_id)

    def taken(self) -> Iterator[tuple[str, int]]:
        """Each phrase with how often it counts; they are noted no longer."""
        taken, self._askers = self._askers, {}
        return ((phrase, len(askers)) for phrase, askers in taken.items())

    async def write(self, database: Database) -> None:
        """Write down what was noted. What cannot be written is let go."""
        if taken := dict(self.taken()):
            async with database.transaction() as session:
                await _write(session, taken)


async def _write(session: AsyncSession, times: dict[str, int]) -> None:
    given = {"day": utc_now().date(), "most": A_DAY}
    await session.execute(MAKE_ROOM, given | {"fresh": len(times)})
    await session.execute(WRITE, given | {"words": list(times), "times": list(times.values())})


async def most_wanted(session: AsyncSession, limit: int) -> list[Unfound]:
    """What was asked for most and not found."""
    times = func.sum(UnfoundPhrase.times)
    query = select(UnfoundPhrase.words, times, func.max(UnfoundPhrase.day)).group_by(UnfoundPhrase.words)
    query = query.having(times >= TIMES_MIN).order_by(times.desc(), UnfoundPhrase.words).limit(limit)
    return [Unfound(words, int(count), last) for words, count, last in await session.execute(query)]


async def forget(session: AsyncSession, today: date) -> None:
    """Let go of what was asked for long ago."""
    await session.execute(delete(UnfoundPhrase).where(UnfoundPhrase.day < today - timedelta(days=KEPT_DAYS)))
