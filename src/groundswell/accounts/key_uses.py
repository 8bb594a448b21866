"""When each service key was last used: noted once a minute by each process, in a transaction of its own, so that no
request waits for another's."""

import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database

from .tables import ServiceKey, ServiceKeyUse

AGAIN_S = 60.0


class KeyUses:
    """Notes uses for this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[UUID, float] = {}

    async def note(self, key_id: UUID) -> None:
        """Note that a key is used now, unless that was noted a moment ago."""
        now = time.monotonic()
        if now - self._noted.get(key_id, -AGAIN_S) < AGAIN_S:
            return
        self._noted[key_id] = now
        async with self._database.transaction() as session:
            row = insert(ServiceKeyUse).values(key_id=key_id, used_at=utc_now())
            latest = func.greatest(ServiceKeyUse.used_at, row.excluded.used_at)
            await session.execute(row.on_conflict_do_update(index_elements=["key_id"], set_={"used_at": latest}))


async def keys_and_uses(session: AsyncSession) -> Sequence[tuple[ServiceKey, datetime | None]]:
    """Every key, those that hold first, the newest first; and when each was last used."""
    query = select(ServiceKey, ServiceKeyUse.used_at).outerjoin(ServiceKeyUse, ServiceKeyUse.key_id == ServiceKey.id)
    query = query.order_by(ServiceKey.revoked_at.is_not(None), ServiceKey.id.desc())
    return [(key, used_at) for key, used_at in await session.execute(query)]
