"""Where links lead: a cache that ``platform/notified_cache.py`` invalidates when something about them changes.

Links that are not in it are looked up together: those that are asked for while a look-up is on its way go with the
next, which waits a moment for as many as came lately (as ``log/event_log.py`` does). So a service that has just
started, or has more links than it keeps, asks the database a few times for many links instead of many times for each.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count, islice
from typing import Any, NamedTuple
from uuid import UUID

from groundswell.catalog.watch_address import Device, Named, device_of, own_devices, watch_address
from groundswell.events.log.lookups import EventPlace, place
from groundswell.moments.availability import Audience
from groundswell.platform.address_template import REFERRER
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.database import Database
from groundswell.platform.notified_cache import NotifiedCache
from groundswell.platform.settings import Settings
from groundswell.shares.links import ShareOptions, code_of, holds_until, resolve, share_url
from groundswell.trust.rules import ANYWHERE

from .link_lookup import TITLE_BYTES, Addresses, LinkLookup, OpenLink, OpenTitle

AT_THE_SERVICE = Audience(viewer_id=UUID(int=0), territory=ANYWHERE)
"""Who goes to the title is judged as a member: who may watch it is for the service to say, at its own door."""

TOGETHER_MAX = 256
GATHER_MAX_S = 0.002
SINGLY_AT_ONCE = 4


class Destination(NamedTuple):
    """Where a link leads. ``start`` and ``after`` are the title at the moment's first and at its last second;
    ``elsewhere`` has the same two for devices that the service leads to other addresses. ``options`` say how its
    landing page shows the moment. ``holds_until`` is when that may change without anybody changing anything."""

    place: EventPlace
    start: str
    after: str
    landing: str
    options: ShareOptions
    holds_until: datetime | None
    elsewhere: Mapping[Device, tuple[str, str]]

    def of(self, user_agent: str) -> tuple[str, str]:
        """``start`` and ``after`` for the device that a browser says it runs on."""
        return self.elsewhere.get(device_of(user_agent), (self.start, self.after))


class LinkQuestion(NamedTuple):
    """Where a token leads, asked at a generation of the cache: what changes meanwhile is asked anew."""

    token: str
    code: str
    generation: int


class Destinations:
    """Where links lead."""

    def __init__(self, database: Database, settings: Settings, memory: NotifiedCache[Destination]) -> None:
        self.database, self.settings, self.memory = database, settings, memory
        self.titles = NotifiedCache[OpenTitle](lasts_s=memory.lasts_s, weigh=lambda title: TITLE_BYTES)
        self._lookup = LinkLookup(database, self.titles)
        self._asked: dict[LinkQuestion, asyncio.Future[Destination]] = {}
        self._waiting: dict[LinkQuestion, None] = {}
        self._alone = count(-1, -1)
        self._looking: asyncio.Task[None] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._came, self._took_s = (1, 1), 0.0
        self._singly: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(SINGLY_AT_ONCE)

    def known(self, token: str, now: datetime) -> Destination | None:
        """Where ``token`` leads now, when that is in memory."""
        found = self.memory.get(token)
        return None if found is None or (found.holds_until is not None and found.holds_until <= now) else found

    async def find(self, token: str, now: datetime) -> Destination:
        """Where ``token`` leads now.

        Raises:
            Problem: it leads nowhere (``shares.links.resolve`` says why).
        """
        return self.known(token, now) or await self._look_up(token)

    async def _look_up(self, token: str) -> Destination:
        """What one look-up finds, for all who ask while nothing has changed."""
        return await asyncio.shield(self.ask(token))

    def ask(self, token: str) -> "asyncio.Future[Destination]":
        """Look ``token`` up, for who waits for it without a task of their own. Not to be cancelled: others may wait.

        Raises:
            LinkForged: it was never a link of ours.
        """
        code = code_of(self.settings, token)
        question = LinkQuestion(token, code, self.memory.generation if self.memory.listening else next(self._alone))
        answer = self._asked.get(question)
        if answer is None:
            answer = self._asked[question] = asyncio.get_running_loop().create_future()
            self._waiting[question] = None
            self._begin()
        return answer

    @property
    def asked(self) -> int:
        """How many links are being looked up."""
        return len(self._asked)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._lookup.close()

    def _answer(self, question: LinkQuestion, found: Destination) -> None:
        answer = self._asked.pop(question)
        if not answer.done():
            answer.set_result(found)

    def _refuse(self, questions: Iterable[LinkQuestion], error: Exception | None) -> None:
        """Tell those who asked why there is no answer; None: nobody looks any more."""
        for question in questions:
            answer = self._asked.pop(question, None)
            if answer is None or answer.done():
                continue
            if error is None:
                answer.cancel()
            else:
                answer.set_exception(error)
                answer.exception()  # those who asked have it, if any are left

    def _begin(self) -> None:
        """Look up who waits: when as many are here as came lately, or soon, unless a look-up is on its way. One at a
        time: the more links a statement answers, the less each costs."""
        if self._looking is not None:
            return
        if len(self._waiting) >= max(self._came):
            self._set_off()
        elif self._due is None:
            patience = min(GATHER_MAX_S, self._took_s / 2)
            self._due = asyncio.get_running_loop().call_later(patience, self._set_off)

    def _set_off(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due, self._looking = None, asyncio.create_task(self._look_up_waiting())

    async def _look_up_waiting(self) -> None:
        batch = list(islice(self._waiting, TOGETHER_MAX))
        for question in batch:
            del self._waiting[question]
        began = time.perf_counter()
        try:
            await self._look_up_together(batch)
        except Exception as error:
            self._refuse(batch, error)
        except asyncio.CancelledError:
            self._refuse(batch, None)
            raise
        finally:
            self._took_s = 0.8 * self._took_s + 0.2 * (time.perf_counter() - began)
            self._came, self._looking = (self._came[1], len(batch)), None
            if self._waiting:
                self._begin()

    async def _look_up_together(self, batch: Sequence[LinkQuestion]) -> None:
        generation = self.memory.generation
        found = await self._lookup.find(sorted({question.code for question in batch}))
        for question in batch:
            link = found.get(question.code)
            if link is not None:
                self._answer(question, self._open(question.token, link, generation))
        for question in batch:
            if question in self._asked:
                _start(self._look_at(question), self._singly)

    def _open(self, token: str, link: OpenLink, generation: int) -> Destination:
        title, span = link.title, (link.start_us, link.end_us)
        addresses = title.addresses.get(span)
        if addresses is None:
            addresses = title.addresses[span] = self._addresses_of(title, span)
        where = place(link.share_id, link.moment_id, link.title_id, link.channel)
        found = self._destination(token, where, addresses, link.options, link.holds_until)
        self.memory.put(token, found, generation, link.depends_on)
        return found

    async def _look_at(self, question: LinkQuestion) -> None:
        """One link that is not plainly open; of those, however many, only a few at a time."""
        try:
            async with self._places:
                found = await self._resolve(question.token)
        except Exception as error:
            self._refuse([question], error)
        except asyncio.CancelledError:
            self._refuse([question], None)
            raise
        else:
            self._answer(question, found)

    async def _resolve(self, token: str) -> Destination:
        generation, asked_at = self.memory.generation, utc_now()
        async with self.database.transaction() as session:
            resolved = await resolve(session, self.settings, token, AT_THE_SERVICE)
            until = await holds_until(session, resolved, asked_at)
        share, moment, title = resolved.share, resolved.moment, resolved.title
        where = place(share.id, moment.id, title.id, share.channel)
        addresses = self._addresses_of(title, (moment.start_us, moment.end_us))
        found = self._destination(token, where, addresses, resolved.options, until)
        self.memory.put(token, found, generation, resolved.depends_on)
        return found

    def _destination(
        self, token: str, where: EventPlace, addresses: Addresses, options: ShareOptions, until: datetime | None
    ) -> Destination:
        landing = share_url(self.settings, token)
        return Destination(where, addresses.start, addresses.after, landing, options, until, addresses.elsewhere)

    def _addresses_of(self, title: Named, span: tuple[int, int]) -> Addresses:
        devices = own_devices(self.settings, title.watch)
        elsewhere = {device: self._addresses(title, span, device) for device in devices}
        return Addresses(*self._addresses(title, span), elsewhere)

    def _addresses(self, title: Named, span: tuple[int, int], device: Device = "web") -> tuple[str, str]:
        start, after = (
            watch_address(self.settings, title, us // US_PER_SECOND, device, referrer=REFERRER) for us in span
        )
        return start, after


def _start(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
