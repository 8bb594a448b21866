"""Cascades of a period: those whose first share was made in it, with all that went back to it since.

A visitor's share that is no person's by its current verdict is passed over: it is not counted, and what went on from
it hangs on the share before it (or begins a cascade of its own).
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import JudgedEvent
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.tables import Share

from .cascade_shapes import CascadeShape, shape
from .drilldown import conditions
from .labels import labels
from .report_filter import Slice

LARGEST = 50
AT_ONCE = 10_000
"""Shares that are held in memory on their way, beside those of one cascade."""

_ITS_EVENT = select(JudgedEvent.verdict).where(JudgedEvent.at == Share.created_at, JudgedEvent.id == Share.id)
BY_NOBODY = and_(Share.viewer_id.is_(None), func.coalesce(_ITS_EVENT.scalar_subquery(), "human") != "human")
"""Whether a share is no person's: that of a viewer who was signed in is never judged."""


@dataclass(frozen=True)
class CascadeRow:
    """One cascade; ``label`` is its moment's."""

    root_id: UUID
    moment_id: UUID
    label: str
    shares: int
    depth: int
    broadcast: float | None
    structural_virality: float | None


@dataclass(frozen=True)
class Cascades:
    """All cascades of a period: how many, how large on average, how they spread, and the largest."""

    roots: int
    shares: int
    passed_on: int
    generations: list[tuple[int, int]]
    structural_virality: float | None
    broadcast: float | None
    largest: list[CascadeRow]


async def cascades_report(session: AsyncSession, slice: Slice) -> Cascades:
    """The cascades that began in ``slice``. Means are over those that were passed on at least once.

    One tree is in memory at a time, however many there are.
    """
    slice.check()
    found = _Tally()
    async for rows in _by_first_share(session, slice):
        for tree in _trees(rows):
            found.count(tree)
    return Cascades(
        roots=found.roots,
        shares=found.generations.total(),
        passed_on=found.passed_on,
        generations=sorted(found.generations.items()),
        structural_virality=found.virality / found.passed_on if found.passed_on else None,
        broadcast=found.broadcast / found.passed_on if found.passed_on else None,
        largest=await _labelled(session, found.largest),
    )


@dataclass
class _Tree:
    """What went back to one first share: each share's parent, parents first, and how many there are of a generation."""

    moment_id: UUID
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    generations: Counter[int] = field(default_factory=Counter)


@dataclass
class _Tally:
    roots: int = 0
    passed_on: int = 0
    virality: float = 0.0
    broadcast: float = 0.0
    generations: Counter[int] = field(default_factory=Counter)
    largest: list[tuple[UUID, UUID, CascadeShape]] = field(default_factory=list)
    """Root, moment and shape, the largest first."""

    def count(self, tree: _Tree) -> None:
        """Add a cascade."""
        found, root = shape(tree.parents), next(iter(tree.parents))
        self.roots += 1
        self.generations += tree.generations
        if found.shares > 1:
            self.passed_on += 1
            self.virality += found.structural_virality or 0
            self.broadcast += found.broadcast or 0
        self.largest.append((root, tree.moment_id, found))
        if len(self.largest) >= 2 * LARGEST:
            self.keep_largest()

    def keep_largest(self) -> None:
        """Forget all but the ``LARGEST``."""
        self.largest = sorted(self.largest, key=lambda each: (-each[2].shares, each[0]))[:LARGEST]


async def _by_first_share(session: AsyncSession, slice: Slice) -> AsyncIterator[list[Any]]:
    """The rows of each first share of ``slice``, with all that goes back to it."""
    roots = select(Share.id).where(Share.parent_id.is_(None), Share.channel != OWN_PAGE, *await _began(session, slice))
    query = select(Share.root_id, Share.id, Share.parent_id, Share.moment_id, Share.generation, BY_NOBODY)
    query = query.where(Share.root_id.in_(roots)).order_by(Share.root_id, Share.generation, Share.id)
    rows: list[Any] = []
    async for row in await session.stream(query.execution_options(yield_per=AT_ONCE)):
        if rows and rows[0].root_id != row.root_id:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _trees(rows: list[Any]) -> Iterable[_Tree]:
    """The cascades in what goes back to one first share: one, or several where that is no person's."""
    trees: dict[UUID, _Tree] = {}
    hangs_on: dict[UUID, UUID | None] = {}
    root_of: dict[UUID, UUID] = {}
    for _, id, above, moment_id, generation, by_nobody in rows:
        parent = hangs_on.get(above) if above is not None else None
        hangs_on[id] = parent if by_nobody else id
        if by_nobody:
            continue
        root = root_of[id] = id if parent is None else root_of[parent]
        tree = trees.setdefault(root, _Tree(moment_id))
        tree.parents[id] = parent
        tree.generations[generation] += 1
    return trees.values()


async def _began(session: AsyncSession, slice: Slice) -> list[ColumnElement[bool]]:
    """What makes a first share one of the slice's: made in the period, of the title, channel … it is narrowed to."""
    inside = [Share.created_at >= slice.begin, Share.created_at < slice.end]
    if not slice.where:
        return inside
    narrowed = await conditions(session, JudgedEvent, slice.where, slice.zone)
    made = select(JudgedEvent.share_id).where(JudgedEvent.kind == "share", JudgedEvent.at >= slice.begin, *narrowed)
    return [*inside, Share.id.in_(made.where(JudgedEvent.at < slice.end))]


async def _labelled(session: AsyncSession, found: list[tuple[UUID, UUID, CascadeShape]]) -> list[CascadeRow]:
    first = sorted(found, key=lambda each: (-each[2].shares, each[0]))[:LARGEST]
    names = await labels(session, "moment", {str(moment) for _, moment, _ in first})
    return [
        CascadeRow(
            root_id=root,
            moment_id=moment,
            label=names.get(str(moment), str(moment)),
            shares=each.shares,
            depth=each.depth,
            broadcast=each.broadcast,
            structural_virality=each.structural_virality,
        )
        for root, moment, each in first
    ]
