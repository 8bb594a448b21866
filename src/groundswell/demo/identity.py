"""The demo service's identity provider: signs viewers' tokens and publishes its keys, as a real one would."""

import base64
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt import PyJWK

from groundswell.accounts.signing_keys import candidates
from groundswell.accounts.tokens import TITLE_AUDIENCE
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code
from groundswell.platform.settings import Settings, private_opener

TOKEN_LIFETIME = timedelta(days=7)
WATCH_LIFETIME = timedelta(hours=6)
KEY_ID = "demo-1"


class IdentityProvider:
    """Issues EdDSA tokens. Its key is made once and kept in the data folder."""

    def __init__(self, settings: Settings) -> None:
        self.issuer, self.audience = settings.jwt_issuer, settings.jwt_audience
        path = settings.data_dir / "demo-identity.key"
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            with open(path, "xb", opener=private_opener) as file:
                file.write(fresh)
        except FileExistsError:
            pass
        self._private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    def token(
        self,
        subject: str,
        name: str,
        *,
        roles: Iterable[str] = (),
        territory: str = "DE",
        kids: bool = False,
        locale: str | None = None,
        titles: Iterable[str] = (),
        lifetime: timedelta = TOKEN_LIFETIME,
    ) -> str:
        """A signed token for the viewer whom the service calls ``subject``."""
        now = utc_now()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "name": name,
            "roles": sorted(roles),
            "territory": territory,
            "kids": kids,
            "titles": sorted(titles),
            "jti": random_code(16),
            "iat": now,
            "exp": now + lifetime,
        }
        if locale is not None:
            claims["locale"] = locale
        return self.signed(claims)

    def title_token(self, subject: str, title: str, lifetime: timedelta = WATCH_LIFETIME) -> str:
        """The signed word that ``subject`` may watch ``title`` (slug), for its whole media."""
        now = utc_now()
        claims = {"iss": self.issuer, "aud": self.audience + TITLE_AUDIENCE, "sub": subject, "title": title}
        return self.signed(claims | {"iat": now, "exp": now + lifetime})

    def signed(self, claims: dict[str, Any]) -> str:
        """``claims``, signed."""
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"kid": KEY_ID})

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set (RFC 7517)."""
        raw = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KEY_ID, "use": "sig", "alg": "EdDSA", "x": x}]}

    def keys_for(self, token: str) -> Sequence[PyJWK]:
        """The verifying key, in process: the demo need not call itself over HTTP."""
        return candidates(self.jwks()["keys"], jwt.get_unverified_header(token))
