"""Lines found by PostgreSQL: a GIN index over word positions, and a vocabulary of deletion keys for slips.

A sentence is kept under its folded words and, at the same positions, their stems (``~en~run``); PostgreSQL's own parser
and dictionaries are not asked, for they know neither bigrams nor accents without extensions. Its positions go on over
the first ``OVERLAP`` words of the next sentence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import driver_connection

from . import stems, typos
from .line_index import Hit, Likeness, Utterance, Within
from .query import Query
from .words import texts_of

OVERLAP = 5
"""Words of the next sentence by which a phrase may run on."""

NEAR_MAX = 24
"""Words of the vocabulary that stand for one that may be a slip."""

POSITIONS_MAX = 2_000
"""Words of a sentence that are kept; subtitles that never end one do not make a document of a film."""

FORGET = text("DELETE FROM spoken_sentences WHERE title_id = :title AND language = :language")
COPY = "COPY spoken_sentences (title_id, language, number, start_us, end_us, text, words) FROM STDIN"
KNOWN = text(
    """
    SELECT word FROM unnest(CAST(:keys AS text[]), CAST(:words AS text[])) AS asked (key, word)
    JOIN spoken_words USING (key, word)
    """
)
"""Pairs, so that each is one look-up by the key of the table."""

LEARN = text(
    """
    INSERT INTO spoken_words (key, word)
    SELECT key, word FROM unnest(CAST(:keys AS text[]), CAST(:words AS text[])) AS fresh (key, word)
    ORDER BY key, word
    ON CONFLICT DO NOTHING
    """
)
NEAR = text("SELECT DISTINCT word FROM spoken_words WHERE key = ANY(:keys)")
FIND = """
    SELECT s.title_id, s.language, s.number, s.start_us, s.end_us,
        CASE WHEN s.words @@ CAST(:phrase AS tsquery) THEN 0 WHEN s.words @@ CAST(:formed AS tsquery) THEN 1 ELSE 2 END
    FROM spoken_sentences s
    WHERE s.words @@ CAST(:asked AS tsquery){narrowed}
    LIMIT :limit
"""
SPOKEN = text(
    """
    WITH RECURSIVE each AS (
        (SELECT language FROM spoken_languages ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT language FROM spoken_languages s WHERE s.language > each.language ORDER BY language LIMIT 1)
        FROM each WHERE each.language IS NOT NULL
    )
    SELECT language FROM each WHERE language IS NOT NULL
    """
)
ONLY_TITLES = " AND s.title_id = ANY(CAST(:titles AS uuid[]))"
ONLY_LANGUAGE = " AND s.language = :language"
NOT_UNSEEN = """
    AND NOT EXISTS (
        SELECT FROM unnest(CAST(:unseen AS uuid[]), CAST(:from_us AS bigint[])) AS u (id, from_us)
        WHERE u.id = s.title_id AND s.start_us > u.from_us
    )
