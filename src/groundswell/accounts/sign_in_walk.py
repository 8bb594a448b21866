"""``groundswell doctor --sign-in``: walks the round trip as far as a machine can, and says what is wrong."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import httpx

from groundswell.platform.addresses import is_private
from groundswell.platform.clock import utc_now
from groundswell.platform.issuers import StaffIssuer, ViewerIssuer
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .attempts import Attempt
from .hand_over import service_address
from .openid import GrantRefused, StaffProvider, StaffProviders
from .return_address import absolute
from .signing_keys import CURVES, KINDS, KeysUnreachable, candidates, fetch_discovered, fetch_json
from .tokens import STAFF_ROLES

TIMEOUT_S = 10


class Wrong(Exception):
    """What a step found wrong, and what to do."""


@dataclass(frozen=True)
class WalkStep:
    """One step of the way: what was tried, whether it went well, and what is to be said."""

    what: str
    ok: bool
    detail: str


async def walk(settings: Settings, providers: StaffProviders) -> AsyncIterator[WalkStep]:
    """Every step that a machine can take, in the order in which a browser would."""
    yield await _taken("our address", lambda: our_address(settings))
    for provider in providers.by_issuer.values():
        for what, step in staff_steps(provider).items():
            yield await _taken(f"{provider.about.label}: {what}", step)
    if not providers:
        yield WalkStep("staff", True, "GROUNDSWELL_STAFF_ISSUERS is not set: staff sign in where viewers do")
    for issuer in viewer_issuers(settings):
        yield await _taken(f"viewers of {issuer.issuer}: keys", lambda issuer=issuer: viewer_keys(issuer))  # type: ignore[misc]
    yield await _taken("the service's sign-in", lambda: service_sign_in(settings))
    yield await _taken("this service", lambda: our_service(settings, providers))


async def _taken(what: str, step: Callable[[], Awaitable[str]]) -> WalkStep:
    try:
        return WalkStep(what, True, await step())
    except (Wrong, Problem, KeysUnreachable, httpx.HTTPError, OSError, ValueError) as error:
        said = error.detail if isinstance(error, Problem) else str(error)
        return WalkStep(what, False, said or type(error).__name__)


async def our_address(settings: Settings) -> str:
    """Where browsers come back to."""
    if not is_private(settings.base_url):
        raise Wrong(f"{settings.base_url} is reached without HTTPS: whoever listens can sign in as anybody")
    return f"providers send back to {absolute(settings, '/session/callback')}"


def staff_steps(provider: StaffProvider) -> dict[str, Callable[[], Awaitable[str]]]:
    """The steps at one provider."""
    return {
        "description": lambda: description(provider),
        "clock": lambda: clock(provider),
        "keys": lambda: provider_keys(provider),
        "our client": lambda: client(provider),
        "return address": lambda: redirect(provider),
        "sign-out": lambda: sign_out(provider),
        "roles": lambda: roles(provider.about),
    }


async def description(provider: StaffProvider) -> str:
    """Discovery."""
    described = await provider.configuration()
    if not is_private(provider.about.issuer):
        raise Wrong(f"{provider.about.issuer} is reached without HTTPS")
    wanted = set(provider.about.scopes.split())
    if missing := wanted - set(described.get("scopes_supported") or wanted):
        raise Wrong(f"it has no scope {', '.join(sorted(missing))}, which GROUNDSWELL_STAFF_ISSUERS asks for")
    return f"found at {provider.about.issuer}, with PKCE"


async def clock(provider: StaffProvider) -> str:
    """Its clock against ours."""
    described = await provider.configuration()
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        said = (await http.get(described["jwks_uri"])).headers.get("date")
    if said is None:
        return "not to be told: its answers have no date"
    apart = abs((parsedate_to_datetime(said).astimezone(UTC) - _second(utc_now())).total_seconds())
    if apart > provider.settings.clock_skew_s:
        raise Wrong(f"its clock and ours are {apart:.0f} s apart; GROUNDSWELL_CLOCK_SKEW_S allows "
                    f"{provider.settings.clock_skew_s}: mend the clock that is wrong")  # fmt: skip
    return "its clock and ours agree"


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


async def provider_keys(provider: StaffProvider) -> str:
    """The keys of ID tokens."""
    described = await provider.configuration()
    return usable(await asyncio.to_thread(fetch_json, described["jwks_uri"]), described["jwks_uri"])


def usable(document: dict[str, object], address: str) -> str:
    """How many keys of a key set can sign, in words.

    Raises:
        Wrong: none can.
    """
    keys = document.get("keys")
    found = keys if isinstance(keys, list) else []
    good = [key for key in found if any(candidates([key], {"alg": algorithm}) for algorithm in CURVES)]
    if not good:
        raise Wrong(f"{address} publishes no key that can sign a token ({', '.join(sorted(set(KINDS.values())))})")
    without = sum(1 for key in good if not key.get("kid"))
    return f"{len(good)} at {address}" + (f", {without} without a kid" if without else "")


async def client(provider: StaffProvider) -> str:
    """Whether it takes us for its client: a code that nobody gave must be refused for being that, and nothing else."""
    attempt = Attempt.begin(provider.about.issuer, "")
    try:
        await provider.identity(attempt, secrets.token_urlsafe(16), provider.about.issuer)
    except GrantRefused as refused:
        if "invalid_grant" in refused.detail:
            return f"it knows {provider.about.client_id}" + (" and its secret" if provider.about.secret() else "")
        raise Wrong(f"{refused.detail} invalid_grant was to be expected") from None
    raise Wrong("it took a code that it never gave")


async def redirect(provider: StaffProvider) -> str:
    """Whether it would send browsers back to us."""
    attempt = Attempt.begin(provider.about.issuer, "")
    address = await provider.authorization_address(attempt)
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        answer = await http.get(address)
    leads = answer.headers.get("location", "")
    if answer.status_code >= 400:
        raise Wrong(f"it answers {answer.status_code}: is {provider.redirect_uri} registered there, letter by letter?")
    if leads.startswith(provider.redirect_uri):
        said = parse_qs(urlsplit(leads).query)
        raise Wrong(f"it sends back at once: {' '.join([*said.get('error', []), *said.get('error_description', [])])}")
    return f"it asks for a sign-in, and sends back to {provider.redirect_uri}"


async def sign_out(provider: StaffProvider) -> str:
    """Whether signing out here also signs out there."""
    described = await provider.configuration()
    address = provider.log_out_address(described, None)
    if address is None:
        return "it names no end_session_endpoint: signing out here leaves people signed in there"
    return f"at {urlsplit(address).netloc}; register {absolute(provider.settings, '/session/ended')} there as well"


async def roles(issuer: StaffIssuer) -> str:
    """What its claims make people."""
    if not issuer.roles:
        return f"as the claim “{issuer.roles_claim}” says: {', '.join(sorted(STAFF_ROLES))}"
    given = {role for roles in issuer.roles.values() for role in roles}
    nobody = STAFF_ROLES - given
    return f"by the claim “{issuer.roles_claim}”: {', '.join(sorted(given))}" + (
        f"; nobody gets {', '.join(sorted(nobody))}" if nobody else ""
    )


def viewer_issuers(settings: Settings) -> list[ViewerIssuer]:
    """Everybody whose tokens of viewers count."""
    first = [] if settings.jwks_url is None else [
        ViewerIssuer(issuer=settings.jwt_issuer, audience=settings.jwt_audience, jwks_url=settings.jwks_url)
    ]  # fmt: skip
    return [*first, *settings.viewer_issuers]


async def viewer_keys(issuer: ViewerIssuer) -> str:
    """The keys of viewers' tokens."""
    if issuer.jwks_url is not None:
        return usable(await asyncio.to_thread(fetch_json, issuer.jwks_url), issuer.jwks_url)
    return usable(await asyncio.to_thread(fetch_discovered, issuer.issuer), issuer.issuer)


async def service_sign_in(settings: Settings) -> str:
    """The service's own page, to which viewers are sent."""
    address = service_address(settings, secrets.token_urlsafe(32))
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=True) as http:
        answer = await http.get(address)
    shown = address.split("?", 1)[0]
    if answer.status_code >= 400:
        raise Wrong(f"{shown} answers {answer.status_code}: GROUNDSWELL_SIGN_IN_URL says where viewers sign in")
    return f"{shown} answers"


async def our_service(settings: Settings, providers: StaffProviders) -> str:
    """What a browser is answered that asks for a page of ours."""
    path = "/session/staff" if providers else "/session/start"
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        try:
            answer = await http.get(absolute(settings, path))
        except httpx.HTTPError:
            return f"nothing answers at {settings.base_url} now; once it is served, look again"
    if answer.status_code == 303:
        return f"sends browsers to {urlsplit(answer.headers['location']).netloc}"
    if answer.status_code == 200 and len(providers.by_issuer) > 1:
        return "lets people choose where they sign in"
    raise Wrong(f"{absolute(settings, path)} answers {answer.status_code}; is it served with these settings?")
