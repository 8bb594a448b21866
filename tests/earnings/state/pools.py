"""Plays, pools over them and over revenue, corrections, verdicts, and months that are closed and opened again."""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle
from sqlalchemy import select

from groundswell.attribution.reverdicts import note
from groundswell.earnings import corrections, month_close, pools
from groundswell.earnings.rules import PoolTerms
from groundswell.earnings.tables import Pool, PostingRow
from groundswell.events.tables import LoggedEvent
from groundswell.events.traffic.verdicts import Verdict
from tests.earnings.world import in_month, month_before

from .breaking import Crash
from .steps import CAP, FINANCE, NAMES, Steps, step

MONTHS_BACK = st.sampled_from([1, 2, 3])


class Pools(Steps):
    """Months before this one, each with a pool of a kind at most."""

    events: Bundle[UUID] = Bundle("events")

    @step(target=events, of=st.integers(0, 2), back=MONTHS_BACK)
    def play(self, of: int, back: int, crash: Crash | None) -> UUID:
        at = in_month(month_before(back))
        (event,) = self.run(self.world.happen(NAMES[of], "play", uuid4().hex, at=at))
        return UUID(str(event))

    @step(
        amount=st.integers(1, 5_000), held=st.booleans(), basis=st.sampled_from(["plays", "revenue"]),
        by=st.sampled_from(FINANCE), back=MONTHS_BACK, batch=st.integers(1, 3),
    )  # fmt: skip
    def divide(self, amount: int, held: bool, basis: str, by: str, back: int, batch: int, crash: Crash | None) -> None:
        terms, id = PoolTerms(hold_days=30 * held, floor_minor=1, creator_cap_minor=CAP), uuid4()
        self.attempt(crash, lambda: self._divide(id, amount, terms, basis, by, back, batch))

    async def _divide(
        self, id: UUID, amount: int, terms: PoolTerms, basis: str, by: str, back: int, batch: int
    ) -> None:
        async with self.database.transaction() as session:
            stream: dict[str, Any] = {"period": month_before(back), "basis": basis, "currency": self.currency}
            await pools.fund(session, **stream, amount_minor=amount, created_by=by, terms=terms, id=id)
            await pools.check_runnable(session, id, by)
        await pools.run(self.database, id, batch=batch)

    @step(pick=st.integers(0, 20))
    def run_again(self, pick: int, crash: Crash | None) -> None:
        """A job is tried again, whatever became of its pool."""
        self.attempt(crash, lambda: self._run_again(pick))

    async def _run_again(self, pick: int) -> None:
        async with self.database.transaction() as session:
            pool = await self.picked(session, Pool, pick)
        if pool is not None:
            await pools.run(self.database, pool.id, batch=2)

    @step(pick=st.integers(0, 20), by=st.sampled_from(FINANCE))
    def cancel(self, pick: int, by: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._correct(Pool, pick, corrections.cancel, by))

    @step(pick=st.integers(0, 200), by=st.sampled_from(FINANCE))
    def reverse(self, pick: int, by: str, crash: Crash | None) -> None:
        self.attempt(crash, lambda: self._correct(PostingRow, pick, corrections.reverse, by))

    async def _correct(self, table: Any, pick: int, doing: Any, by: str) -> None:
        async with self.database.transaction() as session:
            if (row := await self.picked(session, table, pick)) is not None:
                await doing(session, row.id, by, "As it happens.")

    @step(event=events, human=st.booleans())
    def judge_a_play(self, event: UUID, human: bool, crash: Crash | None) -> None:
        rule_ = f"behaviour-case-{uuid4()}"
        self.attempt(crash, lambda: self._judge_play(event, human, rule_))

    async def _judge_play(self, event: UUID, human: bool, rule_: str) -> None:
        async with self.database.transaction() as session:
            at = (await session.scalars(select(LoggedEvent.at).where(LoggedEvent.id == event))).one()
            verdict = Verdict("human", "human", rule_) if human else Verdict("robot", "ring", rule_)
            await note(session, {(at, event): verdict})

    @step(back=MONTHS_BACK, closes=st.booleans(), by=st.integers(0, 2), other=st.integers(0, 2))
    def close_a_month(self, back: int, closes: bool, by: int, other: int, crash: Crash | None) -> None:
        """One asks and another confirms, or the same person tries to; what only asked waits, and is withdrawn."""
        period = month_before(back)
        if self.attempt(crash, lambda: self._close(period, closes, FINANCE[by], FINANCE[other])):
            assert by != other
        self.attempt(None, lambda: self._withdraw(period))

    async def _close(self, period: str, closes: bool, by: str, other: str) -> None:
        async with self.database.transaction() as session:
            act: Any = "close" if closes else "reopen"
            await month_close.ask(session, period, act, "As it happens.", by, without_pool=True)
        async with self.database.transaction() as session:
            await month_close.confirm(session, period, other)

    async def _withdraw(self, period: str) -> None:
        async with self.database.transaction() as session:
            await month_close.withdraw(session, period, "fay")
