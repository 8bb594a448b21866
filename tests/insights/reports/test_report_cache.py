"""The last good answer, for when there is no other; and how far the lake is complete."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from groundswell.events.lake.delta import SEALED
from groundswell.events.tables import LakeSeal
from groundswell.insights.engines.contract import EngineDown, LakeDamaged
from groundswell.insights.reports.lake_query import AFTER, BEFORE, earlier, later, sealed_until
from groundswell.insights.reports.report_cache import KEPT, answered
from groundswell.insights.schemas import ReportBase
from groundswell.insights.tables import KeptReport
from groundswell.platform.clock import utc_now
from tests.support import App

AS_OF = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Report(ReportBase):
    number: int


class Other(Report):
    pass


async def ask(app: App, asked: object, given: int | Exception, kind: type[Report] = Report) -> Report:
    async def answer() -> Report:
        if isinstance(given, Exception):
            raise given
        return kind(as_of=AS_OF, number=given)

    return await answered(app.runtime, kind, asked, answer)


async def test_an_earlier_answer_is_given_and_says_so_when_there_is_no_new_one(app: App) -> None:
    begin = utc_now()
    for number in (1, 2):
        fresh = await ask(app, ("loop", 7), number)
        assert (fresh.number, fresh.stale) == (number, None)
    for problem in (EngineDown("no answer"), LakeDamaged("a file is gone")):
        old = await ask(app, ("loop", 7), problem)
        assert (old.number, old.as_of) == (2, AS_OF), "the last"
        assert old.stale is not None
        assert (old.stale.code, old.stale.detail) == (problem.code, problem.detail)
        assert begin <= old.stale.made_at <= utc_now()
    assert (await ask(app, ("loop", 7), 3)).stale is None


@pytest.mark.parametrize(("asked", "kind"), [(("loop", 8), Report), (("loop", 7), Other)])
async def test_an_answer_to_another_question_is_none(app: App, asked: object, kind: type[Report]) -> None:
    await ask(app, ("loop", 7), 1)
    with pytest.raises(EngineDown):
        await ask(app, asked, EngineDown("no answer"), kind)


async def test_who_asks_the_same_at_about_the_same_time_costs_no_more(app: App) -> None:
    computed: list[int] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def answer() -> Report:
        computed.append(1)
        begun.set()
        await go.wait()
        return Report(as_of=AS_OF, number=len(computed))

    asking = [asyncio.create_task(answered(app.runtime, Report, "the same", answer)) for _ in range(5)]
    await begun.wait()
    asking[0].cancel()
    go.set()
    told = await asyncio.gather(*asking[1:])
    assert [each.number for each in told] == [1] * 4, "who went away took nobody's answer along"
    app.runtime.settings.reports_fresh_s = 3600
    assert (await ask(app, "the same", 2)).number == 1, "kept for all for so long"
    async with app.runtime.database.transaction() as session:
        await session.execute(update(KeptReport).values(made_at=utc_now() - timedelta(seconds=3601)))
    assert (await ask(app, "the same", 2)).number == 2


async def test_another_trouble_is_not_covered_up(app: App) -> None:
    await ask(app, "loop", 1)
    with pytest.raises(ZeroDivisionError):
        await ask(app, "loop", ZeroDivisionError())


async def test_answers_that_nobody_asked_for_in_a_month_go(app: App) -> None:
    for question in ("old", "just kept"):
        await ask(app, question, 1)
    ages = {"old": KEPT + timedelta(minutes=1), "just kept": KEPT - timedelta(minutes=1)}
    async with app.runtime.database.transaction() as session:
        kept = (await session.scalars(select(KeptReport.question).order_by(KeptReport.made_at))).all()
        for question, age in zip(kept, ages.values(), strict=True):
            await session.execute(update(KeptReport).filter_by(question=question).values(made_at=utc_now() - age))
    await ask(app, "new", 1)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(KeptReport)) == 2
    assert (await ask(app, "just kept", EngineDown("no answer"))).number == 1
    with pytest.raises(EngineDown):
        await ask(app, "old", EngineDown("no answer"))


async def test_the_lake_is_complete_up_to_where_its_last_table_is(app: App) -> None:
    assert await sealed_until(app.runtime) is None
    async with app.runtime.database.transaction() as session:
        for n, name in enumerate(sorted(SEALED)[1:]):
            session.add(LakeSeal(name=name, position=1, version=0, as_of=AS_OF + timedelta(hours=n)))
    assert await sealed_until(app.runtime) is None, "one table was never sealed"
    async with app.runtime.database.transaction() as session:
        session.add(LakeSeal(name=min(SEALED), position=1, version=0, as_of=AS_OF + timedelta(hours=9)))
        session.add(LakeSeal(name="no longer sealed", position=1, version=0, as_of=AS_OF - timedelta(days=9)))
    assert await sealed_until(app.runtime) == AS_OF


def test_a_question_reads_the_days_around_its_period_and_none_that_cannot_be() -> None:
    day = date(2026, 5, 4)
    assert (day - earlier(day), later(day) - day) == (BEFORE, AFTER) == (timedelta(days=60), timedelta(days=91))
    assert earlier(date(1970, 1, 1)) == date(1970, 1, 1)
    assert later(date.max) < date.max
