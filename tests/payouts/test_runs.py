"""Payout runs: two people, everybody once, nobody whose details changed, and what the bank says carried out once."""

import asyncio
import os
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from groundswell.accounts.signals import ViewerErased
from groundswell.accounts.tables import AuditEntry, Viewer
from groundswell.creators.tables import Creator
from groundswell.earnings import audit_trail, corrections, payables, trial_balance
from groundswell.earnings.ledger import Posting, account_id, balance, open_account, open_accounts, post_all
from groundswell.earnings.tables import Payout, PostingRow
from groundswell.payouts import bank_files, erasure, jobs, payees, payout_runs, run_file
from groundswell.payouts.bank_messages import BankFileUnreadable, read_message
from groundswell.payouts.payee_vault import seal
from groundswell.payouts.schemas import PayeeFacts
from groundswell.payouts.tables import Payee
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from groundswell.trust.decisions import decide
from tests.earnings.world import World, build
from tests.gates import gate
from tests.programs import begin

from .bank import Entry, report, statement
from .places import FACTS, approved, drafted, earned, enter, filed, ids, lines, payer, run_row


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for name in ("noor", "kofi", "lena"):
        await world.creator(name)
        await world.moment(name, f"of {name}")
    return world


@pytest.fixture
def pays(settings: Settings) -> Settings:
    return payer(settings)


assert erasure.forget, jobs.hear_returns  # they hear signals
ALL = ["of noor", "of kofi", "of lena"]


async def in_account(world: World, name: str, currency: str = "EUR") -> int:
    async with world.database.transaction() as session:
        trial = await trial_balance.trial_balance(session)
        assert trial.balanced
        assert trial.agrees
        return await balance(session, account_id("creator", world.creators[name], currency))


async def take_in(world: World, content: bytes) -> Any:
    async with world.database.transaction() as session:
        return await bank_files.take_in(session, content, "pia")


async def test_a_run_is_made_by_two_people_and_pays_everybody_of_whom_nothing_is_missing(
    world: World, pays: Settings
) -> None:
    await earned(world, 9_000, ALL)
    await enter(world, pays, "noor", legal_name="Łukasz Nōr")
    await enter(world, pays, "kofi", born_on=None)
    run = await drafted(world)
    assert await lines(world, run) == {"noor": ("waiting", "", 3_000)}, "kofi's birthday and all of lena's are missing"
    with pytest.raises(payables.SamePerson):
        await approved(world, run, by="tom")
    with pytest.raises(payables.SamePerson):
        await approved(world, run, by="fay")  # who funded the pool
    with pytest.raises(payables.SamePerson):
        await approved(world, run, by=f"viewer:{world.viewers['noor']}")
    with pytest.raises(payout_runs.RunNotOpen):
        await filed(world, pays, run)
    await approved(world, run)
    await filed(world, pays, run)
    assert (await lines(world, run))["noor"] == ("sent", "", 3_000)
    assert [await in_account(world, each) for each in ("noor", "kofi")] == [0, 3_000]
    async with world.database.transaction() as session:
        name, made, kind = await run_file.file_of(session, pays, run, "pia")
        again = (await run_file.file_of(session, pays, run, "pia"))[1]
        opened = await session.scalars(select(AuditEntry.entry).where(AuditEntry.entry.contains("payees.open")))
        assert any(str(world.creators["noor"]) in entry for entry in opened)
    assert (name, kind, made) == ("payout-run-1.xml", "application/xml", again)
    assert b"Lukasz Nor" in made
    assert b"DE89370400440532013000" in made
    row = await run_row(world, run)
    assert row.file is not None
    assert b"DE8937" not in row.file, "it lies there encrypted"
    await filed(world, pays, run)  # asked for again: nothing happens
    assert await in_account(world, "noor") == 0


