"""Identifiers: time-ordered UUIDs for rows, short random codes for what people pass on."""

import os
import secrets
import time
from uuid import UUID

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""No 0/O/I/l: a code can be read aloud and typed."""


def uuid7() -> UUID:
    """A UUID of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10), "big") >> 6
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random_bits >> 62) << 64
    return UUID(int=value | 0b10 << 62 | random_bits & 0x3FFF_FFFF_FFFF_FFFF)


def random_code(length: int = 10) -> str:
    """A random base58 code; 10 characters carry 58 bits."""
    return "".join(secrets.choice(BASE58) for _ in range(length))
