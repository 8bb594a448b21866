"""Touch tokens: what a visit hands to the service, so that a sign-up or a sale can name the visit that led to it.

A token names one event of the log by its instant and id, and is signed: it says nothing about the visitor.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from groundswell.platform.ids import base64url
from groundswell.platform.signatures import Secrets, signed, verified

PURPOSE = "touch"
PARAMETER = "gs"
"""The query parameter that carries a token to the service's own pages."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TouchedEvent:
    """The event that a token names."""

    at: datetime
    id: UUID


def touch_token(secret: bytes, at: datetime, id: UUID) -> str:
    """A token for the event ``id`` of ``at``: 38 characters that need no escaping in a URL."""
    return touch_token_of_bytes(secret, at, id.bytes)


def touch_token_of_bytes(secret: bytes, at: datetime, id: bytes) -> str:
    """``touch_token`` for an id that was never made an object."""
    packed = ((at - EPOCH) // MICROSECOND).to_bytes(8, "big") + id
    return signed(secret, PURPOSE, base64url(packed))


def read_touch_token(secrets: Secrets, token: str) -> TouchedEvent | None:
    """The event that ``token`` names, or None when it is not ours."""
    code = verified(secrets, PURPOSE, token)
    if code is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(code)
        return TouchedEvent(EPOCH + int.from_bytes(packed[:8], "big") * MICROSECOND, UUID(bytes=packed[8:]))
    except (ValueError, OverflowError, binascii.Error):
        return None
