"""People around the demo's moments: the imagined audience follows, reacts, and asks to follow.

What they do follows from what they played, so it is the same at every start; it is written once, in one transaction.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.community.tables import REACTIONS, Follow, Reaction
from groundswell.community.voters import KIND
from groundswell.creators.tables import Creator
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.runtime import Runtime

from .history import identity

ONE_IN = 3
"""Of how many who play one reacts."""

PEAKS = (0.32, 0.36, 0.4, 0.68, 0.7, 0.74, 0.9)
"""Where in a moment people feel most."""

LEANINGS = (0, 0, 1, 4, 2, 0, 5, 4, 2, 3)
"""Which of the reactions, by the last digit of who feels."""

FOLLOWED_IN = 4


async def fill_community(runtime: Runtime) -> None:
    """Write what people did, unless it is there."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Reaction.reactor).limit(1)) is None:
            await _react(session)
            await _follow(session)


async def _react(session: AsyncSession) -> None:
    columns = JudgedEvent.at, JudgedEvent.id, JudgedEvent.share_id, JudgedEvent.visitor, JudgedEvent.viewer_id
    seen = (
        JudgedEvent.channel,
        JudgedEvent.inputs,
        JudgedEvent.moment_id,
        Moment.title_id,
        Moment.start_us,
        Moment.end_us,
    )
    plays = select(*columns, *seen).join(Moment, Moment.id == JudgedEvent.moment_id)
    plays = plays.where(JudgedEvent.kind == "play", JudgedEvent.verdict == "human", JudgedEvent.visitor.is_not(None))
    rows = (await session.execute(plays.order_by(JudgedEvent.at, JudgedEvent.id))).all()
    found = {(row.moment_id, row.viewer_id or row.visitor): row for row in rows if row.id.int % ONE_IN == 0}
    reactions, events = zip(*(_reaction(row) for row in found.values()), strict=True)
    await session.execute(insert(Reaction), reactions)
    await record(session, *events)


def _reaction(row: Row[Any]) -> tuple[dict[str, Any], Event]:
    moment_id, title_id, start_us, end_us = row.moment_id, row.title_id, row.start_us, row.end_us
    number, at = row.id.int, row.at + timedelta(seconds=9)
    peak = PEAKS[number // ONE_IN % len(PEAKS)]
    event = Event(
        kind=KIND,
        at=at,
        id=identity("reaction", str(row.id), at),
        share_id=row.share_id,
        moment_id=moment_id,
        title_id=title_id,
        visitor=row.visitor,
        viewer_id=row.viewer_id,
        channel=row.channel,
        verdict="human",
        verdict_reason="nothing_says_otherwise",
        verdict_rule="demo",
        inputs=row.inputs,
    )
    reaction = {
        "moment_id": moment_id,
        "reactor": str(row.viewer_id or row.visitor),
        "viewer_id": row.viewer_id,
        "kind": REACTIONS[LEANINGS[(number // 7 + moment_id.int) % len(LEANINGS)]],
        "at_us": start_us + round((end_us - start_us) * peak),
        "verdict": "human",
        "event_at": at,
        "event_id": event.id,
        "created_at": at,
    }
    return reaction, event


async def _follow(session: AsyncSession) -> None:
    """Everybody follows some of the creators; Ada follows more of them, and some want to follow her."""
    people = list(await session.scalars(select(Viewer.id).where(Viewer.name.contains(" ")).order_by(Viewer.id)))
    creators = list(await session.scalars(select(Creator.viewer_id).order_by(Creator.id)))
    ada = await session.scalar(select(Viewer.id).filter_by(subject="ada"))
    rows = list(_follows(people, creators, ada))
    if rows:
        await session.execute(insert(Follow), rows)


def _follows(people: Sequence[UUID], creators: Sequence[UUID], ada: UUID | None) -> Iterator[dict[str, Any]]:
    for number, person in enumerate(people):
        for place, creator in enumerate(creators):
            likes = person == ada or (person.int + place * place) % FOLLOWED_IN == 0
            if likes and person != creator:
                yield {"follower_id": person, "followed_id": creator, "state": "following"}
        if ada is not None and person not in {ada, *creators} and number % 20 < 1:
            yield {"follower_id": person, "followed_id": ada, "state": "requested"}
