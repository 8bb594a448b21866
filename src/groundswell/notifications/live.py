"""Inboxes that are open in a browser: told, as it happens, that something was added; bounded in number."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

from fastapi import Request
from fastapi.sse import format_sse_event

from groundswell.accounts.access import Caller, claims_of
from groundswell.moments.media.progress_feed import Watch
from groundswell.platform.database import Database
from groundswell.platform.problems import Problem, TooManyRequests
from groundswell.platform.services import services_of

from .inbox import unread_count

OF_ONE = 6
"""Streams that one viewer may have open: that is as many tabs."""
QUIET_S = 20.0
"""After so long without news it is looked whether they are still there, and signed in."""
ENDS_AFTER_S = 1800.0
"""A stream ends then, and the browser begins another: no sign-in outlives its end by more."""


class TooManyStreams(TooManyRequests):
    code, title = "too_many_streams", "There are too many live inboxes open. Ask for the count instead."


class LiveInboxes:
    """The streams of this process."""

    def __init__(self, watch: Watch, most: int) -> None:
        self.watch, self.most = watch, most
        self.open: Counter[UUID] = Counter()

    def check(self, viewer_id: UUID) -> None:
        """Return when one more may be opened.

        Raises:
            TooManyStreams: as it says.
        """
        if self.is_full(viewer_id):
            raise TooManyStreams(headers={"Retry-After": "30"})

    def is_full(self, viewer_id: UUID) -> bool:
        """Whether a viewer, or all together, have as many open as they may."""
        return self.open.total() >= self.most or self.open[viewer_id] >= OF_ONE

    @contextmanager
    def one(self, viewer_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever something is added for a viewer."""
        self.open[viewer_id] += 1
        try:
            with self.watch.of(str(viewer_id)) as changed:
                yield changed
        finally:
            self.open[viewer_id] -= 1
            if not self.open[viewer_id]:
                del self.open[viewer_id]


async def counts(request: Request, caller: Caller, territory: str | None) -> AsyncIterator[bytes]:
    """How many are unread: at once, then whenever something was added. Takes a connection only to look."""
    live, database = services_of(request).get(LiveInboxes), services_of(request).database
    clock, told = asyncio.get_running_loop().time, -1
    ends = clock() + ENDS_AFTER_S
    yield format_sse_event(retry=5000)
    if live.is_full(caller.id):  # several that were asked for at once all found room
        return
    with live.one(caller.id) as changed:
        changed.set()
        while clock() < ends:
            try:
                await asyncio.wait_for(changed.wait(), QUIET_S)
            except TimeoutError:
                if not await _still(request):
                    return
                yield format_sse_event(comment="nothing new")
                continue
            changed.clear()
            unread = await _unread(database, caller, territory)
            if unread != told:
                yield format_sse_event(data_str=json.dumps({"unread": unread}))
                told = unread
            await asyncio.sleep(0.5)  # a storm is told of twice a second


async def _unread(database: Database, caller: Caller, territory: str | None) -> int:
    async with database.transaction() as session:
        return await unread_count(session, caller.viewer, territory)


async def _still(request: Request) -> bool:
    """Whether whoever listens is there, and what signs them in still holds."""
    if await request.is_disconnected():
        return False
    request.state.session = request.state.sign_in = None
    try:
        return await claims_of(request) is not None
    except Problem:
        return False
