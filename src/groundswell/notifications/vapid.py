"""Who we are to push services (VAPID, RFC 8292): a key pair for each of the service's secrets, derived from it.

A browser's subscription holds for the key that it was made with. A secret that was replaced and is still named among
the previous ones signs for those who subscribed under it; whoever subscribes anew does so under the present one.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from groundswell.platform.ids import base64url
from groundswell.platform.settings import Settings

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256: private keys are the numbers from 1 to one less."""
HOLDS = timedelta(hours=12)
"""At most a day, by the RFC."""


@lru_cache(maxsize=16)
def _key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    derived = HKDF(SHA256(), 48, None, b"groundswell vapid").derive(secret)
    return ec.derive_private_key(int.from_bytes(derived, "big") % (ORDER - 1) + 1, ec.SECP256R1())


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64url(point).rstrip("=")


def public_key(settings: Settings) -> str:
    """What browsers subscribe with now (``applicationServerKey``), in base64url."""
    return _public(_key(settings.secret))


def holds(settings: Settings, key: str) -> bool:
    """Whether we can still sign for who subscribed with ``key``."""
    return _secret_of(settings, key) is not None


def authorization(settings: Settings, key: str, endpoint: str, now: datetime) -> str | None:
    """The header ``Authorization`` for a message to ``endpoint``; None when ``key`` is none of ours any more."""
    secret = _secret_of(settings, key)
    if secret is None:
        return None
    parts = urlsplit(endpoint)
    hour = int(now.timestamp()) // 3600
    return _signed(secret, f"{parts.scheme}://{parts.netloc}", f"mailto:{settings.mail_from}", hour)


def _secret_of(settings: Settings, key: str) -> bytes | None:
    return next((secret for secret in settings.secrets if _public(_key(secret)) == key), None)


@lru_cache(maxsize=1024)
def _signed(secret: bytes, audience: str, contact: str, hour: int) -> str:
    """Signed once an hour for each push service."""
    key = _key(secret)
    claims = {"aud": audience, "exp": hour * 3600 + int(HOLDS.total_seconds()), "sub": contact}
    return f"vapid t={jwt.encode(claims, key, 'ES256')}, k={_public(key)}"
