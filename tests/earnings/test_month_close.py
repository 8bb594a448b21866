"""Months are closed by two, and nothing is posted into a closed one: whoever asks, posts and withdraws in any order."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from groundswell.attribution.conversions import report
from groundswell.attribution.schemas import NewConversion
from groundswell.earnings import corrections, month_close, pools
from groundswell.earnings.ledger import MonthClosed, Posting, open_account, post
from groundswell.earnings.tables import MonthClosing
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from tests.support import App

from .world import NOT_HELD, build, in_month, month_before

PEOPLE = ("fay", "pia", "tom")
STEPS = st.tuples(
    st.sampled_from(["close", "reopen", "confirm", "withdraw", "post", "again"]),
    st.integers(0, 1),
    st.sampled_from(PEOPLE),
)


async def transfer(database: Database, period: str, id: Any = None, minor: int = 7) -> None:
    async with database.transaction() as session:
        debit = await open_account(session, "funding", "service", "EUR")
        credit = await open_account(session, "pool", "x", "EUR")
        await post(session, Posting(id or uuid4(), debit, credit, minor, "EUR", period, "pool_funded"))


async def acted(database: Database, act: str, period: str, by: str) -> None:
    async with database.transaction() as session:
        if act in ("close", "reopen"):
            await month_close.ask(session, period, act, "As agreed.", by)  # type: ignore[arg-type]
        else:
            await getattr(month_close, act)(session, period, by)


async def told(doing: Awaitable[None]) -> str:
    try:
        await doing
    except Problem as refused:
        return refused.code
    return "done"


class Books:
    """What should become of two months: a second account of it, kept by hand."""

    def __init__(self) -> None:
        self.closed = [False, False]
        self.waits: list[tuple[str, str] | None] = [None, None]
        self.posted = [0, 0]

    def expected(self, act: str, month: int, by: str) -> str:
        waits = self.waits[month]
        if act == "post":
            return "month_closed" if self.closed[month] else "done"
        if act == "again":
            return "done"
        if act in ("close", "reopen"):
            if self.closed[month] == (act == "close"):
                return "month_closed" if act == "close" else "month_open"
            return "closing_waits" if waits else "done"
        if waits is None:
            return "closing_unknown"
        return "same_person" if act == "confirm" and waits[1] == by else "done"

    def note(self, act: str, month: int, by: str) -> None:
        if act == "post":
            self.posted[month] += 1
        elif act in ("close", "reopen"):
            self.waits[month] = act, by
        elif act != "again":
            if act == "confirm":
                self.closed[month] = self.waits[month] is not None and self.waits[month][0] == "close"  # type: ignore[index]
            self.waits[month] = None


years = iter(range(2000, 2100))


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=5, max_size=25))
async def test_whatever_is_asked_in_any_order(database: Database, steps: list[tuple[str, int, str]]) -> None:
    year = next(years)
    months, books = (f"{year}-01", f"{year}-02"), Books()
    firsts = [uuid4(), uuid4()]
    for month, first in zip(months, firsts, strict=True):
        await transfer(database, month, first)
    books.posted = [1, 1]
    for act, month, by in steps:
        expected = books.expected(act, month, by)
        if act in ("post", "again"):  # the same transfer again does nothing, whatever became of its month
            doing = transfer(database, months[month], firsts[month] if act == "again" else None)
        else:
            doing = acted(database, act, months[month], by)
        assert await told(doing) == expected, (act, month, by)
        if expected == "done":
            books.note(act, month, by)
        async with database.transaction() as session:
            for index, period in enumerate(months):
                assert await month_close.is_closed(session, period) == books.closed[index]
                now = await month_close.figures(session, period)
                assert now["postings"] == books.posted[index]
                done = [row for row in await month_close.closings(session, [period]) if row.outcome == "done"]
                assert all(row.asked_by != row.decided_by for row in done)
                if books.closed[index]:
                    assert done[0].figures == now, "nothing was posted since"


async def test_a_month_is_as_was_done_last_whatever_a_clock_says(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await transfer(database, "2020-01")
    for hours, act in ((0, "close"), (-1, "reopen"), (-2, "close")):
        with monkeypatch.context() as patched:
            patched.setattr(month_close, "utc_now", lambda hours=hours: utc_now() + timedelta(hours=hours))
            await acted(database, act, "2020-01", "fay")
            await acted(database, "confirm", "2020-01", "pia")
        assert await told(transfer(database, "2020-01")) == ("month_closed" if act == "close" else "done"), act


WAITING = text("""
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


