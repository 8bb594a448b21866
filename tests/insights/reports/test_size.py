"""Reports over more shares than one would hold in memory: counted whole, and read in parts."""

import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import text

from groundswell.insights.reports import cascades, dimensions
from groundswell.insights.reports.cascades import cascades_report
from groundswell.insights.reports.dimensions import named
from groundswell.insights.reports.engine import mapped
from groundswell.insights.reports.report_filter import Slice
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.events.places import make_shared

ROOTS, EACH, AT_ONCE = 500, 70, 500
"""First shares, how many there are of each cascade (35,000 in all), and how many are read at once."""

FILL = """
    INSERT INTO shares (id, code, moment_id, channel, parent_id, root_id, generation, created_at,
        shape, captions, credit)
    SELECT md5(root || '-' || n)::uuid, 'c' || root || 'n' || n, :moment, 'x',
        CASE WHEN n > 0 THEN md5(root || '-' || (n - 1) / 2)::uuid END, md5(root || '-0')::uuid,
        floor(ln(n + 1) / ln(2)), now(), 'wide', true, true
    FROM generate_series(1, :roots) root, generate_series(0, :last) n
"""


@pytest.mark.slow
async def test_every_share_is_counted_and_few_are_held(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascades, "AT_ONCE", AT_ONCE)
    monkeypatch.setattr(dimensions, "AT_ONCE", AT_ONCE)
    shared = await make_shared(database, settings)
    async with database.transaction() as session:
        await session.execute(text(FILL), {"moment": shared.moment.id, "roots": ROOTS, "last": EACH - 1})
    today = utc_now().date()
    async with database.transaction() as session:
        found = await cascades_report(session, Slice(today, today))
        assert (found.roots, found.shares) == (ROOTS + 1, ROOTS * EACH + 1)
        assert found.largest[0].depth == 6
        await named(session, ["sharer"], tmp_path)  # what it imports is no row
        tracemalloc.start()
        table = mapped((await named(session, ["sharer"], tmp_path))["shares"])
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert table.num_rows == ROOTS * EACH + 1
    assert held < 4 * 2**20, "all of them at once take 19 MiB"


@pytest.mark.parametrize("at_once", [1, 2])
async def test_what_comes_in_parts_is_the_whole(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(cascades, "AT_ONCE", at_once)
    monkeypatch.setattr(dimensions, "AT_ONCE", at_once)
    shared = await make_shared(database, settings)
    async with database.transaction() as session:
        await session.execute(text(FILL), {"moment": shared.moment.id, "roots": 3, "last": 4})
    today = utc_now().date()
    async with database.transaction() as session:
        found = await cascades_report(session, Slice(today, today))
        assert (found.roots, found.shares, found.passed_on) == (4, 16, 3)
        files = await named(session, ["sharer", "scene", "territory"], tmp_path)
    tables = {name: mapped(file) for name, file in files.items()}
    assert tables["shares"].num_rows == 16
    assert tables["moments"].to_pylist()[0]["moment_id"] == str(shared.moment.id)
    assert tables["converted"].num_rows == 0
