"""The console's pages of numbers: every number is that of the rows it opens, as a file too; old answers say so."""

import html
import re
from pathlib import Path

import httpx
import pytest

from groundswell.events.lake.sealer import seal_now
from groundswell.platform.clock import utc_now
from tests.events.places import Shared
from tests.support import App
from tests.web.console.loop.test_overview import happen, mira, shared, text_of

pytestmark = pytest.mark.usefixtures("still_server")

__all__ = ["mira", "shared"]  # fixtures


def numbers_of(page: httpx.Response) -> list[tuple[float, str]]:
    """Every number of the table, with the address of the rows behind it."""
    found = re.findall(r'<td\s+class="n"\s+data-sort="[^"]*"\s*>\s*<a\s+href="([^"]+)"\s*>([\d,.]+)</a>', page.text)
    return [(float(number.replace(",", "")), html.unescape(address)) for address, number in found]


async def test_a_view_is_saved_shared_and_forgotten(app: App, mira: dict[str, str]) -> None:
    address = "/console/explore?by=channel&period=7d"
    saved = await app.http.post("/console/views", data={"name": "Channels, a week", "address": address}, headers=mira)
    assert saved.status_code == 303
    max = app.signed_in("max", "marketer")
    others = await app.http.get("/console/views", headers=max)
    assert html.escape(address) in others.text
    assert "/delete" not in others.text
    id = re.search(r"/console/views/([0-9a-f-]{36})/delete", (await app.http.get("/console/views", headers=mira)).text)
    assert id is not None
    refused = await app.http.post(f"/console/views/{id[1]}/delete", headers=max)
    assert (refused.status_code, "view_of_another" in refused.text) == (403, True)
    other = {"name": "Channels, a week", "address": "/console/explore?by=maker"}
    await app.http.post("/console/views", data=other, headers=max)
    assert html.escape(address) in (await app.http.get("/console/views", headers=mira)).text, "not overwritten"
    theirs = await app.http.get("/console/views", headers=max)
    await app.http.post(re.search(r"/console/views/[0-9a-f-]{36}/delete", theirs.text)[0], headers=max)  # type: ignore[index]
    await app.http.post(f"/console/views/{id[1]}/delete", headers=mira)
    assert "No view is saved yet" in text_of(await app.http.get("/console/views", headers=mira))
    for bad in ("https://elsewhere/", "//elsewhere/console/", "/s/abc", "/console/\n"):
        refused = await app.http.post("/console/views", data={"name": "x", "address": bad}, headers=mira)
        assert refused.status_code == 422


def sealed_files(app: App) -> list[Path]:
    return sorted((app.runtime.settings.data_dir / "lake" / "events").glob("day=*/*.parquet"))


@pytest.mark.slow
async def test_a_missing_file_of_the_lake_is_named_and_the_last_good_numbers_are_shown(
    app: App, shared: Shared, mira: dict[str, str]
) -> None:
    address = "/console/explore?by=channel&period=7d"
    good = numbers_of(await app.http.get(address, headers=mira))
    assert good
    files = sealed_files(app)
    files[-1].write_bytes(files[-1].read_bytes()[:-20])
    old = await app.http.get(address, headers=mira)
    assert numbers_of(old) == good
    words = text_of(old)
    assert "These are not the newest numbers." in words
    assert "lake_damaged" in words
    assert files[-1].name in words
    files[-1].unlink()
    never = await app.http.get("/console/explore?by=moment&period=7d", headers=mira)
    assert never.status_code == 503
    assert "is missing from the lake" in text_of(never)
    report = await app.http.get("/v1/reports/by/title", headers=mira)
    assert (report.status_code, report.json()["code"]) == (503, "lake_damaged")


@pytest.mark.slow
async def test_an_engine_that_is_down_is_said_and_does_no_harm(app: App, shared: Shared, mira: dict[str, str]) -> None:
    before = numbers_of(await app.http.get("/console/explore?by=title&period=7d", headers=mira))
    app.runtime.settings.analytics_url = "clickhouse://127.0.0.1:1/none"
    old = await app.http.get("/console/explore?by=title&period=7d", headers=mira)
    assert numbers_of(old) == before
    assert "ClickHouse does not answer" in text_of(old)
    answer = await app.http.get("/v1/reports/by/scene", headers=mira)
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_down")


async def test_the_live_stream_tells_what_has_just_happened(app: App, shared: Shared, mira: dict[str, str]) -> None:
    from groundswell.web.console.loop.live import snapshot

    await happen(app, shared, shared.share, "play", "just-now")
    async with app.runtime.database.transaction() as session:
        found = await snapshot(session, utc_now())
    assert len(found["minutes"]) >= 60
    assert any(event["kind"] == "play" for event in found["newest"])
    assert sum(counts.get("play", 0) for _, counts in found["minutes"]) >= 3
    page = await app.http.get("/console/live", headers=mira)
    assert "Plays, last hour" in text_of(page)


@pytest.mark.slow
async def test_experiments_are_begun_read_and_stopped(app: App, shared: Shared, mira: dict[str, str]) -> None:
    form = {"key": "first-try", "name": "First try", "subject": "sharing", "unit": "viewer", "control": "20"}
    begun = await app.http.post("/console/experiments", data=form, headers=mira)
    assert begun.status_code == 303
    service = await app.service_key("events:write")
    body = {"exposures": [{"unit": f"viewer-{n}"} for n in range(50)]}
    arms = (await app.http.post("/v1/experiments/first-try/exposures", json=body, headers=service)).json()["arms"]
    again = (await app.http.post("/v1/experiments/first-try/exposures", json=body, headers=service)).json()["arms"]
    assert arms == again
    assert 0 < arms.count("control") < 25
    page = text_of(await app.http.get("/console/experiments/first-try", headers=mira))
    assert "Not enough data yet" in page
    assert "Claimed" in page
    assert "Incremental" in page
    today = utc_now().date()
    loop = text_of(await app.http.get(f"/console/loop?from={today}&to={today}", headers=mira))
    assert "Incremental: not enough data yet" in loop
    longer = text_of(await app.http.get("/console/loop", headers=mira))
    assert "Incremental:" not in longer, "it was measured on other days"
    await app.http.post("/console/experiments/first-try/stop", headers=mira)
    late = await app.http.post("/v1/experiments/first-try/exposures", json=body, headers=service)
    assert (late.status_code, late.json()["code"]) == (409, "experiment_stopped")
    twice = await app.http.post("/console/experiments", data=form, headers=mira)
    assert twice.status_code == 409
    missing = await app.http.get("/v1/experiments/no-such", headers=mira)
    assert (missing.status_code, missing.json()["code"]) == (404, "experiment_unknown")


@pytest.mark.slow
async def test_the_weekly_report_is_about_whole_weeks(app: App, shared: Shared, mira: dict[str, str]) -> None:
    await seal_now(app.runtime)
    page = await app.http.get(f"/console/weekly?week={utc_now().date()}", headers=mira)
    words = text_of(page)
    assert "What shares brought" in words
    assert "Clicks 4" in words
    assert (await app.http.get("/console/weekly?week=9999-99-99", headers=mira)).status_code == 422
