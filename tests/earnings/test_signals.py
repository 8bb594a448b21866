"""What earnings tell: a statement in the transaction that posts it, a payout in the transaction that makes it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from groundswell.attribution.signals import Credited, Rejudged
from groundswell.earnings import clawback, payouts, pools
from groundswell.earnings.signals import PayoutsMade, StatementPosted
from groundswell.earnings.tables import Payout, Statement
from groundswell.platform import signals
from groundswell.platform.database import Database
from tests.support import hearing

from .world import NOT_HELD, World, build, this_month


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for name in ("noor", "kofi"):
        await world.creator(name)
        await world.moment(name, f"kiss of {name}")
    await world.happen("kiss of noor", "play", "v1", "v2")
    await world.happen("kiss of kofi", "play", "v1")
    return world


async def funded(world: World) -> UUID:
    async with world.database.transaction() as session:
        stream: dict[str, Any] = {"period": this_month(), "basis": "plays", "currency": "EUR"}
        pool = await pools.fund(session, **stream, amount_minor=9000, created_by="fay", terms=NOT_HELD)
    return pool.id


async def test_every_statement_is_told_once_however_often_a_pool_is_run(world: World) -> None:
    pool = await funded(world)
    with hearing(StatementPosted) as heard:
        await pools.run(world.database, pool, batch=1)
        await pools.run(world.database, pool)
    told = {signal.statement.creator_id: (signal.statement.amount_minor, signal.pool.currency) for signal in heard}
    assert (len(heard), told) == (2, {world.creators["noor"]: (6000, "EUR"), world.creators["kofi"]: (3000, "EUR")})
    assert all(signal.statement.posted_at for signal in heard)


async def test_a_payout_is_told_in_its_own_transaction(world: World) -> None:
    pool = await funded(world)
    await pools.run(world.database, pool)
    statement = pools.posting_id("pool", pool, "creator", world.creators["noor"])

    async def refuse(session: object, signal: PayoutsMade) -> None:
        raise RuntimeError("nobody could be told")

    signals.on(PayoutsMade)(refuse)
    try:
        with pytest.raises(RuntimeError, match="nobody could be told"):
            async with world.database.transaction() as session:
                await payouts.pay(session, statement, "pia", "SEPA 1")
    finally:
        signals._subscribers[PayoutsMade].remove(refuse)
    async with world.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Payout)) == 0
        assert (await session.get_one(Statement, statement)).payout_id is None
    with hearing(PayoutsMade) as heard:
        async with world.database.transaction() as session:
            await payouts.pay(session, statement, "pia", "SEPA 1")
    assert [(each.creator_id, each.amount_minor) for signal in heard for each in signal.payouts] == [
        (world.creators["noor"], 6000)
    ]


def test_campaigns_hear_of_refunds_and_verdicts_before_accounts_are_held() -> None:
    for signal, back in ((Credited, clawback.reverse_refunded), (Rejudged, clawback.reverse_rejudged)):
        heard = signals.subscribers(signal)
        assert min(heard.index(each) for each in clawback.HEARD_BEFORE if each in heard) < heard.index(back)
