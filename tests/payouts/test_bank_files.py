"""The bank's files, however long: carried out whole or not at all, by as many statements, in little memory."""

import asyncio
import os
import tracemalloc
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from groundswell.earnings.ledger import BATCH, account_id, balance
from groundswell.earnings.tables import PostingRow
from groundswell.payouts import bank_files, bank_messages, jobs
from groundswell.payouts.bank_messages import BankFileUnreadable, read_message
from groundswell.payouts.tables import BankFile, BankLine, PayoutItem
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from tests.earnings.world import World, build
from tests.gates import gate
from tests.programs import begin
from tests.support import App

from .bank import Entry, statement
from .places import approved, drafted, earned, enter, filed, ids, lines, payer
from .test_runs import counting, in_account, owed_to_many, take_in

assert jobs.hear_returns  # it hears a signal
MANY = 10_000 if os.environ.get("GROUNDSWELL_LONG_TESTS") else 40


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


async def paid_to_many(world: World, pays: Settings, count: int, mark: str) -> list[UUID]:
    """The lines of a run that ``count`` creators were paid 20.00 each by."""
    await owed_to_many(world, pays, count, 2_000, mark)
    run = await drafted(world)
    await approved(world, run)
    await filed(world, pays, run)
    async with world.database.transaction() as session:
        query = select(PayoutItem.id).where(PayoutItem.run_id == run, PayoutItem.status == "sent")
        return list(await session.scalars(query.order_by(PayoutItem.id)))


async def kept(world: World) -> dict[str, int]:
    """What is kept of the bank's files, and posted by them."""
    tables: dict[str, Any] = {"files": select(BankFile), "lines": select(BankLine)}
    tables["returned"] = select(PostingRow).filter_by(reason="payout_returned")
    async with world.database.transaction() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(query.subquery())) or 0
            for name, query in tables.items()
        }


