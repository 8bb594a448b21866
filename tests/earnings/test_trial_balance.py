"""The books read back: postings by what they are of, page by page, and as a file."""

import csv
import io
from uuid import UUID, uuid4

import pytest

from groundswell.earnings.ledger import Posting, hold_balance, open_account, post, post_all
from groundswell.earnings.trial_balance import Filter, as_csv, postings, trial_balance
from groundswell.platform.database import Database

LAST, THIS = "2026-10", "2026-11"
Books = dict[str, UUID]


@pytest.fixture
async def books(database: Database) -> Books:
    """Two pools funded in two months, each shared with one creator, and another currency."""
    async with database.transaction() as session:
        accounts = {
            "funds": await open_account(session, "funding", "service", "EUR"),
            "one": await open_account(session, "pool", "one", "EUR"),
            "two": await open_account(session, "pool", "two", "EUR"),
            "noor": await open_account(session, "creator", "noor", "EUR"),
            "kofi": await open_account(session, "creator", "kofi", "EUR"),
            "dollars": await open_account(session, "funding", "service", "USD"),
            "kofi's dollars": await open_account(session, "pool", "kofi", "USD"),
        }
        moves = [
            ("funds", "one", 500, "EUR", LAST, "pool_funded"),
            ("one", "noor", 300, "EUR", LAST, "pool_share"),
            ("funds", "two", 900, "EUR", THIS, "pool_funded"),
            ("two", "kofi", 900, "EUR", THIS, "pool_share"),
            ("dollars", "kofi's dollars", 70, "USD", THIS, "pool_funded"),
        ]
        for debit, credit, amount, currency, period, reason in moves:
            evidence = {"of": f"{debit} → {credit}", "a": 1}
            posting = Posting(uuid4(), accounts[debit], accounts[credit], amount, currency, period, reason, evidence)
            assert await post(session, posting)
            assert not await post(session, posting)
    return accounts


async def found(database: Database, chosen: Filter, limit: int = 50, before: UUID | None = None) -> list[int]:
    async with database.transaction() as session:
        return [each.amount_minor for each in await postings(session, chosen, limit=limit, before=before)]


async def test_postings_are_found_by_what_they_are_of(database: Database, books: Books) -> None:
    every = [70, 900, 900, 300, 500]
    assert await found(database, Filter()) == every, "newest first"
    assert await found(database, Filter(account=books["one"])) == [300, 500], "on either side"
    assert await found(database, Filter(account=books["noor"])) == [300]
    assert await found(database, Filter(account=uuid4())) == []
    assert await found(database, Filter(owner="kofi")) == [70, 900], "in any currency"
    assert await found(database, Filter(owner="service")) == [70, 900, 500]
    assert await found(database, Filter(period=LAST)) == [300, 500]
    assert await found(database, Filter(reason="pool_share")) == [900, 300]
    assert await found(database, Filter(owner="service", period=LAST, reason="pool_funded")) == [500]
    assert await found(database, Filter(owner="noor", reason="pool_funded")) == []


async def test_pages_of_postings_meet_and_do_not_overlap(database: Database, books: Books) -> None:
    async with database.transaction() as session:
        first = await postings(session, Filter(), limit=2)
        second = await postings(session, Filter(), limit=2, before=first[-1].id)
        rest = await postings(session, Filter(), limit=2, before=second[-1].id)
    assert [each.amount_minor for each in (*first, *second, *rest)] == [70, 900, 900, 300, 500]
    numbers = [each.number for each in (*first, *second, *rest)]
    assert numbers == sorted(numbers, reverse=True)
    assert await found(database, Filter(reason="pool_share"), before=second[0].id) == [300]


async def test_a_posting_shows_both_sides(database: Database, books: Books) -> None:
    async with database.transaction() as session:
        (shown,) = await postings(session, Filter(account=books["noor"]), limit=9)
    assert (shown.debit.id, shown.debit.kind, shown.debit.owner) == (books["one"], "pool", "one")
    assert (shown.credit.id, shown.credit.kind, shown.credit.owner) == (books["noor"], "creator", "noor")
    assert (shown.currency, shown.period, shown.reason) == ("EUR", LAST, "pool_share")
    assert shown.evidence == {"of": "one → noor", "a": 1}


async def test_the_trial_balance_is_by_kind_and_currency(database: Database, books: Books) -> None:
    async with database.transaction() as session:
        trial = await trial_balance(session)
    assert (trial.postings, trial.balanced, trial.agrees) == (5, True, True)
    rows = [
        (row.currency, row.kind, row.accounts, row.debits_minor, row.credits_minor, row.balance_minor)
        for row in trial.rows
    ]
    assert rows == [
        ("EUR", "creator", 2, 0, 1200, 1200),
        ("EUR", "funding", 1, 1400, 0, -1400),
        ("EUR", "pool", 2, 1200, 1400, 200),
        ("USD", "funding", 1, 70, 0, -70),
        ("USD", "pool", 1, 0, 70, 70),
    ]


async def test_books_that_do_not_balance_say_so(database: Database) -> None:
    """The database refuses to be edited, so an account is opened that no posting made: its rows cannot agree."""
    async with database.transaction() as session:
        assert (await trial_balance(session)).rows == []
        await open_account(session, "pool", "empty", "EUR")
        trial = await trial_balance(session)
    assert (trial.postings, trial.balanced, trial.agrees) == (0, True, True), "an account without postings agrees"
    assert [(row.kind, row.accounts, row.balance_minor) for row in trial.rows] == [("pool", 1, 0)]


async def test_a_file_of_postings_has_a_column_for_each_part(database: Database, books: Books) -> None:
    async with database.transaction() as session:
        answer = as_csv("postings", await postings(session, Filter(period=LAST), limit=9))
    rows = list(csv.DictReader(io.StringIO(bytes(answer.body).decode("utf-8-sig"))))
    assert [(row["debit.owner"], row["credit.owner"], row["amount_minor"]) for row in rows] == [
        ("one", "noor", "300"),
        ("service", "one", "500"),
    ]
    assert rows[0]["evidence"] == '{"a": 1, "of": "one → noor"}'
    assert 'filename="postings' in answer.headers["content-disposition"]


async def test_an_account_that_was_never_opened_holds_nothing(database: Database, books: Books) -> None:
    async with database.transaction() as session:
        assert await hold_balance(session, uuid4()) == 0
        assert await hold_balance(session, books["one"]) == 200
        assert await hold_balance(session, books["funds"]) == -1400
        assert await post_all(session, []) == 0