@pytest.mark.slow
async def test_what_changed_between_approval_and_file_is_held_out_with_the_reason(world: World, pays: Settings) -> None:
    await earned(world, 9_000, ALL)
    for name in ("noor", "kofi", "lena"):
        await enter(world, pays, name)
    run = await drafted(world)
    assert len(await lines(world, run)) == 3
    with pytest.raises(payout_runs.NothingPayable):
        await drafted(world)  # all are in a run that waits
    await approved(world, run)
    await enter(world, pays, "noor", iban="FR1420041010050500013M02606")
    await earned(world, 3_000, ALL, back=2)  # is left for the next run
    async with world.database.transaction() as session:
        await decide(
            session, kind="viewer", subject_id=world.viewers["kofi"], action="withhold", reason_code="ring",
            explanation="Looked into.", decided_by="tess",
        )  # fmt: skip
    await filed(world, pays, run)
    assert await lines(world, run) == {
        "noor": ("held_out", "payee_changed", 3_000),
        "kofi": ("held_out", "earnings_withheld", 3_000),
        "lena": ("sent", "", 3_000),
    }
    assert [await in_account(world, each) for each in ("noor", "kofi", "lena")] == [4_000, 4_000, 1_000]
    later = await drafted(world)
    assert await lines(world, later) == {"noor": ("waiting", "", 4_000), "lena": ("waiting", "", 1_000)}


@pytest.mark.slow
async def test_who_moves_becomes_a_childs_profile_or_dies_is_not_paid_and_keeps_what_is_theirs(
    world: World, pays: Settings
) -> None:
    await earned(world, 9_000, ALL)
    for name in ("noor", "kofi", "lena"):
        await enter(world, pays, name)
    run = await drafted(world)
    await approved(world, run)
    await enter(
        world, pays, "noor", country="FR", town="Lyon", tax_number=None
    )  # where the law asks for another number
    async with world.database.transaction() as session:
        await session.execute(update(Viewer).where(Viewer.id == world.viewers["kofi"]).values(kids=True))
    await filed(world, pays, run)
    assert await lines(world, run) == {
        "noor": ("held_out", "payee_changed", 3_000),
        "kofi": ("held_out", "payee_minor", 3_000),
        "lena": ("sent", "", 3_000),
    }
    lena = (await ids(world, run))["lena"]
    assert (await take_in(world, statement(Entry(lena, "30.00", back="MD07")))).done == 1  # the payee has died
    with pytest.raises(payout_runs.NothingPayable):
        await drafted(world)
    async with world.database.transaction() as session:
        gaps = await payees.gaps_of(session, list(world.creators.values()))
    assert [gaps[world.creators[name]] for name in ("noor", "kofi", "lena")] == [
        ["tax_number_missing"], ["payee_minor"], ["account_returned"],
    ]  # fmt: skip
    assert [await in_account(world, each) for each in ("noor", "kofi", "lena")] == [3_000, 3_000, 3_000]


@pytest.mark.slow
async def test_less_than_was_approved_is_held_out_and_a_cancelled_run_pays_nobody(world: World, pays: Settings) -> None:
    await earned(world, 9_000, ALL)
    for name in ("noor", "kofi", "lena"):
        await enter(world, pays, name)
    run = await drafted(world)
    (kofi,) = [UUID(id) for name, id in (await ids(world, run)).items() if name == "kofi"]
    async with world.database.transaction() as session:
        await payout_runs.leave_out(session, run, kofi)
    await approved(world, run)
    async with world.database.transaction() as session:
        given = await session.scalar(
            select(PostingRow.id).where(
                PostingRow.reason == "pool_share",
                PostingRow.credit_account_id == account_id("creator", world.creators["noor"], "EUR"),
            )
        )
        assert given is not None
        await corrections.reverse(session, given, "fay", "A test of it.")
    await filed(world, pays, run)
    found = await lines(world, run)
    assert (found["noor"][:2], found["kofi"][:2], found["lena"][:2]) == (
        ("held_out", "below_minimum"), ("held_out", "left_out"), ("sent", ""),
    )  # fmt: skip
    second = await drafted(world)
    async with world.database.transaction() as session:
        await payout_runs.cancel(session, second, "tom", "Not today.")
    assert (await lines(world, second))["kofi"][0] == "cancelled"
    with pytest.raises(payout_runs.RunNotOpen):
        await approved(world, second)
    assert len(await lines(world, await drafted(world))) == 1


