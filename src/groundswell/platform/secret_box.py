"""What is kept encrypted under the service's own secret: read by it alone, not by who has the database or a backup."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from .settings import Settings


class SealedUnderAnother(Exception):
    """It was under a secret that the settings do not name any more."""


def seal(settings: Settings, purpose: str, what: bytes) -> bytes:
    """``what`` as it is kept; ``purpose`` says for what, and nothing else can open it."""
    return _box(settings, purpose).encrypt(what)


def unseal(settings: Settings, purpose: str, sealed: bytes) -> bytes:
    """What was kept.

    Raises:
        SealedUnderAnother: as it says.
    """
    try:
        return _box(settings, purpose).decrypt(sealed)
    except InvalidToken:
        raise SealedUnderAnother() from None


def _box(settings: Settings, purpose: str) -> MultiFernet:
    keys = (hmac.digest(secret, purpose.encode(), hashlib.sha256) for secret in settings.secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
