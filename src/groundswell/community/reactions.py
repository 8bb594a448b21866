"""Reactions: one a person and moment, each at a second. What a moment's reactions come to is counted by verdict."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.event import Event
from groundswell.moments.tables import Moment
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.problems import Problem

from .doors import Meeting
from .reaction_log import NewReaction, write
from .separation import is_apart
from .tables import REACTIONS, Reaction
from .voters import KIND, Voter


class OutsideMoment(Problem):
    status, code, title = 422, "outside_moment", "This second is not in the moment."


COUNTED = """
    SELECT r.kind, r.at_us / 1000000 AS second, count(*) AS people
    FROM reactions r
    WHERE r.moment_id = :moment AND r.at_us >= :start AND r.at_us <= :end
        AND coalesce(
            (SELECT v.kind FROM current_verdicts v WHERE v.at = r.event_at AND v.event_id = r.event_id), r.verdict
        ) = 'human'
        {met}
    GROUP BY 1, 2 ORDER BY 2, 1
"""
FOR_ALL = text(COUNTED.format(met=""))
FOR_SOME = text(
    COUNTED.format(
        met="""
        AND (r.viewer_id IS NULL OR NOT (
            EXISTS (SELECT FROM barriers b WHERE b.viewer_id = :me AND b.other_id = r.viewer_id)
            OR EXISTS (SELECT FROM barriers b WHERE b.viewer_id = r.viewer_id AND b.other_id = :me AND b.kind = 'block')
        ))"""
    )
)
"""As somebody sees them who is kept apart from others."""


@dataclass(frozen=True, eq=False)
class ReactionLine:
    """What people felt: how many of each kind, and second by second (of the title). One count is one object."""

    counts: dict[str, int]
    seconds: list[tuple[int, str, int]]

    def with_one_more(self, kind: str, at_us: int) -> "ReactionLine":
        """The same, with one who was not counted yet."""
        second = at_us // US_PER_SECOND * US_PER_SECOND
        people = {(at, each): count for at, each, count in self.seconds}
        people[second, kind] = people.get((second, kind), 0) + 1
        seconds = [(at, each, count) for (at, each), count in sorted(people.items())]
        return ReactionLine(self.counts | {kind: self.counts[kind] + 1}, seconds)


def is_within(moment: Moment, at_us: int) -> bool:
    """Whether ``at_us`` is a second of ``moment`` that can be reacted to."""
    return moment.start_us <= at_us <= moment.end_us


def new_reaction(meeting: Meeting, voter: Voter, kind: str, at_us: int) -> NewReaction:
    """What ``voter`` feels about a moment. The first time it is logged, as a vote like any other; later they only
    change their mind.

    Raises:
        OutsideMoment: ``at_us`` is not within it.
    """
    moment = meeting.moment
    if not is_within(moment, at_us):
        raise OutsideMoment()
    return NewReaction(moment.id, voter.name, kind, at_us, _event(meeting, voter))


async def react(session: AsyncSession, meeting: Meeting, voter: Voter, kind: str, at_us: int) -> None:
    """Set what ``voter`` feels about a moment, in the caller's transaction.

    Raises:
        OutsideMoment: as ``new_reaction``.
    """
    await write(session, new_reaction(meeting, voter, kind, at_us))


def _event(meeting: Meeting, voter: Voter) -> Event:
    place, verdict = meeting.place, voter.seen.verdict
    return Event(
        kind=KIND,
        at=voter.at,
        id=voter.event_id,
        share_id=place.share_id,
        moment_id=place.moment_id,
        title_id=place.title_id,
        visitor=voter.seen.visitor,
        viewer_id=voter.viewer_id,
        channel=place.channel,
        verdict=verdict.kind,
        verdict_reason=verdict.reason,
        verdict_rule=verdict.rule,
        inputs=voter.seen.inputs,
    )


async def take_back(session: AsyncSession, moment_id: UUID, reactor: str) -> None:
    """Feel nothing about it any more. That somebody had voted that day stays in the log."""
    await session.execute(delete(Reaction).filter_by(moment_id=moment_id, reactor=reactor))


async def reaction_of(session: AsyncSession, moment_id: UUID, reactor: str) -> Reaction | None:
    """What somebody feels about a moment."""
    return await session.get(Reaction, (moment_id, reactor))


async def line_of(session: AsyncSession, moment: Moment, viewer_id: UUID | None) -> ReactionLine:
    """The reactions within a moment of those whom a person made, and from whom the viewer is not kept apart."""
    asked = {"moment": moment.id, "start": moment.start_us, "end": moment.end_us}
    counted = FOR_ALL
    if await is_apart(session, viewer_id):
        asked, counted = asked | {"me": viewer_id}, FOR_SOME
    rows = (await session.execute(counted, asked)).all()
    counts = {kind: sum(row.people for row in rows if row.kind == kind) for kind in REACTIONS}
    return ReactionLine(counts, [(row.second * US_PER_SECOND, row.kind, row.people) for row in rows])
