"""Reports are computed in processes of their own: which are killed when they take too long, replaced when they end, and
gone when their server is."""

import asyncio
import os
import time
from datetime import date
from functools import partial

import psutil
import pytest

from groundswell.insights.engines.contract import EngineDown, LakeDamaged
from groundswell.insights.reports.loop import loop_report
from groundswell.insights.reports.report_filter import Slice
from groundswell.insights.reports.report_process import computed
from groundswell.platform.settings import Settings
from tests.support import App, started


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"reports_in_processes": True, "reports_at_once": 1, "reports_deadline_s": 600.0})


def damaged() -> None:
    raise LakeDamaged("cut short", file="a.parquet")


@pytest.mark.slow
async def test_the_serving_process_waits_and_no_more(app: App) -> None:
    settings = app.runtime.settings
    mine = await computed(app.runtime, os.getpid)
    assert mine != os.getpid()
    assert await computed(app.runtime, os.getpid) == mine, "it stays for the next report"
    assert psutil.Process(mine).nice() > psutil.Process().nice(), "and gives way to what is served"
    with pytest.raises(LakeDamaged, match="cut short") as refused:
        await computed(app.runtime, damaged)
    assert refused.value.members == {"file": "a.parquet"}

    report = await loop_report(app.runtime, Slice(date(2026, 11, 1), date(2026, 11, 7)))
    assert report.virality.cohort.new_viewers == 0

    asked = asyncio.create_task(computed(app.runtime, partial(time.sleep, 600)))
    await asyncio.sleep(0.5)
    psutil.Process(mine).kill()
    with pytest.raises(EngineDown, match="ended before it was done"):
        await asked
    another = await computed(app.runtime, os.getpid)
    assert another not in {mine, os.getpid()}, "the next one has a new one"

    settings.reports_deadline_s = 0.5
    with pytest.raises(EngineDown, match="longer than"):
        await computed(app.runtime, partial(time.sleep, 600))
    _gone(another)


@pytest.mark.slow
def test_they_end_with_their_server(settings: Settings) -> None:
    async def serve() -> int:
        async with started(settings) as app:
            return await computed(app.runtime, os.getpid)

    _gone(asyncio.run(serve()))


def _gone(pid: int) -> None:
    try:
        psutil.Process(pid).wait(10)
    except psutil.NoSuchProcess:
        return
