"""The outbox: a message is written in the transaction of what it tells, so that neither exists without the other."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.ids import uuid7

from .kinds import Kind

WANTED = text("""
SELECT EXISTS (
    SELECT FROM webhook_endpoints WHERE status = 'on' AND (kinds = '{}' OR CAST(:kind AS varchar) = ANY(kinds))
)
""")

WRITE = text("""
WITH told AS (
    INSERT INTO webhook_messages (id, kind, subject, at, data, people)
    VALUES (:id, :kind, :subject, :at, CAST(:data AS jsonb), CAST(:people AS jsonb))
    ON CONFLICT DO NOTHING
    RETURNING id, kind, subject
)
INSERT INTO webhook_deliveries (endpoint_id, message_id, subject, due_at)
SELECT e.id, told.id, told.subject, clock_timestamp() FROM webhook_endpoints e, told
WHERE e.status = 'on' AND (e.kinds = '{}' OR told.kind = ANY(e.kinds))
ORDER BY e.id
""")

Data = Callable[[], Awaitable[Mapping[str, Any]]]


async def is_wanted(session: AsyncSession, kind: Kind) -> bool:
    """Whether an endpoint is to be told of ``kind``."""
    return bool(await session.scalar(WANTED, {"kind": kind}))


async def tell(
    session: AsyncSession,
    kind: Kind,
    subject: str,
    at: datetime,
    data: Mapping[str, Any],
    *,
    people: Mapping[str, UUID | None] | None = None,
    id: UUID | None = None,
) -> None:
    """Write a message for every endpoint that wants its kind; nothing where none does.

    Args:
        subject: what it is about: messages of one subject arrive in the order in which they were written.
        people: fields of the data that name viewers.
        id: the event log's, where it has a row of this; telling the same twice is telling it once.
    """
    named = {field: str(viewer) for field, viewer in (people or {}).items() if viewer is not None}
    row = {
        "id": id or uuid7(),
        "kind": kind,
        "subject": subject,
        "at": at,
        "data": json.dumps({**data, **dict.fromkeys(people or {})}, ensure_ascii=False, default=str),
        "people": json.dumps(named),
    }
    await session.execute(WRITE, row)
