"""Secrets of endpoints: made, kept encrypted under the service's own secret, and what signs with them."""

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from standardwebhooks import Webhook

from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

PREFIX = "whsec_"
LENGTH = 32


class SecretUnreadable(Problem):
    status, code = 409, "webhook_secret_unreadable"
    title = "The endpoint's secret cannot be read: GROUNDSWELL_SECRET_KEY is another than it was. Make a new one."


def new_secret() -> str:
    """A secret as the specification writes it: ``whsec_`` and 32 bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def seal(settings: Settings, secret: str) -> str:
    """``secret`` as it is kept."""
    return _box(settings).encrypt(secret.encode()).decode()


def unseal(settings: Settings, sealed: str) -> str:
    """A secret that was kept.

    Raises:
        SecretUnreadable: it was under a secret that the settings do not name any more.
    """
    try:
        return _box(settings).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable() from None


def signer(settings: Settings, sealed: str) -> Webhook:
    """What signs with a secret that was kept."""
    return Webhook(unseal(settings, sealed))


def _box(settings: Settings) -> MultiFernet:
    keys = (hmac.digest(secret, b"webhook secrets", hashlib.sha256) for secret in settings.secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
