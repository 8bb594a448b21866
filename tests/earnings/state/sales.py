"""Sales, renewals, refunds, what Stripe tells, verdicts, and what campaigns pay for them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy import select, text

from groundswell.attribution import stripe
from groundswell.attribution.conversions import report
from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.reverdicts import note
from groundswell.attribution.schemas import Money, NewConversion
from groundswell.attribution.stripe_events import FIRST, GivenBack, PaidInvoice, PaymentOf
from groundswell.attribution.tables import Campaign, Touch
from groundswell.campaigns.tables import CampaignBrief, CampaignMember, CampaignSubmission
from groundswell.earnings import campaign_budgets, campaign_sources
from groundswell.events.traffic.verdicts import Verdict
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.earnings.world import early_this_month, in_month, month_before

from .breaking import Crash
from .steps import FINANCE, FLAT, MONTHS, NAMES, Sold, Steps, step

CREATOR_CAP, DAY_CAP = 3_000, 2_500
TERMS = [
    {"kind": "subscription", "amount_minor": FLAT, "share_ppm": 0, "months": 0},
    {"kind": "revenue", "amount_minor": 0, "share_ppm": 100_000, "months": MONTHS},
]
BACK = (0, 1, 3)
"""In which months sales are, before this one: the campaign that is over had ended before the first two."""


class Sales(Steps):
    """Two campaigns on one title, one of them over, and what is sold by the posts in both."""

    running: Campaign
    over: Campaign
    settled: bool
    budget: int

    async def begin_campaigns(self) -> None:
        now = utc_now()
        self.running = await self._campaign("running", now + timedelta(days=1), 0)
        self.over = await self._campaign("over", now - timedelta(days=61), 30)

    async def _campaign(self, key: str, ends_at: datetime, hold_days: int) -> Campaign:
        campaign = Campaign(
            id=uuid7(), key=key, name=key, begins_at=utc_now() - timedelta(days=300), ends_at=ends_at, model="last",
            model_version=MODELS_VERSION, attribution_window_days=30, budget_minor=self.budget, currency=self.currency,
            terms="", titles=[self.world.title],
        )  # fmt: skip
        brief = CampaignBrief(
            campaign_id=campaign.id, entry="open", about="x", dos=[], donts=[], captions=[], scenes=[], terms=TERMS,
            hold_days=hold_days, review_hours=1, published_by="mira", creator_cap_minor=CREATOR_CAP,
            day_cap_minor=DAY_CAP,
        )  # fmt: skip
        async with self.database.transaction() as session:
            session.add(campaign)
            await session.flush()
            session.add(brief)
            for name in NAMES:
                part: dict[str, Any] = {"campaign_id": campaign.id, "creator_id": self.world.creators[name]}
                session.add(CampaignMember(**part, status="accepted"))
                url = f"https://example.com/{key}/{name}"
                moment = self.world.moments[name]
                session.add(
                    CampaignSubmission(**part, moment_id=moment, url=url, mark="", due_at=utc_now(), status="accepted")
                )
        async with self.database.transaction() as session:
            await campaign_budgets.fund(session, campaign, "fay")
        return campaign

    def at(self, back: int) -> datetime:
        return early_this_month() if back == 0 else in_month(month_before(back)) - timedelta(hours=1)

    async def _came(self, name: str, back: int) -> str:
        """Somebody who came by a share of a creator's moment."""
        buyer, at = uuid4().hex, self.at(back)
        viewer, share = await self.world.viewer(buyer), await self.world.share(name)
        (event,) = await self.world.happen(name, "click", buyer, at=at, share=share)
        async with self.database.transaction() as session:
            session.add(Touch(viewer_id=viewer, event_id=event, at=at, share_id=share, matched_by="login"))
        return buyer

    async def _tell(self, new: NewConversion) -> None:
        async with self.database.transaction() as session:
            await report(session, self.settings_, new)

    def _reported(self, crash: Crash | None, id: str, sold: Sold, **more: Any) -> bool:
        """Report a conversion; also again, when nobody heard that it was."""
        minutes = timedelta(minutes=1 + 2 * (sold.kind == "renewal"))
        told = {"id": id, "kind": sold.kind, "viewer": sold.buyer, "at": self.at(sold.back) + minutes}
        amount = Money(minor=sold.paid, currency=self.currency)
        new = NewConversion.model_validate(told | {"amount": amount} | more)
        return self.attempt(crash, lambda: self._tell(new))

    @step(of=st.integers(0, 2), minor=st.integers(0, 12_000), back=st.sampled_from(BACK))
    def sell(self, of: int, minor: int, back: int, crash: Crash | None) -> None:
        id, buyer = str(uuid4()), self.run(self._came(NAMES[of], back))
        sold = Sold(buyer, NAMES[of], "subscription", minor, back)
        if self._reported(crash, id, sold):
            self.sold[id], self.settled = sold, False

    @step(pick=st.integers(0, 50), minor=st.integers(1, 3_000))
    def renew(self, pick: int, minor: int, crash: Crash | None) -> None:
        firsts = [id for id, sold in self.sold.items() if sold.kind == "subscription"]
        if firsts:
            first = firsts[pick % len(firsts)]
            of, id = self.sold[first], str(uuid4())
            sold = Sold(of.buyer, of.name, "renewal", minor, of.back, first=first)
            if self._reported(crash, id, sold):
                self.sold[id], self.settled = sold, False

    @step(pick=st.integers(0, 50), parts=st.integers(1, 15), early=st.booleans())
    def refund(self, pick: int, parts: int, early: bool, crash: Crash | None) -> None:
        """A part, up to all and a half; now and then before the sale, which is refused as too much is."""
        by_hand = [id for id in self.sold if not id.startswith("stripe:")]
        sold = self.sold[id] if (id := by_hand[pick % len(by_hand)] if by_hand else "") else None
        if sold is None or not sold.paid:
            return
        amount = -(-sold.paid * parts // 10)
        at = self.at(sold.back) + timedelta(minutes=-5 if early else 4)
        back = Sold(sold.buyer, sold.name, "refund", amount, sold.back)
        if self._reported(crash, str(uuid4()), back, original=id, at=at):
            assert not early
            sold.refunded, self.settled = sold.refunded + amount, False
            assert sold.refunded <= sold.paid

    @rule(of=st.integers(0, 2), minor=st.integers(1, 3_000), back=st.sampled_from(BACK), parts=st.integers(1, 10))
    def sell_and_take_back(self, of: int, minor: int, back: int, parts: int) -> None:
        """What was reckoned is refunded, in parts or whole, and reckoned again."""
        id, buyer = str(uuid4()), self.run(self._came(NAMES[of], back))
        sold = Sold(buyer, NAMES[of], "subscription", minor, back)
        assert self._reported(None, id, sold)
        self.sold[id] = sold
        assert self.attempt(None, lambda: self._reckon(5))
        sold.refunded = -(-minor * parts // 10)
        refund = Sold(buyer, NAMES[of], "refund", sold.refunded, back)
        at = self.at(back) + timedelta(minutes=4)
        assert self._reported(None, str(uuid4()), refund, original=id, at=at)
        assert self.attempt(None, lambda: self._reckon(5))
        self.settled = True

    @step(of=st.integers(0, 2), minor=st.integers(1, 9_000), back=st.sampled_from(BACK), late=st.booleans())
    def sell_by_stripe(self, of: int, minor: int, back: int, late: bool, crash: Crash | None) -> None:
        """An invoice is paid, and what paid it is said before or after."""
        number, buyer = uuid4().hex, self.run(self._came(NAMES[of], back))
        invoice = PaidInvoice(
            f"in_{number}", f"sub_{number}", buyer, None, None, self.at(back) + timedelta(minutes=1), FIRST, minor,
            self.currency, False, None, None,
        )  # fmt: skip
        facts = [invoice, PaymentOf(f"pi_{number}", invoice.id)]
        sold = Sold(buyer, NAMES[of], "subscription", minor, back)
        made = [
            self.attempt(crash if n == late else None, self._take(fact))
            for n, fact in enumerate(facts[:: 1 - 2 * late])
        ]
        if not all(made):
            made = [self.attempt(None, self._take(fact)) for fact in facts]  # Stripe sends it again
        assert all(made)
        self.sold[f"stripe:{invoice.id}"], self.settled = sold, False

    def _take(self, fact: Any) -> Any:
        async def take() -> None:
            async with self.database.transaction() as session:
                await stripe.take(session, self.settings_, [fact], utc_now())

        return take

    @step(
        pick=st.integers(0, 50), parts=st.integers(1, 15), number=st.integers(0, 1),
        kind=st.sampled_from(["charge", "refund", "dispute", "credit_note"]),
    )  # fmt: skip
    def stripe_gives_back(self, pick: int, parts: int, kind: Any, number: int, crash: Crash | None) -> None:
        """Told again, late, and out of order: of what has one id the largest stands."""
        by_stripe = [id for id in self.sold if id.startswith("stripe:")]
        if not by_stripe:
            return
        id = by_stripe[pick % len(by_stripe)]
        sold, invoice = self.sold[id], id.removeprefix("stripe:")
        named = f"{kind}_{number if kind != 'charge' else 0}_{invoice}"
        payment = None if kind == "credit_note" else f"pi_{invoice.removeprefix('in_')}"
        minor, at = sold.paid * parts // 10, self.at(sold.back) + timedelta(minutes=3)
        fact = GivenBack(named, kind, payment, None if payment else invoice, minor, self.currency, at)
        if self.attempt(crash, self._take(fact)):
            sold.told[named, kind] = max(sold.told.get((named, kind), 0), minor)
            self.settled = False

    @step(pick=st.integers(0, 50), human=st.booleans())
    def judge_a_buyer(self, pick: int, human: bool, crash: Crash | None) -> None:
        sales = list(self.sold.values())
        if sales:
            buyer = sales[pick % len(sales)].buyer
            if self.attempt(crash, lambda: self._judge(buyer, human, f"behaviour-case-{uuid4()}")):
                (self.robots.discard if human else self.robots.add)(buyer)
                self.settled = False

    async def _judge(self, buyer: str, human: bool, rule_: str) -> None:
        verdict = Verdict("human", "human", rule_) if human else Verdict("robot", "ring", rule_)
        async with self.database.transaction() as session:
            viewer = self.world.viewers[buyer]
            touch = (await session.scalars(select(Touch).filter_by(viewer_id=viewer))).one()
            await note(session, {(touch.at, touch.event_id): verdict})

    @step(batch=st.integers(1, 5))
    def reckon(self, batch: int, crash: Crash | None) -> None:
        made = self.attempt(crash, lambda: self._reckon(batch))
        assert made or crash is not None, "nothing that was noted can be refused"
        self.settled = made or self.settled

    async def _reckon(self, batch: int) -> None:
        while await campaign_sources.settle_noted(self.database, batch):
            pass

    @step(by=st.sampled_from(FINANCE), over=st.booleans())
    def settle_a_campaign(self, by: str, over: bool, crash: Crash | None) -> None:
        campaign = self.over if over else self.running
        if self.attempt(crash, lambda: self._settle(campaign, by)):
            assert over, "the other may still bring something"

    async def _settle(self, campaign: Campaign, by: str) -> None:
        async with self.database.transaction() as session:
            await campaign_budgets.settle(session, campaign, by, "It is over.")

    @rule()
    def holds_end(self) -> None:
        """Time passes, as far as holds are concerned."""
        self.run(self._holds_end())

    async def _holds_end(self) -> None:
        async with self.database.transaction() as session:
            await session.execute(text("SET LOCAL session_replication_role = replica"))
            for table in ("statements", "campaign_earnings"):
                await session.execute(text(f"UPDATE {table} SET held_until = held_until - interval '31 days'"))
