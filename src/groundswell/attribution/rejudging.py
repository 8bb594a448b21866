"""Judging visits again: by a newer rule, and by what only shows when many are seen together.

A new verdict is a new row (``events.tables.Reverdict``); the visit and its first verdict stay as they were. Only what
changes is written. Visits that turn out not to be people's earn no credit from then on (``earning.eligible``).
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.seeing import fetches_for
from groundswell.events.tables import LoggedEvent, Reverdict
from groundswell.events.verdicts import RULE, Verdict, judge, traffic
from groundswell.platform.ids import uuid7

from .suspicion import Seen, suspected

VISITS = ("click", "continue", "unfurl", "play")
BEHAVIOUR_RULE = "behaviour-1"
AT_ONCE = 5_000

TOGETHER = """
SELECT e.id, e.at, e.visitor, coalesce(e.viewer_id, t.viewer_id), s.viewer_id,
    CAST(extract(epoch FROM (
        SELECT min(c.at) FROM conversions c
        WHERE c.viewer_id = t.viewer_id AND c.kind IN ('sign_up', 'subscription')
            AND c.at >= e.at AND c.at < e.at + interval '24 hours'
    ) - e.at) AS double precision)
FROM events e
JOIN shares s ON s.id = e.share_id
LEFT JOIN touches t ON t.share_id = e.share_id AND t.event_id = e.id
WHERE e.kind = 'click' AND e.verdict = 'human' AND e.at >= :since AND e.at < :until
ORDER BY e.at, e.id
"""


async def rejudge(session: AsyncSession, since: datetime, until: datetime) -> int:
    """Judge the visits of a span anew; returns how many verdicts changed. Doing it again changes nothing more."""
    changed = 0
    async for events in _judged_by_another_rule(session, since, until):
        verdicts = {(event.at, event.id): _again(event) for event in events}
        differing = {key for key, event in zip(verdicts, events, strict=True) if verdicts[key].kind != event.verdict}
        changed += await _note(session, {key: verdicts[key] for key in differing})
    return changed + await _rejudge_together(session, since, until)


async def _rejudge_together(session: AsyncSession, since: datetime, until: datetime) -> int:
    rows = await session.execute(text(TOGETHER), {"since": since, "until": until})
    visits = [Seen(*row) for row in rows]
    reasons = suspected(visits)
    at = {visit.event_id: visit.at for visit in visits}
    return await _note(
        session, {(at[id], id): Verdict("robot", reason, BEHAVIOUR_RULE) for id, reason in reasons.items()}
    )


async def _judged_by_another_rule(
    session: AsyncSession, since: datetime, until: datetime
) -> AsyncIterator[list[LoggedEvent]]:
    after: tuple[datetime, UUID] = (since, UUID(int=0))
    place = tuple_(LoggedEvent.at, LoggedEvent.id)
    query = select(LoggedEvent).where(
        LoggedEvent.kind.in_(VISITS), LoggedEvent.verdict_rule != RULE, LoggedEvent.at >= since, LoggedEvent.at < until
    )
    while True:
        page = query.where(place > after).order_by(LoggedEvent.at, LoggedEvent.id).limit(AT_ONCE)
        events = list(await session.scalars(page))
        if not events:
            return
        yield events
        after = (events[-1].at, events[-1].id)
        session.expunge_all()


def _again(event: LoggedEvent) -> Verdict:
    """The verdict by the present rule on what was kept of the request; as it was, where nothing was kept."""
    inputs: Mapping[str, Any] = event.inputs or {}
    if "ua" not in inputs:
        return Verdict(event.verdict or "human", event.verdict_reason or "", event.verdict_rule or "")
    known = judge(inputs["ua"], inputs, fetches_for(inputs["ua"]))
    if known.kind == "human" and event.verdict_reason == "datacentre":  # addresses are not kept, the finding stands
        return Verdict("robot", "datacentre")
    return known


async def _note(session: AsyncSession, verdicts: Mapping[tuple[datetime, UUID], Verdict]) -> int:
    noted = 0
    for rows in _chunks(verdicts):
        written = await session.scalars(insert(Reverdict).on_conflict_do_nothing().returning(Reverdict.id), rows)
        noted += len(written.all())
    return noted


def _chunks(verdicts: Mapping[tuple[datetime, UUID], Verdict]) -> Iterable[list[dict[str, Any]]]:
    rows = [
        {
            "id": uuid7(),
            "event_id": id,
            "at": at,
            "kind": verdict.kind,
            "reason": verdict.reason,
            "rule": verdict.rule,
            "traffic": traffic(verdict.kind, verdict.reason),
        }
        for (at, id), verdict in sorted(verdicts.items(), key=lambda item: item[0])
    ]
    return (rows[n : n + AT_ONCE] for n in range(0, len(rows), AT_ONCE))