@pytest.mark.parametrize(("currency", "minor", "written"), [("JPY", 3_000, b">1000<"), ("KWD", 30_000, b">10.000<")])
async def test_currencies_without_cents_or_with_three_digits(
    world: World, pays: Settings, currency: str, minor: int, written: bytes
) -> None:
    await earned(world, minor, ALL, currency=currency)
    await enter(world, pays, "noor")
    run = await drafted(world, currency=currency)
    await approved(world, run)
    await filed(world, pays, run)
    async with world.database.transaction() as session:
        made = (await run_file.file_of(session, pays, run, "pia"))[1]
    assert written in made
    assert f'Ccy="{currency}"'.encode() in made
    amount = written.strip(b"><").decode()
    end = (await ids(world, run))["noor"]
    assert (await take_in(world, statement(Entry(end, amount + ".5", currency)))).exceptions == 1
    assert (await take_in(world, statement(Entry(end, amount, currency)))).done == 1


@pytest.mark.slow
async def test_what_the_bank_says_is_done_once_and_the_rest_waits_for_somebody(world: World, pays: Settings) -> None:
    await earned(world, 9_000, ALL)
    for name in ("noor", "kofi", "lena"):
        await enter(world, pays, name)
    run = await drafted(world)
    await approved(world, run)
    await filed(world, pays, run)
    end = await ids(world, run)
    assert (await take_in(world, report(run.hex))).noted == 3  # it has arrived, as a whole
    first = statement(
        Entry(end["noor"], "30.00", reference="B-1"), Entry(end["kofi"], "30.00", reference="B-2"),
        Entry(end["lena"], "29.99"), Entry("0" * 32, "5.00"), Entry("Rent December", "5.00"),
        Entry(end["lena"], "30.00", status="PDNG"),
    )  # fmt: skip
    read = await take_in(world, first)
    assert (read.done, read.exceptions, read.noted) == (2, 3, 1)
    again = await take_in(world, first)
    assert (again.id, again.again, again.done) == (read.id, True, 2)
    assert (await take_in(world, first + b"\n")).known == 2  # other bytes, the same news
    assert [await in_account(world, each) for each in ("noor", "kofi", "lena")] == [0, 0, 0]

    back = statement(Entry(end["kofi"], "30.00", back="AC04"), name="STMT2")
    assert (await take_in(world, back)).done == 1
    assert (await lines(world, run))["kofi"] == ("returned", "AC04", 3_000)
    assert await in_account(world, "kofi") == 3_000
    assert (await take_in(world, back + b" ")).known == 1
    assert (await take_in(world, report(run.hex, [(end["lena"], "RJCT", "AM04")]))).done == 1
    assert await in_account(world, "lena") == 3_000
    async with world.database.transaction() as session:
        waiting = await bank_files.exceptions(session, 50)
        assert {each.problem for each in waiting} == {"amount_differs", "reference_unknown"}
        assert all("Somebody" not in f"{each}" and "Rent" not in f"{each}" for each in waiting)
        await bank_files.resolve(session, waiting[0].id, "pia", "Our own rent.")
        with pytest.raises(bank_files.ExceptionResolved):
            await bank_files.resolve(session, waiting[0].id, "pia", "Once more.")
        assert await bank_files.open_exceptions(session) == len(waiting) - 1
        assert await payees.gaps_of(session, [world.creators["kofi"]]) == {
            world.creators["kofi"]: ["account_returned"]
        }, "nothing goes to that account again until somebody has looked at it"
        found = await audit_trail.trail(session, "B-1")
        assert found.this.kind == "payout"
        (left_by,) = found.before
        assert left_by.kind == "run"
        assert "payout run" in left_by.words
        assert "bank reference B-1" in left_by.words
        assert [each.kind for each in found.behind] == ["statement"]
        assert found.difference_minor == 0
    await enter(world, pays, "kofi")  # saved again, as it was
    assert await lines(world, await drafted(world)) == {"kofi": ("waiting", "", 3_000), "lena": ("waiting", "", 3_000)}


