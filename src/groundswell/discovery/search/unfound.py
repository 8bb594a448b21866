"""What people searched for and did not find: what could be licensed next, and which words are missing."""

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now

from .tables import UnfoundPhrase

KEPT_DAYS = 60
LONGEST = 60
A_DAY = 2_000
"""Phrases kept of one day at most, so that whoever invents them fills nothing."""

TIMES_MIN = 3
"""A phrase is shown once it was asked for so often: what one person typed once is theirs."""

NOTE = text(
    """
    INSERT INTO unfound_phrases AS u (day, words, times)
    SELECT phrase.day, phrase.words, 1 FROM (SELECT CAST(:day AS date) AS day, CAST(:words AS varchar) AS words) phrase
    WHERE (SELECT count(*) FROM unfound_phrases k WHERE k.day = phrase.day) < :most
        OR EXISTS (SELECT FROM unfound_phrases k WHERE k.day = phrase.day AND k.words = phrase.words)
    ON CONFLICT (day, words) DO UPDATE SET times = u.times + 1
    """
)


class Unfound(NamedTuple):
    """A phrase, how often it was asked for in the days that are kept, and when last."""

    words: str
    times: int
    last: date


async def note(session: AsyncSession, words: str) -> None:
    """Note that nothing was found for these words."""
    phrase = " ".join(words.casefold().split())
    if 1 < len(phrase) <= LONGEST:
        await session.execute(NOTE, {"day": utc_now().date(), "words": phrase, "most": A_DAY})


async def most_wanted(session: AsyncSession, limit: int) -> list[Unfound]:
    """What was asked for most and not found."""
    times = func.sum(UnfoundPhrase.times)
    query = select(UnfoundPhrase.words, times, func.max(UnfoundPhrase.day)).group_by(UnfoundPhrase.words)
    query = query.having(times >= TIMES_MIN).order_by(times.desc(), UnfoundPhrase.words).limit(limit)
    return [Unfound(words, int(count), last) for words, count, last in await session.execute(query)]


async def forget(session: AsyncSession, today: date) -> None:
    """Let go of what was asked for long ago."""
    await session.execute(delete(UnfoundPhrase).where(UnfoundPhrase.day < today - timedelta(days=KEPT_DAYS)))
