"""The world that is simulated: viewers on a follow graph, what they do, and what truly causes what. Pure.

**Graph.** Preferential attachment (Barabási & Albert, *Emergence of Scaling in Random Networks*, Science 286 (1999)):
each viewer follows some earlier ones, the more followed the likelier.

**Cause.** Everybody who could be reached subscribes by themselves with probability ``baseline``. Having seen a shared
moment adds ``effect``: drawn once for each person, so that the difference between being reached and not is the truth
that an experiment is to find. A newcomer shares as a sharer does, so the loop has a true K: the mean number of new
viewers that each new viewer brings directly.

**Crowds.** Some shares are put before a campus or a carrier's customers at once, more or less keen than others. Who
comes to it by one of these goes on as everybody does, so that K stays what it is.

**Noise.** Robots click and never subscribe; a ring of fraudsters clicks its own links from a few devices.

Times are in steps: the player gives them their pace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Kind = Literal["share", "unfurl", "click", "play", "sign_up", "subscription"]


@dataclass(frozen=True)
class WorldPlan:
    """What the world is like. Rates are probabilities."""

    seed: int = 1
    viewers: int = 60
    follows: int = 3
    sharers: float = 0.5
    reached: float = 6.0
    clicks: float = 0.6
    plays: float = 0.7
    baseline: float = 0.05
    effect: float = 0.15
    subscribes: float = 0.5
    newcomer_shares: float = 0.7
    robots: float = 0.1
    rings: int = 1
    ring_clicks: int = 12
    crowds: int = 0
    crowd: float = 120.0
    control: float = 0.5
    channels: tuple[str, ...] = ("whatsapp", "x", "copy", "telegram")


@dataclass(frozen=True)
class Action:
    """One thing to be done. ``person`` is who, ``share`` by way of which share (its number)."""

    step: int
    kind: Kind
    person: str
    share: int | None = None
    parent: int | None = None
    channel: str | None = None
    robot: bool = False
    fraud: bool = False


@dataclass
class Truth:
    """What truly happened, for estimates to be held against."""

    seed: int
    shares: int = 0
    human_clicks: int = 0
    robot_clicks: int = 0
    fraud_clicks: int = 0
    newcomers: int = 0
    newcomer_shares: int = 0
    brought_by_newcomers: int = 0
    subscriptions: int = 0
    caused_by: dict[int, int] = field(default_factory=dict)
    organic: int = 0
    control_units: int = 0
    treatment_units: int = 0
    control_conversions: int = 0
    treatment_conversions: int = 0
    effect: float = 0.0
    expected_k: float = 0.0

    @property
    def k(self) -> float | None:
        """The K that was: new viewers that newcomers brought, for each newcomer."""
        return self.brought_by_newcomers / self.newcomers if self.newcomers else None


@dataclass(frozen=True)
class _Share:
    number: int
    owner: str
    newcomer: bool


class World:
    """One run. ``actions`` tells what happens, in order; ``truth`` is complete once it is at its end."""

    def __init__(self, plan: WorldPlan) -> None:
        self.plan = plan
        self.random = np.random.default_rng(plan.seed)
        self.followers = follow_graph([self.viewer(n) for n in range(plan.viewers)], plan.follows, self.random)
        self.truth = Truth(plan.seed, effect=(1 - plan.baseline) * plan.effect, expected_k=expected_k(plan))
        self.strangers = 0
        self.crowd_shares: set[int] = set()
        self.step = 0

    def viewer(self, number: int) -> str:
        return f"sim{self.plan.seed}-viewer-{number}"

    def actions(self) -> Iterator[Action]:
        """Everything that happens, each thing after its cause."""
        waiting: list[_Share] = []
        for number in range(self.plan.viewers):
            if self.chance(self.plan.sharers):
                share = self.share(self.viewer(number), newcomer=False)
                yield self.act("share", self.viewer(number), share.number, channel=self.channel())
                waiting.append(share)
        for number in range(self.plan.crowds):
            owner = f"sim{self.plan.seed}-crowd-{number}"
            share = self.share(owner, newcomer=False)
            self.crowd_shares.add(share.number)
            yield self.act("share", owner, share.number, channel=self.channel())
            for action, again in self.crowd(share):
                yield action
                if again is not None:
                    waiting.append(again)
        while waiting:
            share = waiting.pop(0)
            for action, again in self.spread(share):
                yield action
                if again is not None:
                    waiting.append(again)
        yield from self.rings()

    def spread(self, share: _Share) -> Iterator[tuple[Action, _Share | None]]:
        """What one share brings: previews, robots, people, newcomers, and what these share again."""
        yield self.act("unfurl", "robot", share.number, robot=True), None
        if self.chance(self.plan.robots):
            self.truth.robot_clicks += 1
            yield self.act("click", f"robot-{share.number}", share.number, robot=True), None
        for _ in range(self.audience(share)):
            person = self.stranger()
            if self.chance(self.plan.clicks):
                yield from self.visit(share, person)

    def crowd(self, share: _Share) -> Iterator[tuple[Action, _Share | None]]:
        """What a share brings that is put before a crowd: some are keener by half, some less so."""
        size = int(self.plan.crowd * self.random.lognormal(0, 0.7))
        keen = float(np.clip(self.random.lognormal(0, 0.4), 0.3, 2.0))
        for _ in range(size):
            if self.chance(self.plan.clicks):
                yield from self.visit(share, self.stranger(), keen)

    def visit(self, share: _Share, person: str, keen: float = 1.0) -> Iterator[tuple[Action, _Share | None]]:
        self.truth.human_clicks += 1
        yield self.act("click", person, share.number), None
        if self.chance(self.plan.plays):
            yield self.act("play", person, share.number), None
        anyway = self.chance(self.plan.baseline)
        caused = not anyway and self.chance(min(1.0, self.plan.effect * keen))
        if not anyway and not caused:
            return
        self.joined(share, caused)
        yield self.act("sign_up", person, share.number), None
        if self.chance(self.plan.subscribes):
            self.truth.subscriptions += 1
            yield self.act("subscription", person, share.number), None
        if self.chance(self.plan.newcomer_shares):
            again = self.share(person, newcomer=True)
            self.truth.newcomer_shares += 1
            yield self.act("share", person, again.number, parent=share.number, channel=self.channel()), again

    def joined(self, share: _Share, caused: bool) -> None:
        self.truth.newcomers += 1
        self.truth.brought_by_newcomers += share.newcomer
        if caused:
            self.truth.caused_by[share.number] = self.truth.caused_by.get(share.number, 0) + 1
        else:
            self.truth.organic += 1

    def rings(self) -> Iterator[Action]:
        """Fraudsters share, and click their own links again and again, a few devices each."""
        for ring in range(self.plan.rings):
            owner = f"sim{self.plan.seed}-ring-{ring}"
            share = self.share(owner, newcomer=False)
            yield self.act("share", owner, share.number, channel="copy", fraud=True)
            for click in range(self.plan.ring_clicks):
                self.truth.fraud_clicks += 1
                yield self.act("click", f"{owner}-device-{click % 2}", share.number, fraud=True)

    def audience(self, share: _Share) -> int:
        """How many people a share is put before: the followers of a viewer, a circle of a newcomer's."""
        followed = self.followers.get(share.owner, 0)
        mean = self.plan.reached * (0.5 + min(followed, 20) / 10) if not share.newcomer else self.plan.reached
        return int(self.random.poisson(mean))

    def experiment(self, units: int) -> Iterator[tuple[str, bool, bool]]:
        """A holdout whose truth is known: each unit, whether it subscribes anyway, and whether it does when reached.

        Who is held back is not drawn here: the service is asked.
        """
        for number in range(units):
            unit = f"sim{self.plan.seed}-unit-{number}"
            yield unit, self.chance(self.plan.baseline), self.chance(self.plan.effect)

    def share(self, owner: str, *, newcomer: bool) -> _Share:
        self.truth.shares += 1
        return _Share(self.truth.shares - 1, owner, newcomer)

    def stranger(self) -> str:
        self.strangers += 1
        return f"sim{self.plan.seed}-person-{self.strangers}"

    def act(self, kind: Kind, person: str, share: int, **more: object) -> Action:
        self.step += 1
        return Action(self.step, kind, person, share, **more)  # type: ignore[arg-type]

    def channel(self) -> str:
        return self.plan.channels[int(self.random.integers(len(self.plan.channels)))]

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)


def follow_graph(viewers: Sequence[str], follows: int, random: np.random.Generator) -> dict[str, int]:
    """How many follow each viewer, by preferential attachment."""
    counts = np.zeros(len(viewers), dtype=np.int64)
    for number in range(1, len(viewers)):
        weights = counts[:number] + 1.0
        chosen = random.choice(number, size=min(follows, number), replace=False, p=weights / weights.sum())
        counts[chosen] += 1
    return {viewer: int(count) for viewer, count in zip(viewers, counts, strict=True)}


def expected_k(plan: WorldPlan) -> float:
    """The K that the rates give: below one, or the world would not end."""
    joins = plan.baseline + (1 - plan.baseline) * plan.effect
    return plan.newcomer_shares * plan.reached * plan.clicks * joins
