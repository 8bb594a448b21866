"""Payees, payout runs by file and by Stripe, what banks and Stripe say, returns by hand, and erasure."""

import json
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from groundswell.accounts.erasure import erase_viewer
from groundswell.accounts.tables import Viewer
from groundswell.creators.tables import Creator
from groundswell.earnings import corrections, payouts
from groundswell.earnings.tables import Payout, Statement
from groundswell.payouts import bank_files, payees, payout_runs, stripe_messages, stripe_transfers
from groundswell.payouts.pain001 import amount_text
from groundswell.payouts.run_file import file_run
from groundswell.payouts.schemas import NewPayee, NewPayoutRun
from groundswell.payouts.tables import PayoutItem, PayoutRun, StripeAccount
from groundswell.platform.clock import utc_now
from tests.payouts.bank import Entry, report
from tests.payouts.bank import statement as bank_statement
from tests.payouts.places import FACTS

from .breaking import Crash
from .steps import FINANCE, NAMES, Steps, step

FAILURES = st.lists(
    st.sampled_from(["", "lost", "lost", "refused", "in_use", "limited", "broken", "done_broken", "poor", "closed"]),
    max_size=4,
)
RAIL = st.sampled_from(["pain.001", "csv", "stripe", "stripe"])
ACCOUNTS = ("DE89370400440532013000", "FR1420041010050500013M02606")


