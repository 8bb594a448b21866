"""Staff sign in at an OpenID provider: authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207).

Authlib speaks the protocol; the signature of an ID token is verified as those of all tokens are (``tokens.decoded``).
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from groundswell.platform.addresses import is_private
from groundswell.platform.cannot_start import CannotStart
from groundswell.platform.issuers import StaffIssuer
from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.settings import Settings

from .attempts import Attempt
from .return_address import absolute
from .signing_keys import KeySource, KeysUnreachable, PublishedKeys, configuration_address, fetch_json
from .tokens import STAFF_ROLES, Claims, claims_in, decoded

log = structlog.get_logger(__name__)

CALLBACK = "/session/callback"
SIGNED_OUT = "/session/ended"
TIMEOUT_S = 10
CONFIGURATION_KEPT_S = 600.0
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class IssuerUnreachable(Unavailable):
    code, title = "issuer_unreachable", "The place where you sign in does not answer; try again in a moment."


class IssuerMisdescribed(Problem):
    status, code = 502, "issuer_misdescribed"
    title = "The place where you sign in does not describe itself as it must."


class IssuerMixedUp(Problem):
    status, code = 400, "issuer_mixed_up"
    title = "This answer comes from another issuer than the one you were sent to."


class SignInRefused(Problem):
    status, code, title = 403, "sign_in_refused", "You were not signed in."


class ClientRefused(Problem):
    status, code = 502, "sign_in_client_refused"
    title = "The place where you sign in does not take this service for its client."


class GrantRefused(Problem):
    status, code = 400, "sign_in_code_refused"
    title = "The code of this sign-in is not valid, was used before, or is too old; begin again."


class NonceWrong(Problem):
    status, code, title = 400, "sign_in_nonce_wrong", "This ID token answers another sign-in than yours."


class AudienceWrong(Problem):
    status, code, title = 400, "sign_in_audience_wrong", "This ID token is meant for another service."


class IdTokenExpired(Problem):
    status, code = 400, "sign_in_token_expired"
    title = "This ID token has expired; if you signed in just now, a clock is wrong."


class IdTokenInvalid(Problem):
    status, code, title = 400, "sign_in_token_invalid", "This ID token is not valid."


class NoStaffRole(Problem):
    """``claims`` are what the provider says, which is that they have no role."""

    status, code, title = 403, "sign_in_without_role", "You are signed in there, but have no role here."

    def __init__(self, claims: Claims, detail: str) -> None:
        super().__init__(detail)
        self.claims = claims


class IssuersMisconfigured(CannotStart):
    """GROUNDSWELL_STAFF_ISSUERS names what there is not."""

    code = "staff_issuers_misconfigured"


@dataclass(frozen=True)
class StaffIdentity:
    """Whom a provider signed in: what its claims say, and the ID token itself (to sign out there)."""

    claims: Claims
    id_token: str


class StaffProvider:
    """One OpenID provider.

    Args:
        transport: how it is reached, where that is not over the network (the demo's, within this process).
        keys: its keys, where they need not be fetched.
    """

    def __init__(
        self,
        issuer: StaffIssuer,
        settings: Settings,
        transport: httpx2.AsyncBaseTransport | None = None,
        keys: KeySource | None = None,
    ) -> None:
        self.about, self.settings = issuer, settings
        self.redirect_uri = absolute(settings, CALLBACK)
        self._transport = transport
        self._keys = keys
        self._configuration: dict[str, Any] | None = None
        self._read_at = float("-inf")

    async def configuration(self) -> dict[str, Any]:
        """How the provider describes itself; read again every ten minutes.

        Raises:
            IssuerUnreachable: it does not answer.
            IssuerMisdescribed: it is not who it should be, or lacks what the flow takes.
        """
        if self._configuration is None or time.monotonic() - self._read_at > CONFIGURATION_KEPT_S:
            async with self._client() as http:
                self._configuration = self._checked(await self._json(http, configuration_address(self.about.issuer)))
            self._read_at = time.monotonic()
        return self._configuration

    async def authorization_address(self, attempt: Attempt, **more: str) -> str:
        """Where the browser is sent to sign in.

        Raises:
            IssuerUnreachable, IssuerMisdescribed: see ``configuration``.
        """
        described = await self.configuration()
        async with self._client(described) as client:
            address, _ = client.create_authorization_url(
                described["authorization_endpoint"],
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                **more,
            )
        return str(address)

    async def identity(self, attempt: Attempt, code: str, answered_by: str | None) -> StaffIdentity:
        """Whom the provider signed in, for the code that the browser came back with.

        Args:
            answered_by: the parameter ``iss`` of the answer (RFC 9207).

        Raises:
            IssuerMixedUp, GrantRefused, ClientRefused, NonceWrong, AudienceWrong, IdTokenExpired, IdTokenInvalid: as
                they say.
            NoStaffRole: none of the values of its claim gives a role.
            IssuerUnreachable, IssuerMisdescribed: see ``configuration``.
        """
        described = await self.configuration()
        must_say = described.get("authorization_response_iss_parameter_supported") is True
        if answered_by != self.about.issuer and (must_say or answered_by is not None):
            raise IssuerMixedUp()
        async with self._client(described) as client:
            answer = await self._redeemed(client, described, code, attempt)
            id_token = answer.get("id_token")
            if not isinstance(id_token, str):
                raise IdTokenInvalid("The answer has no ID token.")
            said = await self._verified(id_token, attempt, str(answer.get("access_token") or ""), described)
            if self._lacks(said) and described.get("userinfo_endpoint"):
                said = await self._with_userinfo(client, described, said)
        return StaffIdentity(self._claims(said), id_token)

    def log_out_address(self, described: Mapping[str, Any], id_token: str | None) -> str | None:
        """Where the browser is sent to sign out there too (RP-Initiated Logout 1.0); None where that is not known."""
        if not isinstance(endpoint := described.get("end_session_endpoint"), str):
            return None
        said = {"client_id": self.about.client_id, "post_logout_redirect_uri": absolute(self.settings, SIGNED_OUT)}
        if id_token is not None:
            said["id_token_hint"] = id_token
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(said)

    async def _redeemed(
        self, client: AsyncOAuth2Client, described: Mapping[str, Any], code: str, attempt: Attempt
    ) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await client.fetch_token(
                described["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                redirect_uri=self.redirect_uri,
                code_verifier=attempt.verifier,
            )
        except OAuthError as error:
            log.warning("sign_in_code_refused", issuer=self.about.issuer, error=error.error)
            if error.error in ("invalid_client", "unauthorized_client"):
                raise ClientRefused(f"It answered {error.error}.") from None
            raise GrantRefused(f"It answered {error.error}.") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unreachable(error) from None
        return answer

    async def _verified(
        self, id_token: str, attempt: Attempt, access_token: str, described: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The claims of an ID token, once all that OpenID Connect Core §3.1.3.7 asks for holds."""
        if self._keys is None:
            self._keys = PublishedKeys(lambda: fetch_json(described["jwks_uri"]))
        skew = self.settings.clock_skew_s
        try:
            claims = await asyncio.to_thread(decoded, id_token, self._keys, self.about.client_id, skew, "sub", "iss")
            header = jwt.get_unverified_header(id_token)
        except KeysUnreachable:
            raise IssuerUnreachable("Its signing keys cannot be fetched.") from None
        except jwt.InvalidAudienceError:
            raise AudienceWrong() from None
        except jwt.ExpiredSignatureError:
            raise IdTokenExpired() from None
        except (jwt.PyJWTError, ValueError, OverflowError) as error:
            raise IdTokenInvalid(f"{error}.") from None
        if claims["iss"] != self.about.issuer:
            raise IssuerMixedUp()
        if claims.get("nonce") != attempt.nonce:
            raise NonceWrong()
        checks = {"client_id": self.about.client_id, "access_token": access_token}
        try:
            CodeIDToken(claims, header, {}, checks).validate(leeway=skew)
        except (JoseError, ValueError) as error:
            raise IdTokenInvalid(f"{error}.") from None
        return claims

    async def _with_userinfo(
        self, client: AsyncOAuth2Client, described: Mapping[str, Any], said: dict[str, Any]
    ) -> dict[str, Any]:
        """What the provider says of its user beyond the ID token, which stays as it is."""
        try:
            answer = (await client.get(described["userinfo_endpoint"])).raise_for_status()
            more = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unreachable(error) from None
        if not isinstance(more, dict) or more.get("sub") != said["sub"]:
            raise IdTokenInvalid("The user info is about somebody else.")
        return more | said

    def _lacks(self, said: Mapping[str, Any]) -> bool:
        """Whether an ID token leaves something to be asked for: a provider may tell it of its user alone."""
        wanted = "email" in self.about.scopes.split() and "email" not in said
        return wanted or value_at(said, self.about.roles_claim) is None

    def _claims(self, said: dict[str, Any]) -> Claims:
        values = texts_in(value_at(said, self.about.roles_claim))
        roles = roles_given(self.about, values)
        name = said.get("name") or said.get("preferred_username") or said.get("email") or said["sub"]
        about = {key: said.get(key) for key in ("sub", "locale", "iss", "iat", "email", "email_verified")}
        claims = claims_in(about | {"name": name, "roles": sorted(roles)}, self.about.people)
        if not roles:
            shown = f" says {', '.join(sorted(values)[:20])}" if values else " is missing or empty"
            detail = f"{self.about.label} signed in {name}, whose claim “{self.about.roles_claim}”{shown}."
            raise NoStaffRole(claims, detail)
        return claims

    def _client(self, described: Mapping[str, Any] | None = None) -> AsyncOAuth2Client:
        secret = self.about.secret()
        ways = (described or {}).get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        posts = secret is not None and "client_secret_basic" not in ways
        return AsyncOAuth2Client(
            client_id=self.about.client_id,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_post" if posts else None,
            scope=self.about.scopes,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            leeway=0,
            timeout=TIMEOUT_S,
            transport=self._transport,
        )

    async def _json(self, http: AsyncOAuth2Client, address: str) -> Any:
        try:
            answer = await http.request("GET", address, withhold_token=True)
            return answer.raise_for_status().json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._unreachable(error) from None

    def _checked(self, described: Any) -> dict[str, Any]:
        if not isinstance(described, dict) or described.get("issuer") != self.about.issuer:
            raise IssuerMisdescribed(f"{self.about.issuer} describes another issuer than itself.")
        for name in NEEDED:
            private = not is_private(self.about.issuer) or is_private(str(described.get(name)))
            if not isinstance(described.get(name), str) or not private:
                raise IssuerMisdescribed(f"Its {name} is missing, or is not reached by HTTPS.")
        ways = described.get("code_challenge_methods_supported")
        if ways is not None and "S256" not in ways:
            raise IssuerMisdescribed("It does not support PKCE with S256.")
        return described

    def _unreachable(self, error: Exception) -> IssuerUnreachable:
        log.warning("issuer_unreachable", issuer=self.about.issuer, error=f"{type(error).__name__}: {error}")
        return IssuerUnreachable(f"{self.about.label} does not answer as it should. It has been logged.")


def value_at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that name, else what the names with dots between lead to; None where there is none. Pure."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def texts_in(value: Any) -> frozenset[str]:
    """The texts of a claim: one, or a list of them. Pure."""
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return frozenset(each for each in values if isinstance(each, str))


def roles_given(issuer: StaffIssuer, values: Iterable[str]) -> frozenset[str]:
    """The staff roles that the values of the claim give. Pure."""
    if not issuer.roles:
        return STAFF_ROLES.intersection(values)
    return STAFF_ROLES.intersection(role for value in values for role in issuer.roles.get(value, []))


class StaffProviders:
    """The OpenID providers at which staff sign in, by issuer, in the order of the settings.

    Raises:
        IssuersMisconfigured: one gives a role that there is not, or two are one.
    """

    def __init__(self, settings: Settings, providers: Iterable[StaffProvider] | None = None) -> None:
        for each in settings.staff_issuers:
            if unknown := {role for roles in each.roles.values() for role in roles} - STAFF_ROLES:
                raise IssuersMisconfigured(f"{each.issuer} gives {', '.join(sorted(unknown))}, which is no role")
            try:
                each.secret()
            except OSError as error:
                raise IssuersMisconfigured(f"the client secret for {each.issuer}: {error}") from None
        made = [StaffProvider(each, settings) for each in settings.staff_issuers] if providers is None else providers
        self.by_issuer = {each.about.issuer: each for each in made}
        if len(self.by_issuer) < len(settings.staff_issuers):
            raise IssuersMisconfigured("an issuer is named twice")

    def __bool__(self) -> bool:
        return bool(self.by_issuer)

    def get(self, issuer: str) -> StaffProvider | None:
        return self.by_issuer.get(issuer)
