"""Lines found by PostgreSQL: a GIN index over word positions, and a vocabulary of deletion keys for slips.

How a sentence is kept: ``sentence_rows``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, LiteralString, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import PreparedStatement

from . import stems, typos
from .line_index import Hit, Likeness, Spoken, Utterance, Within
from .query import Query
from .sentence_rows import replace_sentences

SURE_FROM = 3
"""Words of a query from which those before the last say enough."""

NEAR_MAX = 24
"""Words of the vocabulary that stand for one that may be a slip."""

NEAR = PreparedStatement(
    """
    SELECT DISTINCT asked.n, kept.word
    FROM unnest(%(keys)s::text[], %(numbers)s::int[]) AS asked (key, n)
    JOIN spoken_words kept ON kept.key = asked.key
"""
)
"""What may be meant by each of some words, by its number."""

FIT: LiteralString = """
    SELECT s.title_id, s.language, s.number, s.start_us, s.end_us,
        CASE WHEN s.words @@ %(phrase{n})s::tsquery THEN 0 WHEN s.words @@ %(formed{n})s::tsquery THEN 1 ELSE 2 END
    FROM spoken_sentences s
    WHERE s.words @@ %(asked{n})s::tsquery
"""
SPOKEN = PreparedStatement(
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
WHOLE: LiteralString = " AND CASE WHEN s.words @@ %(whole{n})s::tsquery THEN true END"
"""A condition by which no index is searched."""

ONLY_TITLES: LiteralString = " AND s.title_id = ANY(%(titles)s::uuid[])"
ONLY_LANGUAGE: LiteralString = " AND s.language = %(language)s"
NOT_WITHOUT: LiteralString = " AND s.title_id <> ALL(%(without)s::uuid[])"
NOT_UNSEEN: LiteralString = """
    AND NOT EXISTS (
        SELECT FROM unnest(%(unseen)s::uuid[], %(from_us)s::bigint[]) AS u (id, from_us)
        WHERE u.id = s.title_id AND s.start_us > u.from_us
    )
"""
AT_MOST: LiteralString = " LIMIT %(limit)s"
BOTH: LiteralString = """
    WITH nearest AS MATERIALIZED ({nearest})
    SELECT * FROM nearest UNION ALL ({others} AND (SELECT count(*) FROM nearest) < %(limit)s {at_most})
