"""The events behind a number: pages of them with their current verdicts, and how a number counts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Text, and_, cast, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.events.tables import JudgedEvent, LoggedEvent, Reverdict

from .drilldown import Conditions
from .drilldown import conditions as narrowing

MINUTES = 60

COUNTED = {"share": "human", "unfurl": "unfurl", "click": "human", "continue": "human", "play": "human"}
"""What the rows behind a step's number are taken for; of other kinds, whatever was reported counts."""


@dataclass(frozen=True)
class EventQuery:
    """Which events: from ``begin`` until ``end``, and what they are narrowed to (dimension → key; None: any)."""

    begin: datetime
    end: datetime
    kind: str | None = None
    verdict: str | None = None
    shared: bool = False
    share_id: UUID | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"

    async def conditions(self, session: AsyncSession) -> Conditions:
        found: Conditions = [JudgedEvent.at >= self.begin, JudgedEvent.at < self.end]
        for column, value in (
            (JudgedEvent.kind, self.kind),
            (JudgedEvent.share_id, self.share_id),
        ):
            if value is not None:
                found.append(column == value)
        if self.verdict is not None:
            found.append(_taken_for(self.verdict))
        if self.shared:
            found.append(JudgedEvent.share_id.is_not(None))
        return found + await narrowing(session, JudgedEvent, self.where, self.zone)


def _taken_for(verdict: str) -> ColumnElement[bool]:
    """What is taken for that; a person's, too, the share of a viewer who was signed in, which nobody judges."""
    if verdict != "human":
        return JudgedEvent.verdict == verdict
    return or_(JudgedEvent.verdict == verdict, and_(JudgedEvent.kind == "share", JudgedEvent.verdict.is_(None)))


async def page_of_events(
    session: AsyncSession, asked: EventQuery, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[JudgedEvent]:
    """Events, newest first; ``before`` is the place of the last one of the page before."""
    query = select(JudgedEvent).where(*await asked.conditions(session))
    query = query.order_by(JudgedEvent.at.desc(), JudgedEvent.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(JudgedEvent.at, JudgedEvent.id) < before)
    return (await session.scalars(query)).all()


async def counts(session: AsyncSession, asked: EventQuery) -> tuple[int, int]:
    """How many events, and of how many visitors, as the loop's numbers count them (a visitor is one for a day)."""
    day = func.timezone(asked.zone, JudgedEvent.at).cast(Date)
    who = func.coalesce(JudgedEvent.visitor, cast(JudgedEvent.id, Text))
    query = select(func.count(), func.count(tuple_(day, who).distinct())).where(*await asked.conditions(session))
    events, visitors = (await session.execute(query)).one()
    return events, visitors


async def columns_of_events(
    session: AsyncSession, asked: EventQuery, names: Sequence[str], limit: int
) -> Sequence[tuple[Any, ...]]:
    """Some columns of the newest events, as files hold them."""
    query = select(*(getattr(JudgedEvent, name) for name in names)).where(*await asked.conditions(session))
    rows = await session.execute(query.order_by(JudgedEvent.at.desc(), JudgedEvent.id.desc()).limit(limit))
    return [tuple(row) for row in rows]


@dataclass(frozen=True)
class OneEvent:
    """An event as it was logged, what it is taken for now, and every later verdict in the order they were given."""

    logged: LoggedEvent
    current: str | None
    verdicts: Sequence[Reverdict]


async def find_event(session: AsyncSession, event_id: UUID, at: datetime) -> OneEvent | None:
    """One event; None when there is none. ``at`` tells where it is kept."""
    logged = await session.get(LoggedEvent, (at, event_id))
    if logged is None:
        return None
    later = select(Reverdict).filter_by(event_id=event_id, at=at).order_by(Reverdict.created_at, Reverdict.id)
    current = (await session.get_one(JudgedEvent, (at, event_id))).verdict
    return OneEvent(logged, current, (await session.scalars(later)).all())


@dataclass(frozen=True)
class LastHour:
    """People's events of the last hour by minute and kind, and the newest events of all with their titles' names."""

    minutes: dict[datetime, dict[str, int]]
    newest: list[tuple[JudgedEvent, str | None]]


async def last_hour(session: AsyncSession, now: datetime, newest: int) -> LastHour:
    """What was received within the hour before ``now``, and happened within the last day."""
    minute = func.date_trunc("minute", JudgedEvent.received_at)
    since = (now - timedelta(minutes=MINUTES - 1)).replace(second=0, microsecond=0)
    recently = JudgedEvent.received_at >= since, JudgedEvent.at >= since - timedelta(days=1)
    counted = await session.execute(
        select(minute, JudgedEvent.kind, func.count())
        .where(*recently, JudgedEvent.verdict.is_distinct_from("robot"))
        .group_by(minute, JudgedEvent.kind)
    )
    minutes: dict[datetime, dict[str, int]] = {since + timedelta(minutes=n): {} for n in range(MINUTES)}
    for at, kind, count in counted:
        minutes.setdefault(at, {})[kind] = count
    query = select(JudgedEvent, Title.name).outerjoin(Title, Title.id == JudgedEvent.title_id).where(*recently)
    rows = await session.execute(query.order_by(JudgedEvent.received_at.desc(), JudgedEvent.id.desc()).limit(newest))
    return LastHour(minutes, [(event, title) for event, title in rows])
