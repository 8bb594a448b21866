"""Tokens that say who a viewer is: verified against the service's published keys (JWKS)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import jwt

from groundswell.platform.issuers import ViewerIssuer
from groundswell.platform.mail import address_of
from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.settings import Settings

from .signing_keys import KeySource, KeysUnreachable, PublishedKeys, fetch_discovered, fetch_json

ANY_TITLE = "*"
TITLE_AUDIENCE = ":title"
"""Follows the audience in tokens for one title, so that none of them signs anybody in."""
STAFF_ROLES = frozenset({"marketer", "rights", "trust", "finance", "admin"})


class TokenMissing(Problem):
    status, code, title = 401, "token_missing", "Sign in first: this needs to know who you are."


class TokenExpired(Problem):
    status, code, title = 401, "token_expired", "Your sign-in has expired; sign in again."


class TokenInvalid(Problem):
    status, code, title = 401, "token_invalid", "This sign-in token is not valid here."


@dataclass(frozen=True)
class Claims:
    """What a verified token says.

    ``subject`` is the service's own id for the viewer; ``roles`` are the staff roles among ``STAFF_ROLES``;
    ``language`` is what they read (the claim ``locale`` of OpenID Connect, BCP 47).
    ``titles`` are the slugs or ids of the titles that they may watch (``*``: every one). ``email`` is an address of
    theirs that the issuer has verified (``email_verified``). ``said_by`` is the issuer as the token names it, and
    ``said_at`` when it was issued; None for claims that a session repeats.
    """

    issuer: str
    subject: str
    name: str
    roles: frozenset[str]
    territory: str | None
    kids: bool
    ad_tier: bool = False
    language: str | None = None
    titles: frozenset[str] = frozenset()
    email: str | None = None
    said_by: str = field(default="", compare=False)
    said_at: datetime | None = field(default=None, compare=False)

    def may_watch(self, *names: str) -> bool:
        """Whether the service says in the token that this viewer may watch the title called one of ``names``."""
        return ANY_TITLE in self.titles or not self.titles.isdisjoint(names)


@dataclass(frozen=True)
class TitleToken:
    """What a token for one title says: ``subject`` may watch ``title`` (slug or id)."""

    issuer: str
    subject: str
    title: str


@dataclass(frozen=True)
class Issuer:
    """Somebody whose tokens we take: their audience, the name under which their viewers are kept, their keys."""

    audience: str
    name: str
    keys: KeySource


class TokenVerifier:
    """Verifies viewers' tokens, of one service or of several issuers.

    Args:
        keys: the keys of ``settings.jwt_issuer``; by default fetched from ``settings.jwks_url`` and kept for a minute.
    """

    def __init__(self, settings: Settings, keys: KeySource | None = None) -> None:
        self.leeway_s = settings.clock_skew_s
        self.issuers = {each.issuer: Issuer(each.audience, each.name, published_keys(each))
                        for each in settings.viewer_issuers}  # fmt: skip
        if keys is None and settings.jwks_url is not None:
            keys = PublishedKeys(partial(fetch_json, settings.jwks_url))
        if keys is not None:
            self.issuers[settings.jwt_issuer] = Issuer(settings.jwt_audience, settings.jwt_issuer, keys)

    def verify(self, token: str) -> Claims:
        """The token's claims.

        Raises:
            TokenExpired: it was valid once.
            TokenInvalid: malformed, signed by another key, or meant for another audience or issuer.
        """
        issuer = self._issuer(token)
        return claims_in(self._decoded(token, issuer, issuer.audience, "sub"), issuer.name)

    def verify_title(self, token: str) -> TitleToken:
        """What a token for one title says: ``aud`` is the audience followed by ``:title``.

        Raises:
            TokenExpired, TokenInvalid: as for ``verify``.
        """
        issuer = self._issuer(token)
        claims = self._decoded(token, issuer, issuer.audience + TITLE_AUDIENCE, "sub", "title")
        if not isinstance(claims["title"], str):
            raise TokenInvalid()
        return TitleToken(issuer.name, _subject(claims), claims["title"])

    def _issuer(self, token: str) -> Issuer:
        """Who says to have signed ``token``: it is verified by their keys and no others."""
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenInvalid(f"This sign-in token is not valid here: {error}") from None
        found = self.issuers.get(issuer) if isinstance(issuer, str) else None
        if found is None:
            raise TokenInvalid("This sign-in token is not valid here: nobody whose tokens count issued it.")
        return found

    def _decoded(self, token: str, issuer: Issuer, audience: str, *required: str) -> dict[str, Any]:
        try:
            return decoded(token, issuer.keys, audience, self.leeway_s, *required)
        except jwt.ExpiredSignatureError:
            raise TokenExpired() from None
        except KeysUnreachable:
            raise Unavailable("The service's signing keys cannot be fetched.") from None
        except (jwt.PyJWTError, ValueError, OverflowError) as error:
            raise TokenInvalid(f"This sign-in token is not valid here: {error}") from None


def published_keys(issuer: ViewerIssuer) -> PublishedKeys:
    """The keys of ``issuer``, at the address that the settings or, by discovery, itself names."""
    if issuer.jwks_url is not None:
        return PublishedKeys(partial(fetch_json, issuer.jwks_url))
    return PublishedKeys(partial(fetch_discovered, issuer.issuer))


def decoded(token: str, keys: KeySource, audience: str, leeway_s: int, *required: str) -> dict[str, Any]:
    """The claims of a token that one of ``keys`` has signed for ``audience`` and that holds now.

    Args:
        required: claims that must be there, besides ``exp`` and ``iat``.

    Raises:
        jwt.InvalidTokenError: it is not so; ``ExpiredSignatureError`` when it was so once.
        KeysUnreachable: nobody can tell at the moment.
    """
    unfit: jwt.InvalidTokenError = jwt.InvalidSignatureError("no key that is published has signed it")
    options: Any = {"require": ["exp", "iat", *required]}
    for key in keys.keys_for(token):
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key.key, [key.algorithm_name], audience=audience, leeway=leeway_s, options=options
            )
            return claims
        except jwt.InvalidSignatureError as error:
            unfit = error
    raise unfit


def claims_in(claims: dict[str, Any], issuer: str) -> Claims:
    """What verified claims say; ``issuer`` is the name under which their viewers are kept."""
    roles, titles = claims.get("roles") or [], claims.get("titles") or []
    territory = claims.get("territory")
    if not isinstance(roles, list) or not isinstance(titles, list):
        raise TokenInvalid()
    return Claims(
        issuer=issuer,
        subject=_subject(claims),
        name=str(claims.get("name") or claims["sub"])[:80],
        roles=STAFF_ROLES.intersection(str(role) for role in roles),
        territory=territory if isinstance(territory, str) and len(territory) == 2 else None,
        kids=claims.get("kids") is True,
        ad_tier=claims.get("ad_tier") is True,
        titles=frozenset(title for title in titles if isinstance(title, str)),
        language=locale[:35] if isinstance(locale := claims.get("locale"), str) else None,
        email=_vouched(claims),
        said_by=str(claims.get("iss") or issuer),
        said_at=datetime.fromtimestamp(max(0, int(claims["iat"])), UTC) if "iat" in claims else None,
    )


def _vouched(claims: dict[str, Any]) -> str | None:
    """The address that the issuer says it has verified; some say so by the text ``true``."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") not in (True, "true"):
        return None
    try:
        return address_of(email)
    except ValueError:
        return None


def _subject(claims: dict[str, Any]) -> str:
    """Whom the token is about. A subject of no characters, or of spaces, would be one person for many."""
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.strip() or len(subject) > 255:
        raise TokenInvalid("This sign-in token is not valid here: it does not say who signs in.")
    return subject
