"""The world that the machine of money works on, how a step is made, and what holds after every step."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from groundswell.platform.database import Database
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from tests.earnings.world import World
from tests.payouts.stripe_double import Stripe

from .breaking import CRASHES, Breaker, Crash, Killed

FINANCE = ("fay", "pia", "tom")
NAMES = ("noor", "kofi", "lena")
CAP = 700
"""The most that a pool gives one creator."""
FLAT, SHARE, MONTHS = 300, Fraction(1, 10), 2
"""What campaigns pay for a subscription, and of revenue, for so many months."""


@dataclass
class Sold:
    """What the second implementation knows of a sale, which came by a share of ``name``'s moment.

    ``told`` has what Stripe said of it, by the id and kind of what it said.
    """

    buyer: str
    name: str
    kind: str
    paid: int
    back: int
    refunded: int = 0
    told: dict[tuple[str, str], int] = field(default_factory=dict)
    first: str = ""

    @property
    def given_back(self) -> int:
        """Of one payment, what its charge says and what its refunds come to is the same money."""
        of = {kind: [minor for (_, said), minor in self.told.items() if said == kind] for _, kind in self.told}
        refunded = max(sum(of.get("refund", [])), sum(of.get("charge", [])))
        return min(self.paid, self.refunded + refunded + sum(of.get("dispute", []) + of.get("credit_note", [])))

    def worth(self, human: bool) -> int:
        """By a campaign's terms, in fractions: a flat amount by what stands of it, and a part of what stands."""
        standing = Fraction(self.paid - self.given_back) * human
        flat = int(FLAT * standing / self.paid) if self.kind == "subscription" and self.paid else 0
        return flat + int(standing * SHARE)


def step(**given: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """A rule that may be broken off."""
    return rule(crash=CRASHES, **given)


class Steps(RuleBasedStateMachine):
    """A database, a loop, and how a step is made. The rest of the machine is in the classes built on this."""

    loop: asyncio.AbstractEventLoop
    settings_: Settings
    database: Database
    breaker: Breaker
    world: World
    stripe: Stripe
    currency: str
    sold: dict[str, Sold]
    robots: set[str]
    erased: set[str]

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(doing)

    def attempt(self, crash: Crash | None, act: Callable[[], Awaitable[Any]]) -> bool:
        """Make a step, which may be refused, or break off; whether it was made."""
        return bool(self.run(self._attempt(crash, act)))

    async def _attempt(self, crash: Crash | None, act: Callable[[], Awaitable[Any]]) -> bool:
        with suppress(Problem):
            if crash is None:
                await act()
                return True
            done = False
            with suppress(Killed, DBAPIError), self.breaker.armed(crash):
                await act()
                done = True
            if not done:
                await self.right()  # before anybody mends anything
            if crash.again or crash.how == "unheard":
                try:
                    await act()
                except Problem:  # what is done is not done twice
                    return done
                return True
            return done
        return False

    async def right(self) -> None:
        raise NotImplementedError

    async def picked(self, session: Any, table: Any, pick: int, *conditions: Any) -> Any:
        rows = (await session.scalars(select(table).where(*conditions).order_by(table.id))).all()
        return rows[pick % len(rows)] if rows else None

    def creator(self, of: int) -> UUID:
        return self.world.creators[NAMES[of]]
