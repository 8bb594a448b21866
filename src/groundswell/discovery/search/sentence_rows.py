"""What is said as rows of PostgreSQL: a sentence under its words, and the vocabulary of all of them.

A sentence is kept under its folded words and, at the same positions, their stems (``~en~run``); PostgreSQL's own parser
and dictionaries are not asked, for they know neither bigrams nor accents without extensions. Its positions go on over
the first ``OVERLAP`` words of the next sentence.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import driver_connection

from . import stems, typos
from .line_index import Spoken
from .words import texts_of

OVERLAP = 5
"""Words of the next sentence by which a phrase may run on."""

POSITIONS_MAX = 2_000
"""Words of a sentence that are kept; subtitles that never end one do not make a document of a film."""

PLACES = [str(place) for place in range(1, POSITIONS_MAX + OVERLAP + 1)]

WRITTEN_AT_ONCE = 100
"""Sentences sent together: while the database takes them in, the next are cut into words."""

ROOTS_MAX = 200_000
"""Words of a language whose stems a process keeps at hand."""

FORGET = text(
    """
    DELETE FROM spoken_sentences s
    USING unnest(CAST(:titles AS uuid[]), CAST(:languages AS text[])) AS spoken (title_id, language)
    WHERE s.title_id = spoken.title_id AND s.language = spoken.language
    """
)
COPY = "COPY spoken_sentences (title_id, language, number, start_us, end_us, text, words) FROM STDIN"
SETTLE = text(
    """
    SELECT gin_clean_pending_list(oid::regclass) FROM pg_class
    WHERE oid = to_regclass('ix_spoken_sentences_words') AND pg_has_role(relowner, 'USAGE')
    """
)
"""Merges into the index what was written since: all at once takes a third of the time of one after another, and
nobody's search looks through what waits. Who does not own the index leaves it to vacuum."""

ROOM = text("SET LOCAL gin_pending_list_limit = '16MB'")
"""For what some titles say: merged once, at the end, and not each time that a fourth of it has come together."""

KNOWN = text(
    """
    SELECT word FROM string_to_table(:words, ' ') AS asked (word)
    JOIN spoken_words USING (word) WHERE key = left(word, :prefix)
    """
)
"""By pairs, so that each is one look-up by the key of the table."""

LEARN = text(
    """
    INSERT INTO spoken_words (key, word)
    SELECT key, word
    FROM unnest(string_to_array(:keys, ' '), string_to_array(:words, ' ')) AS fresh (key, word)
    ORDER BY key, word
    ON CONFLICT DO NOTHING
    """
)
MUST_ESCAPE = re.compile(r"[\\\t\n\r]")
ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


async def replace_sentences(session: AsyncSession, spoken: Sequence[Spoken]) -> None:
    """Write what is said in titles in place of what they said before, each in one language."""
    given = {"titles": [each.title_id for each in spoken], "languages": [each.language for each in spoken]}
    await session.execute(FORGET, given)
    await session.execute(ROOM)
    words: set[str] = set()
    connection = await driver_connection(session)
    async with connection.cursor().copy(COPY) as copy:
        for one in spoken:
            rows = _rows(one, words)
            while some := "".join(islice(rows, WRITTEN_AT_ONCE)):
                await copy.write(some)
    await _learn(session, words)
    await session.execute(SETTLE)


async def _learn(session: AsyncSession, words: set[str]) -> None:
    """Add to the vocabulary what is not in it yet."""
    kept = {word for word in words if typos.worth_keeping(word)}
    asked = {"words": " ".join(sorted(kept)), "prefix": typos.PREFIX}  # in one text: of words nothing needs escaping
    kept.difference_update(await session.scalars(KNOWN, asked))
    pairs = [(key, word) for word in kept for key in typos.keys_kept(word)]
    if pairs:
        learnt = {"keys": " ".join(key for key, _ in pairs), "words": " ".join(word for _, word in pairs)}
        await session.execute(LEARN, learnt)


def _rows(one: Spoken, known: set[str]) -> Iterator[str]:
    """The rows of what is said in a title, as COPY reads them. Its words are added to ``known``."""
    base, begins = stems.base_of(one.language), f"{one.title_id}\t{_field(one.language)}"
    roots = _roots_of(base if base in stems.ALGORITHMS else "")
    following = texts_of(one.said[0].text)[:POSITIONS_MAX] if one.said else []
    for n, each in enumerate(one.said):
        positions = following
        known.update(positions)
        following = texts_of(one.said[n + 1].text)[:POSITIONS_MAX] if n + 1 < len(one.said) else []
        if not each.apart:
            positions = [*positions, *following[:OVERLAP]]
        placed = list(zip(positions, PLACES, strict=False))
        vector = " ".join(
            [word + ":" + at for word, at in placed] + [root + at for word, at in placed if (root := roots[word])]
        )
        yield f"{begins}\t{n}\t{each.start_us}\t{each.end_us}\t{_field(each.text)}\t{vector}\n"


class _Roots(dict[str, str]):
    """The stem of a word as a ``tsvector`` has it before its position, looked up when it is first asked for; empty
    where it is the word itself. Of words and stems nothing needs escaping."""

    def __init__(self, base: str) -> None:
        self.base = base

    def __missing__(self, word: str) -> str:
        if len(self) >= ROOTS_MAX:
            self.clear()
        root = stems.stem(self.base, word)
        made = self[word] = "" if root is None else f"'~{self.base}~{root}':"
        return made


@lru_cache(maxsize=len(stems.ALGORITHMS) + 1)
def _roots_of(base: str) -> _Roots:
    return _Roots(base)


def _field(value: str) -> str:
    """A text as a column of COPY's text format."""
    return value.translate(ESCAPED) if MUST_ESCAPE.search(value) else value
