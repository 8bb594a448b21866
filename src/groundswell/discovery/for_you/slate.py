"""Which scenes come next, and with what probability each came: a softmax drawn without replacement. Pure.

Every candidate has a pull, by which it is likely to be liked by whoever looks (``blend``: a logarithm), and parts, one
for each reason for which it may be shown. The score is the pull, what some reasons add to it, and a draw of how likely
the scene is to be engaged with (Thompson sampling of a Beta posterior; Chapelle & Li, NIPS 2011). Each place of a page
is drawn from the candidates that may stand there, in proportion to ``exp(score / TEMPERATURE)`` (Plackett–Luce).
The probability of what was drawn, given the places before it, is kept: so other policies can be judged by the same log
(inverse propensity scoring).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

import numpy as np

Reason = Literal["hot", "near", "watching", "fresh"]

SAYS: Mapping[Reason, float] = {"hot": 1.0, "near": 5.0, "watching": 1.2, "fresh": 0.5}
"""What a part of each reason is worth, where one must be said."""

ADDED: Mapping[Reason, float] = {"watching": 1.2, "fresh": 0.3}
"""What reasons add that are not in the pull already."""

DEEPEST = -6.0
"""A pull so far below that of the strongest counts no less: exploring them all costs the same."""

ENGAGEMENT = 1.0
"""What a whole certainty of engagement is worth beside the reasons."""

PRIOR = (1.0, 3.0)
"""Engaged and not, of a scene of which nothing is known."""

TEMPERATURE = 0.3
TITLE_APART = 2
"""Places between two scenes of one title, where there is a choice."""

MAKER_MOST = 2
"""Scenes of one maker on a page, where there is a choice."""


@dataclass(frozen=True)
class Candidate:
    """A scene that may be shown. ``parts`` are from 0 to 1; ``pull`` is a natural logarithm, 0 for the strongest of
    all; ``shown`` and ``engaged`` say how it did lately."""

    scene_id: UUID
    title_id: UUID
    maker_id: UUID
    parts: Mapping[Reason, float]
    pull: float = 0.0
    shown: int = 0
    engaged: int = 0

    @property
    def reason(self) -> Reason:
        """For what it is shown most of all."""
        return max(self.parts, key=lambda reason: SAYS[reason] * self.parts[reason])


class Pick(NamedTuple):
    candidate: Candidate
    probability: float


def draw(candidates: Sequence[Candidate], places: int, rng: np.random.Generator) -> list[Pick]:
    """A page of ``places`` at most."""
    scores = np.array([_score(each, rng) for each in candidates])
    left = list(range(len(candidates)))
    picked: list[Pick] = []
    while left and len(picked) < places:
        fit = _fitting(candidates, left, [pick.candidate for pick in picked])
        weights = np.exp((scores[fit] - scores[fit].max()) / TEMPERATURE)
        chances = weights / weights.sum()
        at = int(rng.choice(len(fit), p=chances))
        picked.append(Pick(candidates[fit[at]], float(chances[at])))
        left.remove(fit[at])
    return picked


def _score(each: Candidate, rng: np.random.Generator) -> float:
    added = sum(ADDED.get(reason, 0.0) * part for reason, part in each.parts.items())
    engaged, ignored = PRIOR[0] + each.engaged, PRIOR[1] + max(0, each.shown - each.engaged)
    return TEMPERATURE * max(each.pull, DEEPEST) + added + ENGAGEMENT * float(rng.beta(engaged, ignored))


def _fitting(candidates: Sequence[Candidate], left: Sequence[int], before: Sequence[Candidate]) -> list[int]:
    """Those that may stand next: another title than just before, no maker too often; if there are none, all."""
    titles = {each.title_id for each in before[-TITLE_APART:]}
    makers = [each.maker_id for each in before]
    often = {maker for maker in makers if makers.count(maker) >= MAKER_MOST}
    apart = [n for n in left if candidates[n].title_id not in titles]
    return [n for n in apart if candidates[n].maker_id not in often] or apart or list(left)
