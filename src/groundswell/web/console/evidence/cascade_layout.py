"""Where each share of a cascade stands in its picture: left to right by generation, no two branches crossing. Pure.

Leaves take rows from top to bottom; a share stands half-way between its first and its last re-share (the layered
drawing of trees by Wetherell & Shannon, 1979). Long rows of re-shares that lead nowhere in particular are folded.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

COLUMN = 165
ROW = 56
MARGIN = 30
SHOWN_SIBLINGS = 6


@dataclass(frozen=True)
class Branch(Generic[Key]):
    """A share in the picture, or (``folded`` > 0) so many of its siblings, with all theirs, drawn as one."""

    key: Key
    parent: Key | None
    x: float
    y: float
    folded: int = 0


@dataclass(frozen=True)
class Drawing(Generic[Key]):
    """The picture in its own units: ``edges`` go from parent to child as (x1, y1, x2, y2, child)."""

    width: float
    height: float
    branches: list[Branch[Key]]
    edges: list[tuple[float, float, float, float, Key]]


def lay_out(parents: Mapping[Key, Key | None], kept: Collection[Key] = ()) -> Drawing[Key]:
    """Lay out a tree.

    Args:
        parents: each share's parent, None for the root; parents come before their children.
        kept: shares that are never folded away, nor any on their way to the root.
    """
    children: dict[Key, list[Key]] = defaultdict(list)
    for key, parent in parents.items():
        if parent is not None and parent in parents:
            children[parent].append(key)
    sizes = _sizes(parents)
    way = _ways(parents, kept)
    roots = [key for key, parent in parents.items() if parent is None or parent not in parents]
    shown, folded = _fold(roots, children, way)
    order = [key for key in parents if key in shown]
    depth: dict[Key, int] = {}
    for key in order:
        parent = parents[key]
        depth[key] = 0 if parent is None or parent not in depth else depth[parent] + 1
    rows = _rows(roots, children, shown)
    branches = [
        Branch(
            key,
            parents[key],
            MARGIN + depth[key] * COLUMN,
            MARGIN + rows[key] * ROW,
            sum(sizes[each] for each in folded.get(key, ())),
        )
        for key in order
    ]
    return _drawing(branches)


def _sizes(parents: Mapping[Key, Key | None]) -> dict[Key, int]:
    sizes = dict.fromkeys(parents, 1)
    for key in reversed(list(parents)):
        parent = parents[key]
        if parent is not None and parent in sizes:
            sizes[parent] += sizes[key]
    return sizes


def _ways(parents: Mapping[Key, Key | None], kept: Collection[Key]) -> set[Key]:
    """``kept`` with all that lie between them and the root."""
    way: set[Key] = set()
    for key in kept:
        at: Key | None = key
        while at is not None and at in parents and at not in way:
            way.add(at)
            at = parents[at]
    return way


def _fold(
    roots: Sequence[Key], children: Mapping[Key, Sequence[Key]], way: Collection[Key]
) -> tuple[set[Key], dict[Key, list[Key]]]:
    """Which shares are drawn, and which a drawn one stands for (itself among them)."""
    shown: set[Key] = set()
    folded: dict[Key, list[Key]] = {}
    waiting = list(roots)
    while waiting:
        key = waiting.pop()
        shown.add(key)
        if key in folded:
            continue
        here = children.get(key, [])
        apart = [each for each in here if each not in way]
        room = max(1, SHOWN_SIBLINGS - (len(here) - len(apart)))
        if len(apart) > room + 1:
            folded[apart[room]] = apart[room:]
            apart = apart[: room + 1]
        waiting += [each for each in here if each in way] + apart
    return shown, folded


def _rows(roots: Sequence[Key], children: Mapping[Key, Sequence[Key]], shown: Collection[Key]) -> dict[Key, float]:
    rows: dict[Key, float] = {}
    free = 0
    waiting = [(key, False) for key in reversed(roots)]
    while waiting:
        key, done = waiting.pop()
        below = [each for each in children.get(key, ()) if each in shown]
        if not below:
            rows[key] = free
            free += 1
        elif done:
            rows[key] = (rows[below[0]] + rows[below[-1]]) / 2
        else:
            waiting.append((key, True))
            waiting += [(each, False) for each in reversed(below)]
    return rows


def _drawing(branches: list[Branch[Key]]) -> Drawing[Key]:
    at = {branch.key: branch for branch in branches}
    edges = [
        (at[branch.parent].x, at[branch.parent].y, branch.x, branch.y, branch.key)
        for branch in branches
        if branch.parent is not None and branch.parent in at
    ]
    width = max((branch.x for branch in branches), default=0) + COLUMN
    height = max((branch.y for branch in branches), default=0) + MARGIN
    return Drawing(width, height, branches, edges)
