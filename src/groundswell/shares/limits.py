"""How many shares one person may make in a minute.

Viewers: the shares they made are the count, so it is exact over any number of processes and survives restarts.
Visitors have no row to count by, and no address of theirs is stored: each process keeps a sliding window of its own in
memory, by address, so that a visitor may at worst make as many shares as there are processes times the limit.
"""

import math
import time
from collections import OrderedDict, deque
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import TooManyRequests

from .tables import Share

WINDOW = timedelta(minutes=1)


async def admit_viewer(session: AsyncSession, viewer_id: UUID, limit: int) -> None:
    """Let a viewer make one more share. Their next request waits until this transaction ends.

    Raises:
        TooManyRequests: ``limit`` shares within the last minute; Retry-After says when the next is free.
    """
    await lock(session, Lock.SHARING, viewer_id)
    now = utc_now()
    latest = select(Share.created_at).where(Share.viewer_id == viewer_id, Share.created_at > now - WINDOW)
    made = (await session.scalars(latest.order_by(Share.created_at.desc()).limit(limit))).all()
    if len(made) >= limit:
        raise refused(limit, (made[-1] + WINDOW - now).total_seconds())


class VisitorWindow:
    """Shares of visitors in the last minute, by address, in this process alone; remembers ``most`` addresses."""

    def __init__(self, limit: int, most: int = 10_000) -> None:
        self.limit, self.most = limit, most
        self._made: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, address: str, now: float | None = None) -> None:
        """Let the visitor at ``address`` make one more share at ``now`` (seconds of the monotonic clock).

        Raises:
            TooManyRequests: as for viewers.
        """
        now = time.monotonic() if now is None else now
        made = self._made.setdefault(address, deque())
        self._made.move_to_end(address)
        while made and made[0] <= now - WINDOW.total_seconds():
            made.popleft()
        if len(made) >= self.limit:
            raise refused(self.limit, made[0] + WINDOW.total_seconds() - now)
        made.append(now)
        while len(self._made) > self.most:
            self._made.popitem(last=False)


def refused(limit: int, wait_s: float) -> TooManyRequests:
    """The refusal, saying when to come back."""
    seconds = max(1, math.ceil(wait_s))
    detail = f"You may share {limit} times a minute; try again in {seconds} s."
    return TooManyRequests(detail, headers={"Retry-After": str(seconds)}, limit=limit)
