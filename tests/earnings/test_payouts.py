"""Paying: once, from a minimum on, never what is withheld; what was not earned is taken back or owed."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from groundswell.earnings import payables, payouts, pools, trial_balance
from groundswell.earnings.ledger import account_id, balance
from groundswell.earnings.receivables import owed_back, take_back
from groundswell.earnings.rules import PoolTerms, minimum_payout
from groundswell.earnings.tables import Payout, Pool, PostingRow
from groundswell.platform.problems import NotFound
from groundswell.trust.decisions import decide, lift
from tests.gates import gate
from tests.programs import begin
from tests.support import App

from .world import NOT_HELD, World, in_month, month_before, this_month


async def earned(world: World, amount: int, visitor: str, terms: PoolTerms = NOT_HELD) -> UUID:
    """A statement of noor's over ``amount``, for the next month that has none."""
    async with world.database.transaction() as session:
        period = month_before(12 - (await session.scalar(select(func.count()).select_from(Pool)) or 0))
    await world.happen("kiss", "play", visitor, at=in_month(period))
    async with world.database.transaction() as session:
        stream: dict[str, Any] = {"period": period, "basis": "plays", "currency": "EUR"}
        pool = await pools.fund(session, **stream, amount_minor=amount, created_by="fay", terms=terms)
    await pools.run(world.database, pool.id)
    return pools.posting_id("pool", pool.id, "creator", world.creators["noor"])


async def pay(world: World, statement: UUID) -> int:
    async with world.database.transaction() as session:
        return (await payouts.pay(session, statement, "pia", "SEPA 1")).amount_minor


async def accounts(world: World) -> tuple[int, int]:
    """What noor is owed, and what she owes."""
    async with world.database.transaction() as session:
        trial = await trial_balance.trial_balance(session)
        assert trial.balanced
        assert trial.agrees
        owed = await balance(session, account_id("creator", world.creators["noor"], "EUR"))
        return owed, await owed_back(session, world.creators["noor"], "EUR")


async def claw(world: World, amount: int, identity: UUID) -> bool:
    async with world.database.transaction() as session:
        return await take_back(
            session, world.creators["noor"], amount, "EUR", this_month(), {"why": "refund"}, identity
        )


async def test_a_small_amount_is_carried_over_until_the_minimum_is_reached(world: World) -> None:
    assert minimum_payout("EUR") == 1000
    assert minimum_payout("JPY") == 10
    first = await earned(world, 999, "v1")
    with pytest.raises(payables.BelowMinimum) as caught:
        await pay(world, first)
    assert caught.value.members == {"due_minor": 999, "minimum_minor": 1000, "currency": "EUR"}
    second = await earned(world, 1, "v2")
    assert await pay(world, second) == 1000
    for statement in (first, second):
        with pytest.raises(payouts.StatementPaid):
            await pay(world, statement)
    assert await accounts(world) == (0, 0)


async def test_two_people_pressing_pay_pay_once(world: World) -> None:
    statement = await earned(world, 5000, "v1")
    outcomes = await asyncio.gather(*(pay(world, statement) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["StatementPaid"] * 4 + ["int"]
    assert await accounts(world) == (0, 0)


async def test_what_does_not_exist_cannot_be_paid(world: World) -> None:
    with pytest.raises(NotFound):
        await pay(world, uuid4())


@pytest.mark.parametrize("kind", ["viewer", "earning"])
async def test_withheld_money_is_not_paid_until_the_decision_is_lifted(world: World, kind: str) -> None:
    held = await earned(world, 5000, "v1")
    later = await earned(world, 2000, "v2")
    async with world.database.transaction() as session:
        decision = await decide(
            session,
            kind=kind,
            subject_id=world.viewers["noor"] if kind == "viewer" else held,
            action="withhold",
            reason_code="ring",
            explanation="The plays are being looked into.",
            decided_by="tess",
        )
    with pytest.raises(payables.EarningsWithheld, match="looked into"):
        await pay(world, later)
    async with world.database.transaction() as session:
        await lift(session, decision.id, "tess")
    assert await pay(world, later) == 7000


async def test_what_was_not_earned_is_taken_from_what_is_due(world: World) -> None:
    await earned(world, 5000, "v1")
    identity = uuid4()
    assert [await claw(world, 1200, identity), await claw(world, 1200, identity)] == [True, False]
    assert await accounts(world) == (3800, 0)


@pytest.mark.slow
async def test_what_has_been_paid_already_becomes_a_debt_that_later_statements_pay_off(world: World) -> None:
    assert await pay(world, await earned(world, 5000, "v1")) == 5000
    await earned(world, 700, "v2")
    identity = uuid4()
    made = await asyncio.gather(*(claw(world, 2000, identity) for _ in range(4)))
    assert sorted(made) == [False, False, False, True]
    assert await accounts(world) == (0, 1300)
    await earned(world, 1000, "v3")
    assert await accounts(world) == (0, 300)
    await earned(world, 1500, "v4")
    assert await accounts(world) == (1200, 0)


PAY = """
import asyncio, json, sys
from pathlib import Path
from groundswell.platform.settings import Settings
from tests.support import started

async def main(data, url, asked, headers):
    settings = Settings(data_dir=Path(data), database_url=url, worker_in_server=False, base_url="http://test")
    async with started(settings) as app:
        await app.http.post("/v1/payouts", json=json.loads(asked), headers=json.loads(headers), timeout=600)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_a_payout_killed_in_the_middle_did_not_happen_and_is_made_once_when_asked_for_again(
    app: App, world: World, database_url: str
) -> None:
    statement = await earned(world, 5000, "v1")
    asked = {"statement": str(statement), "reference": "SEPA 1"}
    headers = app.signed_in("pia", "finance") | {"Idempotency-Key": "the payout"}
    arguments = [str(app.runtime.settings.data_dir), database_url, json.dumps(asked), json.dumps(headers)]
    with gate(database_url, "postings", "NEW.reason = 'payout'") as before_the_posting:
        paying = begin(PAY, *arguments)
        await asyncio.to_thread(before_the_posting.await_somebody)
        paying.kill()
        await asyncio.to_thread(paying.wait)
        await asyncio.to_thread(before_the_posting.open)
    assert await paid_out(world) == (0, 0), "neither the payout nor its posting, nor one without the other"
    assert await accounts(world) == (5000, 0)
    answers = [await app.http.post("/v1/payouts", json=asked, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert await paid_out(world) == (1, 1)
    assert await accounts(world) == (0, 0)


async def paid_out(world: World) -> tuple[int, int]:
    """How many payouts there are, and how many postings of payouts."""
    async with world.database.transaction() as session:
        payouts = await session.scalar(select(func.count()).select_from(Payout))
        postings = await session.scalar(select(func.count()).select_from(PostingRow).filter_by(reason="payout"))
    return payouts or 0, postings or 0
