"""What stands behind a notification, and all that is kept of somebody: for its page, and for whoever wants it whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import JudgedCredit
from groundswell.platform.problems import NotFound

from .inbox import joined_by
from .tables import DigestMail, Notification, NotificationChoice, PushSubscription


class NotificationUnknown(NotFound):
    code, title = "notification_unknown", "There is no such notification of yours."


@dataclass(frozen=True)
class Joining:
    """That somebody joined by way of a share: when, how it had come to them, and what they did. Not who."""

    at: datetime
    channel: str
    kind: str


async def one_of(session: AsyncSession, viewer_id: UUID, notification_id: UUID) -> Notification:
    """A viewer's own notification.

    Raises:
        NotificationUnknown: there is none, or it is somebody else's.
    """
    row = await session.scalar(select(Notification).filter_by(id=notification_id, viewer_id=viewer_id))
    if row is None:
        raise NotificationUnknown()
    return row


async def joined_behind(session: AsyncSession, row: Notification) -> Sequence[Joining]:
    """Those whom ``brought`` counts, the latest first."""
    if row.kind != "brought":
        return []
    query = joined_by(row.viewer_id, [row]).with_only_columns(JudgedCredit.at, JudgedCredit.channel, JudgedCredit.kind)
    found = await session.execute(query.order_by(JudgedCredit.at.desc(), JudgedCredit.id))
    return [Joining(*each) for each in found]


async def kept_of(session: AsyncSession, viewer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Every row that is kept of a viewer here, by table, as JSON values."""
    found = {}
    for table in (Notification, NotificationChoice, DigestMail, PushSubscription):
        rows = await session.execute(select(*table.__table__.columns).where(table.viewer_id == viewer_id))
        found[table.__tablename__] = [{name: _plain(value) for name, value in row._mapping.items()} for row in rows]
    return found


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | list | None) else str(value)
