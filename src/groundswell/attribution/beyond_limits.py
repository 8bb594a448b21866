"""Plays beyond the limits of an address or network: a case of whom they would have earned.

They are counted apart as they come (``events/ingest/limits.py``), and nothing but people brings them back: what a farm
sent is to be seen on the desk, and what a campus did can be accepted there.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.traffic.verdicts import LIMITS
from groundswell.platform.database import Database
from groundswell.trust.cases import CaseEvidence, in_cases, suspect

from .suspicions import seen

RULE = "over_limits"
LEAST = 30
"""Plays for one maker, from one place and beyond its limit, that are a case of theirs."""

MOST = 2_000
"""Of one maker's so many are looked at an hour, the newest first."""

BEYOND = text("""
SELECT at, id, reason, place FROM (
    SELECT e.at, e.id, e.verdict_reason AS reason, what.place,
        count(*) OVER (PARTITION BY what.maker, what.place) AS together,
        row_number() OVER (PARTITION BY what.maker ORDER BY e.at DESC, e.id DESC) AS nth
    FROM judged_events e
    JOIN published_moments m ON m.id = e.moment_id
    LEFT JOIN published_shares s ON s.id = e.share_id
    CROSS JOIN LATERAL (SELECT split_part(e.verdict_reason, ':', 1) AS code) said
    CROSS JOIN LATERAL (
        SELECT coalesce(s.viewer_id, m.viewer_id) AS maker,
            e.inputs ->> CASE said.code WHEN 'network_limit' THEN 'network' ELSE 'household' END AS place
    ) what
    WHERE e.kind IN ('play', 'react') AND e.verdict = 'robot' AND said.code = ANY(:limits)
        AND e.at >= :since AND e.at < :until
) beyond
WHERE together >= :least AND nth <= :most ORDER BY at, id
""")


async def open_cases(database: Database, since: datetime, until: datetime) -> int:
    """Open a case of each maker for whom so many came beyond a limit that no case rests on yet, or add to it; returns
    of how many makers."""
    async with database.transaction() as session:
        given: dict[str, Any] = {"since": since, "until": until, "limits": sorted(LIMITS)}
        rows = (await session.execute(BEYOND, given | {"least": LEAST, "most": MOST})).all()
        known = await in_cases(session, RULE, [row.id for row in rows])
        return await _suspect(session, [row for row in rows if row.id not in known])


async def _suspect(session: AsyncSession, rows: Sequence[Row[Any]]) -> int:
    about = await seen(session, [(row.at, row.id) for row in rows])
    found: defaultdict[tuple[UUID, str | None], list[CaseEvidence]] = defaultdict(list)
    for row in rows:
        subject, facts = about.get(row.id, (None, {}))
        if subject is not None:
            found[subject, row.place].append(CaseEvidence(row.id, "event", row.at, row.reason, facts))
    enough = {key: evidence for key, evidence in found.items() if len(evidence) >= LEAST}
    for (subject, _), evidence in sorted(enough.items(), key=lambda each: each[0][0]):
        await suspect(session, RULE, subject, evidence)
    return len({subject for subject, _ in enough})
