"""Receiving a batch: read, check, commit, acknowledge."""

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.event import day_of
from groundswell.events.log.event_log import EventLog, record_lines
from groundswell.events.log.lookups import References
from groundswell.events.log.partitions import kept_for
from groundswell.events.schemas import Committed, IncomingEvent
from groundswell.events.signals import PlaysRefused, Visited
from groundswell.events.traffic.visit_ticket import LASTS, named_visit
from groundswell.events.traffic.visitors import Visitors
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .auth import Callers
from .limits import VisitLimits
from .parser import (
    CLOCKS_DIFFER,
    ParsedBatch,
    Sender,
    named_by,
    parse,
    read_references,
    signed_in_visits,
    to_lines,
    visit_lines,
)
from .refused_plays import TRIED, RefusedPlays


@dataclass(frozen=True)
class Receiving:
    """What receiving events needs, held by the process."""

    settings: Settings
    log: EventLog
    callers: Callers
    references: References
    visitors: Visitors
    limits: VisitLimits
    refused: RefusedPlays = field(default_factory=RefusedPlays)

    async def receive(self, request: Request, session: AsyncSession) -> Committed:
        """Take the batch in ``request`` and return when it is committed.

        With an ``Idempotency-Key`` it is written in ``session``'s transaction, together with its answer.

        Raises:
            Problem: what is wrong with it; then none of it is stored.
        """
        sender = await self.callers.sender(request)
        events = parse(await request.body(), self.settings.event_batch_max)
        await read_references(self.references, events)
        now = utc_now()
        try:
            lines = await (self._of_service if sender.service else self._of_page)(events, sender, now)
        except Problem as problem:
            if not sender.service and problem.code in TRIED:
                await self._tell_refused(events, problem.code, now)
            raise
        if "idempotency-key" in request.headers:
            await record_lines(session, lines.text, lines.days)
        else:
            await self.log.submit(lines.text, lines.days, lines.kinds)
        if sender.service:
            for visited in signed_in_visits(events, self.references):
                await signals.send(session, Visited(visited))
        return Committed(events=len(lines.kinds))

    async def _of_service(self, events: list[IncomingEvent], sender: Sender, now: datetime) -> ParsedBatch:
        max_age = min(timedelta(days=self.settings.event_max_age_days), kept_for(self.settings))
        for event in events:  # so that what is committed can be named afterwards
            event.setdefault("id", uuid7())
            event.setdefault("at", now)
        return to_lines(events, sender, self.references, await self._salts(events, now), max_age, now)

    async def _of_page(self, events: list[IncomingEvent], sender: Sender, now: datetime) -> ParsedBatch:
        """What is beyond the limits is logged with the verdict that counts it apart."""
        visits = [visit for event in events if (visit := named_visit(event.get("visit", ""))) is not None]
        recent = {day_of(visit.at): visit.at for visit in visits if now - LASTS <= visit.at <= now + CLOCKS_DIFFER}
        salts = {day: await self.visitors.prepare(at) for day, at in recent.items()}
        lines = visit_lines(events, sender, self.references, self.settings.secret, salts, now)
        if sender.verdict.kind != "human":
            return lines
        verdict = max([self.limits.judge(sender.address) for _ in events], key=lambda each: each is not None)
        if verdict is None:
            return lines
        return visit_lines(events, replace(sender, verdict=verdict), self.references, self.settings.secret, salts, now)

    async def _tell_refused(self, events: list[IncomingEvent], code: str, now: datetime) -> None:
        """Count what was refused of each moment that it names, and tell of those of which there are many."""
        named = [where for event in events if (where := named_by(event, self.references)) is not None]
        counts = Counter(where.moment_id for where in named)
        for where in {where.moment_id: where for where in named}.values():
            if where.moment_id is None:
                continue
            count = self.refused.add(where.moment_id, counts[where.moment_id], time.monotonic())
            if count is not None:
                async with self.callers.database.transaction() as session:
                    refused = PlaysRefused(where.moment_id, where.share_id, code, count, now)
                    await signals.send(session, refused)

    async def _salts(self, events: list[IncomingEvent], now: datetime) -> dict[date, bytes]:
        instants = [event.get("at", now) for event in events if "visitor" in event]
        return {day_of(at): await self.visitors.prepare(at) for at in {day_of(at): at for at in instants}.values()}