async def somebody_waits(database: Database) -> None:
    """Return once somebody waits for a lock."""
    async with database.transaction() as session:
        while not await session.scalar(WAITING):  # noqa: ASYNC110 - the database does not say
            await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_whoever_posts_is_waited_for_and_nobody_posts_while_it_is_closed(database: Database) -> None:
    await transfer(database, "2020-01")
    await acted(database, "close", "2020-01", "fay")
    async with database.transaction() as session:
        debit = await open_account(session, "funding", "service", "EUR")
        credit = await open_account(session, "pool", "x", "EUR")
        await post(session, Posting(uuid4(), debit, credit, 7, "EUR", "2020-01", "pool_funded"))
        closing = asyncio.create_task(acted(database, "confirm", "2020-01", "pia"))
        await somebody_waits(database)
        assert not closing.done()
    await closing
    async with database.transaction() as session:
        (row,) = await month_close.closings(session, ["2020-01"])
        assert row.figures == {"postings": 2, "moved_minor": {"EUR": 14}}
    with pytest.raises(MonthClosed):
        await transfer(database, "2020-01")
    async with database.transaction() as session:
        await lock(session, Lock.MONTH, "2020-02")  # as whoever closes it has it
        late = asyncio.create_task(transfer(database, "2020-02"))
        await somebody_waits(database)
        assert not late.done()
    await late


async def test_what_was_done_to_a_month_stays(database: Database) -> None:
    await acted(database, "close", "2020-01", "fay")
    await acted(database, "confirm", "2020-01", "pia")
    for change in (
        "UPDATE month_closings SET reason = 'another'",
        "UPDATE month_closings SET outcome = NULL, decided_by = NULL, decided_at = NULL",
        "DELETE FROM month_closings",
    ):
        with pytest.raises(DBAPIError):
            async with database.transaction() as session:
                await session.execute(text(change))
    at = in_month(month_before(1))
    row = {"period": "2020-02", "act": "close", "reason": "Alone.", "asked_by": "fay", "decided_by": "fay"}
    alone = insert(MonthClosing).values(**row, id=uuid4(), asked_at=at, decided_at=at, outcome="done", figures={})
    async with database.transaction() as session:
        with pytest.raises(DBAPIError, match="two_people"):
            await session.execute(alone)
        await session.rollback()