async def test_a_return_is_heard_before_its_booking_or_by_hand(world: World, pays: Settings) -> None:
    await earned(world, 9_000, ALL)
    for name in ("noor", "kofi"):
        await enter(world, pays, name)
    run = await drafted(world, rail="csv")
    await approved(world, run)
    await filed(world, pays, run)
    end = await ids(world, run)
    assert (await take_in(world, statement(Entry(end["noor"], "30.00", back="AC01")))).done == 1
    assert (await take_in(world, statement(Entry(end["noor"], "30.00"), name="LATE"))).noted == 1
    async with world.database.transaction() as session:
        await corrections.return_payout(session, UUID(end["kofi"]), "fay", "They called.")
        made = (await run_file.file_of(session, pays, run, "pia"))[1].decode()
    assert made.splitlines()[0].startswith("end_to_end_id,name,iban")
    assert ",30.00,EUR," in made
    assert {name: line[0] for name, line in (await lines(world, run)).items()} == {
        "noor": "returned", "kofi": "returned",
    }  # fmt: skip
    assert [await in_account(world, each) for each in ("noor", "kofi")] == [3_000, 3_000]


async def test_the_database_keeps_what_was_approved_and_erasure_takes_what_names_people(
    world: World, pays: Settings
) -> None:
    await earned(world, 9_000, ALL)
    await enter(world, pays, "noor")
    run = await drafted(world)
    await approved(world, run)
    await filed(world, pays, run)
    for change in (
        "UPDATE payout_items SET amount_minor = 1",
        "DELETE FROM payout_items",
        "UPDATE payout_items SET status = 'waiting'",
        "UPDATE payout_runs SET approved_by = drafted_by",
    ):
        with pytest.raises(DBAPIError):
            async with world.database.transaction() as session:
                await session.execute(text(change))
    async with world.database.transaction() as session:
        await signals.send(session, ViewerErased(world.viewers["noor"], "issuer", "noor"))
    async with world.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Payee)) == 0
        with pytest.raises(run_file.FileMissing):
            await run_file.file_of(session, pays, run, "pia")
    assert (await run_row(world, run)).file_sha256


@pytest.mark.parametrize(
    "content",
    [b"", b"no xml", b"<a/>", b"\xff\xfe", b"<Document><BkToCstmrStmt>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
     b'<?xml version="1.0" encoding="nonsense"?><a/>'],
)  # fmt: skip
def test_what_is_no_file_of_a_bank(content: bytes) -> None:
    with pytest.raises(BankFileUnreadable):
        read_message(content)


def test_odd_lines_are_read_as_nothing() -> None:
    for amount in ("NaN", "-1", "1e999", "", "٣"):
        (line,) = read_message(statement(Entry("0" * 32, amount))).lines
        assert line.amount_minor is None or amount == "٣"


FILE = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from groundswell.payouts.run_file import file_run
from groundswell.payouts import jobs
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings

async def main(data, url, run):
    settings = Settings(data_dir=Path(data), database_url=url, payer_iban="DE75512108001245126199", payer_name="Lumen")
    await file_run(Database(url), settings, UUID(run))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_a_run_killed_in_the_middle_paid_nobody_and_pays_everybody_once_when_tried_again(
    world: World, pays: Settings, database_url: str
) -> None:
    await earned(world, 9_000, ALL)
    for name in ("noor", "kofi", "lena"):
        await enter(world, pays, name)
    run = await drafted(world)
    await approved(world, run)
    async with world.database.transaction() as session:
        await payout_runs.ask_for_file(session, pays, run, "pia")
    last = max(world.creators.values())  # two of three are paid when it is killed
    when = f"NEW.reason = 'payout' AND NEW.debit_account_id = '{account_id('creator', last, 'EUR')}'"
    arguments = [str(pays.data_dir), database_url, str(run)]
    with gate(database_url, "postings", when) as before_the_last:
        filing_ = begin(FILE, *arguments)
        await asyncio.to_thread(before_the_last.await_somebody)
        filing_.kill()
        await asyncio.to_thread(filing_.wait)
        await asyncio.to_thread(before_the_last.open)
    assert await made(world) == (0, 0)
    assert {line[0] for line in (await lines(world, run)).values()} == {"waiting"}
    for _ in range(2):
        await run_file.file_run(world.database, pays, run)
    assert await made(world) == (3, 3)
    assert {line[0] for line in (await lines(world, run)).values()} == {"sent"}
    assert [await in_account(world, each) for each in ("noor", "kofi", "lena")] == [0, 0, 0]


async def made(world: World) -> tuple[int, int]:
    """How many payouts there are, and how many postings of payouts."""
    async with world.database.transaction() as session:
        payouts = await session.scalar(select(func.count()).select_from(Payout))
        postings = await session.scalar(select(func.count()).select_from(PostingRow).filter_by(reason="payout"))
    return payouts or 0, postings or 0


