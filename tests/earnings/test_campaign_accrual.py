"""Budgets and caps, against a second implementation that keeps one list of what was paid and adds it up anew."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.tables import Campaign
from groundswell.campaigns.tables import CampaignBrief
from groundswell.campaigns.terms import CampaignTerm
from groundswell.earnings import campaign_budgets
from groundswell.earnings.campaign_accrual import Key, Worth, accrue, hold
from groundswell.earnings.tables import CampaignEarning
from groundswell.earnings.trial_balance import trial_balance
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from tests.earnings.world import World, build

DAYS = tuple(datetime(2026, 3, day, 23, 59, tzinfo=UTC) for day in (1, 2))
TERM = CampaignTerm("subscription", 1)
NAMES = ("noor", "kofi")

CAP = st.one_of(st.none(), st.integers(1, 400))
WORTHS = st.lists(  # of a creator's sources, each of one day, what they are worth now
    st.dictionaries(st.tuples(st.sampled_from(NAMES), st.integers(0, 3)), st.integers(0, 200), min_size=1, max_size=6),
    min_size=1,
    max_size=10,
)


@dataclass
class Spent:
    """The second implementation: what each source is worth and was paid, in the order in which it came."""

    budget: int
    creator_cap: int | None
    day_cap: int | None
    worth: dict[tuple[str, int], int] = field(default_factory=dict)
    paid: dict[tuple[str, int], int] = field(default_factory=dict)

    def reckon(self, source: tuple[str, int], worth: int) -> None:
        had, paid = self.worth.get(source, 0), self.paid.get(source, 0)
        self.worth[source] = worth
        self.paid[source] = paid
        if worth < had:
            self.paid[source] = min(paid, worth)
            return
        for _ in range(worth - had):  # a minor unit at a time, as long as there is room for one
            if not self._has_room(*source):
                return
            self.paid[source] += 1

    def _has_room(self, creator: str, source: int) -> bool:
        all_ = sum(self.paid.values())
        theirs = sum(paid for (whose, _), paid in self.paid.items() if whose == creator)
        day = sum(paid for (_, which), paid in self.paid.items() if which % 2 == source % 2)
        return (
            all_ < self.budget
            and (self.creator_cap is None or theirs < self.creator_cap)
            and (self.day_cap is None or day < self.day_cap)
        )


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for name in NAMES:
        await world.creator(name)
    return world


async def campaign_of(world: World, spent: Spent) -> UUID:
    """A campaign with such a budget and such caps, funded."""
    campaign = Campaign(
        id=uuid7(), key=f"c{uuid4().hex[:12]}", name="x", begins_at=utc_now() - timedelta(days=300),
        ends_at=utc_now() + timedelta(days=1), model="last", model_version=MODELS_VERSION, attribution_window_days=30,
        budget_minor=spent.budget, currency="EUR", terms="", titles=[world.title],
    )  # fmt: skip
    brief = CampaignBrief(
        campaign_id=campaign.id, entry="open", about="x", dos=[], donts=[], captions=[], scenes=[],
        terms=[{"kind": "subscription", "amount_minor": 1, "share_ppm": 0, "months": 0}], hold_days=0, review_hours=1,
        published_by="mira", creator_cap_minor=spent.creator_cap, day_cap_minor=spent.day_cap,
    )  # fmt: skip
    async with world.database.transaction() as session:
        session.add(campaign)
        await session.flush()
        session.add(brief)
    async with world.database.transaction() as session:
        await campaign_budgets.fund(session, campaign, "fay")
    return campaign.id


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.integers(1, 900), CAP, CAP, WORTHS)
async def test_a_second_implementation_pays_alike(
    world: World,
    budget: int,
    creator_cap: int | None,
    day_cap: int | None,
    batches: list[dict[tuple[str, int], int]],
) -> None:
    spent = Spent(budget, creator_cap, day_cap)
    campaign = await campaign_of(world, spent)
    for batch in batches:
        async with world.database.transaction() as session:
            (funded,) = await campaign_budgets.funded(session, campaign)
            await hold(session, [funded])
            worths = []
            for (name, source), worth in batch.items():
                spent.reckon((name, source), worth)
                at = DAYS[source % 2]
                worths.append(Worth(world.creators[name], TERM, f"s{source}", worth, 1_000_000, at, at))
            await accrue(session, funded, worths)
    paid, left, trial = await told(world, campaign)
    theirs = {(world.creators[name], TERM.kind, f"s{source}"): minor for (name, source), minor in spent.paid.items()}
    assert paid == {key: minor for key, minor in theirs.items() if key in paid}
    assert not any(minor for key, minor in theirs.items() if key not in paid)
    assert left == budget - sum(spent.paid.values())
    assert trial


async def told(world: World, campaign: UUID) -> tuple[dict[Key, int], int, bool]:
    """What each source was paid, what the budget's account holds, and whether the books balance."""
    query = select(
        CampaignEarning.creator_id, CampaignEarning.term, CampaignEarning.source, func.sum(CampaignEarning.amount_minor)
    ).where(CampaignEarning.campaign_id == campaign)
    async with world.database.transaction() as session:
        rows = await session.execute(query.group_by(*query.selected_columns[:3]))
        (funded,) = await campaign_budgets.funded(session, campaign)
        trial = await trial_balance(session)
        left = await campaign_budgets.left_of(session, funded.budget)
        return {(c, t, s): int(minor) for c, t, s, minor in rows}, left, trial.balanced and trial.agrees
