"""What a route asks for: a viewer, perhaps a viewer, staff with a role, or a service with a scope."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.change_pace import STAFF_TIMES, VISITORS_TIMES, address_of, counts, pace
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.openapi_security import lets_in
from groundswell.platform.problems import Problem
from groundswell.platform.routing import SAFE, DbSession, request_session
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import tag

from . import sessions
from .actors import actor_of
from .audit import Actor, acts, tries
from .cross_site import refuse_cross_site
from .key_uses import KeyUses
from .powers import POWERS, roles_words
from .sessions import Session
from .staff_roles import roles_held
from .tables import ServiceKey, Viewer
from .tokens import Claims, TokenExpired, TokenInvalid, TokenMissing, TokenVerifier

D = TypeVar("D", bound=Callable[..., Any])

COOKIE = "gs_session"


class RoleMissing(Problem):
    status, code, title = 403, "role_missing", "Your account does not have the role this needs."


class KeyInvalid(Problem):
    status, code, title = 401, "service_key_invalid", "This service key is unknown or revoked."


class ScopeMissing(Problem):
    status, code, title = 403, "scope_missing", "This service key does not have the scope this needs."


@dataclass(frozen=True)
class Caller:
    """A signed-in person: the row, what their token grants (``titles``: see ``Claims``), and the language (BCP 47) it
    says they read."""

    viewer: Viewer
    roles: frozenset[str]
    titles: frozenset[str] = frozenset()
    language: str | None = None

    @property
    def id(self) -> UUID:
        return self.viewer.id

    @property
    def actor(self) -> str:
        """Who did it, as records of what was done have it."""
        return actor_of(self.id)


async def claims_of(request: Request) -> Claims | None:
    """The verified claims of the request's bearer token or session cookie; None when it carries neither.

    A cookie is sent by the browser unasked, so a request that changes something by cookie must come from our
    own pages. What changes something is counted as theirs (``change_pace``); whose token does not hold is a visitor.

    Raises:
        TokenExpired, TokenInvalid: what it carries does not hold; ``SessionEnded``: its session does not any more.
        CrossSite: another site sent it.
        TooManyRequests: they have changed as much as they may for now.
    """
    try:
        claims = await _claims_of(request)
    except (TokenExpired, TokenInvalid):
        pace(request, None, VISITORS_TIMES)
        raise
    pace(request, *_paced_as(claims))
    return claims


def _paced_as(claims: Claims | None) -> tuple[str | None, int]:
    """As whom somebody's changes are counted, and how many times as much as others they may change."""
    if claims is None:
        return None, VISITORS_TIMES
    return principal_of_viewer(claims.issuer, claims.subject), STAFF_TIMES if claims.roles else 1


async def _claims_of(request: Request) -> Claims | None:
    header = request.headers.get("authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else None
    if token is not None and token.startswith("gsk_"):
        return None
    if token is None:
        found = await session_of(request)
        return None if found is None else found.claims
    return await asyncio.to_thread(services_of(request).get(TokenVerifier).verify, token)


async def session_of(request: Request) -> Session | None:
    """The session of the request's cookie; None when it has no cookie of ours.

    Raises:
        SessionEnded, CrossSite: as for ``claims_of``.
    """
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    if request.method not in SAFE:
        refuse_cross_site(request.headers)
    found: Session | None = getattr(request.state, "sign_in", None)
    if found is None:
        found = request.state.sign_in = await _find_session(request, cookie)
    return found


async def _find_session(request: Request, cookie: str) -> Session:
    """In the request's transaction, or in one of its own where the request holds none."""
    session: AsyncSession | None = getattr(request.state, "session", None)
    if session is not None:
        return await sessions.find(session, cookie)
    async with services_of(request).database.transaction() as own:
        return await sessions.find(own, cookie)


def _told(claims: Claims) -> dict[str, Any]:
    """What the token says of its viewer now; rights are judged by it."""
    return {"name": claims.name, "territory": claims.territory, "kids": claims.kids, "ad_tier": claims.ad_tier}


async def viewer_of(session: AsyncSession, claims: Claims) -> Viewer:
    """The viewer whom ``claims`` name, made when first seen, and as the token describes them."""
    query = select(Viewer).filter_by(issuer=claims.issuer, subject=claims.subject)
    viewer = await session.scalar(query)
    if viewer is None:
        row = {
            "id": uuid7(),
            "issuer": claims.issuer,
            "subject": claims.subject,
            "handle": f"{_slug(claims.name)}-{random_code(4).lower()}",
            **_told(claims),
        }
        await session.execute(insert(Viewer).values(row).on_conflict_do_nothing())
        viewer = (await session.scalars(query)).one()
    for name, value in _told(claims).items():
        if getattr(viewer, name) != value:
            setattr(viewer, name, value)
    return viewer


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:24] or "viewer"