async def test_whoever_cannot_be_paid_keeps_nobody_else_out_of_a_run(
    world: World, pays: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await earned(world, 9_000, ["of noor"])
    await earned(world, 6_000, ["of kofi"], 2)
    await earned(world, 3_000, ["of lena"], 3)
    await enter(world, pays, "lena")
    monkeypatch.setattr(payout_runs, "AT_ONCE", 1)  # a page of accounts, the largest first
    assert await lines(world, await drafted(world)) == {"lena": ("waiting", "", 3_000)}
    for name in ("noor", "kofi"):
        await enter(world, pays, name)
    monkeypatch.setattr(payout_runs, "MOST_LINES", 1)
    assert await lines(world, await drafted(world)) == {"noor": ("waiting", "", 9_000)}


MANY = 5_001 if os.environ.get("GROUNDSWELL_LONG_TESTS") else 41


async def owed_to_many(world: World, settings: Settings, count: int, minor: int, mark: str = "m") -> None:
    """Creators who have said where they are paid, each owed ``minor``."""
    facts = PayeeFacts.model_validate(FACTS | {"bic": None}).model_dump_json().encode()
    viewers, creators, rows = [], [], []
    for number in range(count):
        viewer, creator = uuid7(), uuid7()
        viewers.append(
            {"id": viewer, "issuer": "x", "subject": f"{mark}{number}", "name": "M", "handle": f"{mark}{number}"}
        )
        named = {"handle": f"{mark}_{number}", "code": f"{mark.upper()}{number:06}", "display_name": f"Many {number}"}
        creators.append({"id": creator, "viewer_id": viewer, **named})
        key, sealed = seal(settings, creator, facts)
        rows.append(
            {"creator_id": creator, "version": 1, "data_key": key, "sealed": sealed, "missing": [],
             "account_tag": f"tag{number}", "changed_at": utc_now()}
        )  # fmt: skip
    async with world.database.transaction() as session:
        for table, values in ((Viewer, viewers), (Creator, creators), (Payee, rows)):
            await session.execute(insert(table), values)
        source = await open_account(session, "funding", "service", "EUR")
        targets = await open_accounts(session, "creator", [each["id"] for each in creators], "EUR")
        period = f"{utc_now():%Y-%m}"
        await post_all(
            session, [Posting(uuid7(), source, each, minor, "EUR", period, "pool_share") for each in targets]
        )


def counting(database: Database) -> Any:
    """What is asked of the database from now on: a list that grows."""
    asked: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    return asked


async def test_however_many_are_in_a_run_they_are_paid_by_as_many_statements(
    world: World, pays: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payout_runs, "AT_ONCE", 500)
    asked, counts = counting(world.database), []
    for count in (2, 20):
        await owed_to_many(world, pays, count, 2_000, f"m{count}")
        places = [len(asked)]
        run = await drafted(world)
        places.append(len(asked))
        await approved(world, run)
        places.append(len(asked))
        await filed(world, pays, run)
        places.append(len(asked))
        counts.append([after - before for before, after in pairwise(places)])
        assert {line[0] for line in (await lines(world, run)).values()} == {"sent"}
    assert counts[0] == counts[1]


@pytest.mark.slow
async def test_thousands_are_paid_by_one_run(world: World, pays: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    if MANY < 100:
        monkeypatch.setattr(payout_runs, "AT_ONCE", 16)
        monkeypatch.setattr(run_file, "AT_ONCE", 16)
    await owed_to_many(world, pays, MANY, 2_000)
    run = await drafted(world)
    await approved(world, run)
    await filed(world, pays, run)
    async with world.database.transaction() as session:
        whole = await payout_runs.one_run(session, run)
        content = (await run_file.file_of(session, pays, run, "pia"))[1]
        left = await balance(session, account_id("paid", "service", "EUR"))
        trial = await trial_balance.trial_balance(session)
    assert (whole.status, whole.lines, whole.held_out, whole.amount_minor) == ("filed", MANY, 0, MANY * 2_000)
    assert content.count(b"<EndToEndId>") == MANY
    assert left == MANY * 2_000
    assert trial.balanced
    assert trial.agrees
    assert await made(world) == (MANY, MANY)
