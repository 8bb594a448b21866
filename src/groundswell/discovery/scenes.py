"""Scenes: overlapping moments of one title taken together. Pure.

The hottest moment not yet in a scene begins one; every other moment whose overlap with it is at least half of the
shorter of the two joins. Only overlap with that first moment counts, so scenes do not grow along chains of moments
that each overlap the next. The scene's span is the heat-weighted median of the starts and ends of its hottest
``SPAN_VOTERS`` members: where the crowd begins and ends, whatever single outliers do.

This says what scenes are, of moments in memory; ``membership`` keeps the same in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from . import heat

OVERLAP_MIN_PERCENT = 50
SPAN_VOTERS = 1_000

Span = tuple[int, int]
"""[start, end) in microseconds."""


@dataclass(frozen=True)
class Vote:
    """A moment as a vote for its span. ``log_heat`` as in ``heat``; ``public`` may be shown."""

    id: UUID
    start_us: int
    end_us: int
    log_heat: float
    public: bool = True


@dataclass(frozen=True)
class Scene:
    """Moments taken together, the hottest first. ``best`` is the hottest public one; None: the scene is not shown."""

    start_us: int
    end_us: int
    log_heat: float
    members: tuple[Vote, ...]

    @property
    def best(self) -> Vote | None:
        return next((vote for vote in self.members if vote.public), None)


def gather(votes: Sequence[Vote]) -> list[Scene]:
    """Every moment in exactly one scene, the hottest scene first; the order of ``votes`` does not matter."""
    waiting = sorted((vote for vote in votes if vote.log_heat > heat.NOTHING), key=_hottest_first)
    scenes = []
    while waiting:
        first = waiting[0]
        members = [vote for vote in waiting if overlaps(first, vote)]
        waiting = [vote for vote in waiting if not overlaps(first, vote)]
        scenes.append(_scene(members))
    return sorted(scenes, key=lambda scene: (-scene.log_heat, scene.members[0].id))


def _hottest_first(vote: Vote) -> tuple[float, UUID]:
    return -vote.log_heat, vote.id


def overlaps(one: Vote, other: Vote) -> bool:
    """Whether they share at least half of the shorter one."""
    shared = min(one.end_us, other.end_us) - max(one.start_us, other.start_us)
    shorter = min(one.end_us - one.start_us, other.end_us - other.start_us)
    return shared * 100 >= shorter * OVERLAP_MIN_PERCENT


def _scene(members: Sequence[Vote]) -> Scene:
    top = members[0].log_heat
    heard = members[:SPAN_VOTERS]
    weights = [2 ** (vote.log_heat - top) for vote in heard]
    return Scene(
        start_us=median([vote.start_us for vote in heard], weights),
        end_us=median([vote.end_us for vote in heard], weights),
        log_heat=heat.add(*(vote.log_heat for vote in members)),
        members=tuple(members),
    )


def median(values: Sequence[int], weights: Sequence[float]) -> int:
    """The least value at which half of the weight is reached."""
    half, reached = sum(weights) / 2, 0.0
    for value, weight in sorted(zip(values, weights, strict=True)):
        reached += weight
        if reached >= half:
            return value
    return max(values)
