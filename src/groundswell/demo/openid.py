"""The demo's OpenID provider: what staff sign in at, by the same code flow with PKCE as at a real one.

There are no passwords: one picks one of the demo's people, or a ``login_hint`` names them. Codes are kept in memory,
as the demo is one process.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.applications import Starlette
from starlette.routing import Route

from groundswell.accounts.openid import CALLBACK, StaffProvider, StaffProviders
from groundswell.accounts.return_address import absolute
from groundswell.platform.clock import utc_now
from groundswell.platform.issuers import StaffIssuer
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.web.page_route import refusal
from groundswell.web.templating import page

from .identity import IdentityProvider
from .people import BY_SUBJECT, PERSONAS, Persona

PATH = "/demo/identity"
CLIENT_ID = "groundswell"
CODE_LASTS = timedelta(minutes=1)
ID_TOKEN_LASTS = timedelta(minutes=10)


class AuthorizationInvalid(Problem):
    status, code, title = 400, "authorization_invalid", "This is no request to sign in that the demo understands."


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    persona: Persona
    nonce: str
    challenge: str
    until: datetime


class DemoProvider:
    """An OpenID provider with one client, which is Groundswell beside it."""

    def __init__(self, settings: Settings, identity: IdentityProvider) -> None:
        self.identity = identity
        self.issuer = absolute(settings, PATH)
        self.redirect_uri = absolute(settings, CALLBACK)
        self.about = StaffIssuer(
            issuer=self.issuer,
            name=settings.service_name,
            client_id=CLIENT_ID,
            known_as=settings.jwt_issuer,
            scopes="openid profile email",
        )
        self._grants: dict[str, Grant] = {}

    def routes(self) -> list[Route]:
        """Its endpoints, for browsers."""
        return [*self._programs(), Route(f"{PATH}/authorize", self.authorize)]

    def providers(self, settings: Settings) -> StaffProviders:
        """Itself as what staff sign in at, spoken to within this process."""
        transport = httpx2.ASGITransport(Starlette(routes=self._programs()))
        return StaffProviders(settings, [StaffProvider(self.about, settings, transport, self.identity)])

    def _programs(self) -> list[Route]:
        return [
            Route(f"{PATH}/.well-known/openid-configuration", self.configuration),
            Route(f"{PATH}/jwks.json", self.keys),
            Route(f"{PATH}/token", self.token, methods=["POST"]),
        ]

    async def configuration(self, request: Request) -> Response:
        """How it describes itself (OpenID Connect Discovery 1.0)."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks.json",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "profile", "email"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def keys(self, request: Request) -> Response:
        """Its public keys."""
        return JSONResponse(self.identity.jwks())

    async def authorize(self, request: Request) -> Response:
        """Whom to be; one who is named is sent back with a code at once."""
        said = request.query_params
        wanted = {"client_id": CLIENT_ID, "redirect_uri": self.redirect_uri, "response_type": "code"}
        if any(said.get(name) != value for name, value in wanted.items()) or not said.get("code_challenge"):
            return refusal(request, AuthorizationInvalid())
        persona = BY_SUBJECT.get(said.get("login_hint", ""))
        if persona is None:
            asked = [(name, value) for name, value in said.multi_items() if name != "login_hint"]
            staff = [each for each in PERSONAS if each.roles]
            return page(request, "demo/authorize.html", personas=staff, asked=asked)
        code = self._grant(persona, said.get("nonce", ""), said["code_challenge"])
        answer = {"code": code, "state": said.get("state", ""), "iss": self.issuer}
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(answer)}", 303)

    async def token(self, request: Request) -> Response:
        """The ID token that a code stands for, to whoever knows what its challenge was made from."""
        form = await request.form()
        grant = self._grants.pop(str(form.get("code")), None)
        challenge = create_s256_code_challenge(str(form.get("code_verifier")))
        if grant is None or grant.until < utc_now() or not hmac.compare_digest(challenge, grant.challenge):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if form.get("client_id") != CLIENT_ID or form.get("redirect_uri") != self.redirect_uri:
            return JSONResponse({"error": "invalid_client"}, 401)
        lasts = int(ID_TOKEN_LASTS.total_seconds())
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": lasts}
        return JSONResponse(answer | {"id_token": self._id_token(grant)}, headers={"Cache-Control": "no-store"})

    def _grant(self, persona: Persona, nonce: str, challenge: str) -> str:
        now, code = utc_now(), secrets.token_urlsafe(24)
        self._grants = {each: grant for each, grant in self._grants.items() if grant.until > now}
        self._grants[code] = Grant(persona, nonce, challenge, now + CODE_LASTS)
        return code

    def _id_token(self, grant: Grant) -> str:
        now, persona = utc_now(), grant.persona
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": persona.subject,
            "name": persona.name,
            "roles": sorted(persona.roles),
            "email": f"{persona.subject}@example.com",
            "email_verified": True,
            "nonce": grant.nonce,
            "iat": now,
            "exp": now + ID_TOKEN_LASTS,
        }
        return self.identity.signed(claims)
