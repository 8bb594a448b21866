"""Tokens that say who a viewer is: verified against the service's published keys (JWKS)."""

from dataclasses import dataclass
from typing import Any, Protocol

import jwt
import structlog
from jwt import PyJWKClient, PyJWKClientError

from groundswell.platform.problems import Problem, Unavailable
from groundswell.platform.settings import Settings

log = structlog.get_logger(__name__)

ALGORITHMS = ["EdDSA", "ES256", "RS256"]
LEEWAY_S = 10
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

    ``subject`` is the service's own id for the viewer; ``roles`` are the staff roles among ``STAFF_ROLES``.
    """

    issuer: str
    subject: str
    name: str
    roles: frozenset[str]
    territory: str | None
    kids: bool
    ad_tier: bool = False


class KeySource(Protocol):
    """Where signing keys come from."""

    def get_signing_key_from_jwt(self, token: str | bytes) -> Any:
        """An object whose ``key`` verifies ``token``. Raises ``PyJWKClientError`` when there is none."""


class TokenVerifier:
    """Verifies viewers' tokens for one service.

    Args:
        keys: the service's keys; by default fetched from ``settings.jwks_url`` and cached.
    """

    def __init__(self, settings: Settings, keys: KeySource | None = None) -> None:
        self.issuer = settings.jwt_issuer
        self.audience = settings.jwt_audience
        self.keys = keys or PyJWKClient(settings.jwks_url or "", cache_keys=True, timeout=5)

    def verify(self, token: str) -> Claims:
        """The token's claims.

        Raises:
            TokenExpired: it was valid once.
            TokenInvalid: malformed, signed by another key, or meant for another audience or issuer.
        """
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=ALGORITHMS,
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired() from None
        except jwt.PyJWKClientConnectionError as error:
            log.warning("jwks_unreachable", error=str(error))
            raise Unavailable("The service's signing keys cannot be fetched.") from None
        except (jwt.InvalidTokenError, PyJWKClientError, ValueError) as error:
            raise TokenInvalid(f"This sign-in token is not valid here: {error}") from None
        return _claims(claims)


def _claims(claims: dict[str, Any]) -> Claims:
    roles = claims.get("roles") or []
    territory = claims.get("territory")
    if not isinstance(roles, list) or not isinstance(claims["sub"], str) or len(claims["sub"]) > 255:
        raise TokenInvalid()
    return Claims(
        issuer=claims["iss"],
        subject=claims["sub"],
        name=str(claims.get("name") or claims["sub"])[:80],
        roles=STAFF_ROLES.intersection(str(role) for role in roles),
        territory=territory if isinstance(territory, str) and len(territory) == 2 else None,
        kids=claims.get("kids") is True,
        ad_tier=claims.get("ad_tier") is True,
    )
