"""What is undone, by postings: pools cancelled, payouts that came back, postings reversed; holds, caps, two people."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from groundswell.accounts.erasure import erase_viewer
from groundswell.earnings import (
    corrections,
    documents,
    erasure,
    payables,
    payouts,
    pools,
    rates,
    statements,
)
from groundswell.earnings.ledger import account_id, balance, posting_id
from groundswell.earnings.receivables import owed_back
from groundswell.earnings.rules import PoolTerms
from groundswell.earnings.tables import Payout, Pool, PostingRow, Statement
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings

from .shop import Shop
from .world import NOT_HELD, World, build, in_month, month_before, prove_books, this_month

WHY = "Booked twice."


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for subject, name in (("noor", "kiss"), ("kofi", "rain")):
        await world.creator(subject)
        await world.moment(subject, name)
    return world


async def divided(world: World, amount: int, terms: PoolTerms = NOT_HELD, back: int = 1, **stream: Any) -> UUID:
    async with world.database.transaction() as session:
        asked: dict[str, Any] = {"period": month_before(back), "basis": "plays", "currency": "EUR"} | stream
        pool = await pools.fund(session, **asked, amount_minor=amount, created_by="fay", terms=terms)
        pool.run_by = "fin"
    await pools.run(world.database, pool.id, payer="Lumen")
    return pool.id


async def pay(world: World, statement: UUID, by: str = "pia") -> Payout:
    async with world.database.transaction() as session:
        return await payouts.pay(session, statement, by)


async def forced(world: World, statement: UUID, by: str) -> None:
    """Pay past our own checks, as a program with a fault would."""
    async with world.database.transaction() as session:
        row = Payout(creator_id=world.creators["noor"], amount_minor=1, currency="EUR", paid_by=by)
        session.add(row)
        await session.flush()
        paid = text("UPDATE statements SET payout_id = :payout WHERE id = :id")
        await session.execute(paid, {"payout": row.id, "id": statement})


async def owned(world: World, subject: str = "noor") -> tuple[int, int]:
    """What a creator is owed, and what they owe."""
    async with world.database.transaction() as session:
        await prove_books(session)
        creator = world.creators[subject]
        return await balance(session, account_id("creator", creator, "EUR")), await owed_back(session, creator, "EUR")


def statement_of(world: World, pool: UUID, subject: str = "noor") -> UUID:
    return posting_id("pool", pool, "creator", world.creators[subject])


async def test_nobody_pays_what_they_funded_or_ran(world: World) -> None:
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    statement = statement_of(world, await divided(world, 5_000))
    for by in ("fay", "fin"):
        with pytest.raises(payables.SamePerson):
            await pay(world, statement, by)
    with pytest.raises(DBAPIError, match="does not pay from it"):
        await forced(world, statement, "fin")
    assert (await pay(world, statement)).amount_minor == 5_000


async def test_what_is_held_is_not_paid_and_says_until_when(world: World) -> None:
    await world.happen("kiss", "play", "v1", at=in_month(month_before(2)))
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    free = statement_of(world, await divided(world, 4_000, back=2))
    held = statement_of(world, await divided(world, 5_000, PoolTerms(hold_days=14)))
    with pytest.raises(payables.EarningsHeld) as caught:
        await pay(world, held)
    until = datetime.fromisoformat(caught.value.members["held_until"])
    assert timedelta(days=13, hours=23) < until - utc_now() < timedelta(days=14)
    async with world.database.transaction() as session:
        (due,) = await statements.due(session, world.creators["noor"])
        assert (due.due_minor, due.held_minor, due.payable_minor, due.payable) == (9_000, 5_000, 4_000, True)
        assert (await statements.detail(session, held)).status == "held"
    assert (await pay(world, free)).amount_minor == 4_000
    with pytest.raises(DBAPIError, match="no longer held"):
        await forced(world, held, "pia")
    async with world.database.transaction() as session:
        (due,) = await statements.due(session, world.creators["noor"])
    assert (due.payable, due.reason_code, due.held_until) == (False, "earnings_held", until)


async def test_caps_cut_off_and_give_back(world: World) -> None:
    at = in_month(month_before(1))
    await world.happen("kiss", "play", *(f"v{n}" for n in range(9)), at=at)
    await world.happen("rain", "play", "w", at=at)
    pool = await divided(world, 10_000, PoolTerms(hold_days=0, creator_cap_minor=6_000))
    assert (await owned(world, "noor"), await owned(world, "kofi")) == ((6_000, 0), (1_000, 0))
    async with world.database.transaction() as session:
        shown = await statements.one_pool(session, pool)
        rest = (await session.scalars(select(PostingRow).filter_by(reason="pool_rest"))).one()
    assert (shown.status, shown.left_minor, rest.amount_minor) == ("divided", 0, 3_000)


async def test_one_person_counts_so_much_and_no_more(world: World, settings: Settings) -> None:
    shop = Shop(world, settings)
    await shop.sell("friend", "kiss", minor=90_000)
    await shop.sell("stranger", "rain", minor=1_000)
    terms = PoolTerms(hold_days=0, person_cap=4_000, tax_ppm=200_000)
    await divided(world, 5_000, terms, period=this_month(), basis="revenue")
    assert (await owned(world, "noor"), await owned(world, "kofi")) == ((4_167, 0), (833, 0))


async def test_other_currencies_count_at_the_rate_entered_for_their_day(world: World, settings: Settings) -> None:
    shop = Shop(world, settings)
    await shop.sell("ada", "kiss", minor=1_000)
    await shop.sell("bea", "rain", minor=1_000)
    day = date(2020, 1, 1)
    async with world.database.transaction() as session:
        await rates.enter(session, currency="EUR", into="JPY", valid_from=day, rate=Decimal("160.5"), entered_by="fay")
        with pytest.raises(rates.RateEntered):
            await rates.enter(session, currency="EUR", into="JPY", valid_from=day, rate=Decimal(1), entered_by="fay")
        with pytest.raises(rates.RateInvalid):
            await rates.enter(session, currency="EUR", into="EUR", valid_from=day, rate=Decimal(1), entered_by="fay")
    pool = await divided(world, 901, period=this_month(), basis="revenue", currency="JPY")
    async with world.database.transaction() as session:
        shown = await statements.of_pool(session, pool, None, 10)
    assert sorted((row.weight, row.amount_minor) for row in shown) == [(1_605, 450), (1_605, 451)]
    with pytest.raises(DBAPIError, match="only ever added"):
        async with world.database.transaction() as session:
            await session.execute(text("UPDATE exchange_rates SET rate = 1"))


async def test_a_sale_without_a_rate_is_counted_by_the_pool_after_its_rate(world: World, settings: Settings) -> None:
    """Once its month was divided without it, it was never counted."""
    shop = Shop(world, settings)
    await shop.sell("ada", "kiss", minor=1_000, currency="USD")
    await shop.sell("bea", "rain", minor=2_000)
    before = await divided(world, 700, period=this_month(), basis="revenue")
    assert (await owned(world), await owned(world, "kofi")) == ((0, 0), (700, 0))
    async with world.database.transaction() as session:
        day, rate = date(2020, 1, 1), Decimal("0.9")
        await rates.enter(session, currency="USD", into="EUR", valid_from=day, rate=rate, entered_by="fay")
    following = f"{utc_now().replace(day=1) + timedelta(days=32):%Y-%m}"
    after = await divided(world, 300, period=following, basis="revenue")
    async with world.database.transaction() as session:
        found = [await statements.of_pool(session, pool, None, 10) for pool in (before, after)]
    assert [[(row.weight, row.amount_minor) for row in rows] for rows in found] == [[(2_000, 700)], [(900, 300)]]


async def test_a_pool_that_a_later_one_stands_on_is_cancelled_after_it(world: World) -> None:
    """Once the month could be funded again, and had nothing left to count: what the first had counted was lost."""
    await world.happen("kiss", "play", "v1", at=in_month(month_before(2)))
    await world.happen("rain", "play", "v1", at=in_month(month_before(1)))
    first, second = await divided(world, 5_000, back=2), await divided(world, 4_000)
    with pytest.raises(corrections.PoolFollowed) as caught:
        async with world.database.transaction() as session:
            await corrections.cancel(session, first, "fay", WHY)
    assert caught.value.members == {"pool": str(second)}
    for pool in (second, first):
        async with world.database.transaction() as session:
            await corrections.cancel(session, pool, "fay", WHY)
    await divided(world, 3_000, back=2)
    await divided(world, 2_000)
    assert (await owned(world), await owned(world, "kofi")) == ((3_000, 0), (2_000, 0))


async def test_a_cancelled_pool_leaves_nothing_behind_and_its_month_can_be_counted_again(world: World) -> None:
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    pool = await divided(world, 5_000)
    async with world.database.transaction() as session:
        cancelled = await corrections.cancel(session, pool, "fay", WHY)
        assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", WHY)
    assert await owned(world) == (0, 0)
    with pytest.raises(payouts.StatementCancelled):
        await pay(world, statement_of(world, pool))
    with pytest.raises(pools.PoolCancelled):
        async with world.database.transaction() as session:
            await corrections.cancel(session, pool, "fay", WHY)
    with pytest.raises(pools.PoolCancelled):
        async with world.database.transaction() as session:
            await pools.check_runnable(session, pool, "fay")
    async with world.database.transaction() as session:
        funding = await balance(session, account_id("funding", "service", "EUR"))
        (statement,) = await statements.of_creator(session, world.creators["noor"], None, 10)
    assert (funding, statement.status) == (0, "cancelled")
    await divided(world, 3_000)
    assert await owned(world) == (3_000, 0)


async def test_a_pool_that_has_been_paid_is_cancelled_only_when_the_payout_came_back(world: World) -> None:
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    pool = await divided(world, 5_000)
    payout = await pay(world, statement_of(world, pool))
    with pytest.raises(corrections.PoolPaid):
        async with world.database.transaction() as session:
            await corrections.cancel(session, pool, "fay", WHY)
    async with world.database.transaction() as session:
        await corrections.return_payout(session, payout.id, "pia", "The account is closed.")
        with pytest.raises(corrections.PayoutReturned):
            await corrections.return_payout(session, payout.id, "pia", WHY)
    assert await owned(world) == (5_000, 0)
    async with world.database.transaction() as session:
        assert await balance(session, account_id("paid", "service", "EUR")) == 0
    again = await pay(world, statement_of(world, pool))
    async with world.database.transaction() as session:
        (newer, older) = await statements.newest_payouts(session)
        assert (newer.id, older.return_reason) == (again.id, "The account is closed.")
        assert newer.statements == older.statements == [statement_of(world, pool)]
        await corrections.return_payout(session, again.id, "pia", WHY)
        await corrections.cancel(session, pool, "fay", WHY)
    assert await owned(world) == (0, 0)


async def test_all_whose_payouts_come_back_pay_what_they_owe_by_then(world: World, settings: Settings) -> None:
    shop, names = Shop(world, settings), {"noor": "kiss", "kofi": "rain"}
    sales = {subject: await shop.sell(f"by-{subject}", name) for subject, name in names.items()}
    pool = await divided(world, 6_000, period=this_month(), basis="conversions")
    paid = {subject: await pay(world, statement_of(world, pool, subject)) for subject in names}
    for subject, sale in sales.items():
        await shop.refund(sale, f"by-{subject}")
        assert await owned(world, subject) == (0, 3_000)
        async with world.database.transaction() as session:
            (due,) = await statements.due(session, world.creators[subject])
        assert (due.due_minor, due.owed_back_minor) == (0, 3_000)
    for subject, payout in paid.items():
        async with world.database.transaction() as session:
            await corrections.return_payout(session, payout.id, "pia", "The account is closed.")
        assert await owned(world, subject) == (0, 0)


async def test_a_clawback_reversed_gives_back_and_its_reversal_takes_again(world: World, settings: Settings) -> None:
    shop = Shop(world, settings)
    sale = await shop.sell("ada", "kiss", minor=1_000)
    pool = await divided(world, 5_000, period=this_month(), basis="revenue")
    await pay(world, statement_of(world, pool))
    await shop.refund(sale, "ada", 1_000)
    assert await owned(world) == (0, 5_000)
    async with world.database.transaction() as session:
        taken = (await session.scalars(select(PostingRow).filter_by(reason="clawback_owed"))).one()
        given = await corrections.reverse(session, taken.id, "fay", "The bank erred.")
        with pytest.raises(corrections.PostingReversed):
            await corrections.reverse(session, taken.id, "fay", WHY)
        assert (given.reason, given.amount_minor) == ("reversal_given", 5_000)
    assert await owned(world) == (0, 0), "what was given back has paid the debt off"
    async with world.database.transaction() as session:
        await corrections.reverse(session, given.id, "fay", WHY)
        funded = (await session.scalars(select(PostingRow).filter_by(reason="pool_funded"))).one()
        with pytest.raises(corrections.PostingNotReversible):
            await corrections.reverse(session, funded.id, "fay", WHY)
    assert await owned(world) == (0, 5_000)


async def test_a_share_reversed_is_a_line_of_the_next_statement(world: World) -> None:
    await world.happen("kiss", "play", "v1", at=in_month(month_before(2)))
    first = await divided(world, 5_000, back=2)
    async with world.database.transaction() as session:
        await corrections.reverse(session, statement_of(world, first), "fay", WHY)
        with pytest.raises(corrections.PostingReversed):
            await corrections.reverse(session, statement_of(world, first), "fay", WHY)
    assert await owned(world) == (0, 0)
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    second = await divided(world, 2_000)
    async with world.database.transaction() as session:
        (line,) = (await statements.detail(session, statement_of(world, second))).adjustments
    assert (line.amount_minor, line.explanation, line.statement_id) == (-5_000, WHY, statement_of(world, first))


async def test_a_statement_is_a_document_that_nothing_changes(world: World) -> None:
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    await world.happen("rain", "play", "v1", at=in_month(month_before(1)))
    pool = await divided(world, 5_000)
    id = statement_of(world, pool)
    async with world.database.transaction() as session:
        await session.execute(text("UPDATE moments SET caption = 'renamed'"))
        shown = await statements.detail(session, id)
        numbers = {row.number for row in await statements.of_pool(session, pool, None, 10)}
        number, pdf = await statements.document(session, id)
    assert [line.caption for line in shown.lines] == ["kiss"], "as it was"
    assert numbers == {f"{utc_now():%Y}-{n:07}" for n in (1, 2)}
    assert (number, pdf[:5]) == (shown.number, b"%PDF-")
    async with world.database.transaction() as session:
        assert await statements.document(session, id) == (number, pdf)
        row = await session.get_one(documents.StatementDocument, id)
        assert documents.typeset(row.document) == pdf, "the same bytes from the same document"
        assert row.document["payer"] == "Lumen"
    for change in (
        "UPDATE statements SET amount_minor = 1",
        "DELETE FROM statements",
        "UPDATE statement_lines SET weight = 0",
        "DELETE FROM statement_lines",
        "UPDATE statement_documents SET document = '{}'",
        "UPDATE statement_documents SET pdf = 'x' WHERE pdf IS NOT NULL",
        "DELETE FROM statement_documents",
    ):
        with pytest.raises(DBAPIError, match=r"never changed|only ever added|foreign key"):
            async with world.database.transaction() as session:
                await session.execute(text(change))


def test_any_script_is_typeset() -> None:
    document = {
        "number": "2026-0000001", "issued_at": datetime(2026, 12, 1, tzinfo=UTC).isoformat(), "payer": "Lumen",
        "payee": {"name": "نور 李雷 Ωμέγα", "handle": "noor"}, "period": "2026-11", "currency": "JPY", "unit": "plays",
        "counts": "#strong[not markup]", "rules": "1", "weight": 1, "pool_weight": 2, "pool_amount_minor": 3,
        "amount_minor": 2, "held_until": None, "terms": dict.fromkeys(documents.TERMS),
        "lines": [{"caption": "*_$#", "title": "夜", "period": "2026-11", "weight": 1, "amount_minor": 2}],
        "adjustments": [{"explanation": "x", "appeal": "y", "amount_minor": -1}],
    }  # fmt: skip
    assert documents.typeset(document) == documents.typeset(document)
    assert documents.without_names(document)["payee"] is None


async def test_an_erased_creators_documents_keep_their_numbers(world: World) -> None:
    assert erasure.forget
    await world.happen("kiss", "play", "v1", at=in_month(month_before(1)))
    pool = await divided(world, 5_000)
    async with world.database.transaction() as session:
        await statements.document(session, statement_of(world, pool))
        await erase_viewer(session, "groundswell-demo", "noor")
    async with world.database.transaction() as session:
        row = await session.get_one(documents.StatementDocument, statement_of(world, pool))
        assert row.document["payee"] is None
        assert [line["caption"] for line in row.document["lines"]] == [""]
        assert row.document["amount_minor"] == 5_000
        assert (await statements.document(session, row.statement_id))[1][:5] == b"%PDF-"
        assert await session.get_one(Pool, pool)
        assert await session.get_one(Statement, row.statement_id)
