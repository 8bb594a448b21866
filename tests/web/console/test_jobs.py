"""The console's page of failed jobs: what failed and why, for whoever runs the service; and trying it again."""

import pytest

from groundswell.platform.jobs import defer
from tests.platform.test_jobs import fail, failures
from tests.support import App
from tests.web.console.test_shell import HTML, follow, text_of


@pytest.fixture
def operator(app: App) -> dict[str, str]:
    return app.signed_in("olu", "admin") | HTML


async def failed(app: App, why: str, once: str | None = None) -> int:
    """A job that has failed for good; its number."""
    async with app.runtime.database.transaction() as session:
        await defer(session, fail, once=once, why=why)
    await app.run_jobs()
    return (await failures(app))[-1].job_id


async def test_what_failed_stands_there_with_the_real_error_until_it_is_tried_again(
    app: App, operator: dict[str, str]
) -> None:
    page = await app.http.get("/console/jobs", headers=operator)
    assert "None has failed" in text_of(page)
    number = await failed(app, "the disk is <full>")
    page = await app.http.get("/console/jobs", headers=operator)
    assert f"tests.fail number {number} ValueError: the disk is <full> why the disk is <full>" in text_of(page)
    again = await app.http.post(f"/console/jobs/{number}/retry", headers=operator)
    page = await follow(app, again, operator)
    assert "It is queued" in text_of(page)
    assert "None has failed" in text_of(page)
    await app.run_jobs()
    page = await app.http.get("/console/jobs", headers=operator)
    assert "tried 2 ×" in text_of(page)
    log = await app.http.get("/console/audit", headers=operator)
    assert "POST /console/jobs/{job_id}/retry" in text_of(log)


async def test_what_cannot_be_tried_again_is_said(app: App, operator: dict[str, str]) -> None:
    number = await failed(app, "first", once="key")
    async with app.runtime.database.transaction() as session:
        await defer(session, fail, once="key", why="in its place")
    answer = await app.http.post(f"/console/jobs/{number}/retry", headers=operator)
    assert answer.status_code == 409
    assert "job_waits" in text_of(answer)
    assert (await app.http.post("/console/jobs/99999/retry", headers=operator)).status_code == 404
    assert len(await failures(app)) == 1


@pytest.mark.parametrize("role", ["marketer", "rights", "trust", "finance"])
async def test_it_is_for_whoever_runs_the_service(app: App, role: str) -> None:
    for method, path in (("GET", "/console/jobs"), ("POST", "/console/jobs/1/retry")):
        answer = await app.http.request(method, path, headers=app.signed_in(role, role) | HTML)
        assert answer.status_code == 403, (method, path)


async def test_the_audit_log_leads_to_it_and_back(app: App, operator: dict[str, str]) -> None:
    for here, there in (("/console/audit", "/console/jobs"), ("/console/jobs", "/console/audit")):
        page = await app.http.get(here, headers=operator)
        assert page.status_code == 200
        assert f'href="{there}"' in page.text
