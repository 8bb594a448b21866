"""What every page does: headers, assets, refusals that a person can read."""

import re

from tests.support import App


async def test_a_wrong_address_is_a_page_for_a_browser_and_a_problem_for_a_program(app: App) -> None:
    page = await app.http.get("/nowhere", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "There is no page at this address." in page.text

    problem = await app.http.get("/nowhere")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["code"] == "not_found"
    api = await app.http.get("/v1/nowhere", headers={"Accept": "text/html"})
    assert api.headers["content-type"] == "application/problem+json"


async def test_pages_allow_nothing_inline_and_no_framing(app: App) -> None:
    page = await app.http.get("/nowhere", headers={"Accept": "text/html"})
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)


async def test_the_files_a_page_names_are_served_for_good(app: App) -> None:
    page = await app.http.get("/nowhere", headers={"Accept": "text/html"})
    for address in re.findall(r'(?:href|src)="(/static/dist/[^"]+)"', page.text):
        file = await app.http.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
