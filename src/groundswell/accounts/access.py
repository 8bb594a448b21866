"""What a route asks for: a viewer, perhaps a viewer, staff with a role, or a service with a scope."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.describing import lets_in
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.settings import Settings

from .tables import ServiceKey, Viewer
from .tokens import Claims, TokenMissing, TokenVerifier

COOKIE = "gs_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RoleMissing(Problem):
    status, code, title = 403, "role_missing", "Your account does not have the role this needs."


class KeyInvalid(Problem):
    status, code, title = 401, "service_key_invalid", "This service key is unknown or revoked."


class ScopeMissing(Problem):
    status, code, title = 403, "scope_missing", "This service key does not have the scope this needs."


class CrossSite(Problem):
    status, code, title = 403, "cross_site", "This request came from another site."


@dataclass(frozen=True)
class Caller:
    """A signed-in person: the row, and what their token grants."""

    viewer: Viewer
    roles: frozenset[str]

    @property
    def id(self) -> UUID:
        return self.viewer.id


async def claims_of(request: Request) -> Claims | None:
    """The verified claims of the request's bearer token or session cookie; None when it carries neither.

    A cookie is sent by the browser unasked, so a request that changes something by cookie must come from our
    own pages.
    """
    header = request.headers.get("authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else None
    if token is not None and token.startswith("gsk_"):
        return None
    if token is None:
        token = request.cookies.get(COOKIE)
        if token is None:
            return None
        if request.method not in SAFE_METHODS:
            _refuse_cross_site(request)
    verifier: TokenVerifier = request.app.state.verifier
    return await asyncio.to_thread(verifier.verify, token)


def _refuse_cross_site(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossSite()


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
    return None if claims is None else Caller(await viewer_of(session, claims), claims.roles)


async def signed_in(caller: Annotated[Caller | None, Depends(optional_caller)]) -> Caller:
    """The signed-in person.

    Raises:
        TokenMissing: nobody is signed in.
    """
    if caller is None:
        raise TokenMissing()
    return caller


lets_in(optional_caller, [{}, {"viewer": []}])
lets_in(signed_in, [{"viewer": []}])

MaybeCaller = Annotated[Caller | None, Depends(optional_caller)]
SignedIn = Annotated[Caller, Depends(signed_in)]


def staff(*roles: str) -> Callable[[Caller], Coroutine[Any, Any, Caller]]:
    """A dependency: somebody with one of ``roles`` (``admin`` has them all)."""

    async def require(caller: SignedIn) -> Caller:
        if not caller.roles & {*roles, "admin"}:
            raise RoleMissing(f"This needs the role {' or '.join(roles)}.")
        return caller

    return lets_in(require, [{"viewer": [*roles]}], f"For staff with the role {' or '.join(roles)}.")


def hash_key(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def service(scope: str) -> Callable[[Request, AsyncSession], Coroutine[Any, Any, ServiceKey]]:
    """A dependency: a service key (``Authorization: Bearer gsk_…``) that has ``scope``."""

    async def require(request: Request, session: DbSession) -> ServiceKey:
        header = request.headers.get("authorization", "")
        key = header[7:].strip() if header[:7].lower() == "bearer " else ""
        row = await session.scalar(select(ServiceKey).filter_by(hash=hash_key(key), revoked_at=None))
        if row is None:
            raise KeyInvalid()
        if scope not in row.scopes:
            raise ScopeMissing(f"This needs a key with the scope {scope}.")
        return row

    return lets_in(require, [{"service": [scope]}], f"Needs a key with the scope `{scope}`.")


async def principal_of(request: Request) -> str:
    """Who asks, as a string that stays the same when a token is renewed (scopes idempotency keys)."""
    header = request.headers.get("authorization", "")
    if header[7:].startswith("gsk_"):
        return "key:" + hash_key(header[7:].strip()).hex()
    claims = await claims_of(request)
    if claims is not None:
        return f"viewer:{claims.issuer}:{claims.subject}"
    return f"visitor:{request.client.host if request.client else ''}"
