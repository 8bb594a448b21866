"""Whatever is funded, divided, paid, returned, reversed, cancelled, judged and refunded, by hand or by payout runs that
are interrupted and tried again, in any order: debits equal credits, nothing is paid twice, beyond a cap, before its
hold or by whoever funded it, and nothing is lost.

The machine keeps its own account of what may have left and compares it with the ledger after each step.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from groundswell.attribution.reverdicts import note
from groundswell.creators.tables import Creator
from groundswell.earnings import acquittals, corrections, payouts, pools, trial_balance
from groundswell.earnings.rules import PoolTerms
from groundswell.earnings.tables import Adjustment, LedgerAccount, Payout, Pool, PostingRow, Statement
from groundswell.events.tables import LoggedEvent
from groundswell.events.traffic.verdicts import Verdict
from groundswell.payouts import bank_files, jobs, payees, payout_runs
from groundswell.payouts.pain001 import amount_text
from groundswell.payouts.run_file import file_run
from groundswell.payouts.schemas import NewPayee, NewPayoutRun
from groundswell.payouts.tables import PayoutItem, PayoutRun
from groundswell.platform.database import Database
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from tests.payouts.bank import Entry
from tests.payouts.bank import statement as bank_statement
from tests.payouts.places import FACTS, PAYER

from .world import build, in_month, month_before

CAP, MONTHS, FINANCE = 700, 6, ("fay", "pia")
SETTINGS = Settings.model_validate({"secret_key": "s" * 32, **PAYER})
CURRENCIES = "EUR USD GBP CHF SEK NOK DKK PLN CZK HUF RON BGN TRY ILS AED SAR INR THB SGD HKD AUD NZD CAD MXN BRL ZAR"


class Money(RuleBasedStateMachine):
    """Two creators, plays and sales of their moments, and two of finance who do whatever they like."""

    database: Database
    loop: asyncio.AbstractEventLoop
    currencies: Iterator[str]
    """Each example has a stream of its own."""
    events: Bundle[UUID] = Bundle("events")

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(doing)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        assert acquittals.give_back
        assert jobs.hear_return
        self.world = await build(self.database, uuid4().hex)
        for subject in ("noor", "kofi"):
            subject += uuid4().hex[:8]
            await self.world.creator(subject)
            await self.world.moment(subject, f"of {subject}")
            await self._say_where(self.world.creators[subject], "Berlin")
        self.names = list(self.world.moments)
        self.currency = next(self.currencies)

    @rule(target=events, of=st.integers(0, 1), back=st.integers(1, MONTHS))
    def play(self, of: int, back: int) -> UUID:
        at = in_month(month_before(back))
        (event,) = self.run(self.world.happen(self.names[of], "play", uuid4().hex, at=at))
        return UUID(str(event))

    @rule(amount=st.integers(1, 5_000), held=st.booleans(), by=st.sampled_from(FINANCE), back=st.integers(1, MONTHS))
    def divide(self, amount: int, held: bool, by: str, back: int) -> None:
        self.run(self._refusable(self._divide(amount, held, by, back)))

    async def _divide(self, amount: int, held: bool, by: str, back: int) -> None:
        terms = PoolTerms(hold_days=30 * held, floor_minor=1, creator_cap_minor=CAP)
        async with self.database.transaction() as session:
            stream: dict[str, Any] = {"period": month_before(back), "basis": "plays", "currency": self.currency}
            pool = await pools.fund(session, **stream, amount_minor=amount, created_by=by, terms=terms)
            await pools.check_runnable(session, pool.id, by)
        await pools.run(self.database, pool.id, batch=1)

    @rule(pick=st.integers(0, 50), by=st.sampled_from(FINANCE))
    def pay(self, pick: int, by: str) -> None:
        self.run(self._refusable(self._pay(pick, by)))

    async def _pay(self, pick: int, by: str) -> None:
        async with self.database.transaction() as session:
            if (statement := await self._picked(session, Statement, pick)) is not None:
                await payouts.pay(session, statement.id, by)

    @rule(pick=st.integers(0, 50))
    def come_back(self, pick: int) -> None:
        self.run(self._refusable(self._with(Payout, pick, corrections.return_payout)))

    @rule(of=st.integers(0, 1), town=st.sampled_from(["Berlin", "Potsdam"]))
    def say_where(self, of: int, town: str) -> None:
        self.run(self._say_where(list(self.world.creators.values())[of], town))

    async def _say_where(self, creator: UUID, town: str) -> None:
        new = NewPayee.model_validate(FACTS | {"town": town})
        async with self.database.transaction() as session:
            await payees.enter(session, SETTINGS, await session.get_one(Creator, creator), new, "themselves")

    @rule(by=st.integers(0, 1), approved=st.booleans())
    def draft_run(self, by: int, approved: bool) -> None:
        self.run(self._refusable(self._draft(FINANCE[by], FINANCE[1 - by] if approved else None)))

    @rule(by=st.integers(0, 1), turns=st.one_of(st.none(), st.integers(0, 60)), back=st.booleans())
    def pay_by_run(self, by: int, turns: int | None, back: bool) -> None:
        """Two people make a run; its file is broken off or not, and asked for again; the bank answers."""
        self.divide(5_000, False, FINANCE[by], 1 + by)
        self.run(self._refusable(self._draft(FINANCE[by], FINANCE[1 - by])))
        for broken_off in (turns, None):
            self.run(self._refusable(self._file(-1, broken_off)))
        self.run(self._refusable(self._hear(-1, back, True)))

    async def _draft(self, by: str, approved_by: str | None) -> None:
        async with self.database.transaction() as session:
            run = await payout_runs.draft(session, NewPayoutRun(currency=self.currency), by)
        if approved_by is not None:
            async with self.database.transaction() as session:
                await payout_runs.approve(session, run.id, approved_by)

    @rule(pick=st.integers(0, 20), by=st.sampled_from(FINANCE))
    def approve_run(self, pick: int, by: str) -> None:
        self.run(self._refusable(self._of_run(pick, lambda session, run: payout_runs.approve(session, run.id, by))))

    @rule(pick=st.integers(0, 20))
    def cancel_run(self, pick: int) -> None:
        why = "As it happens."
        self.run(
            self._refusable(self._of_run(pick, lambda session, run: payout_runs.cancel(session, run.id, "fay", why)))
        )

    async def _of_run(self, pick: int, doing: Any) -> None:
        async with self.database.transaction() as session:
            if (run := await self._picked(session, PayoutRun, pick)) is not None:
                await doing(session, run)

    @rule(pick=st.integers(0, 20), turns=st.one_of(st.none(), st.integers(0, 60)))
    def make_file(self, pick: int, turns: int | None) -> None:
        self.run(self._refusable(self._file(pick, turns)))

    async def _file(self, pick: int, turns: int | None) -> None:
        """Asked for and made, or broken off after some turns of the loop."""
        async with self.database.transaction() as session:
            if (run := await self._picked(session, PayoutRun, pick)) is None:
                return
            await payout_runs.ask_for_file(session, SETTINGS, run.id, "pia")
        making = asyncio.create_task(file_run(self.database, SETTINGS, run.id))
        if turns is not None:
            for _ in range(turns):
                await asyncio.sleep(0.001)
            making.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await making

    @rule(pick=st.integers(0, 50), back=st.booleans(), exact=st.booleans())
    def bank_says(self, pick: int, back: bool, exact: bool) -> None:
        self.run(self._refusable(self._hear(pick, back, exact)))

    async def _hear(self, pick: int, back: bool, exact: bool) -> None:
        async with self.database.transaction() as session:
            if (item := await self._picked(session, PayoutItem, pick)) is None:
                return
            amount = amount_text(item.amount_minor + (not exact), item.currency)
            entry = Entry(item.id.hex, amount, item.currency, back="AC04" if back else "")
            for _ in range(2):
                await bank_files.take_in(session, bank_statement(entry), "pia")

    @rule(pick=st.integers(0, 50))
    def cancel(self, pick: int) -> None:
        self.run(self._refusable(self._with(Pool, pick, corrections.cancel)))

    @rule(pick=st.integers(0, 200))
    def reverse(self, pick: int) -> None:
        self.run(self._refusable(self._with(PostingRow, pick, corrections.reverse)))

    @rule(event=events, human=st.booleans())
    def judge(self, event: UUID, human: bool) -> None:
        self.run(self._judge(event, human))

    async def _judge(self, event: UUID, human: bool) -> None:
        async with self.database.transaction() as session:
            at = (await session.scalars(select(LoggedEvent.at).where(LoggedEvent.id == event))).one()
            kind, rule_ = ("human", "ring")[not human], f"behaviour-case-{uuid4()}"
            verdict = Verdict("human", kind, rule_) if human else Verdict("robot", kind, rule_)
            await note(session, {(at, event): verdict})

    async def _with(self, table: Any, pick: int, doing: Any) -> None:
        async with self.database.transaction() as session:
            if (row := await self._picked(session, table, pick)) is not None:
                await doing(session, row.id, "fay", "As it happens.")

    async def _picked(self, session: Any, table: Any, pick: int) -> Any:
        rows = (await session.scalars(select(table).order_by(table.id))).all()
        return rows[pick % len(rows)] if rows else None

    async def _refusable(self, doing: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(Problem):  # refused: nothing happened
            await doing

    @invariant()
    def the_books_are_right(self) -> None:
        self.run(self._right())

    async def _right(self) -> None:
        async with self.database.transaction() as session:
            trial = await trial_balance.trial_balance(session)
            assert trial.balanced
            assert trial.agrees
            await self._paid_is_earned(session)
            await self._nothing_is_lost(session)
            await self._runs_are_kept(session)

    async def _runs_are_kept(self, session: Any) -> None:
        """Each line that was sent is one payout, of its amount, by whoever approved it; what came back, came back."""
        rows = select(PayoutItem, PayoutRun, Payout).join(PayoutRun, PayoutRun.id == PayoutItem.run_id)
        for item, run, payout in await session.execute(rows.outerjoin(Payout, Payout.id == PayoutItem.id)):
            assert (payout is not None) == (item.status in {"sent", "confirmed", "returned"})
            if payout is not None:
                assert run.status == "filed"
                assert (payout.amount_minor, payout.currency) == (item.amount_minor, item.currency)
                assert payout.paid_by == run.approved_by != run.drafted_by
                assert (payout.returned_at is not None) == (item.status == "returned")

    async def _paid_is_earned(self, session: Any) -> None:
        """What has left for each creator is what statements stand for, each below the cap and no longer held."""
        statements = (await session.scalars(select(Statement))).all()
        assert all(statement.amount_minor <= CAP for statement in statements)
        for creator in {statement.creator_id for statement in statements}:
            earned = sum(each.amount_minor for each in statements if each.creator_id == creator and each.payout_id)
            assert await summed(session, Payout.amount_minor, creator_id=creator, returned_at=None) <= earned
        paid = select(Statement, Pool, Payout).join(Pool, Pool.id == Statement.pool_id)
        for statement, pool, payout in await session.execute(paid.join(Payout, Payout.id == Statement.payout_id)):
            assert payout.created_at >= statement.held_until
            assert payout.paid_by not in {pool.created_by, pool.run_by}
            assert payout.returned_at is None

    async def _nothing_is_lost(self, session: Any) -> None:
        """A creator's accounts hold what their standing statements and adjustments come to, less what has left."""
        for creator in self.world.creators.values():
            stands = await summed(session, Statement.amount_minor, creator_id=creator, cancelled_at=None)
            standing = select(Statement.id).filter_by(creator_id=creator, cancelled_at=None)
            back = select(func.sum(Adjustment.amount_minor)).where(Adjustment.statement_id.in_(standing))
            out = await summed(session, Payout.amount_minor, creator_id=creator, returned_at=None)
            balance = LedgerAccount.credits_minor - LedgerAccount.debits_minor
            holds = select(func.sum(balance)).filter_by(owner=str(creator))
            expected = stands + int(await session.scalar(back) or 0) - out
            assert int(await session.scalar(holds) or 0) == expected


async def summed(session: Any, column: Any, **of: Any) -> int:
    return int(await session.scalar(select(func.sum(column)).filter_by(**of)) or 0)


def test_in_any_order_the_books_are_right(database_url: str) -> None:
    loop = asyncio.new_event_loop()
    shared: dict[str, Any] = {"database": Database(database_url), "loop": loop, "currencies": iter(CURRENCIES.split())}
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            type("Machine", (Money,), shared),
            settings=settings(
                max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck),
                phases=(Phase.generate,), derandomize=True,
            ),
        )  # fmt: skip
    finally:
        loop.run_until_complete(shared["database"].close())
        loop.close()