@pytest.mark.slow
async def test_however_long_a_file_is_it_is_carried_out_by_as_many_statements(world: World, pays: Settings) -> None:
    asked, counts = counting(world.database), []
    for count, mark in ((4, "few"), (MANY, "many")):
        sent = await paid_to_many(world, pays, count, mark)
        booked = [Entry(id.hex, "20.00", reference=f"B{number}") for number, id in enumerate(sent)]
        back = [Entry(id.hex, "20.00", back="AC04") for id in sent[: count // 2]]
        before = len(asked)
        read = await take_in(world, statement(*booked, *back, name=mark))
        counts.append(len(asked) - before)
        assert (read.done, read.known, read.noted, read.exceptions) == (count + count // 2, 0, 0, 0)
        async with world.database.transaction() as session:
            found = select(PayoutItem.status, func.count()).where(PayoutItem.id.in_(sent)).group_by(PayoutItem.status)
            told = {status: number for status, number in await session.execute(found)}  # noqa: C416 - rows are no pairs
            assert told == {"returned": count // 2, "confirmed": count - count // 2}
            assert await balance(session, account_id("paid", "service", "EUR")) % 2_000 == 0
    assert counts[1] <= counts[0] + MANY // BATCH, "postings are made a batch at a time"
    assert counts[0] < 40
    assert (await kept(world))["returned"] == 2 + MANY // 2


TAKE = """
import asyncio, sys
from pathlib import Path
from groundswell.payouts import bank_files, jobs
from groundswell.platform.database import Database
from groundswell.web import features

features.load("tables")

async def main(url, path):
    async with Database(url).transaction() as session:
        await bank_files.take_in(session, Path(path).read_bytes(), "pia")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_a_file_whose_reading_is_killed_is_carried_out_once_when_it_is_sent_again(
    world: World, pays: Settings, database_url: str, tmp_path: Path
) -> None:
    await earned(world, 9_000, ["of noor", "of kofi", "of lena"])
    for name in ("noor", "kofi", "lena"):
        await enter(world, pays, name)
    run = await drafted(world)
    await approved(world, run)
    await filed(world, pays, run)
    end = await ids(world, run)
    content = statement(
        Entry(end["noor"], "30.00"), Entry(end["kofi"], "30.00", back="AC04"), Entry(end["lena"], "30.00"),
        Entry("0" * 32, "5.00"),
    )  # fmt: skip
    file = tmp_path / "statement.xml"
    file.write_bytes(content)
    with gate(database_url, "bank_lines", "NEW.number = 4") as before_the_last_line:
        reading = begin(TAKE, database_url, str(file))
        await asyncio.to_thread(before_the_last_line.await_somebody)
        reading.kill()
        await asyncio.to_thread(reading.wait)
        await asyncio.to_thread(before_the_last_line.open)
    assert await kept(world) == {"files": 0, "lines": 0, "returned": 0}
    assert {line[0] for line in (await lines(world, run)).values()} == {"sent"}
    assert await in_account(world, "kofi") == 0
    first, again = await take_in(world, content), await take_in(world, content)
    assert (first.done, first.exceptions, first.again) == (3, 1, False)
    assert (again.id, again.again) == (first.id, True)
    assert await kept(world) == {"files": 1, "lines": 4, "returned": 1}
    assert {name: line[0] for name, line in (await lines(world, run)).items()} == {
        "noor": "confirmed", "kofi": "returned", "lena": "confirmed",
    }  # fmt: skip
    assert [await in_account(world, each) for each in ("noor", "kofi", "lena")] == [0, 3_000, 0]


def peak(content: bytes) -> int:
    """The bytes that reading takes, beside the file itself."""
    tracemalloc.start()
    read_message(content)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used


@pytest.mark.slow
def test_what_is_not_read_of_a_file_takes_no_memory() -> None:
    plain = statement(*(Entry(uuid7().hex, "20.00") for _ in range(1_000)))
    more = b"".join(b"<Any%d><Thing>%d</Thing></Any%d>" % (n, n, n) for n in range(50))
    verbose = plain.replace(b"<Nm>Somebody Else</Nm>", more)
    assert len(verbose) > 4 * len(plain)
    assert read_message(verbose) == read_message(plain)
    assert peak(verbose) < 1.5 * peak(plain)


def test_a_file_of_more_elements_than_anybodys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = statement(Entry("0" * 32, "5.00"))
    monkeypatch.setattr(bank_messages, "MOST_ELEMENTS", content.count(b"</"))
    read_message(content)
    monkeypatch.setattr(bank_messages, "MOST_ELEMENTS", content.count(b"</") - 1)
    with pytest.raises(BankFileUnreadable, match="elements"):
        read_message(content)


def of_whole_run(run: UUID, times: int) -> bytes:
    """A statement that books a run as a whole, ``times`` times."""
    batch = f"<NtryDtls><Btch><PmtInfId>{run.hex}</PmtInfId></Btch></NtryDtls></Ntry>".encode()
    begin, entry, rest = statement(Entry("x", "60.00")).partition(b"<Ntry>")
    one, _, end = rest.partition(b"<NtryDtls>")
    return begin + (entry + one + batch) * times + end.partition(b"</Ntry>")[2]


@pytest.mark.slow
async def test_a_file_that_tells_of_whole_runs_over_and_over_does_nothing_and_can_be_sent_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, pays = await build(app.runtime.database), payer(app.runtime.settings)
    assert len(await paid_to_many(world, pays, 3, "m")) == 3
    async with world.database.transaction() as session:
        run = (await session.scalars(select(PayoutItem.run_id).distinct())).one()
    monkeypatch.setattr(bank_files, "MOST_NOTICES", 5)
    pia, twice = app.signed_in("pia", "finance"), of_whole_run(run, 2)
    told = await app.http.post("/v1/bank-files", content=twice, headers=pia)
    assert (told.status_code, told.json()["code"]) == (422, "bank_file_unreadable")
    page = await app.http.post("/console/finance/exceptions/files", files={"file": ("s.xml", twice)}, headers=pia)
    assert page.status_code == 422
    assert await kept(world) == {"files": 0, "lines": 0, "returned": 0}
    once = await app.http.post("/v1/bank-files", content=of_whole_run(run, 1), headers=pia)
    assert (once.status_code, once.json()["done"]) == (201, 3)
    monkeypatch.setattr(bank_files, "MOST_NOTICES", 6)
    again = await app.http.post("/v1/bank-files", content=twice, headers=pia)
    assert (again.status_code, again.json()["known"]) == (201, 6)
