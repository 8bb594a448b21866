"""Secrets of endpoints: made, kept encrypted under the service's own secret, and what signs with them."""

import base64
import secrets

from standardwebhooks import Webhook

from groundswell.platform import secret_box
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

PREFIX = "whsec_"
LENGTH = 32
PURPOSE = "webhook secrets"


class SecretUnreadable(Problem):
    status, code = 409, "webhook_secret_unreadable"
    title = "The endpoint's secret cannot be read: GROUNDSWELL_SECRET_KEY is another than it was. Make a new one."


def new_secret() -> str:
    """A secret as the specification writes it: ``whsec_`` and 32 bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def seal(settings: Settings, secret: str) -> str:
    """``secret`` as it is kept."""
    return secret_box.seal(settings, PURPOSE, secret.encode()).decode()


def unseal(settings: Settings, sealed: str) -> str:
    """A secret that was kept.

    Raises:
        SecretUnreadable: it was under a secret that the settings do not name any more.
    """
    try:
        return secret_box.unseal(settings, PURPOSE, sealed.encode()).decode()
    except secret_box.SealedUnderAnother:
        raise SecretUnreadable() from None


def signer(settings: Settings, sealed: str) -> Webhook:
    """What signs with a secret that was kept."""
    return Webhook(unseal(settings, sealed))
