"""The ledger: nothing is made, lost, changed or posted twice, and it is the database that says so."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from groundswell.earnings.ledger import (
    FundsInsufficient,
    Posting,
    PostingConflict,
    PostingRefused,
    account_id,
    balance,
    open_account,
    open_accounts,
    post,
    post_all,
    posting_id,
)
from groundswell.earnings.tables import LedgerAccount, PostingRow
from groundswell.platform.database import Database

PERIOD = "2026-11"


async def opened(database: Database, kind: str, owner: object, currency: str = "EUR") -> UUID:
    async with database.transaction() as session:
        return await open_account(session, kind, owner, currency)


async def transfer(database: Database, *postings: Posting) -> int:
    async with database.transaction() as session:
        return await post_all(session, postings)


def posting(debit: UUID, credit: UUID, amount: int, currency: str = "EUR", id: UUID | None = None) -> Posting:
    return Posting(id or uuid4(), debit, credit, amount, currency, PERIOD, "pool_share", {"moment": "m"})


async def test_a_posting_moves_money_once(database: Database) -> None:
    funding, pool = await opened(database, "funding", "service"), await opened(database, "pool", "p")
    one = posting(funding, pool, 500)
    assert [await transfer(database, one), await transfer(database, one)] == [1, 0]
    assert await transfer(database, one, one, posting(funding, pool, 7)) == 1
    async with database.transaction() as session:
        assert (await balance(session, pool), await balance(session, funding)) == (507, -507)
        assert await balance(session, uuid4()) == 0


def test_ids_are_those_of_every_release() -> None:
    """What a release before has posted is known again by the next, so that it is not posted twice."""
    assert posting_id("pool", UUID(int=7), "funded") == UUID("58dfef6e-8afe-51ca-97ae-97f12d1e71a4")
    assert account_id("creator", UUID(int=7), "EUR") == UUID("bdd14b39-7338-51e8-bf2b-bd14071ec6d9")


async def test_the_same_id_with_other_content_is_a_conflict(database: Database) -> None:
    funding, pool = await opened(database, "funding", "service"), await opened(database, "pool", "p")
    one = posting(funding, pool, 500)
    await transfer(database, one)
    for other in (replace(one, amount_minor=501), replace(one, evidence={}), replace(one, reason="payout")):
        with pytest.raises(PostingConflict):
            await transfer(database, posting(funding, pool, 1), other)
    async with database.transaction() as session:
        assert await balance(session, pool) == 500, "the posting beside the refused one was undone with it"


async def test_a_pool_cannot_give_more_than_it_has(database: Database) -> None:
    funding, pool = await opened(database, "funding", "service"), await opened(database, "pool", "p")
    creator = await opened(database, "creator", "noor")
    await transfer(database, posting(funding, pool, 100))
    with pytest.raises(FundsInsufficient):
        await transfer(database, posting(pool, creator, 60), posting(pool, creator, 41))
    receivable = await opened(database, "receivable", "noor")
    with pytest.raises(FundsInsufficient, match="paid back"):
        await transfer(database, posting(creator, receivable, 1), posting(funding, creator, 5))
    async with database.transaction() as session:
        assert [await balance(session, account) for account in (pool, creator, receivable)] == [100, 0, 0]


async def test_impossible_postings_are_refused(database: Database) -> None:
    funding, pool = await opened(database, "funding", "service"), await opened(database, "pool", "p")
    dollars = await opened(database, "pool", "p", "USD")
    good = posting(funding, pool, 1)
    wrong = [
        replace(good, amount_minor=0),
        replace(good, amount_minor=-5),
        replace(good, amount_minor=10**15 + 1),
        replace(good, credit=dollars),
        replace(good, currency="USD"),
        replace(good, credit=uuid4()),
        replace(good, credit=funding),
        replace(good, period="2026-13"),
    ]
    for each in wrong:
        with pytest.raises(PostingRefused):
            await transfer(database, each)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(PostingRow)) == 0


REWRITES = [
    "UPDATE postings SET amount_minor = amount_minor + 1",
    "UPDATE postings SET evidence = '{}' WHERE false",
    "DELETE FROM postings",
    "TRUNCATE postings",
    "TRUNCATE ledger_accounts CASCADE",
    "INSERT INTO postings SELECT * FROM postings ON CONFLICT (id) DO UPDATE SET amount_minor = 1",
    "UPDATE ledger_accounts SET credits_minor = credits_minor + 1",
    "UPDATE ledger_accounts SET balance_limit = 'none'",
    "UPDATE ledger_accounts SET owner = 'somebody else'",
    "DELETE FROM ledger_accounts",
    "INSERT INTO ledger_accounts (id, kind, owner, currency, balance_limit, debits_minor, credits_minor)"
    " VALUES (gen_random_uuid(), 'creator', 'x', 'EUR', 'none', 0, 1000)",
]


async def test_the_database_refuses_to_rewrite_history(database: Database) -> None:
    """Whatever the replication role, which ordinary triggers heed."""
    funding, pool = await opened(database, "funding", "service"), await opened(database, "pool", "p")
    await transfer(database, posting(funding, pool, 500))

    async def rewrite(statement: str, role: str) -> None:
        async with database.transaction() as session:
            await session.execute(text(f"SET LOCAL session_replication_role = {role}"))
            await session.execute(text(statement))

    for statement in REWRITES:
        for role in ("origin", "replica"):
            with pytest.raises(DBAPIError) as caught:
                await rewrite(statement, role)
            assert getattr(caught.value.orig, "sqlstate", None) in {"23001", "428C9"}, statement
    async with database.transaction() as session:
        assert await balance(session, pool) == 500


async def test_a_currency_is_three_capitals(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await opened(database, "pool", "p", "eur")


async def test_the_same_posting_from_many_sides_at_once_is_made_once(database: Database) -> None:
    funding, pool = await opened(database, "funding", "service"), await opened(database, "pool", "p")
    one = posting(funding, pool, 500)
    made = await asyncio.gather(*(transfer(database, one) for _ in range(12)))
    assert sorted(made) == [0] * 11 + [1]
    async with database.transaction() as session:
        assert await balance(session, pool) == 500


async def test_transfers_that_cross_do_not_wait_for_each_other_for_ever(database: Database) -> None:
    left, right = await opened(database, "funding", "left"), await opened(database, "funding", "right")
    crossing = [posting(left, right, 3) if n % 2 else posting(right, left, 2) for n in range(30)]
    await asyncio.gather(*(transfer(database, each) for each in crossing))
    async with database.transaction() as session:
        assert (await balance(session, left), await balance(session, right)) == (-15, 15)


STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-1, 400), st.integers(0, 9)), min_size=1, max_size=12
)


@pytest.mark.slow
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(batches=st.lists(STEPS, min_size=1, max_size=4))
async def test_whatever_is_asked_for_the_books_balance(
    database: Database, batches: list[list[tuple[int, int, int, int]]]
) -> None:
    """Random transfers, some repeated, some impossible, several transactions at once."""
    run = uuid4()
    async with database.transaction() as session:
        accounts = await open_accounts(session, "funding", [f"{run}/a"], "EUR")
        accounts += await open_accounts(session, "pool", [f"{run}/b", f"{run}/c"], "EUR")
        accounts += await open_accounts(session, "receivable", [f"{run}/d"], "EUR")

    async def attempt(steps: list[tuple[int, int, int, int]]) -> None:
        for debit, credit, amount, number in steps:
            one = posting(accounts[debit], accounts[credit], amount, id=posting_id(run, number))
            try:
                async with database.transaction() as session:
                    await post(session, one)
            except (PostingConflict, PostingRefused, FundsInsufficient):
                pass

    await asyncio.gather(*(attempt(steps) for steps in batches))
    async with database.transaction() as session:
        rows = (await session.scalars(select(PostingRow).where(PostingRow.debit_account_id.in_(accounts)))).all()
        held = {a.id: a for a in await session.scalars(select(LedgerAccount).where(LedgerAccount.id.in_(accounts)))}
    assert sum(a.debits_minor for a in held.values()) == sum(a.credits_minor for a in held.values())
    for account in accounts:
        assert held[account].debits_minor == sum(r.amount_minor for r in rows if r.debit_account_id == account)
        assert held[account].credits_minor == sum(r.amount_minor for r in rows if r.credit_account_id == account)
    for pool in accounts[1:3]:
        assert held[pool].debits_minor <= held[pool].credits_minor
    assert held[accounts[3]].credits_minor <= held[accounts[3]].debits_minor
