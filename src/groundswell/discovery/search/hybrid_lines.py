"""Lines found by their words and by what they mean, put into one order by reciprocal rank.

Off unless the settings say otherwise, and for English alone. What has the words as they were typed, or forms of them
one after another, stays first: whoever remembers a line exactly wants it and nothing like it. All else is in the order
of Σ 1 / (60 + rank) over the two lists (Cormack, Clarke and Büttcher, *Reciprocal rank fusion*, SIGIR 2009). Those that
have all of the words are equally near by their words, and share the middle of their ranks.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.settings import Settings

from . import meanings
from .embedding import Embedding, model_folder
from .line_index import Hit, Likeness, LineIndex, Spoken, Utterance, Within
from .query import Query
from .stems import base_of
from .upkeep import INDEX

RANK_SHIFT = 60
WORDS_MIN = 3
"""Words of a query from which it has a meaning to look for."""


class HybridLines:
    """Another index's lines, and beside them those that mean something like what was typed."""

    def __init__(self, words: LineIndex, embedding: Embedding) -> None:
        self.words, self.embedding = words, embedding

    async def replace(self, session: AsyncSession, spoken: Sequence[Spoken]) -> None:
        """By their words at once; points are made by a job (``meanings``)."""
        await self.words.replace(session, spoken)

    async def find(self, session: AsyncSession, query: Query, within: Within, limit: int) -> list[Hit]:
        said = await self.words.find(session, query, within, limit)
        if query.hint is not None or query.quoted or len(query.words) < WORDS_MIN or not _is_known(within.language):
            return said
        (point,) = await asyncio.to_thread(self.embedding.of, [query.typed])
        return fused(said, await meanings.near(session, point, within, limit))[:limit]

    async def texts(self, session: AsyncSession, hits: Sequence[Hit]) -> dict[Hit, list[Utterance]]:
        return await self.words.texts(session, hits)

    async def forms(self, session: AsyncSession, query: Query) -> list[frozenset[str]]:
        return await self.words.forms(session, query)


def fused(said: Sequence[Hit], meant: Sequence[Hit]) -> list[Hit]:
    """What was found by its words (``said``, the nearest first) and by what it means (``meant``, likewise). Pure."""
    exact = [hit for hit in said if hit.likeness <= Likeness.STEMS]
    placed = {hit[:3] for hit in exact}
    scores: dict[tuple[object, ...], float] = {}
    found = {hit[:3]: hit for hit in (*meant, *said) if hit[:3] not in placed}
    before = 0
    for _, alike in groupby([hit for hit in said if hit[:3] in found], key=lambda hit: hit.likeness):
        places = [hit[:3] for hit in alike]
        scores |= dict.fromkeys(places, 1 / (RANK_SHIFT + before + (len(places) + 1) / 2))
        before += len(places)
    for rank, hit in enumerate(meant, 1):
        scores[hit[:3]] = scores.get(hit[:3], 0.0) + 1 / (RANK_SHIFT + rank)
    rest = [hit._replace(likeness=Likeness.MEANT, order=-scores[place]) for place, hit in found.items()]
    return [*exact, *sorted(rest, key=lambda hit: (hit.order, hit[:3]))]


def _is_known(language: str | None) -> bool:
    return language is None or base_of(language) == meanings.LANGUAGE


def index_of(settings: Settings) -> LineIndex:
    """What finds lines in this installation.

    Raises:
        MeaningUnavailable: meaning is to be looked for, and its model is not there.
    """
    return _hybrid(settings.meaning_model) if settings.search_meaning else INDEX


@lru_cache(maxsize=2)
def _hybrid(folder: Path | None) -> HybridLines:
    return HybridLines(INDEX, embedding_in(folder))


@lru_cache(maxsize=2)
def embedding_in(folder: Path | None) -> Embedding:
    """The model in a folder, or where its package has it; read once."""
    return Embedding(model_folder(folder))
