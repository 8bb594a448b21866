"""Who one is, until when, and why a page is closed."""

import pytest

from tests.support import App


def door(page: str) -> str | None:
    return page.split('data-door="')[1].split('"')[0] if 'data-door="' in page else None


async def test_a_visitor_is_nobody_and_can_sign_in(app: App) -> None:
    page = (await app.http.get("/who-am-i")).text
    assert "Nobody is signed in here." in page
    assert "/session/start?return=%2Fwho-am-i" in page


async def test_staff_see_their_roles_what_these_open_and_until_when(app: App) -> None:
    page = (await app.http.get("/who-am-i", headers=await app.session("mira", "marketer"))).text
    assert "Mira" in page
    assert "marketer" in page
    assert "Make campaigns and end them." in page
    assert "Run pools" not in page
    assert "in any case" in " ".join(page.split())
    assert 'action="/session/end"' in page


@pytest.mark.parametrize(
    ("role", "path", "found"),
    [
        ("marketer", "/console/finance", "closed"),
        ("finance", "/console/finance", "open"),
        ("admin", "/console/finance", "open"),
        ("marketer", "/console/audit", "closed"),
        ("marketer", "/discover", "open"),
        ("marketer", "/nowhere", None),
        ("marketer", "//evil.example/console", None),
        ("marketer", "https://evil.example/", None),
    ],
)
async def test_why_a_page_is_closed(shared_app: App, role: str, path: str, found: str | None) -> None:
    answer = await shared_app.http.get("/who-am-i", params={"page": path}, headers=shared_app.signed_in("mira", role))
    assert answer.status_code == 200
    assert door(answer.text) == found
    assert ('class="role"' in answer.text) == (found == "closed")


async def test_a_refused_page_leads_to_why(app: App) -> None:
    refused = await app.http.get("/console/finance", headers=app.signed_in("mira", "marketer"))
    assert 'href="/who-am-i?page=%2Fconsole%2Ffinance"' in refused.text


async def test_it_speaks_the_language_of_whoever_asks(app: App) -> None:
    page = await app.http.get("/who-am-i", headers=app.signed_in("mira", "marketer") | {"Accept-Language": "de"})
    assert '<html lang="de"' in page.text
    assert "Kampagnen anlegen und beenden." in page.text
    assert "Make campaigns" not in page.text