@pytest.mark.slow
async def test_closed_and_opened_again_in_the_console_and_over_http(app: App) -> None:
    world, month = await build(app.runtime.database), month_before(1)
    await world.creator("noor")
    await world.moment("noor", "kiss")
    await world.happen("kiss", "play", "v1", at=in_month(month))
    async with app.runtime.database.transaction() as session:
        stream: dict[str, Any] = {"period": month, "basis": "plays", "currency": "EUR", "created_by": "fay"}
        pool = await pools.fund(session, **stream, amount_minor=100, terms=NOT_HELD)
    fay, pia = [app.signed_in(name, "finance") for name in ("fay", "pia")]
    why = {"reason": "All is in."}

    async def do(path: str, who: dict[str, str], **body: Any) -> tuple[int, Any]:
        answer = await app.http.post(f"/v1/months/{path}", json=body or None, headers=who)
        return answer.status_code, answer.json()

    status, refused = await do(f"{month}/close", fay, **why)
    assert (status, refused["code"], refused["obstacles"]) == (409, "month_obstructed", ["pool_undivided"])
    assert (await do(f"{month_before(0)}/close", fay, **why))[1]["obstacles"] == ["month_running"]
    await pools.run(app.runtime.database, pool.id)
    for path in ("0000-01/close", "2026-13/close", "x/close"):
        assert (await do(path, fay, **why))[0] in (404, 422)
    assert (await do(f"{month}/close", app.signed_in("noor"), **why))[0] == 403
    assert (await do(f"{month}/close", fay, reason=" "))[0] == 422
    assert (await do(f"{month}/close", fay, **why))[0] == 202
    assert (await do(f"{month}/confirm", fay))[1]["code"] == "same_person"
    status, done = await do(f"{month}/confirm", pia)
    assert (status, done["outcome"], done["figures"]["postings"]) == (200, "done", 2)
    months = (await app.http.get("/v1/months", headers=fay)).json()
    assert [each["period"] for each in months if each["closed"]] == [month]
    late = {"period": month, "basis": "revenue", "currency": "EUR", "amount_minor": 5}
    funded = await app.http.post("/v1/pools", json=late, headers=fay)
    assert (funded.status_code, funded.json()["code"]) == (409, "month_closed")
    assert (await do(f"{month}/confirm", pia))[1]["code"] == "closing_unknown"

    page = await app.session("fay", "finance")
    shown = await app.http.get("/console/finance/months", headers=page)
    assert "Closed" in shown.text
    assert "All is in." in shown.text
    here = f"/console/finance/months/{month}"
    unsaid = await app.http.post(f"{here}/reopen", data={"reason": ""}, headers=page)
    assert (unsaid.status_code, "reason_missing" in unsaid.text) == (422, True)
    asked = await app.http.post(f"{here}/reopen", data={"reason": "A pool was forgotten."}, headers=page)
    assert asked.headers["location"] == "/console/finance/months?saved=asked"
    own = await app.http.post(f"{here}/confirm", headers=page)
    assert (own.status_code, "same_person" in own.text) == (403, True)
    withdrawn = await app.http.post(f"{here}/withdraw", headers=page)
    assert withdrawn.headers["location"] == "/console/finance/months?saved=withdrawn"
    await app.http.post(f"{here}/reopen", data={"reason": "A pool was forgotten."}, headers=page)
    opened = await app.http.post(f"{here}/confirm", headers=await app.session("pia", "finance"))
    assert opened.headers["location"] == "/console/finance/months?saved=done"
    funded = await app.http.post("/v1/pools", json=late, headers=fay)
    assert funded.status_code == 201
    audited = text("SELECT count(*) FROM audit_log WHERE entry LIKE '%/confirm%'")
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(audited), "who did it is in the audit log"


@pytest.mark.slow
async def test_a_month_with_sales_and_no_pool_is_closed_by_two_who_say_so(app: App) -> None:
    world, month = await build(app.runtime.database), month_before(1)
    await world.viewer("ann")
    sale = {"id": "1", "kind": "subscription", "viewer": "ann", "at": in_month(month)}
    async with app.runtime.database.transaction() as session:
        sold = NewConversion.model_validate(sale | {"amount": {"minor": 999, "currency": "EUR"}})
        await report(session, app.runtime.settings, sold)
    fay, pia = [app.signed_in(name, "finance") for name in ("fay", "pia")]
    why = {"reason": "Nothing is shared this month."}

    async def ask(**body: Any) -> Any:
        return (await app.http.post(f"/v1/months/{month}/close", json=why | body, headers=fay)).json()

    assert (await ask())["obstacles"] == ["pool_missing"]
    page = await app.session("fay", "finance")
    assert "Nothing that was sold in it is shared" in (await app.http.get("/console/finance/months", headers=page)).text
    assert (await ask(without_pool=True))["without_pool"] is True
    asked = " ".join((await app.http.get("/console/finance/months", headers=page)).text.split())
    assert "Fay asked to close it without a pool. Nothing is shared this month." in asked
    assert "Closed" not in asked, "nothing is closed that was only asked for"
    async with app.runtime.database.transaction() as session:
        stream: dict[str, Any] = {"period": month, "basis": "revenue", "currency": "EUR", "created_by": "fay"}
        pool = await pools.fund(session, **stream, amount_minor=100, terms=NOT_HELD)
    late = await app.http.post(f"/v1/months/{month}/confirm", headers=pia)
    assert late.json()["obstacles"] == ["pool_undivided"], "what came between still stands in the way"
    async with app.runtime.database.transaction() as session:
        await corrections.cancel(session, pool.id, "pia", "A mistake.")
    done = await app.http.post(f"/v1/months/{month}/confirm", headers=pia)
    assert (done.status_code, done.json()["outcome"]) == (200, "done")
    assert "Closed without a pool" in (await app.http.get("/console/finance/months", headers=page)).text