def territory_of(settings: Settings, headers: Mapping[str, str]) -> str | None:
    """Where the proxy before us says that a request comes from (ISO 3166-1 alpha-2); None when it does not say."""
    said = "" if settings.territory_header is None else headers.get(settings.territory_header, "").strip().upper()
    return said if _TERRITORY.fullmatch(said) and said not in _NOWHERE else None


_TERRITORY = re.compile("[A-Z]{2}")
_NOWHERE = {"XX", "ZZ"}
"""What proxies say when they do not know."""


async def optional_caller(request: Request, session: DbSession) -> Caller | None:
    """The signed-in person, or None for a visitor."""
    claims = await claims_of(request)
    return None if claims is None else await caller_of(session, claims)


async def caller_of(session: AsyncSession, claims: Claims) -> Caller:
    """Whom ``claims`` name, with the roles that they hold by them."""
    viewer = await viewer_of(session, claims)
    roles = await roles_held(session, viewer.id, claims)
    return Caller(viewer, roles, claims.titles, claims.language)


async def signed_in(caller: Annotated[Caller | None, Depends(optional_caller)]) -> Caller:
    """The signed-in person.

    Raises:
        TokenMissing: nobody is signed in.
    """
    if caller is None:
        raise TokenMissing()
    return caller


counts(optional_caller)
lets_in(optional_caller, [{}, {"viewer": []}])
lets_in(signed_in, [{"viewer": []}])

MaybeCaller = Annotated[Caller | None, Depends(optional_caller)]
SignedIn = Annotated[Caller, Depends(signed_in)]


def require_power(request: Request, caller: Caller, power: str) -> Caller:
    """``caller`` when one of their roles gives ``power``; what they do is recorded.

    Raises:
        RoleMissing: none does.
    """
    actor = Actor(f"viewer:{caller.id}", caller.viewer.name)
    if caller.roles:  # of viewers nothing is kept here
        tries(request, actor)
    _require_role(caller, power)
    acts(request, actor)
    return caller


def staff(power: str) -> Callable[[Request, Caller], Coroutine[Any, Any, Caller]]:
    """A dependency: somebody of staff who has ``power`` (``POWERS``)."""

    async def require(request: Request, caller: SignedIn) -> Caller:
        return require_power(request, caller, power)

    roles = sorted(POWERS[power].roles)
    needs = f"For staff with the role {roles_words(POWERS[power])}."
    return with_power(lets_in(require, [{"viewer": roles}], needs), power)


def with_power(dependency: D, power: str) -> D:
    """Note on ``dependency`` which power it asks for."""
    dependency.power = power  # type: ignore[attr-defined]
    return dependency


