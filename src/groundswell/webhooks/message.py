"""A message as it crosses HTTP: the body and headers of Standard Webhooks. Pure.

The body is the same however often it is sent, and is what was signed, byte for byte.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

ANSWER_MAX = 16 << 10
"""Bytes of an answer that are read; nothing in it matters but that it came."""


def body_of(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The payload: ``type``, ``timestamp`` (when it happened) and ``data``."""
    document = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)


def headers_of(id: UUID, body: str, signers: Iterable[Webhook], now: datetime) -> dict[str, str]:
    """The headers: the id by which a receiver knows it again, when it was sent, and a signature by each secret."""
    return {
        "Content-Type": "application/json",
        "webhook-id": str(id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(each.sign(str(id), now.astimezone(UTC), body) for each in signers),
    }


def asked_pause(said: str | None, now: datetime) -> timedelta | None:
    """How long a receiver asks to be left alone (Retry-After, RFC 9110 §10.2.3); None: it says nothing to go by."""
    if said is None:
        return None
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said[:9]), 10**8))
    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(when - now, timedelta()) if when.tzinfo is not None else None
