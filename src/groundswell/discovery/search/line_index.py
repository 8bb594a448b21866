"""The contract of whatever finds lines: PostgreSQL's own index (``postgres_lines``), or another engine's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from .query import Query


class Utterance(NamedTuple):
    """A sentence, or what stands apart in the lines: the unit that is found. ``apart``: nothing runs on into it."""

    start_us: int
    end_us: int
    text: str
    apart: bool = False


class Spoken(NamedTuple):
    """All that is said in a title in one language (BCP 47)."""

    title_id: UUID
    language: str
    said: Sequence[Utterance]


class Likeness(IntEnum):
    """How near what was found is to what was typed, the nearest first."""

    PHRASE = 0
    """The words, as they stand."""
    STEMS = 1
    """The words one after another, in any form of each; the last may go on."""
    ALL = 2
    """All of the words, anywhere in it, in any form."""
    SLIP = 3
    """As ``STEMS``, with words for which those typed may be slips."""
    SLIPS_ALL = 4
    """As ``ALL``, likewise."""
    MEANT = 5
    """Something like it in other words, or some of its words, in the order of both (``hybrid_lines``)."""


class Hit(NamedTuple):
    """A sentence that was found. ``order``: of those equally near, what has less comes first."""

    title_id: UUID
    language: str
    number: int
    start_us: int
    end_us: int
    likeness: Likeness
    order: float = 0.0


@dataclass(frozen=True)
class Within:
    """Where to look: only in these titles, in this language (all: None), and in none of ``without``; ``unseen`` is from
    which microsecond on a title would spoil something for whoever asks, beyond which nothing is found."""

    titles: Collection[UUID] | None = None
    language: str | None = None
    without: Collection[UUID] = ()
    unseen: Mapping[UUID, int] = field(default_factory=dict)


class LineIndex(Protocol):
    """Finds what is said. What is written is found by the same transaction, and by others once it commits."""

    async def replace(self, session: AsyncSession, spoken: Sequence[Spoken]) -> None:
        """Have each of ``spoken`` found in place of what was said in that title in that language before. Many at once
        take less time than one after another."""

    async def find(self, session: AsyncSession, query: Query, within: Within, limit: int) -> list[Hit]:
        """What fits ``query``, the nearest first, ``limit`` at most: phrases before all others, slips only where
        nothing else fits. Every hit is once among them. A query without words finds nothing."""

    async def texts(self, session: AsyncSession, hits: Sequence[Hit]) -> dict[Hit, list[Utterance]]:
        """What is said at each hit, and after it what is said next."""

    async def forms(self, session: AsyncSession, query: Query) -> list[frozenset[str]]:
        """For each word of ``query``, the folded words that stand for it where something like it was found."""
