"""Whatever is sold, refunded, disputed, judged, divided, held, closed, paid by hand and by runs, confirmed, returned,
erased, broken off and tried again, in any order: debits equal credits, nothing is created or lost, nothing is paid
twice, beyond a cap or a budget, before its hold ends, by whoever funded it or to whoever was erased.

The machine goes through the rooms' own functions and a database of its own; its books are kept beside it
(``tests/earnings/state``) and compared after each step. ``GROUNDSWELL_LONG_TESTS=1`` goes on for longer.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as few
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, run_state_machine_as_test
from sqlalchemy import func, select

from groundswell.attribution.tables import Campaign, Conversion
from groundswell.earnings import month_close
from groundswell.earnings.ledger import account_id, balance
from groundswell.earnings.receivables import owed_back
from groundswell.earnings.tables import (
    Adjustment,
    CampaignBudget,
    CampaignEarning,
    CampaignSpending,
    MonthClosing,
    Payout,
    Pool,
    Statement,
    StatementDocument,
)
from groundswell.earnings.trial_balance import trial_balance
from groundswell.payouts.run_file import file_of
from groundswell.payouts.tables import Payee, PayoutItem, PayoutRun
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.web import features
from tests.databases import Databases
from tests.payouts.places import PAYER
from tests.payouts.stripe_double import Stripe, stripe_double

from .state.breaking import Breaker
from .state.pools import Pools
from .state.runs import Runs
from .state.sales import CREATOR_CAP, DAY_CAP, Sales
from .state.steps import CAP, NAMES
from .world import build

LONG = bool(os.environ.get("GROUNDSWELL_LONG_TESTS"))
EXAMPLES = int(os.environ.get("GROUNDSWELL_MONEY_EXAMPLES", "60" if LONG else "4"))
STEPS = int(os.environ.get("GROUNDSWELL_MONEY_STEPS", "60" if LONG else "35"))


class Money(Sales, Pools, Runs):
    """Three creators, what they bring, and three of finance who do whatever they like."""

    databases: Databases
    double: tuple[Stripe, str]

    @initialize(currency=st.sampled_from(["EUR", "JPY", "KWD"]), budget=st.sampled_from([6_000, 6_000, 1]))
    def begin(self, currency: str, budget: int) -> None:
        self.budget = budget
        self.currency, self.name = currency, self.databases.take()
        self.database = Database(self.databases.server.url(self.name))
        self.stripe, url = self.double
        self.stripe.__init__(self.name)  # type: ignore[misc]
        said = {"stripe_secret_key": "sk_test_double", "stripe_api_url": url, "secret_key": "s" * 32, **PAYER}
        given = Settings.model_validate(said).model_dump(include=set(said))
        self.settings_ = self.settings_.model_copy(update=given)
        self.sold, self.robots, self.erased, self.settled = {}, set(), set(), True
        self.documents: dict[UUID, tuple[str, Any]] = {}
        self.files: dict[UUID, str] = {}
        self.paid_before: dict[str, frozenset[UUID]] = {}
        self.run(self._begin())
        self.breaker = Breaker(self.database)

    async def _begin(self) -> None:
        self.world = await build(self.database)
        for number, name in enumerate(NAMES):
            await self.world.creator(name)
            await self.world.moment(name, name, number * 20_000_000, number * 20_000_000 + 10_000_000)
        await self.begin_payees()
        await self.begin_campaigns()

    def teardown(self) -> None:
        if not hasattr(self, "breaker"):
            return
        try:
            self.run(self._at_last())
        finally:
            self.run(self.database.close())
            self.databases.drop(self.name)

    async def _at_last(self) -> None:
        """Once everything has been said, what has left by Stripe is what the ledger says has."""
        self.stripe.failures = []
        await self.send_all()
        await self.hear_stripe()
        await self.right()
        async with self.database.transaction() as session:
            rows = (
                select(PayoutItem).join(PayoutRun, PayoutRun.id == PayoutItem.run_id).where(PayoutRun.rail == "stripe")
            )
            items = {item.id.hex: item for item in await session.scalars(rows)}
            made = {each["metadata"]["groundswell_payout"]: each for each in self.stripe.transfers}
            assert len(made) == len(self.stripe.transfers), "nobody is sent anything twice"
            assert set(made) <= set(items)
            for id, item in items.items():
                left = id in made and not made[id]["reversed"]
                assert left == (item.status == "confirmed"), (item.status, made.get(id))
                assert id not in made or made[id]["amount"] == item.amount_minor

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "breaker"):
            self.run(self.right())

    async def right(self) -> None:
        async with self.database.transaction() as session:
            trial = await trial_balance(session)
            assert trial.balanced
            assert trial.agrees
            await self._nothing_is_lost(session)
            await self._budgets_hold(session)
            await self._paid_is_earned(session)
            await self._documents_stay(session)
            await self._months_stay(session)
            await self._runs_are_kept(session)
            if self.settled:
                await self._each_is_worth(session)

    async def _nothing_is_lost(self, session: Any) -> None:
        """Each creator's accounts hold what stands of theirs, less what has left; the service's what has left."""
        for creator in self.world.creators.values():
            standing = select(Statement.id).filter_by(creator_id=creator, cancelled_at=None)
            posted = standing.where(Statement.posted_at.is_not(None))
            stands = await summed(session, Statement.amount_minor, Statement.id.in_(posted))
            back = await summed(session, Adjustment.amount_minor, Adjustment.statement_id.in_(standing))
            brought = await summed(session, CampaignEarning.amount_minor, CampaignEarning.creator_id == creator)
            out = await summed(session, Payout.amount_minor, Payout.creator_id == creator, Payout.returned_at.is_(None))
            due = await balance(session, account_id("creator", creator, self.currency))
            owed = await owed_back(session, creator, self.currency)
            assert due >= 0
            assert owed >= 0
            assert due - owed == stands + back + brought - out
        left = await balance(session, account_id("paid", "service", self.currency))
        assert left == await summed(session, Payout.amount_minor, Payout.returned_at.is_(None))
        for pool in await session.scalars(select(Pool).where(Pool.status.in_(["divided", "cancelled"]))):
            assert await balance(session, account_id("pool", pool.id, pool.currency)) == 0

    async def _budgets_hold(self, session: Any) -> None:
        for campaign in (self.running, self.over):
            of = CampaignEarning.campaign_id == campaign.id
            budget = await session.get_one(CampaignBudget, campaign.id, populate_existing=True)
            earned = await summed(session, CampaignEarning.amount_minor, of)
            left = await balance(session, account_id("campaign", campaign.id, self.currency))
            assert left >= 0
            assert earned <= self.budget
            assert left == (0 if budget.settled_at else self.budget - earned)
            for creator in self.world.creators.values():
                theirs = await summed(session, CampaignEarning.amount_minor, of, CampaignEarning.creator_id == creator)
                assert 0 <= theirs <= CREATOR_CAP
            spent = await session.scalars(
                select(CampaignSpending.spent_minor).where(
                    CampaignSpending.campaign_id == campaign.id, CampaignSpending.scope.startswith("day/")
                )
            )
            assert all(0 <= each <= DAY_CAP for each in spent)

    async def _paid_is_earned(self, session: Any) -> None:
        """What has left is what statements and campaigns stand for, each no longer held, by nobody who funded it."""
        statements = (await session.scalars(select(Statement))).all()
        assert all(statement.amount_minor <= CAP for statement in statements)
        paid = select(Statement, Pool, Payout).join(Pool, Pool.id == Statement.pool_id)
        for statement, pool, payout in await session.execute(paid.join(Payout, Payout.id == Statement.payout_id)):
            assert payout.created_at >= statement.held_until
            assert payout.paid_by not in {pool.created_by, pool.run_by}
            assert payout.returned_at is None
        brought = select(CampaignEarning, Payout).join(Payout, Payout.id == CampaignEarning.payout_id)
        for earning, payout in await session.execute(brought):
            assert payout.created_at >= earning.held_until
            assert payout.paid_by != "fay"
            assert payout.returned_at is None
        for name, creator in self.world.creators.items():
            of = CampaignEarning.creator_id == creator, CampaignEarning.payout_id.is_not(None)
            covered = sum(each.amount_minor for each in statements if each.creator_id == creator and each.payout_id)
            covered += await summed(session, CampaignEarning.amount_minor, *of)
            out = await summed(session, Payout.amount_minor, Payout.creator_id == creator, Payout.returned_at.is_(None))
            assert out <= covered
            if name in self.erased:
                ids = frozenset(await session.scalars(select(Payout.id).filter_by(creator_id=creator)))
                assert ids == self.paid_before.setdefault(name, ids), "nobody is left whom it could be paid to"
                assert await session.get(Payee, creator) is None

    async def _documents_stay(self, session: Any) -> None:
        """Statements are numbered without gaps, and say the same for good; of whoever was erased, no name."""
        rows = (await session.execute(select(StatementDocument).order_by(StatementDocument.number))).scalars().all()
        assert [int(row.number.partition("-")[2]) for row in rows] == list(range(1, len(rows) + 1))
        for row in rows:
            said = row.number, {key: row.document[key] for key in ("amount_minor", "weight", "period", "terms")}
            assert said == self.documents.setdefault(row.statement_id, said)
            assert (row.erased_at is None) == (row.document["payee"] is not None)
        amounts = select(Statement.id, Statement.amount_minor)
        for id, amount in await session.execute(amounts):
            assert self.documents[id][1]["amount_minor"] == amount

    async def _months_stay(self, session: Any) -> None:
        """Into a month that is closed nothing is posted."""
        for period in await session.scalars(select(MonthClosing.period).distinct()):
            if await month_close.is_closed(session, period):
                last = select(MonthClosing.figures).filter_by(period=period, act="close", outcome="done")
                said = await session.scalar(last.order_by(MonthClosing.decided_at.desc()).limit(1))
                assert await month_close.figures(session, period) == said

    async def _runs_are_kept(self, session: Any) -> None:
        """Each line that was sent is one payout, of its amount, by whoever approved it; what came back, came back; and
        it is in the file of its run once, as it was."""
        rows = select(PayoutItem, PayoutRun, Payout).join(PayoutRun, PayoutRun.id == PayoutItem.run_id)
        sent: dict[UUID, list[str]] = {}
        for item, run, payout in await session.execute(rows.outerjoin(Payout, Payout.id == PayoutItem.id)):
            assert (payout is not None) == (item.status in {"sent", "confirmed", "returned"})
            if payout is not None:
                assert run.status == "filed"
                assert (payout.amount_minor, payout.currency) == (item.amount_minor, item.currency)
                assert payout.paid_by == run.approved_by != run.drafted_by
                assert (payout.returned_at is not None) == (item.status == "returned")
                sent.setdefault(run.id, []).append(item.id.hex)
        for run in await session.scalars(select(PayoutRun).where(PayoutRun.status == "filed")):
            if run.id in self.files:
                assert run.file_sha256 == self.files[run.id]
            elif run.file is not None:
                made = (await file_of(session, self.settings_, run.id, "pia"))[1].decode()
                assert all(made.count(id) == 1 for id in sent[run.id])
                items = await session.scalars(select(PayoutItem.id).filter_by(run_id=run.id, status="held_out"))
                assert not any(id.hex in made for id in items)
                self.files[run.id] = run.file_sha256 or ""

    async def _each_is_worth(self, session: Any) -> None:
        """By a second implementation of the terms, for both campaigns."""
        ids = {external: id for external, id in await session.execute(select(Conversion.external_id, Conversion.id))}  # noqa: C416 - rows are no pairs
        keys = (CampaignEarning.campaign_id, CampaignEarning.conversion_id)
        sums = func.sum(CampaignEarning.wanted_minor), func.sum(CampaignEarning.amount_minor)
        cut = func.bool_or(CampaignEarning.cut_by != "")
        found = {row[:2]: row[2:] for row in await session.execute(select(*keys, *sums, cut).group_by(*keys))}
        for sale, sold in self.sold.items():
            for campaign in (self.running, self.over):
                wanted, amount, cut_ = found.get((campaign.id, ids[sale]), (0, 0, False))
                worth = sold.worth(sold.buyer not in self.robots) if self._is_of(campaign, sold.back) else 0
                assert amount <= wanted <= worth
                assert amount == wanted or cut_
                assert wanted == worth or sold.name in self.erased, (sale, sold, wanted, worth)

    def _is_of(self, campaign: Campaign, back: int) -> bool:
        return campaign is self.running or back == 3


async def summed(session: Any, column: Any, *conditions: Any) -> int:
    return int(await session.scalar(select(func.coalesce(func.sum(column), 0)).where(*conditions)))


@pytest.fixture
def stripe() -> Iterator[tuple[Stripe, str]]:
    with stripe_double() as double:
        yield double


@pytest.mark.slow
def test_in_any_order_the_books_are_right(databases: Databases, settings: Settings, stripe: tuple[Stripe, str]) -> None:
    for room in ("tables", "jobs", "erasure"):
        features.load(room)
    loop = asyncio.new_event_loop()
    shared = {"databases": databases, "loop": loop, "settings_": settings, "double": stripe}
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            type("Machine", (Money,), shared),
            settings=few(
                max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
                suppress_health_check=list(HealthCheck), phases=(Phase.generate,), derandomize=not LONG,
                print_blob=True, report_multiple_bugs=False,
            ),
        )  # fmt: skip
    finally:
        loop.close()