def hash_key(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def key_in(request: Request) -> str | None:
    """The service key that a request carries."""
    header = request.headers.get("authorization", "")
    key = header[7:].strip() if header[:7].lower() == "bearer " else ""
    return key if key.startswith("gsk_") else None


async def find_key(session: AsyncSession, key: str | None) -> ServiceKey:
    """The row of a service key that holds.

    Raises:
        KeyInvalid: there is none.
    """
    row = await session.scalar(select(ServiceKey).filter_by(hash=hash_key(key or ""), revoked_at=None))
    if row is None:
        raise KeyInvalid()
    return row


async def require_scope(request: Request, session: AsyncSession, power: str) -> ServiceKey:
    """The request's service key, when one of its scopes gives ``power``; what it does is recorded.

    Raises:
        KeyInvalid, ScopeMissing: it has none that does.
        TooManyRequests: it has changed as much as it may for now. What the service reports of itself is not counted.
    """
    row, scopes = await find_key(session, key_in(request)), POWERS[power].scopes
    if not POWERS[power].bulk:
        pace(request, f"key:{row.id}", STAFF_TIMES)
    tries(request, Actor(f"key:{row.id}", row.name))
    if scopes.isdisjoint(row.scopes):
        raise ScopeMissing(f"This needs a key with the scope {' or '.join(sorted(scopes)) or 'that no key has'}.")
    acts(request, Actor(f"key:{row.id}", row.name))
    services = services_of(request)
    await services.get_or_add(KeyUses, lambda: KeyUses(services.database)).note(row.id)
    return row


def service(power: str) -> Callable[[Request, AsyncSession], Coroutine[Any, Any, ServiceKey]]:
    """A dependency: a service key (``Authorization: Bearer gsk_…``) whose scopes give ``power`` (``POWERS``)."""

    async def require(request: Request, session: DbSession) -> ServiceKey:
        return await require_scope(request, session, power)

    (scope,) = POWERS[power].scopes
    counts(require)
    return with_power(lets_in(require, [{"service": [scope]}], f"Needs a key with the scope `{scope}`."), power)


def staff_or_service(power: str) -> Callable[[Request, AsyncSession], Coroutine[Any, Any, None]]:
    """A dependency: staff or a service key with ``power`` (``POWERS``)."""

    async def require(request: Request, session: DbSession) -> None:
        if key_in(request) is not None:
            await require_scope(request, session, power)
        else:
            require_power(request, await signed_in(await optional_caller(request, session)), power)

    about = POWERS[power]
    ways = [{"viewer": sorted(about.roles)}, *({"service": [scope]} for scope in sorted(about.scopes))]
    keys = "".join(f", or a key with the scope `{scope}`" for scope in sorted(about.scopes))
    counts(require)
    return with_power(lets_in(require, ways, f"For staff with the role {roles_words(about)}{keys}."), power)


async def principal_of(request: Request) -> str:
    """Who asks, as a string that stays the same when a token is renewed (scopes idempotency keys).
    A visitor is a keyed hash of their address (IPv6: of its /64), which itself is kept nowhere. What is stored for
    people under their keys is held to their pace, wherever they send it.

    Raises:
        KeyInvalid, TokenExpired, TokenInvalid: nobody that we know.
        TooManyRequests: they have changed as much as they may for now.
    """
    if (key := key_in(request)) is not None:
        return "key:" + (await find_key(request_session(request), key)).hash.hex()
    claims = await claims_of(request)
    pace(request, *_paced_as(claims), anyway=True)
    if claims is not None:
        return principal_of_viewer(claims.issuer, claims.subject)
    return "visitor:" + tag(services_of(request).settings.secret, "principal", address_of(request), 22)


def principal_of_viewer(issuer: str, subject: str) -> str:
    """``principal_of`` a request of this viewer."""
    return f"viewer:{issuer}:{subject}"


async def require_still(request: Request, power: str) -> None:
    """Return when whoever asks still has ``power``: whoever has lost it is not given what they were answered with it.

    Raises:
        RoleMissing, ScopeMissing, KeyInvalid: they have not.
    """
    if key_in(request) is not None:
        await require_scope(request, request_session(request), power)
        return
    _require_role(await optional_caller(request, request_session(request)), power)


async def require_now(request: Request, power: str) -> None:
    """Return when whoever asked has ``power`` now, for answers that go on for long. It keeps no session from ending.

    Raises:
        RoleMissing, SessionEnded, TokenExpired, TokenInvalid: they have not.
    """
    async with services_of(request).database.transaction() as session:
        if request.headers.get("authorization"):
            claims = await claims_of(request)
        else:
            claims = (await sessions.find(session, request.cookies.get(COOKIE, ""), seen=False)).claims
        _require_role(None if claims is None else await caller_of(session, claims), power)


def _require_role(caller: Caller | None, power: str) -> None:
    if caller is None or not caller.roles & {*POWERS[power].roles, "admin"}:
        raise RoleMissing(f"This needs the role {roles_words(POWERS[power])}.")
