"""Payment details at rest: each record under a key of its own, and that key wrapped by one from the settings.

Envelope encryption: AES-256-GCM under a fresh data key, bound to whose record it is, so that none can be put in
another's place; the data key is wrapped (Fernet) by GROUNDSWELL_PAYEE_KEY. To replace that key, only the data keys are
wrapped anew (``rewrapped``): no record is touched.
"""

import base64
import hashlib
import hmac
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

NONCE = 12


class PayeeUnreadable(Problem):
    status, code = 409, "payee_unreadable"
    title = (
        "The payment details cannot be read: GROUNDSWELL_PAYEE_KEY is another than it was. They must be entered again."
    )


def seal(settings: Settings, of: UUID, content: bytes) -> tuple[str, bytes]:
    """``content`` as it is kept for ``of``: the wrapped data key, and the ciphertext."""
    key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, of.bytes)
    return _wrapping(settings).encrypt(key).decode(), sealed


def unseal(settings: Settings, of: UUID, data_key: str, sealed: bytes) -> bytes:
    """What was sealed for ``of``.

    Raises:
        PayeeUnreadable: under another key, for somebody else, or not what was sealed.
    """
    try:
        key = _wrapping(settings).decrypt(data_key.encode())
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], of.bytes)
    except (InvalidToken, InvalidTag, ValueError):
        raise PayeeUnreadable() from None


def rewrapped(settings: Settings, data_key: str) -> str:
    """A data key, wrapped by the present key.

    Raises:
        PayeeUnreadable: none of the settings' keys wrapped it.
    """
    try:
        return _wrapping(settings).rotate(data_key.encode()).decode()
    except InvalidToken:
        raise PayeeUnreadable() from None


def _wrapping(settings: Settings) -> MultiFernet:
    """The present key first. Where none is set, one is made of the service's secret, and stays among those before when
    one is."""
    named = [settings.payee_key, *settings.payee_key_previous]
    secrets = [key.get_secret_value().encode() for key in named if key is not None]
    keys = (hmac.digest(secret, b"payees", hashlib.sha256) for secret in (*secrets, *settings.secrets))
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