"""
TEXTS = text(
    """
    SELECT h.n, s.number, s.start_us, s.end_us, s.text
    FROM unnest(CAST(:titles AS uuid[]), CAST(:languages AS text[]), CAST(:numbers AS bigint[]))
        WITH ORDINALITY AS h (title_id, language, number, n)
    JOIN spoken_sentences s
        ON s.title_id = h.title_id AND s.language = h.language AND s.number IN (h.number, h.number + 1)
    ORDER BY h.n, s.number
    """
)


NEVER = "'never said'"
"""A ``tsquery`` that nothing fits."""

SLIP_OF = {Likeness.STEMS: Likeness.SLIP, Likeness.ALL: Likeness.SLIPS_ALL}


class Asked(NamedTuple):
    """What must fit, and by what it is judged how near it is; as ``tsquery``s."""

    asked: str
    phrase: str
    formed: str


class PostgresLines:
    """The index in the database itself, in step with the lines by their own transaction."""

    async def replace(self, session: AsyncSession, title_id: UUID, language: str, said: Sequence[Utterance]) -> None:
        await session.execute(FORGET, {"title": title_id, "language": language})
        words = [texts_of(each.text)[:POSITIONS_MAX] for each in said]
        await _learn(session, {word for each in words for word in each})
        base = stems.base_of(language)
        connection = await driver_connection(session)
        async with connection.cursor().copy(COPY) as copy:
            for n, each in enumerate(said):
                following = words[n + 1][:OVERLAP] if n + 1 < len(said) and not each.apart else []
                vector = " ".join(_positions(base, [*words[n], *following]))
                await copy.write_row((title_id, language, n, each.start_us, each.end_us, each.text, vector))

    async def find(self, session: AsyncSession, query: Query, within: Within, limit: int) -> list[Hit]:
        if query.hint is not None:
            return []
        exact = [[word.text] for word in query.words]
        phrase, begun = _phrase(replace(query, open=False), exact), _phrase(query, exact)
        found = await _matching(session, Asked(begun, phrase, begun), within, limit)
        if query.quoted or len(found) >= limit:
            return found
        spoken = [within.language] if within.language else await session.scalars(SPOKEN)
        bases = sorted({stems.base_of(language) for language in spoken} & stems.ALGORITHMS.keys())
        formed = [_with_stems(bases, forms) for forms in exact]
        asked = Asked(_every(query, formed), phrase, _phrase(query, formed))
        found += await _matching(session, asked, within, limit)
        if not found and any(near := await _near(session, query)):
            forms = [[*known, *others] for known, others in zip(formed, near, strict=True)]
            asked = Asked(_every(query, forms), NEVER, _phrase(query, forms))
            near_hits = await _matching(session, asked, within, limit)
            found = [hit._replace(likeness=SLIP_OF[hit.likeness]) for hit in near_hits]
        nearest: dict[tuple[Any, ...], Hit] = {}
        for hit in sorted(found, key=lambda hit: hit.likeness):
            nearest.setdefault(hit[:3], hit)
        return list(nearest.values())[:limit]

    async def texts(self, session: AsyncSession, hits: Sequence[Hit]) -> dict[Hit, list[Utterance]]:
        given = {
            "titles": [hit.title_id for hit in hits],
            "languages": [hit.language for hit in hits],
            "numbers": [hit.number for hit in hits],
        }
        found: dict[Hit, list[Utterance]] = {hit: [] for hit in hits}
        for n, _, start_us, end_us, spoken in await session.execute(TEXTS, given):
            found[hits[n - 1]].append(Utterance(start_us, end_us, spoken))
        return found

    async def forms(self, session: AsyncSession, query: Query) -> list[frozenset[str]]:
        near = await _near(session, query)
        return [frozenset([word.text, *others]) for word, others in zip(query.words, near, strict=True)]


async def _matching(session: AsyncSession, asked: Asked, within: Within, limit: int) -> list[Hit]:
    narrowed, given = "", {**asked._asdict(), "limit": limit}
    if within.titles is not None:
        narrowed, given = narrowed + ONLY_TITLES, given | {"titles": list(within.titles)}
    if within.language is not None:
        narrowed, given = narrowed + ONLY_LANGUAGE, given | {"language": within.language}
    if within.unseen:
        unseen = {"unseen": list(within.unseen), "from_us": list(within.unseen.values())}
        narrowed, given = narrowed + NOT_UNSEEN, given | unseen
    rows = await session.execute(text(FIND.format(narrowed=narrowed)), given)
    return [Hit(id, spoken, n, start, end, Likeness(near)) for id, spoken, n, start, end, near in rows]


async def _learn(session: AsyncSession, words: set[str]) -> None:
    """Add to the vocabulary what is not in it yet."""
    kept = {word for word in words if typos.worth_keeping(word)}
    asked = sorted(kept)
    known = await session.scalars(KNOWN, {"keys": [word[: typos.PREFIX] for word in asked], "words": asked})
    kept.difference_update(known)
    pairs = sorted((key, word) for word in kept for key in typos.keys_kept(word))
    if pairs:
        await session.execute(LEARN, {"keys": [key for key, _ in pairs], "words": [word for _, word in pairs]})


async def _near(session: AsyncSession, query: Query) -> list[list[str]]:
    """For each word, those of the vocabulary for which it may be a slip."""
    found = []
    for word in query.words:
        edits = 0 if word.unspaced or not word.text.isalpha() else typos.edits_of(len(word.text) + 1)
        asked = {"keys": list(typos.keys_asked(word.text))}
        known: Iterable[str] = await session.scalars(NEAR, asked) if edits else ()
        found.append([each for each in typos.nearest(word.text, known, NEAR_MAX + 1) if each != word.text][:NEAR_MAX])
    return found


def _positions(base: str, words: Iterable[str]) -> Iterator[str]:
    """The words with their positions, as a ``tsvector`` is written; of words and stems nothing needs escaping."""
    for n, word in enumerate(words, 1):
        yield f"{word}:{n}"
        if (root := stems.stem(base, word)) is not None:
            yield f"'~{base}~{root}':{n}"


def _with_stems(languages: Iterable[str], forms: Iterable[str]) -> list[str]:
    """The forms of a word, and whatever has a stem in common with one of them in one of the languages."""
    found = dict.fromkeys(forms)
    for form in list(found):
        for base in languages:
            root = stems.stem(base, form)
            if root is not None:
                found |= {root: None, f"~{base}~{root}": None}
            elif len(form) >= stems.SHORTEST:
                found[f"~{base}~{form}"] = None
    return list(found)


def _phrase(query: Query, forms: Sequence[Iterable[str]]) -> str:
    """The words one after another, each in one of its forms, as a ``tsquery`` is written."""
    parts = _parts(query, forms)
    asked = parts[0]
    for n, part in enumerate(parts[1:], 1):
        asked += f" <{query.places[n] - query.places[n - 1]}> {part}"
    return asked


def _every(query: Query, forms: Sequence[Iterable[str]]) -> str:
    return " & ".join(_parts(query, forms))


def _parts(query: Query, forms: Sequence[Iterable[str]]) -> list[str]:
    parts = ["(" + " | ".join(f"'{form}'" for form in each) + ")" for each in forms]
    if query.open:
        parts[-1] = f"({parts[-1]} | '{query.words[-1].text}':*)"
    return parts
