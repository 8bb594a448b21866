"""Fraud mixed into a world: what honest people do gets instants and places, and cheats do theirs among it. Pure.

**People.** A share is followed within hours (exponential), those who join do so mostly within the hour (log-normal),
and watch for seconds. One in ``SHARED`` is behind an address that many share, as offices and mobile carriers have; one
in ``FAMILY`` uses somebody else's browser. Who shares looks at it, signed in. Most browsers have a name that
many have; behind one address, those of one name cannot be told apart. A crowd (``World.crowd_shares``) is behind a
campus's one address, a carrier's few, which the operator knows in one case of two, or an office's IPv6 network; half of
those whom its newcomers reach are there too. One subscription in ten costs nothing; in one world of four most do, as
when a service gives the first month away. One newcomer in 400 signs up by a link that somebody passed on, token and
all.

**Cheats.** Each operation has a sharer of its own and goes one of the ``WAYS``, which are those of the rules in
docs/explanation/fraud.md, at a size that is drawn (log-normal), so that some stay below what any rule sees. Its
accounts sign up, and some buy. Farms differ in care: the careless come as a clock ticks, invent browsers, and watch
nothing; the careful look as people do in all of this. Operations are added until ``part`` of all visits are theirs.

The world's own robots and rings, which a name or a single click shows, are no part of this.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .world import World

HOUR, DAY = 3600.0, 86_400.0
DAYS = 7
SHARED, FAMILY = 8, 40
GATEWAYS, NETWORKS, HOMES = 400, 40, 200
"""Addresses that many share, the networks that these are in, and how many homes a network has."""

NAMES, RARE = 300, 20
"""How many names browsers have, each the rarer the higher its number (Zipf); and one in so many has one of its own."""

FREE, GIVEN_AWAY, PASSED_ON = 0.1, 0.6, 400
CARE = (1.0, 3.0)
"""How careful a farm is: of the beta distribution with these parameters, one in four on the average."""

SIGMA = 0.5
FARMS = ("address_glut", "network_glut")
WATCHED = 0.7
JOINS, BUYS = 0.5, 0.6
"""Of a cheat's accounts, those that sign up, and of these those that buy."""

