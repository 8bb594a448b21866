"""Staff who have a choice of where they sign in: two certified OpenID providers, really running."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import select

from groundswell.accounts.tables import Viewer
from groundswell.platform.issuers import StaffIssuer
from groundswell.platform.settings import Settings
from tests.openid_provider import GROUPS, SECRET, openid_provider
from tests.support import App
from tests.web.console.test_shell import text_of

from .conftest import Browser


@pytest.fixture(scope="module")
def other_issuer() -> Iterator[str]:
    """A second provider."""
    with openid_provider() as issuer:
        yield issuer


@pytest.fixture
def settings(settings: Settings, openid_issuer: str, other_issuer: str) -> Settings:
    """The second one's values are roles themselves."""
    about = {"client_id": "RS256", "client_secret": SECRET, "roles_claim": "groups"}
    first = {"issuer": openid_issuer, "name": "Acme", "roles": GROUPS}
    second = {"issuer": other_issuer, "name": "Agency", "client_id": "EdDSA"}
    issuers = [StaffIssuer.model_validate(about | each) for each in (first, second)]
    return settings.model_copy(update={"staff_issuers": issuers})


async def ways(app: App, target: str = "/console/loop") -> dict[str, str]:
    """The choices of the sign-in page: where each leads, by its words."""
    page = await app.http.get("/session/staff", params={"return": target}, headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    assert "Where do you have your account?" in text_of(page)
    found = re.findall(r'href="(/session/staff\?[^"]+)"[^>]*>\s*(Sign in with \w+)\s*<', page.text)
    return {words: address.replace("&amp;", "&") for address, words in found}


@pytest.mark.slow
async def test_one_chooses_where_to_sign_in_and_is_who_one_is_there(
    app: App, browser: Browser, openid_issuer: str, other_issuer: str
) -> None:
    choices = await ways(app)
    assert list(choices) == ["Sign in with Acme", "Sign in with Agency"]
    for words, issuer, who, role in (
        ("Sign in with Agency", other_issuer, "mira+rights", "rights"),
        ("Sign in with Acme", openid_issuer, "mira+moments-marketing", "marketer"),
    ):
        sent = await app.http.get(choices[words])
        assert sent.headers["location"].startswith(issuer)
        back = await browser.at_the_provider(sent.headers["location"], who)
        answer = await app.http.get(back)
        assert (answer.status_code, answer.headers["location"]) == (303, "http://test/console/loop"), answer.text
        me = text_of(await app.http.get("/who-am-i", headers={"Accept": "text/html"}))
        assert "Mira" in me
        assert role in me.lower()
        browser.there = httpx.AsyncClient(timeout=20)
        app.http.cookies.clear()
    async with app.runtime.database.transaction() as session:
        known = {(row.issuer, row.subject) for row in await session.scalars(select(Viewer).filter_by(name="Mira"))}
    assert known == {(other_issuer, "mira+rights"), (openid_issuer, "mira+moments-marketing")}, "two people, not one"


@pytest.mark.slow
async def test_the_answer_of_one_does_not_count_for_the_other(app: App, browser: Browser, openid_issuer: str) -> None:
    sent = await app.http.get((await ways(app))["Sign in with Agency"])
    back = await browser.at_the_provider(sent.headers["location"], "mira+rights")
    said = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    mixed = await app.http.get(f"/session/callback?{urlencode(said | {'iss': openid_issuer})}")
    assert (mixed.status_code, "issuer_mixed_up" in mixed.text) == (400, True)
    unknown = {"return": "/console/loop", "issuer": "https://nobody.example"}
    page = await app.http.get("/session/staff", params=unknown, headers={"Accept": "text/html"})
    assert "Sign in with Acme" in text_of(page)
