"""Whatever is sold, refunded, judged, reckoned, killed, paid and returned, in any order: a campaign's budget and
caps hold, its books balance, and every sale comes to what a second implementation of the terms says."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase
from hypothesis import settings as few
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.signals import Rejudged
from groundswell.attribution.tables import Campaign, Conversion, Touch
from groundswell.campaigns.tables import CampaignBrief, CampaignMember, CampaignSubmission
from groundswell.earnings import campaign_budgets, campaign_recounts, campaign_sources, corrections, payouts
from groundswell.earnings.ledger import account_id
from groundswell.earnings.ledger import balance as balance_of
from groundswell.earnings.receivables import owed_back
from groundswell.earnings.tables import CampaignEarning, Payout
from groundswell.earnings.trial_balance import trial_balance
from groundswell.events.tables import Reverdict
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signals import send

from .shop import Shop
from .world import build

BUDGET, CAP, FLAT, SHARE = 6_000, 3_000, 300, Fraction(1, 10)
TERMS = [
    {"kind": "subscription", "amount_minor": FLAT, "share_ppm": 0, "months": 0},
    {"kind": "revenue", "amount_minor": 0, "share_ppm": 100_000, "months": 0},
]


class Killed(Exception):
    """The process ended in the middle of its transaction."""


@dataclass
class Sold:
    """What the second implementation knows of a sale."""

    buyer: str
    name: str
    paid: int
    refunded: int = 0
    human: bool = True

    @property
    def worth(self) -> int:
        """By its terms, in fractions: a flat amount by what stands of it, and a part of what stands."""
        standing = Fraction(max(self.paid - self.refunded, 0)) * self.human
        return int(FLAT * standing / self.paid) + int(standing * SHARE)


class Campaigning(RuleBasedStateMachine):
    """Two creators whose posts were accepted, their buyers, and two of finance."""

    database: Database
    loop: asyncio.AbstractEventLoop
    settings_: Settings

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(doing)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        self.sold: dict[str, Sold] = {}
        self.settled = True
        self.world = await build(self.database, uuid4().hex)
        self.shop = Shop(self.world, self.settings_)
        now, mark = utc_now(), uuid4().hex[:8]
        self.campaign = Campaign(
            id=uuid7(), key=f"c-{mark}", name="C", begins_at=now - timedelta(days=40), ends_at=now + timedelta(days=1),
            model="last", model_version=MODELS_VERSION, attribution_window_days=30, budget_minor=BUDGET, currency="EUR",
            terms="", titles=[self.world.title],
        )  # fmt: skip
        brief = CampaignBrief(
            campaign_id=self.campaign.id, entry="open", about="x", dos=[], donts=[], captions=[], scenes=[],
            terms=TERMS, hold_days=0, review_hours=1, published_by="mira", creator_cap_minor=CAP,
        )  # fmt: skip
        async with self.database.transaction() as session:
            session.add(self.campaign)
            await session.flush()
            session.add(brief)
        for subject in (f"noor{mark}", f"kofi{mark}"):
            creator = await self.world.creator(subject)
            moment = await self.world.moment(subject, f"of {subject}")
            part: dict[str, Any] = {"campaign_id": self.campaign.id, "creator_id": creator, "status": "accepted"}
            async with self.database.transaction() as session:
                session.add(CampaignMember(**part))
                session.add(CampaignSubmission(moment_id=moment, url=subject, mark="", due_at=now, **part))
        self.names = list(self.world.moments)
        async with self.database.transaction() as session:
            await campaign_budgets.fund(session, self.campaign, "fay")

    @rule(of=st.integers(0, 1), minor=st.integers(1, 12_000))
    def sell(self, of: int, minor: int) -> None:
        buyer = uuid4().hex
        sale = self.run(self.shop.sell(buyer, self.names[of], minor=minor))
        self.sold[sale], self.settled = Sold(buyer, self.names[of], minor), False

    @rule(pick=st.integers(0, 50), part=st.fractions(0, 1))
    def refund(self, pick: int, part: Fraction) -> None:
        if (sale := self._picked(pick)) is not None:
            sold = self.sold[sale]
            amount = int((sold.paid - sold.refunded) * part)
            if amount:
                self.run(self.shop.refund(sale, sold.buyer, amount))
                sold.refunded, self.settled = sold.refunded + amount, False

    @rule(pick=st.integers(0, 50), human=st.booleans())
    def judge(self, pick: int, human: bool) -> None:
        if (sale := self._picked(pick)) is not None:
            self.run(self._judge(self.sold[sale], human))
            self.sold[sale].human, self.settled = human, False

    async def _judge(self, sold: Sold, human: bool) -> None:
        async with self.database.transaction() as session:
            touch = (await session.scalars(select(Touch).filter_by(viewer_id=self.world.viewers[sold.buyer]))).one()
            kind, rule_ = ("human", "ring")[not human], f"case-{uuid4()}"
            verdict = {"kind": "human" if human else "robot", "reason": kind, "rule": rule_}
            row = {"event_id": touch.event_id, "at": touch.at, "traffic": None if human else "sivt"}
            session.add(Reverdict(**row, **verdict))
            await session.flush()
            await send(session, Rejudged(event_id=touch.event_id, at=touch.at, **verdict))

    @rule(batch=st.integers(1, 4))
    def reckon(self, batch: int) -> None:
        while self.run(campaign_sources.settle_noted(self.database, batch)):
            pass
        self.settled = True

    @rule()
    def die_half_way(self) -> None:
        self.run(self._die())

    async def _die(self) -> None:
        with contextlib.suppress(Killed):
            async with self.database.transaction() as session:
                noted = await campaign_recounts.take(session, 100)
                for each in await campaign_budgets.funded(session, self.campaign.id):
                    await campaign_sources.settle_conversions(session, each, noted)
                raise Killed

    @rule(of=st.integers(0, 1), by=st.sampled_from(("fay", "pia")))
    def pay(self, of: int, by: str) -> None:
        self.run(self._refusable(self._pay(of, by)))

    async def _pay(self, of: int, by: str) -> None:
        async with self.database.transaction() as session:
            await payouts.pay_creator(session, list(self.world.creators.values())[of], "EUR", by)
            assert by != "fay"

    @rule(of=st.integers(0, 1))
    def come_back(self, of: int) -> None:
        self.run(self._refusable(self._come_back(of)))

    async def _come_back(self, of: int) -> None:
        async with self.database.transaction() as session:
            creator = list(self.world.creators.values())[of]
            query = select(Payout.id).filter_by(creator_id=creator).order_by(Payout.id.desc()).limit(1)
            if (last := await session.scalar(query)) is not None:
                await corrections.return_payout(session, last, "pia", "Account closed.")

    async def _refusable(self, doing: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(Problem):  # refused: nothing happened
            await doing

    def _picked(self, pick: int) -> str | None:
        sales = list(self.sold)
        return sales[pick % len(sales)] if sales else None

    @invariant()
    def nothing_is_created_nor_lost(self) -> None:
        if hasattr(self, "campaign"):
            self.run(self._right())

    async def _right(self) -> None:
        async with self.database.transaction() as session:
            trial = await trial_balance(session)
            assert trial.balanced
            assert trial.agrees
            earned = 0
            for creator in self.world.creators.values():
                theirs = await summed(session, CampaignEarning.amount_minor, creator_id=creator)
                assert 0 <= theirs <= CAP
                out = await summed(session, Payout.amount_minor, creator_id=creator, returned_at=None)
                owed = await owed_back(session, creator, "EUR")
                assert await balance_of(session, account_id("creator", creator, "EUR")) - owed == theirs - out
                earned += theirs
            left = await balance_of(session, account_id("campaign", self.campaign.id, "EUR"))
            assert left >= 0
            assert earned + left == BUDGET
            if self.settled:
                await self._each_is_worth(session)

    async def _each_is_worth(self, session: Any) -> None:
        for sale, sold in self.sold.items():
            id: UUID = (await session.scalars(select(Conversion.id).filter_by(external_id=sale))).one()
            assert await summed(session, CampaignEarning.wanted_minor, conversion_id=id) == sold.worth
            assert await summed(session, CampaignEarning.amount_minor, conversion_id=id) <= sold.worth


async def summed(session: Any, column: Any, **of: Any) -> int:
    return int(await session.scalar(select(func.sum(column)).filter_by(**of)) or 0)


def test_in_any_order_the_budget_holds(database_url: str, settings: Settings) -> None:
    loop = asyncio.new_event_loop()
    shared: dict[str, Any] = {"database": Database(database_url), "loop": loop, "settings_": settings}
    try:
        run_state_machine_as_test(
            type("Machine", (Campaigning,), shared),
            settings=few(
                max_examples=6, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck),
                phases=(Phase.generate,), derandomize=True,
            ),
        )  # fmt: skip
    finally:
        loop.run_until_complete(shared["database"].close())
        loop.close()
