"""What an OpenID provider may not say: another nonce, another audience, another issuer, an old token, another user."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from groundswell.accounts import openid
from groundswell.accounts.attempts import Attempt
from groundswell.accounts.openid import StaffProvider, StaffProviders, roles_given, texts_in, value_at
from groundswell.accounts.tokens import STAFF_ROLES
from groundswell.demo.identity import IdentityProvider
from groundswell.platform.clock import utc_now
from groundswell.platform.issuers import StaffIssuer
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

ISSUER = "https://id.example"
ABOUT = StaffIssuer(issuer=ISSUER, client_id="us", client_secret="shh", roles_claim="groups", roles={"g": ["trust"]})


class Provider:
    """A provider that says what a test has it say."""

    def __init__(self, settings: Settings) -> None:
        self.identity = IdentityProvider(settings)
        self.described: dict[str, Any] = {"userinfo_endpoint": f"{ISSUER}/me"}
        self.said: dict[str, Any] = {}
        self.me: dict[str, Any] = {"sub": "mira", "groups": ["g"]}
        self.answer: dict[str, Any] | None = None
        self.headers: dict[str, str] = {}
        self.attempt = Attempt.begin(ISSUER, "https://moments.example/console")
        routes = [
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/token", self.token, methods=["POST"]),
            Route("/me", self.userinfo),
        ]
        transport = httpx2.ASGITransport(Starlette(routes=routes))
        self.ours = StaffProvider(ABOUT, settings, transport, self.identity)

    async def configuration(self, request: Request) -> Response:
        names = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "jwks_uri")}
        usual = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token", **names}
        return JSONResponse({name: value for name, value in (usual | self.described).items() if value is not None})

    async def token(self, request: Request) -> Response:
        self.headers = dict(request.headers)
        if self.answer is not None:
            return JSONResponse(self.answer, 400 if "error" in self.answer else 200)
        now = utc_now()
        usual = {"iss": ISSUER, "aud": "us", "sub": "mira", "name": "Mira", "nonce": self.attempt.nonce, "iat": now,
                 "exp": now + timedelta(minutes=5), "groups": ["g"]}  # fmt: skip
        claims = {name: value for name, value in (usual | self.said).items() if value is not None}
        id_token = self.identity.signed(claims)
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": id_token})

    async def userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer at"
        return JSONResponse(self.me)

    async def sign_in(self, iss: str | None = None) -> Any:
        return (await self.ours.identity(self.attempt, "a code", iss)).claims


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    return Provider(Settings(data_dir=tmp_path, base_url="https://moments.example"))


async def test_what_is_in_order_is_believed(provider: Provider) -> None:
    claims = await provider.sign_in(ISSUER)
    assert (claims.issuer, claims.subject, claims.name, claims.roles) == (ISSUER, "mira", "Mira", frozenset({"trust"}))
    assert provider.headers["authorization"].startswith("Basic "), "the secret is not in the form"


async def test_roles_are_read_from_the_user_info_where_the_token_has_none(provider: Provider) -> None:
    provider.said = {"groups": None}
    assert (await provider.sign_in()).roles == {"trust"}
    provider.me = {"sub": "somebody else", "groups": ["g"]}
    with pytest.raises(openid.IdTokenInvalid, match="somebody else"):
        await provider.sign_in()


NOW = utc_now()


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"nonce": "another"}, openid.NonceWrong),
        ({"nonce": None}, openid.NonceWrong),
        ({"aud": "them"}, openid.AudienceWrong),
        ({"aud": ["us", "them"]}, openid.IdTokenInvalid),
        ({"aud": ["us", "them"], "azp": "them"}, openid.IdTokenInvalid),
        ({"aud": None}, openid.IdTokenInvalid),
        ({"azp": "them"}, openid.IdTokenInvalid),
        ({"iss": "https://evil.example"}, openid.IssuerMixedUp),
        ({"exp": NOW - timedelta(minutes=1), "iat": NOW - timedelta(minutes=6)}, openid.IdTokenExpired),
        ({"iat": NOW + timedelta(hours=1)}, openid.IdTokenInvalid),
        ({"exp": None}, openid.IdTokenInvalid),
        ({"at_hash": "bm90IGl0"}, openid.IdTokenInvalid),
        ({"groups": ["nobody"]}, openid.NoStaffRole),
        ({"groups": "admin"}, openid.NoStaffRole),
        ({"groups": [], "roles": ["admin"]}, openid.NoStaffRole),
    ],
)
async def test_what_is_not_is_refused_with_its_reason(
    provider: Provider, said: dict[str, Any], refusal: type[Problem]
) -> None:
    provider.said = said
    with pytest.raises(refusal):
        await provider.sign_in()


async def test_a_token_by_another_key_or_none_is_refused(provider: Provider, tmp_path: Path) -> None:
    real = provider.identity
    provider.identity = IdentityProvider(Settings(data_dir=tmp_path / "another"))
    with pytest.raises(openid.IdTokenInvalid):
        await provider.sign_in()
    provider.identity = real
    for token in (None, 7, "", "a.b.c", "eyJhbGciOiJub25lIn0.e30."):
        provider.answer = {"access_token": "at", "token_type": "Bearer", "id_token": token}
        with pytest.raises(openid.IdTokenInvalid):
            await provider.sign_in()


@pytest.mark.parametrize(
    ("error", "refusal"), [("invalid_grant", openid.GrantRefused), ("invalid_client", openid.ClientRefused)]
)
async def test_what_the_provider_refuses_says_whose_fault_it_is(
    provider: Provider, error: str, refusal: type[Problem]
) -> None:
    provider.answer = {"error": error}
    with pytest.raises(refusal, match=error):
        await provider.sign_in()


@pytest.mark.parametrize(
    "described",
    [{"issuer": "https://evil.example"}, {"issuer": f"{ISSUER}/"}, {"token_endpoint": None}, {"jwks_uri": 5},
     {"token_endpoint": "http://id.example/token"}, {"code_challenge_methods_supported": ["plain"]}],
)  # fmt: skip
async def test_a_provider_that_is_not_who_it_should_be_is_not_used(
    provider: Provider, described: dict[str, Any]
) -> None:
    provider.described = described
    with pytest.raises(openid.IssuerMisdescribed):
        await provider.ours.authorization_address(provider.attempt)


async def test_a_provider_that_says_who_answers_must_say_so(provider: Provider) -> None:
    assert await provider.sign_in(None)
    with pytest.raises(openid.IssuerMixedUp):
        await provider.sign_in("https://evil.example")
    provider.ours._configuration = None
    provider.described = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(openid.IssuerMixedUp):
        await provider.sign_in(None)


def test_a_claim_is_found_by_its_name_or_a_path_to_it() -> None:
    claims = {"a": {"b": ["x"]}, "a.b": 1, "https://x.example/roles": ["y"], "c": "z"}
    assert value_at(claims, "a.b") == 1
    assert value_at({"a": {"b": ["x"]}}, "a.b") == ["x"]
    assert value_at(claims, "https://x.example/roles") == ["y"]
    assert [value_at(claims, path) for path in ("c.d", "a.b.c", "", "none")] == [None] * 4
    assert (texts_in("z"), texts_in(["x", 5, None]), texts_in(None), texts_in({"x": 1})) == ({"z"}, {"x"}, set(), set())


@given(st.lists(st.sampled_from([*STAFF_ROLES, "g", "root", ""])))
def test_nobody_has_a_role_that_is_none(values: list[str]) -> None:
    mapped = ABOUT.model_copy(update={"roles": {"g": ["trust", "root"]}})
    assert roles_given(mapped, values) == ({"trust"} if "g" in values else set())
    assert roles_given(ABOUT.model_copy(update={"roles": {}}), values) == STAFF_ROLES & set(values)


def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path) -> None:
    for change in ({"roles": {"g": ["root"]}}, {"client_secret": None, "client_secret_file": tmp_path / "none"}):
        with pytest.raises(openid.IssuersMisconfigured):
            StaffProviders(Settings(staff_issuers=[ABOUT.model_copy(update=change)]))
    with pytest.raises(openid.IssuersMisconfigured, match="twice"):
        StaffProviders(Settings(staff_issuers=[ABOUT, ABOUT]))
