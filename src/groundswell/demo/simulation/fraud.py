"""Fraud mixed into a world: what honest people do gets instants and places, and cheats do theirs among it. Pure.

**People.** A share is followed within hours (exponential), those who join do so mostly within the hour (log-normal),
and watch for seconds. One in ``SHARED`` is behind an address that many share, as offices and mobile carriers have; one
in ``FAMILY`` uses somebody else's browser.

**Cheats.** Each operation has a sharer of its own and goes one of the ``WAYS``, which are those of the rules in
docs/explanation/fraud.md, at a size that is drawn (log-normal), so that some stay below what any rule sees. Its
accounts sign up, and some buy. Operations are added until ``part`` of all visits are theirs.

The world's own robots and rings, which a name or a single click shows, are no part of this.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .world import World

HOUR, DAY = 3600.0, 86_400.0
DAYS = 7
SHARED, FAMILY = 8, 40
GATEWAYS, NETWORKS, HOMES = 400, 40, 200
"""Addresses that many share, the networks that these are in, and how many homes a network has."""

SIGMA = 0.5
JOINS, BUYS = 0.5, 0.6
"""Of a cheat's accounts, those that sign up, and of these those that buy."""

Visit = Literal["click", "play", "view", "sign_up", "subscription", "share"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done, ``at_s`` seconds after the world began, by an account on a device at an address.

    ``share`` is by way of which (its number), ``sharer`` whose that is. ``fraud`` is the way of the cheat, None for
    people. ``signed_in``: the visit itself says whose it is.
    """

    at_s: float
    kind: Visit
    person: str
    device: str
    household: str
    network: str
    share: int
    sharer: str
    fraud: str | None = None
    signed_in: bool = False
    parent: int | None = None

    @property
    def visitor(self) -> str:
        """The device's hash, which lasts for a day."""
        return f"{self.device}@{int(self.at_s // DAY)}"


class MixedWorld:
    """An honest world with cheats in it. ``deeds`` are all that is done, in order of time."""

    def __init__(self, world: World, part: float = 0.3) -> None:
        self.world, self.part = world, part
        self.random = np.random.default_rng((world.plan.seed, 1))
        self.homes: dict[str, tuple[str, str, str]] = {}
        honest = list(self._honest())
        visits = sum(deed.kind in ("click", "play") for deed in honest)
        cheats = list(self._cheats(visits * part / (1 - part), world.truth.shares))
        self.deeds = sorted([*honest, *cheats], key=lambda deed: deed.at_s)

    def _honest(self) -> Iterator[Deed]:
        shared: dict[int, tuple[float, str]] = {}
        when: dict[str, float] = {}
        for action in self.world.actions():
            who, number = action.person, action.share
            assert number is not None
            if action.robot or action.fraud:
                continue
            if action.kind == "share":
                at = when[who] + self._after(0.7 * DAY) if who in when else self.random.uniform(0, DAYS * DAY)
                shared[number] = at, who
                yield self._deed(at, "share", who, number, who, parent=action.parent)
                continue
            began, sharer = shared[number]
            at = {
                "click": began + self._after(8 * HOUR),
                "play": when.get(who, 0) + 4 + self._after(10),
                "sign_up": when.get(who, 0) + 12 + self.random.lognormal(np.log(20 * 60), 1.2),
                "subscription": when.get(who, 0) + 5 + self.random.lognormal(np.log(150), 1.0),
            }[action.kind]
            if action.kind != "play":
                when[who] = at
            yield self._deed(at, action.kind, who, number, sharer)

    def _after(self, mean_s: float) -> float:
        return float(self.random.exponential(mean_s))

    def _deed(self, at: float, kind: str, who: str, share: int, sharer: str, parent: int | None = None) -> Deed:
        if who not in self.homes:
            self.homes[who] = self._home(who)
        device, household, network = self.homes[who]
        return Deed(at, kind, who, device, household, network, share, sharer, parent=parent)  # type: ignore[arg-type]

    def _home(self, who: str) -> tuple[str, str, str]:
        """Device, household and network of somebody."""
        if self.homes and self.random.integers(FAMILY) == 0:
            return self.homes[list(self.homes)[-1]]
        if self.random.integers(SHARED) == 0:
            gateway = int(self.random.integers(GATEWAYS))
            return f"of-{who}", f"gateway-{gateway}", f"carrier-{gateway % NETWORKS}"
        return f"of-{who}", f"home-of-{who}", f"isp-{len(self.homes) // HOMES}"

    def _cheats(self, visits: float, number: int) -> Iterator[Deed]:
        """Operations until there are so many visits; their shares are numbered from ``number`` on."""
        made = 0
        while made < visits:
            ways = [way for way, (median, _) in WAYS.items() if median <= max(visits - made, SMALLEST)]
            way = ways[int(self.random.integers(len(ways)))]
            median, run = WAYS[way]
            size = max(1, round(median * float(self.random.lognormal(0, SIGMA))))
            begin = float(self.random.uniform(0.1, DAYS - 0.2)) * DAY
            begin = begin // DAY * DAY + min(begin % DAY, DAY / 2)  # an operation is of one day
            operation = Operation(self, way, number, begin, size)
            number += 2
            for deed in [*operation.shares(), *run(operation)]:
                made += deed.kind in ("click", "play")
                yield deed


class Operation:
    """One cheat: a sharer, a way and a size."""

    def __init__(self, mixed: MixedWorld, way: str, number: int, begin: float, size: int) -> None:
        self.random, self.way, self.number, self.begin, self.size = mixed.random, way, number, begin, size
        self.name = f"sim{mixed.world.plan.seed}-{way}-{number}"
        self.sharer, self.other = f"{self.name}-sharer", f"{self.name}-other"

    def shares(self) -> Iterator[Deed]:
        for n, who in enumerate((self.sharer, self.other) if self.way == "ring" else (self.sharer,)):
            at = self.begin - 60
            yield Deed(at, "share", who, who, who, who, self.number + n, who, self.way)

    def click(self, after_s: float, account: int, device: str = "", household: str = "", network: str = "") -> Deed:
        who = f"{self.name}-{account}"
        at, own = self.begin + after_s, device or who
        place = own, household or f"home-of-{own}", network or f"net-of-{own}"
        return Deed(at, "click", who, *place, self.number, self.sharer, self.way)

    def joined(self, click: Deed, soon: Callable[[], float], joins: float = JOINS) -> Iterator[Deed]:
        """The click, and what its account does then: plays, signs up, buys."""
        yield click
        place = click.person, click.device, click.household, click.network, click.share, click.sharer, self.way
        if self.random.random() < joins:
            at = click.at_s + soon()
            yield Deed(at, "sign_up", *place)
            if self.random.random() < BUYS:
                yield Deed(at + 30, "subscription", *place)

    def minutes(self) -> float:
        """From a click to a sign-up, as people take."""
        return 12 + float(self.random.lognormal(np.log(600), 1))


def rate(by: Operation) -> Iterator[Deed]:
    """One browser follows a link many times a minute."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 0.8, n, device=f"{by.name}-browser"), by.minutes, joins=0.02)


def self_referral(by: Operation) -> Iterator[Deed]:
    """The sharer's own browser, on which they are signed in, with accounts of friends."""
    home = f"{by.name}-home"
    place = home, home, home
    yield Deed(by.begin - 30, "view", by.sharer, *place, by.number, by.sharer, by.way, signed_in=True)
    for n in range(by.size):
        yield from by.joined(by.click(n * 300.0, n, *place), by.minutes)


def shared_device(by: Operation) -> Iterator[Deed]:
    """Many accounts from one browser."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 240.0, n, device=f"{by.name}-browser"), by.minutes, joins=0.9)


def address_glut(by: Operation) -> Iterator[Deed]:
    """A farm of browsers in one household."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 120.0, n, household=f"{by.name}-farm", network=by.name), by.minutes)


def network_glut(by: Operation) -> Iterator[Deed]:
    """A farm with an address for each browser, all of one network."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 45.0, n, network=f"{by.name}-rack"), by.minutes)


def ring(by: Operation) -> Iterator[Deed]:
    """Two sharers, signed in, who follow each other's links over and over."""
    for n in range(by.size):
        for turn, (who, sharer) in enumerate(((by.other, by.sharer), (by.sharer, by.other))):
            at = by.begin + n * 600.0 + turn * 90
            yield Deed(at, "click", who, who, who, who, by.number + turn, sharer, by.way, signed_in=True)


def too_soon(by: Operation) -> Iterator[Deed]:
    """A script that signs up seconds after the click, each time from elsewhere."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 400.0, n), lambda: float(by.random.uniform(3, 9.5)), joins=0.95)


def too_even(by: Operation) -> Iterator[Deed]:
    """Clicks flooded from devices whose owners do not know of it, to claim what they do some time that day."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 20.0, n), lambda: float(by.random.uniform(2.1, 23.9)) * HOUR, joins=0.98)


WAYS: dict[str, tuple[int, Callable[[Operation], Iterator[Deed]]]] = {
    "rate": (120, rate),
    "self_referral": (12, self_referral),
    "shared_device": (24, shared_device),
    "address_glut": (150, address_glut),
    "network_glut": (900, network_glut),
    "ring": (24, ring),
    "too_soon": (60, too_soon),
    "too_even": (110, too_even),
}
"""Each way's median size, and what is done."""

SMALLEST = min(median for median, _ in WAYS.values())
