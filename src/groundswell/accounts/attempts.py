"""An attempt to sign in, from the moment we send somebody away until they are back: what must come back with them.

It lies in a cookie of the browser that began it, one for each attempt, so that several tabs can sign in at once; signed
by us, and good for ten minutes. Whoever comes back without it did not begin here, or was here before.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import ClassVar

import jwt
from fastapi import Request, Response

from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

LASTS = timedelta(minutes=10)
PATH = "/session"
"""Below which the cookies are sent."""
_STATE = re.compile(r"[A-Za-z0-9_-]{20,64}")


class AttemptUnknown(Problem):
    """``CODES`` are what it may be more exactly."""

    status, code = 400, "sign_in_state_unknown"
    title = "This browser did not begin this sign-in, or has finished it already."


class AttemptExpired(Problem):
    status, code, title = 400, "sign_in_too_late", "This sign-in took longer than ten minutes; begin it again."


@dataclass(frozen=True)
class Attempt:
    """One attempt to sign in.

    Attributes:
        issuer: where at (a staff issuer), or empty: at the service.
        return_to: the absolute address to go to afterwards.
        nonce, verifier: of OpenID Connect (Core §3.1.2.1) and PKCE (RFC 7636).
    """

    issuer: str
    return_to: str
    state: str
    nonce: str
    verifier: str

    PURPOSE: ClassVar[bytes] = b"sign-in attempt"

    @classmethod
    def begin(cls, issuer: str, return_to: str) -> "Attempt":
        """A new one, with fresh secrets of 256 bits (the verifier of 384)."""
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        return cls(issuer, return_to, state, nonce, verifier)

    @property
    def cookie(self) -> str:
        return cookie_name(self.state)

    def keep(self, settings: Settings, response: Response, *, posted: bool = False) -> None:
        """Keep it in the browser.

        Args:
            posted: it must come back with a form that another site posts, which takes HTTPS.
        """
        secure = settings.base_url.startswith("https:")
        claims = {**asdict(self), "exp": utc_now() + LASTS}
        sealed = jwt.encode(claims, _key(settings.secret), algorithm="HS256")
        response.set_cookie(
            self.cookie,
            sealed,
            max_age=int(LASTS.total_seconds()),
            path=PATH,
            httponly=True,
            secure=secure,
            samesite="none" if posted and secure else "lax",
        )

    def forget(self, response: Response) -> None:
        """Take it out of the browser: it counts once."""
        response.delete_cookie(self.cookie, path=PATH)


def cookie_name(state: str) -> str:
    """Of its cookie: different for each attempt, and no secret by itself."""
    return "gs_sign_in_" + hashlib.sha256(state.encode()).hexdigest()[:16]


def attempt_of(request: Request, settings: Settings, state: str) -> Attempt:
    """The attempt that this browser began under ``state``.

    Raises:
        AttemptUnknown: it did not begin one, or has finished it.
        AttemptExpired: it began too long ago.
    """
    sealed = request.cookies.get(cookie_name(state)) if _STATE.fullmatch(state) else None
    if not sealed:
        raise AttemptUnknown()
    for secret in settings.secrets:
        try:
            claims = jwt.decode(sealed, _key(secret), ["HS256"], options={"require": ["exp"]})
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError:
            raise AttemptExpired() from None
        except jwt.InvalidTokenError:
            break
        claims.pop("exp")
        attempt = Attempt(**claims)
        if hmac.compare_digest(attempt.state, state):
            return attempt
        break
    raise AttemptUnknown()


def _key(secret: bytes) -> bytes:
    """A key for this purpose alone."""
    return hmac.digest(secret, Attempt.PURPOSE, hashlib.sha256)
