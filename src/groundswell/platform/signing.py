"""Short signatures over short codes, so that a guessed or altered link is refused without a look-up."""

import hashlib
import hmac

from .ids import BASE58

TAG_LENGTH = 6


def tag(secret: bytes, purpose: str, message: str, length: int = TAG_LENGTH) -> str:
    """A truncated HMAC-SHA256 of ``message`` in base58; six characters carry 35 bits.

    Short enough for a link that people type, and enough against online guessing: a forger needs 2³⁴ requests
    on average for one link, and then still a code that exists.
    """
    digest = hmac.digest(secret, f"{purpose}:{message}".encode(), hashlib.sha256)
    value = int.from_bytes(digest[:16], "big")
    characters = []
    for _ in range(length):
        value, remainder = divmod(value, 58)
        characters.append(BASE58[remainder])
    return "".join(characters)


def signed(secret: bytes, purpose: str, code: str) -> str:
    """``code`` followed by its tag."""
    return code + tag(secret, purpose, code)


def verified(secret: bytes, purpose: str, token: str) -> str | None:
    """The code inside ``token``, or None when the tag is not ours."""
    code, given = token[:-TAG_LENGTH], token[-TAG_LENGTH:]
    if not code or not token.isascii() or not hmac.compare_digest(tag(secret, purpose, code), given):
        return None
    return code
