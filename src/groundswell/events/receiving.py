"""Receiving a batch: read, check, commit, acknowledge."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings

from .callers import Callers
from .event import day_of
from .intake import BODY_MAX, BodyTooLarge, parse, read_references, to_lines
from .log import EventLog, record_lines
from .references import References
from .retention import kept_for
from .schemas import Committed, IncomingEvent
from .visitors import Visitors


@dataclass(frozen=True)
class Receiving:
    """What receiving events needs, held by the process."""

    settings: Settings
    log: EventLog
    callers: Callers
    references: References
    visitors: Visitors

    async def receive(self, request: Request, session: AsyncSession) -> Committed:
        """Take the batch in ``request`` and return when it is committed.

        With an ``Idempotency-Key`` it is written in ``session``'s transaction, together with its answer.

        Raises:
            Problem: what is wrong with it; then none of it is stored.
        """
        sender = await self.callers.sender(request)
        events = parse(await _body(request), self.settings.event_batch_max)
        await read_references(self.references, events)
        now = utc_now()
        max_age = min(timedelta(days=self.settings.event_max_age_days), kept_for(self.settings))
        salts = await self._salts(events, now) if sender.service else {}
        lines = to_lines(events, sender, self.references, salts, max_age, now)
        if "idempotency-key" in request.headers:
            await record_lines(session, lines.text, lines.days)
        else:
            await self.log.submit(lines.text, lines.days, lines.kinds)
        return Committed(events=len(lines.kinds))

    async def _salts(self, events: list[IncomingEvent], now: datetime) -> dict[date, bytes]:
        instants = [event.get("at", now) for event in events if "visitor" in event]
        return {day_of(at): await self.visitors.prepare(at) for at in {day_of(at): at for at in instants}.values()}


async def _body(request: Request) -> bytes:
    """The request's body.

    Raises:
        BodyTooLarge: as soon as that is certain; the rest is not read.
    """
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > BODY_MAX:
        raise BodyTooLarge()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            raise BodyTooLarge()
    return bytes(body)
