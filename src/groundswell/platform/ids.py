"""Identifiers: time-ordered UUIDs for rows, short random codes for what people pass on."""

import binascii
import os
import secrets
import time
from uuid import UUID

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""No 0/O/I/l: a code can be read aloud and typed."""


VERSION_7 = 0x7 << 76 | 0b10 << 62
RANDOM_BITS = 0x0FFF_3FFF_FFFF_FFFF_FFFF
"""What version and variant leave of the last ten bytes."""


def uuid7() -> UUID:
    """A UUID of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    return UUID(bytes=uuid7_bytes())


def uuid7_bytes() -> bytes:
    """The 16 bytes of a ``uuid7``, for where an object would cost more than it gives."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(_ten_random_bytes(), "big") & RANDOM_BITS | VERSION_7
    return value.to_bytes(16, "big")


_drawn: list[bytes] = []
"""Random bytes of the operating system, drawn many at a time: asking for ten costs more than all else about an id."""

os.register_at_fork(after_in_child=_drawn.clear)  # a child must not give out what its parent will


def _ten_random_bytes() -> bytes:
    try:
        return _drawn.pop()
    except IndexError:
        block = os.urandom(2560)
        _drawn.extend(block[start : start + 10] for start in range(10, 2560, 10))
        return block[:10]


URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64url(data: bytes) -> str:
    """``data`` in the alphabet for URLs (RFC 4648 §5); what ``base64.urlsafe_b64encode`` says, sooner."""
    return binascii.b2a_base64(data, newline=False).translate(URL_SAFE).decode()


def random_code(length: int = 10) -> str:
    """A random base58 code; 10 characters carry 58 bits."""
    return "".join(secrets.choice(BASE58) for _ in range(length))
