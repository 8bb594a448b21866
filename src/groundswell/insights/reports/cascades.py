"""Cascades of a period: those whose first share was made in it, with all that went back to it since.

A visitor's share that is no person's by its current verdict is passed over: it is not counted, and what went on from
it hangs on the share before it (or begins a cascade of its own).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import JudgedEvent
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.tables import Share

from .cascade_shapes import CascadeShape, mean, shape
from .drilldown import conditions
from .labels import labels
from .report_filter import Slice

MOST = 200_000
LARGEST = 50

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
    """The cascades that began in ``slice``. Means are over those that were passed on at least once."""
    slice.check()
    roots = select(Share.id).where(Share.parent_id.is_(None), Share.channel != OWN_PAGE, *await _began(session, slice))
    query = select(Share.id, Share.parent_id, Share.moment_id, Share.generation, BY_NOBODY)
    query = query.where(Share.root_id.in_(roots)).order_by(Share.generation, Share.id).limit(MOST)
    trees: dict[UUID, dict[UUID, UUID | None]] = defaultdict(dict)
    moments: dict[UUID, UUID] = {}
    generations: Counter[int] = Counter()
    hangs_on: dict[UUID, UUID | None] = {}
    root_of: dict[UUID, UUID] = {}
    for id, above, moment_id, generation, by_nobody in await session.execute(query):
        parent = hangs_on.get(above) if above is not None else None
        hangs_on[id] = parent if by_nobody else id
        if by_nobody:
            continue
        root = root_of[id] = id if parent is None else root_of[parent]
        trees[root][id] = parent
        moments.setdefault(root, moment_id)
        generations[generation] += 1
    shapes = {root: shape(parents) for root, parents in trees.items()}
    spread = [each for each in shapes.values() if each.shares > 1]
    return Cascades(
        roots=len(shapes),
        shares=sum(each.shares for each in shapes.values()),
        passed_on=len(spread),
        generations=sorted(generations.items()),
        structural_virality=mean([each.structural_virality or 0 for each in spread]),
        broadcast=mean([each.broadcast or 0 for each in spread]),
        largest=await _largest(session, shapes, moments),
    )


async def _began(session: AsyncSession, slice: Slice) -> list[ColumnElement[bool]]:
    """What makes a first share one of the slice's: made in the period, of the title, channel … it is narrowed to."""
    inside = [Share.created_at >= slice.begin, Share.created_at < slice.end]
    if not slice.where:
        return inside
    narrowed = await conditions(session, JudgedEvent, slice.where, slice.zone)
    made = select(JudgedEvent.share_id).where(JudgedEvent.kind == "share", JudgedEvent.at >= slice.begin, *narrowed)
    return [*inside, Share.id.in_(made.where(JudgedEvent.at < slice.end))]


async def _largest(
    session: AsyncSession, shapes: dict[UUID, CascadeShape], moments: dict[UUID, UUID]
) -> list[CascadeRow]:
    first = sorted(shapes, key=lambda root: (-shapes[root].shares, root))[:LARGEST]
    names = await labels(session, "moment", {str(moments[root]) for root in first})
    return [
        CascadeRow(
            root_id=root,
            moment_id=moments[root],
            label=names.get(str(moments[root]), str(moments[root])),
            shares=shapes[root].shares,
            depth=shapes[root].depth,
            broadcast=shapes[root].broadcast,
            structural_virality=shapes[root].structural_virality,
        )
        for root in first
    ]
