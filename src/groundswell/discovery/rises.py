"""Which scenes of a title have begun to rise since they were last gathered. Pure.

A scene rises while its trend is ``rising`` and its slow counter is at ``NOTICED`` at least. It has begun to when none
of the scenes that it overlaps rose when they were gathered last: a scene is known by where it lies, since the
hottest of its moments, which names it, may change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from . import heat
from .rate import HALF_LIVES_S

Trend = Literal["rising", "steady", "falling"]
RISING, FALLING = 1.5, 0.5
_, MIDDLE_S, SLOW_S = HALF_LIVES_S

NOTICED = 12.0
"""Heat of three clips or shares just now: what one viewer does alone is no rise."""


class Measured(Protocol):
    """A scene as it was gathered at ``refreshed_at``."""

    @property
    def start_us(self) -> int: ...
    @property
    def end_us(self) -> int: ...
    @property
    def middle_log(self) -> float: ...
    @property
    def slow_log(self) -> float: ...
    @property
    def refreshed_at(self) -> datetime: ...


@dataclass(frozen=True)
class Gathered:
    """A scene of an earlier gathering."""

    start_us: int
    end_us: int
    middle_log: float
    slow_log: float
    refreshed_at: datetime


M = TypeVar("M", bound=Measured)


def trend(middle_log: float, slow_log: float, now_s: float) -> Trend:
    """Whether votes come faster or slower of late.

    A counter with half-life ``H`` that receives ``r`` votes a second steadily settles at ``r * H / ln 2``, so its level
    over its half-life is a rate; this compares that of 6 hours with that of 3 days.
    """
    slow = heat.level(slow_log, now_s, SLOW_S) / SLOW_S
    if slow == 0:
        return "falling"
    ratio = heat.level(middle_log, now_s, MIDDLE_S) / MIDDLE_S / slow
    return "rising" if ratio >= RISING else "falling" if ratio <= FALLING else "steady"


def rises(scene: Measured) -> bool:
    """Whether a scene rose when it was gathered."""
    now_s = scene.refreshed_at.timestamp()
    noticed = heat.level(scene.slow_log, now_s, SLOW_S) >= NOTICED
    return noticed and trend(scene.middle_log, scene.slow_log, now_s) == "rising"


def newly_rising(before: Iterable[Measured], after: Sequence[M]) -> list[M]:
    """Those of ``after`` that rise and overlap none of ``before`` that did."""
    rose = [scene for scene in before if rises(scene)]
    return [scene for scene in after if rises(scene) and not any(_overlap(scene, earlier) for earlier in rose)]


def _overlap(one: Measured, other: Measured) -> bool:
    return one.start_us < other.end_us and other.start_us < one.end_us