"""
"""One look-up, of which the second part is made only where the first does not suffice."""

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

NUMBERS: tuple[LiteralString, ...] = ("1", "2")
LIKENESSES = (Likeness.PHRASE, Likeness.STEMS, Likeness.ALL)
SLIP_OF = {Likeness.STEMS: Likeness.SLIP, Likeness.ALL: Likeness.SLIPS_ALL}


class Asked(NamedTuple):
    """As ``tsquery``s: what the index is asked for, what of that must fit, and by what it is judged how near it is."""

    asked: str
    whole: str
    phrase: str
    formed: str


class PostgresLines:
    """The index in the database itself, in step with the lines by their own transaction."""

    async def replace(self, session: AsyncSession, spoken: Sequence[Spoken]) -> None:
        await replace_sentences(session, spoken)

    async def find(self, session: AsyncSession, query: Query, within: Within, limit: int) -> list[Hit]:
        if query.hint is not None:
            return []
        exact = [[word.text] for word in query.words]
        phrase, begun, sure = _phrase(replace(query, open=False), exact), _phrase(query, exact), _sure(query)
        said = Asked(_phrase(sure, exact), begun, phrase, begun)
        if query.quoted or (len(query.words) == 1 and query.words[0].unspaced):
            return await _matching(session, [said], within, limit)
        bases = await _bases(session, within)
        formed = [_with_stems(bases, forms) for forms in exact]
        others = Asked(_every(sure, formed), _every(query, formed), phrase, _phrase(query, formed))
        found = await _matching(session, [said, others], within, limit)
        return found or await self._slips(session, query, within, limit, formed)

    async def _slips(
        self, session: AsyncSession, query: Query, within: Within, limit: int, formed: Sequence[list[str]]
    ) -> list[Hit]:
        """What is found where words are taken for slips: those that nobody says at first, then any."""
        near = await _near(session, query)
        unsaid = [each.others if not each.said else [] for each in near]
        every = [each.others for each in near]
        for others in (unsaid, every) if unsaid != every else (every,):
            if not any(others):
                continue
            forms = [[*known, *more] for known, more in zip(formed, others, strict=True)]
            sure = _sure(query)
            asked = Asked(_every(sure, forms), _every(query, forms), NEVER, _phrase(query, forms))
            if found := await _matching(session, [asked], within, limit):
                return [hit._replace(likeness=SLIP_OF[hit.likeness]) for hit in found]
        return []

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
        return [frozenset([word.text, *each.others]) for word, each in zip(query.words, near, strict=True)]


async def _matching(session: AsyncSession, asked: Sequence[Asked], within: Within, limit: int) -> list[Hit]:
    """What fits one of ``asked``, the nearest first, by one prepared statement, in which what may not be found is left
    out; what fits those after the first is only asked for where that leaves places."""
    conditions, given = narrowing(within)
    given["limit"] = limit
    parts: list[LiteralString] = []
    for each, n in zip(asked, NUMBERS, strict=False):
        given |= {f"{name}{n}": value for name, value in each._asdict().items()}
        whole: LiteralString = WHOLE if each.whole != each.asked else ""
        parts.append((FIT + whole).format(n=n) + conditions)
    statement = parts[0] + AT_MOST
    if len(parts) > 1:
        statement = BOTH.format(nearest=statement, others=parts[1], at_most=AT_MOST)
    found: dict[tuple[Any, ...], Hit] = {}
    for id, spoken, number, start, end, near in await PreparedStatement(statement).rows(session, **given):
        hit = found.get((id, spoken, number))
        if hit is None or near < hit.likeness:
            found[id, spoken, number] = Hit(id, spoken, number, start, end, LIKENESSES[near])
    return sorted(found.values(), key=lambda hit: hit.likeness)[:limit]


def narrowing(within: Within) -> tuple[LiteralString, dict[str, Any]]:
    """Conditions on ``spoken_sentences s`` that leave out what may not be found, with their parameters."""
    conditions: LiteralString = ""
    given: dict[str, Any] = {}
    if within.titles is not None:
        conditions, given = conditions + ONLY_TITLES, given | {"titles": list(within.titles)}
    if within.language is not None:
        conditions, given = conditions + ONLY_LANGUAGE, given | {"language": within.language}
    if within.without:
        conditions, given = conditions + NOT_WITHOUT, given | {"without": list(within.without)}
    if within.unseen:
        unseen = {"unseen": list(within.unseen), "from_us": list(within.unseen.values())}
        conditions, given = conditions + NOT_UNSEEN, given | unseen
    return conditions, given


async def _bases(session: AsyncSession, within: Within) -> list[str]:
    """The languages whose stems are asked for: of all that is spoken here."""
    spoken = [within.language] if within.language else [name for (name,) in await SPOKEN.rows(session)]
    return sorted({stems.base_of(language) for language in spoken} & stems.ALGORITHMS.keys())


class Near(NamedTuple):
    """Whether a word is said anywhere, as far as that is known, and for which others it may be a slip, the nearest
    first."""

    said: bool
    others: list[str]


async def _near(session: AsyncSession, query: Query) -> list[Near]:
    """What of the vocabulary each word may have been meant for."""
    keys = [
        (key, n)
        for n, word in enumerate(query.words)
        if not word.unspaced and word.text.isalpha() and typos.edits_of(len(word.text) + 1)
        for key in typos.keys_asked(word.text)
    ]
    known: list[set[str]] = [set() for _ in query.words]
    if keys:
        numbers = [n for _, n in keys]
        for n, word in await NEAR.rows(session, keys=[key for key, _ in keys], numbers=numbers):
            known[n].add(word)
    found = []
    for n, (typed, words) in enumerate(zip(query.words, known, strict=True)):
        may_go_on = query.open and n == len(query.words) - 1
        said = may_go_on or typed.text in words or not typos.worth_keeping(typed.text)
        others = typos.nearest(typed.text, words - {typed.text}, NEAR_MAX)
        found.append(Near(said, others))
    return found


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


def _sure(query: Query) -> Query:
    """The words by which the index is searched: without one that is only begun where others say enough, for of every
    word that begins so, all places would be gathered first."""
    if not query.open or len(query.words) < SURE_FROM:
        return query
    return replace(query, words=query.words[:-1], places=query.places[:-1], open=False)


def _every(query: Query, forms: Sequence[Iterable[str]]) -> str:
    return " & ".join(_parts(query, forms))


def _parts(query: Query, forms: Sequence[Iterable[str]]) -> list[str]:
    parts = ["(" + " | ".join(f"'{form}'" for form in each) + ")" for each in forms[: len(query.words)]]
    if query.open:
        parts[-1] = f"({parts[-1]} | '{query.words[-1].text}':*)"
    return parts