Visit = Literal["click", "play", "view", "sign_up", "subscription", "share"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done, ``at_s`` seconds after the world began, by an account on a device at an address.

    ``share`` is by way of which (its number), ``sharer`` whose that is. ``fraud`` is the way of the cheat, None for
    people. ``signed_in``: the visit itself says whose it is.
    ``browser`` is its name, ``carrier`` whether the operator knows the network as a carrier's, ``token`` the account
    whose click's token is used, when that is another's; ``care`` a farm's.
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
    browser: str = ""
    carrier: bool = False
    amount: int = 999
    token: str = ""
    care: float | None = None

    @property
    def visitor(self) -> str:
        """The device's hash, which lasts for a day."""
        return f"{self.device}@{int(self.at_s // DAY)}"


class MixedWorld:
    """An honest world with cheats in it. ``deeds`` are all that is done, in order of time."""

    def __init__(self, world: World, part: float = 0.3) -> None:
        self.world, self.part = world, part
        self.random = np.random.default_rng((world.plan.seed, 1))
        self.homes: dict[str, _Home] = {}
        self.crowds: dict[int, _Crowd] = {}
        self.free = GIVEN_AWAY if world.plan.seed % 4 == 3 else FREE
        ranks = 1 / np.arange(1, NAMES + 1)
        self.popular = np.cumsum(ranks / ranks.sum())
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
                if number in self.world.crowd_shares:
                    self.crowds[number] = self._crowd(number)
                elif action.parent in self.crowds and who in self.homes and self.homes[who].crowd:
                    self.crowds[number] = replace(self.crowds[action.parent], part=0.5, mean_s=8 * HOUR)
                yield self._deed(at, "share", who, number, who, parent=action.parent)
                yield self._deed(at + 30, "view", who, number, who, signed_in=True)
                continue
            began, sharer = shared[number]
            crowd = self.crowds.get(number)
            if action.kind == "play" and crowd and self.random.random() < crowd.skips:
                continue
            at = {
                "click": began + self._after(crowd.mean_s if crowd else 8 * HOUR),
                "play": when.get(who, 0) + 4 + self._after(10),
                "sign_up": when.get(who, 0) + 12 + self.random.lognormal(np.log(20 * 60), 1.2),
                "subscription": when.get(who, 0) + 5 + self.random.lognormal(np.log(150), 1.0),
            }[action.kind]
            if action.kind != "play":
                when[who] = at
            amount = 0 if action.kind == "subscription" and self.random.random() < self.free else 999
            yield self._deed(at, action.kind, who, number, sharer, amount=amount)
            if action.kind == "sign_up" and self.random.integers(PASSED_ON) == 0:
                friend = f"{who}-friend"
                yield self._deed(at + self._after(HOUR), "sign_up", friend, number, sharer, token=who)

    def _after(self, mean_s: float) -> float:
        return float(self.random.exponential(mean_s))

    def _deed(self, at: float, kind: str, who: str, share: int, sharer: str, **more: object) -> Deed:
        if who not in self.homes:
            self.homes[who] = self._home(who, self.crowds.get(share))
        home = self.homes[who]
        place = home.device, home.household, home.network
        return Deed(at, kind, who, *place, share, sharer, browser=home.browser, carrier=home.carrier, **more)  # type: ignore[arg-type]

    def _home(self, who: str, crowd: "_Crowd | None") -> "_Home":
        """Device, household and network of somebody."""
        name = self.name(who)
        if crowd and self.random.random() < crowd.part:
            address = crowd.addresses[int(self.random.integers(len(crowd.addresses)))]
            device = f"of-{who}" if crowd.own_addresses else f"{address}/{name}"
            return _Home(device, address, crowd.network, name, crowd.carrier, crowd=True)
        if self.homes and self.random.integers(FAMILY) == 0:
            return self.homes[list(self.homes)[-1]]
        if self.random.integers(SHARED) == 0:
            gateway = int(self.random.integers(GATEWAYS))
            address = f"gateway-{gateway}"
            return _Home(f"{address}/{name}", address, f"carrier-{gateway % NETWORKS}", name)
        return _Home(f"of-{who}", f"home-of-{who}", f"isp-{len(self.homes) // HOMES}", name)

    def name(self, who: str) -> str:
        """What somebody's browser calls itself."""
        if self.random.integers(RARE) == 0:
            return f"rare-{who}"
        return f"browser-{int(np.searchsorted(self.popular, self.random.random()))}"

    def _crowd(self, number: int) -> "_Crowd":
        """A campus, a carrier that is known or is not, or an office; all at once, or over a day."""
        what = ("campus", "carrier", "known", "office")[int(self.random.integers(4))]
        network = f"{what}-{number}"
        addresses = tuple(f"{network}.{n}" for n in range(24 if what in ("carrier", "known") else 1))
        mean_s = (600.0, 8 * HOUR)[int(self.random.integers(2))]
        skips = float(self.random.uniform(0, 0.3))
        return _Crowd(addresses, network, what == "known", what == "office", mean_s, skips)

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
                made += deed.kind in ("click", "play") or bool(deed.token)
                yield deed


@dataclass(frozen=True, slots=True)
class _Home:
    """Where somebody is, and with what."""

    device: str
    household: str
    network: str
    browser: str
    carrier: bool = False
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Where a crowd is: ``part`` of those whom the share reaches, ``mean_s`` seconds after it; ``skips`` of them watch
    nothing that they would have watched at home."""

    addresses: tuple[str, ...]
    network: str
    carrier: bool
    own_addresses: bool
    mean_s: float
    skips: float
    part: float = 1.0


class Operation:
    """One cheat: a sharer, a way and a size."""

    def __init__(self, mixed: MixedWorld, way: str, number: int, begin: float, size: int) -> None:
        self.random, self.way, self.number, self.begin, self.size = mixed.random, way, number, begin, size
        self.name = f"sim{mixed.world.plan.seed}-{way}-{number}"
        self.sharer, self.other = f"{self.name}-sharer", f"{self.name}-other"
        self.care = float(mixed.random.beta(*CARE)) if way in FARMS else None
        self.named = mixed.name

    def shares(self) -> Iterator[Deed]:
        for n, who in enumerate((self.sharer, self.other) if self.way == "ring" else (self.sharer,)):
            at = self.begin - 60
            yield Deed(at, "share", who, who, who, who, self.number + n, who, self.way)

    def click(self, after_s: float, account: int, device: str = "", household: str = "", network: str = "") -> Deed:
        who = f"{self.name}-{account}"
        at, own = self.begin + after_s, device or who
        place = own, household or f"home-of-{own}", network or f"net-of-{own}"
        invented = self.care is not None and self.random.random() >= self.care
        name = f"invented-{own}" if invented else self.named(own)
        return Deed(at, "click", who, *place, self.number, self.sharer, self.way, browser=name, care=self.care)

    def joined(self, click: Deed, soon: Callable[[], float], joins: float = JOINS, amount: int = 999) -> Iterator[Deed]:
        """The click, and what its account does then: plays, signs up, buys."""
        yield click
        if self.care is not None and self.random.random() < self.care * WATCHED:
            yield replace(click, at_s=click.at_s + 4 + float(self.random.exponential(10)), kind="play")
        if self.random.random() < joins:
            at = click.at_s + soon()
            yield replace(click, at_s=at, kind="sign_up")
            if self.random.random() < BUYS:
                yield replace(click, at_s=at + 30, kind="subscription", amount=amount)

    def instants(self, every_s: float) -> Iterator[float]:
        """When each comes: as a clock ticks, or, the more care, at random."""
        at, care = 0.0, self.care or 0.0
        for _ in range(self.size):
            yield at
            at += every_s * (1 - care + care * float(self.random.exponential()))

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
    for n, at in enumerate(by.instants(120.0)):
        yield from by.joined(by.click(at, n, household=f"{by.name}-farm", network=by.name), by.minutes)


def network_glut(by: Operation) -> Iterator[Deed]:
    """A farm with an address for each browser, all of one network."""
    for n, at in enumerate(by.instants(45.0)):
        yield from by.joined(by.click(at, n, network=f"{by.name}-rack"), by.minutes)


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


def token_sharing(by: Operation) -> Iterator[Deed]:
    """One click, whose token comes with many accounts."""
    first = by.click(0.0, 0)
    yield first
    for n in range(by.size):
        who, at = f"{by.name}-{n}", first.at_s + 60 + n * 90.0
        yield replace(first, at_s=at, kind="sign_up", person=who, token=first.person if n else "")


def free_sales(by: Operation) -> Iterator[Deed]:
    """Accounts of people who are to be had for nothing, who buy by a coupon for all of the price."""
    for n in range(by.size):
        yield from by.joined(by.click(n * 500.0, n), by.minutes, joins=0.9, amount=0)


WAYS: dict[str, tuple[int, Callable[[Operation], Iterator[Deed]]]] = {
    "rate": (120, rate),
    "self_referral": (12, self_referral),
    "shared_device": (24, shared_device),
    "address_glut": (150, address_glut),
    "network_glut": (900, network_glut),
    "ring": (24, ring),
    "too_soon": (60, too_soon),
    "too_even": (110, too_even),
    "token_sharing": (20, token_sharing),
    "free_sales": (12, free_sales),
}
"""Each way's median size, and what is done."""

SMALLEST = min(median for median, _ in WAYS.values())
