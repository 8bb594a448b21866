"""Staff who sign in at a certified OpenID provider."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
import pytest

from groundswell.platform.issuers import StaffIssuer
from groundswell.platform.settings import Settings
from tests.openid_provider import GROUPS, SECRET
from tests.support import App


@pytest.fixture
def client_id() -> str:
    """As which client we ask: its name is the algorithm of its ID tokens."""
    return "RS256"


@pytest.fixture
def settings(settings: Settings, openid_issuer: str, client_id: str) -> Settings:
    """Staff sign in at the provider."""
    secret = None if client_id == "public" else SECRET
    about = {"client_id": client_id, "client_secret": secret, "roles_claim": "groups", "roles": GROUPS}
    issuer = StaffIssuer.model_validate({"issuer": openid_issuer, "name": "Acme", **about})
    return settings.model_copy(update={"staff_issuers": [issuer]})


@dataclass
class Browser:
    """Somebody's browser: its cookies of ours are the test client's, those of the provider its own."""

    app: App
    there: httpx.AsyncClient

    async def begin(self, target: str = "/console/loop") -> str:
        """Ask to sign in; the address to which the browser is sent."""
        answer = await self.app.http.get("/session/staff", params={"return": target})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def at_the_provider(self, address: str, who: str) -> str:
        """Sign in there, through its own pages; the address to which it sends the browser back."""
        answer = await self.there.get(address)
        for _ in range(12):
            if answer.is_redirect:
                address = urljoin(address, answer.headers["location"])
                if address.startswith("http://test/"):
                    return address
                answer = await self.there.get(address)
                continue
            assert answer.status_code == 200, answer.text
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert form is not None, answer.text
            assert prompt is not None, answer.text
            address = urljoin(address, form[1])
            answer = await self.there.post(address, data={"prompt": prompt[1], "login": who, "password": "any"})
        raise AssertionError("the provider does not come to an end")

    async def sign_in(self, who: str, target: str = "/console/loop") -> httpx.Response:
        """The whole way; our answer to the browser that comes back."""
        return await self.app.http.get(await self.at_the_provider(await self.begin(target), who))


@pytest.fixture
async def browser(app: App) -> Browser:
    """A browser that was nowhere yet."""
    return Browser(app, httpx.AsyncClient(timeout=20))