class Runs(Steps):
    """Whatever leaves for creators, and what comes back."""

    async def begin_payees(self) -> None:
        for of, name in enumerate(NAMES):
            await self._say_where(of, 0)
            async with self.database.transaction() as session:
                account = f"acct_{name}"
                row = StripeAccount(
                    creator_id=self.world.creators[name], account=account, ready=True, made_at=utc_now()
                )
                session.add(row)

    @step(of=st.integers(0, 2), account=st.integers(0, 1))
    def say_where(self, of: int, account: int, crash: Crash | None) -> None:
        if NAMES[of] not in self.erased:
            self.attempt(crash, lambda: self._say_where(of, account))

    async def _say_where(self, of: int, account: int) -> None:
        new = NewPayee.model_validate(FACTS | {"iban": ACCOUNTS[account]})
        async with self.database.transaction() as session:
            creator = await session.get_one(Creator, self.creator(of))
            await payees.enter(session, self.settings_, creator, new, "themselves")

    @step(pick=st.integers(0, 50), by=st.sampled_from(FINANCE))
    def pay_a_statement(self, pick: int, by: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._pay_statement(pick, by))

    async def _pay_statement(self, pick: int, by: str) -> None:
        async with self.database.transaction() as session:
            if (statement := await self.picked(session, Statement, pick)) is not None:
                await payouts.pay(session, statement.id, by)

    @step(of=st.integers(0, 2), by=st.sampled_from(FINANCE))
    def pay_a_creator(self, of: int, by: str, crash: Crash | None) -> None:
        if self.attempt(crash, lambda: self._pay_creator(of, by)):
            assert NAMES[of] not in self.erased

    async def _pay_creator(self, of: int, by: str) -> None:
        async with self.database.transaction() as session:
            await payouts.pay_creator(session, self.creator(of), self.currency, by)

    @step(pick=st.integers(0, 50), by=st.sampled_from(FINANCE))
    def come_back(self, pick: int, by: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._come_back(pick, by))

    async def _come_back(self, pick: int, by: str) -> None:
        """By hand, as finance hears of it: never what Stripe still has, which its own books say."""
        async with self.database.transaction() as session:
            by_stripe = select(PayoutItem.id).join(PayoutRun, PayoutRun.id == PayoutItem.run_id)
            by_hand = Payout.id.not_in(by_stripe.where(PayoutRun.rail == "stripe"))
            if (payout := await self.picked(session, Payout, pick, by_hand)) is not None:
                await corrections.return_payout(session, payout.id, by, "As it happens.")

    @step(by=st.sampled_from(FINANCE), rail=RAIL)
    def draft_run(self, by: str, rail: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._draft(by, rail))

    async def _draft(self, by: str, rail: str) -> None:
        async with self.database.transaction() as session:
            await payout_runs.draft(session, NewPayoutRun.model_validate({"currency": self.currency, "rail": rail}), by)

    @step(pick=st.integers(0, 20), by=st.sampled_from(FINANCE))
    def approve_run(self, pick: int, by: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._of_run(pick, lambda session, run: payout_runs.approve(session, run.id, by)))

    @step(pick=st.integers(0, 20))
    def cancel_run(self, pick: int, crash: Crash | None) -> None:
        why = "As it happens."
        cancel = lambda session, run: payout_runs.cancel(session, run.id, "fay", why)  # noqa: E731
        self.attempt(crash, lambda: self._of_run(pick, cancel))

    @step(pick=st.integers(0, 50))
    def leave_out(self, pick: int, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._leave_out(pick))

    async def _leave_out(self, pick: int) -> None:
        async with self.database.transaction() as session:
            if (item := await self.picked(session, PayoutItem, pick)) is not None:
                await payout_runs.leave_out(session, item.run_id, item.id)

    async def _of_run(self, pick: int, doing: Any) -> None:
        async with self.database.transaction() as session:
            if (run := await self.picked(session, PayoutRun, pick)) is not None:
                await doing(session, run)

    @step(pick=st.integers(0, 20), failures=FAILURES)
    def make_file(self, pick: int, failures: list[str], crash: Crash | None) -> None:
        """Asked for, filed, and sent where Stripe is the rail, which fails as it likes."""
        self.stripe.failures = list(failures)
        self.attempt(crash, lambda: self._file(pick))
        self.stripe.failures = []

    async def _file(self, pick: int) -> None:
        async with self.database.transaction() as session:
            if (run := await self.picked(session, PayoutRun, pick)) is None:
                return
            await payout_runs.ask_for_file(session, self.settings_, run.id, "pia")
        await file_run(self.database, self.settings_, run.id)
        if run.rail == "stripe":
            await stripe_transfers.send_run(self.database, self.settings_, run.id)

    @step(
        by=st.integers(0, 2), rail=RAIL, failures=FAILURES, moves=st.integers(-1, 2), back=st.booleans(),
        account=st.integers(0, 1),
    )  # fmt: skip
    def pay_by_run(
        self, by: int, rail: str, failures: list[str], moves: int, back: bool, account: int, crash: Crash | None
    ) -> None:
        """Two people make a run of whatever is due; somebody in it may move meanwhile; the bank answers."""
        by_, other = FINANCE[by], FINANCE[(by + 1) % 3]
        self.attempt(None, lambda: self._draft(by_, rail))
        self.attempt(None, lambda: self._of_run(-1, lambda session, run: payout_runs.approve(session, run.id, other)))
        if moves >= 0 and NAMES[moves] not in self.erased:
            self.attempt(None, lambda: self._say_where(moves, account))
        self.stripe.failures = list(failures)
        self.attempt(crash, lambda: self._file(-1))
        self.stripe.failures = []
        self.attempt(None, lambda: self._hear(-1, back, True, "camt"))

    @step(pick=st.integers(0, 50), back=st.booleans(), exact=st.booleans(), kind=st.sampled_from(["camt", "pain"]))
    def bank_says(self, pick: int, back: bool, exact: bool, kind: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._hear(pick, back, exact, kind))

    async def _hear(self, pick: int, back: bool, exact: bool, kind: str) -> None:
        """A bank's file of a line that left by a file, read twice, and once more in other bytes."""
        async with self.database.transaction() as session:
            by_file = select(PayoutRun.id).where(PayoutRun.rail != "stripe")
            item = await self.picked(session, PayoutItem, pick, PayoutItem.run_id.in_(by_file))
        if item is None:
            return
        amount = amount_text(item.amount_minor + (not exact), item.currency)
        content = bank_statement(Entry(item.id.hex, amount, item.currency, back="AC04" if back else ""))
        if kind == "pain" and back:
            content = report(item.run_id.hex, [(item.id.hex, "RJCT", "AC01")])
        for each in (content, content, content + b"\n"):
            async with self.database.transaction() as session:
                await bank_files.take_in(session, each, "pia")

    @step(pick=st.integers(0, 20), reverses=st.booleans())
    def stripe_tells(self, pick: int, reverses: bool, crash: Crash | None) -> None:
        """Its webhooks, for a month, backwards; somebody may have reversed a transfer there."""
        if reverses and self.stripe.transfers:
            index = pick % len(self.stripe.transfers)
            if not self.stripe.transfers[index]["reversed"]:
                self.stripe.reverse(index)
        self.attempt(crash, self.hear_stripe)

    async def hear_stripe(self) -> None:
        for event in reversed(list(self.stripe.events)):
            heard = stripe_messages.read_event(json.dumps(event).encode())
            assert heard is not None
            assert not isinstance(heard, stripe_messages.AccountHeard)
            async with self.database.transaction() as session:
                await bank_files.carry_out(session, heard, "stripe")

    async def send_all(self) -> None:
        """What the job does each minute, until Stripe has answered."""
        async with self.database.transaction() as session:
            runs = await stripe_transfers.unsent_runs(session)
        for run in runs:
            await stripe_transfers.send_run(self.database, self.settings_, run)

    @step(of=st.integers(0, 40))
    def erase(self, of: int, crash: Crash | None) -> None:
        """A creator is erased, now and then."""
        if of < 3 and NAMES[of] not in self.erased and self.attempt(crash, lambda: self._erase(NAMES[of])):
            self.erased.add(NAMES[of])

    async def _erase(self, name: str) -> None:
        async with self.database.transaction() as session:
            viewer = await session.get_one(Viewer, self.world.viewers[name])
            await erase_viewer(session, viewer.issuer, name)
