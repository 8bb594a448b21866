"""The shape of a cascade: how large, how deep, and whether it spread by one broadcast or from person to person. Pure.

**Structural virality** is the mean distance between all pairs of shares in the tree (Goel, Anderson, Hofman & Watts,
*The Structural Virality of Online Diffusion*, Management Science 62 (2016), first published 2015, eq. (1)): near 2 for
one broadcast to many, growing with the length of chains. The sum over pairs is Σ s(n - s) over the tree's edges, s
being the size of the subtree below an edge (each edge lies on the path of that many pairs), so that one pass does.

**Broadcast share** is the part of all re-shares that the single most re-shared share brought directly.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class CascadeShape:
    """``structural_virality`` and ``broadcast`` are None for a single share, of which there is nothing to say."""

    shares: int
    depth: int
    structural_virality: float | None
    broadcast: float | None


def shape(parents: Mapping[Key, Key | None]) -> CascadeShape:
    """The shape of one tree.

    Args:
        parents: each share's parent, None for the first; parents come before their children.

    Raises:
        ValueError: it is not one tree in that order.
    """
    depth = _depths(parents)
    n = len(parents)
    if n == 1:
        return CascadeShape(1, 0, None, None)
    children: dict[Key, int] = {}
    for parent in parents.values():
        if parent is not None:
            children[parent] = children.get(parent, 0) + 1
    below = subtree_sizes(parents)
    distances = sum(below[key] * (n - below[key]) for key, parent in parents.items() if parent is not None)
    return CascadeShape(n, max(depth.values()), 2 * distances / (n * (n - 1)), max(children.values()) / (n - 1))


def _depths(parents: Mapping[Key, Key | None]) -> dict[Key, int]:
    depth: dict[Key, int] = {}
    for key, parent in parents.items():
        if (parent is None and depth) or (parent is not None and parent not in depth):
            raise ValueError("shares must form one tree, parents before their children")
        depth[key] = 0 if parent is None else depth[parent] + 1
    if not depth:
        raise ValueError("a cascade has at least one share")
    return depth


def subtree_sizes(parents: Mapping[Key, Key | None]) -> dict[Key, int]:
    """How many shares there are below each, itself among them."""
    sizes = dict.fromkeys(parents, 1)
    for key in reversed(list(parents)):
        parent = parents[key]
        if parent is not None:
            sizes[parent] += sizes[key]
    return sizes
