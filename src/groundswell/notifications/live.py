"""Inboxes that are open in a browser: told, as it happens, that something was added; bounded in number."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

from fastapi import Request
from fastapi.sse import format_sse_event

from groundswell.accounts.access import Caller, claims_of
from groundswell.moments.media.progress_feed import Watch
from groundswell.platform.database import Database
from groundswell.platform.open_streams import OpenStreams
from groundswell.platform.problems import Problem
from groundswell.platform.services import services_of

from .inbox import unread_count

OF_ONE = 6
"""Streams that one viewer may have open: that is as many tabs."""
QUIET_S = 20.0
"""After so long without news it is looked whether they are still there, and signed in."""
ENDS_AFTER_S = 1800.0
"""A stream ends then, and the browser begins another: no sign-in outlives its end by more."""


class LiveInboxes:
    """The streams of this process, and the news that they wait for."""

    def __init__(self, watch: Watch, most: int) -> None:
        self.watch, self.streams = watch, OpenStreams(most, OF_ONE)

    def check(self, viewer_id: UUID) -> None:
        """Return when one more may be opened.

        Raises:
            TooManyStreams: as it says.
        """
        self.streams.check(str(viewer_id))

    @contextmanager
    def one(self, viewer_id: UUID) -> Iterator[asyncio.Event | None]:
        """An event that is set whenever something is added for a viewer; None where there are too many."""
        with self.streams.one(str(viewer_id)) as has_place, self.watch.of(str(viewer_id)) as changed:
            yield changed if has_place else None


async def counts(request: Request, caller: Caller, territory: str | None) -> AsyncIterator[bytes]:
    """How many are unread: at once, then whenever something was added. Takes a connection only to look."""
    live, database = services_of(request).get(LiveInboxes), services_of(request).database
    clock, told = asyncio.get_running_loop().time, -1
    ends = clock() + ENDS_AFTER_S
    yield format_sse_event(retry=5000)
    with live.one(caller.id) as changed:
        if changed is None:
            return
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
