"""Short signatures over short codes, so that a guessed or altered link is refused without a look-up."""

import hashlib
import hmac
from functools import lru_cache

from .ids import BASE58

TAG_LENGTH = 6
PAIRS = [first + second for second in BASE58 for first in BASE58]
"""Two digits of base58 at a time, the lower one first."""


Secrets = bytes | tuple[bytes, ...]
"""The secret, or it and those before it, by which what was signed still holds."""


def tag(secret: bytes, purpose: str, message: str, length: int = TAG_LENGTH) -> str:
    """A truncated keyed BLAKE2s (RFC 7693) of ``message`` in base58; six characters carry 35 bits.

    Short enough for a link that people type, and enough against online guessing: a forger needs 2³⁴ requests
    on average for one link, and then still a code that exists.
    """
    digest = hashlib.blake2s(message.encode(), digest_size=16, key=_key(secret, purpose)).digest()
    value = int.from_bytes(digest, "big") % 58**length
    characters = []
    for _ in range(0, length, 2):
        value, remainder = divmod(value, 58 * 58)
        characters.append(PAIRS[remainder])
    return "".join(characters)[:length]


@lru_cache(maxsize=64)
def _key(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose alone, so that what is signed for one says nothing for another."""
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)


def signed(secret: bytes, purpose: str, code: str) -> str:
    """``code`` followed by its tag."""
    return code + tag(secret, purpose, code)


def verified(secrets: Secrets, purpose: str, token: str) -> str | None:
    """The code inside ``token``, or None when the tag is by none of ``secrets``."""
    code, given = token[:-TAG_LENGTH], token[-TAG_LENGTH:]
    if not code or not token.isascii():
        return None
    for secret in (secrets,) if isinstance(secrets, bytes) else secrets:
        if hmac.compare_digest(tag(secret, purpose, code), given):
            return code
    return None
