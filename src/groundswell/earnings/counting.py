"""Counting eligible views for a pool, so that the count can be repeated exactly, row by row, at any later time.

A pool keeps two snapshots of the database: the one it counted at and the one of the pool before it in its stream
(same month, basis and currency). It counts what the first could see and the second could not. An event that was
committed late is therefore counted by the next pool: nothing is counted twice and nothing is skipped.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.credit import DEFAULT_MODEL, MODELS_VERSION

from .rules import period_bounds
from .tables import Pool

EMPTY_SNAPSHOT = "1:1:"
"""Sees nothing: what a stream's first pool follows."""

# One row for each view: the first event of a visitor for a moment on a day, unless the pool before may have counted it.
# An event is what the newest verdict on it said when the pool was counted. Any verdict of a person that the pool before
# could see keeps it from counting again, however often it is judged.
PLAYS = """
    SELECT c.id AS creator_id, e.moment_id, 1 AS weight,
        (array_agg(e.id ORDER BY e.at, e.id) FILTER (WHERE verdict.now = 'human'))[1] AS evidence_id,
        min(e.at) FILTER (WHERE verdict.now = 'human') AS at
    FROM events e
    JOIN moments m ON m.id = e.moment_id
    JOIN creators c ON c.viewer_id = m.viewer_id
    CROSS JOIN LATERAL (
        SELECT coalesce((
                SELECT v.kind FROM verdicts v
                WHERE v.at = e.at AND v.event_id = e.id
                    AND pg_visible_in_snapshot(v.xid, CAST(:snapshot AS pg_snapshot))
                ORDER BY v.created_at DESC, v.id DESC LIMIT 1
            ), e.verdict) AS now,
            pg_visible_in_snapshot(e.xid, CAST(:after AS pg_snapshot)) AND (e.verdict = 'human' OR EXISTS (
                SELECT FROM verdicts v
                WHERE v.at = e.at AND v.event_id = e.id AND v.kind = 'human'
                    AND pg_visible_in_snapshot(v.xid, CAST(:after AS pg_snapshot))
            )) AS counted_before
    ) verdict
    WHERE e.at >= :begin AND e.at < :end AND e.kind = 'play'
        AND (e.viewer_id IS NULL OR e.viewer_id <> m.viewer_id)
        AND pg_visible_in_snapshot(e.xid, CAST(:snapshot AS pg_snapshot))
    GROUP BY c.id, e.moment_id, (e.at AT TIME ZONE 'UTC')::date, coalesce(e.visitor, e.viewer_id::text, e.id::text)
    HAVING bool_or(verdict.now = 'human') AND bool_or(verdict.counted_before) IS NOT TRUE
"""

# One row for each credited sale: its credit in millionths, less the part that had been refunded.
CONVERSIONS = """
    SELECT c.id AS creator_id, cr.moment_id,
        CASE WHEN cr.amount_minor > 0
            THEN cr.weight_ppm * greatest(cr.amount_minor + back.amount_minor, 0) / cr.amount_minor
            ELSE cr.weight_ppm END AS weight,
        cr.conversion_id AS evidence_id, cr.at
    FROM credits cr
    JOIN conversions sale ON sale.id = cr.conversion_id
    JOIN moments m ON m.id = cr.moment_id
    JOIN creators c ON c.viewer_id = m.viewer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount_minor), 0)::bigint AS amount_minor
        FROM credits r JOIN conversions refund ON refund.id = r.conversion_id
        WHERE refund.original_id = cr.conversion_id AND r.touch_id = cr.touch_id
            AND r.model = cr.model AND r.model_version = cr.model_version
            AND pg_visible_in_snapshot(r.xid, CAST(:snapshot AS pg_snapshot))
    ) back
    WHERE cr.at >= :begin AND cr.at < :end AND cr.kind IN ('subscription', 'renewal')
        AND cr.model = :model AND cr.model_version = :model_version
        AND sale.viewer_id <> m.viewer_id
        AND pg_visible_in_snapshot(cr.xid, CAST(:snapshot AS pg_snapshot))
        AND NOT pg_visible_in_snapshot(cr.xid, CAST(:after AS pg_snapshot))
"""

VIEWS = {"plays": PLAYS, "conversions": CONVERSIONS}

# What staff had hidden when the pool was counted does not earn.
STANDING = """
    SELECT v.* FROM views v JOIN moments m ON m.id = v.moment_id
    WHERE NOT EXISTS (
        SELECT FROM decisions d
        WHERE d.action = 'hide' AND d.created_at <= :counted_at
            AND (d.lifted_at IS NULL OR d.lifted_at > :counted_at)
            AND (d.subject_kind, d.subject_id) IN
                (('moment', m.id), ('title', m.title_id), ('viewer', m.viewer_id))
    )
"""


@dataclass(frozen=True)
class View:
    """One thing that earned: the event or conversion ``id`` at an instant, and its weight."""

    id: UUID
    at: datetime
    weight: int


def _standing(pool: Pool) -> str:
    return f"WITH views AS ({VIEWS[pool.basis]}), standing AS ({STANDING})"


def _bounds(pool: Pool) -> dict[str, Any]:
    begin, end = period_bounds(pool.period)
    return {
        "begin": begin,
        "end": end,
        "snapshot": pool.snapshot,
        "after": pool.after_snapshot,
        "counted_at": pool.counted_at,
        "model": DEFAULT_MODEL,
        "model_version": MODELS_VERSION,
    }


async def weights(session: AsyncSession, pool: Pool) -> dict[UUID, dict[UUID, int]]:
    """The weight of each moment of each creator, by creator; only those that have any."""
    query = (
        f"{_standing(pool)} SELECT creator_id, moment_id, sum(weight)::bigint FROM standing"  # noqa: S608
        " GROUP BY 1, 2 HAVING sum(weight) > 0"
    )
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for creator, moment, weight in await session.execute(text(query), _bounds(pool)):
        found[creator][moment] = weight
    return dict(found)


async def weight_of(session: AsyncSession, pool: Pool, creator_id: UUID, moment_id: UUID, evidence_id: UUID) -> int:
    """What one event or conversion weighed in the pool for a moment; 0 when it was not counted."""
    query = (
        f"{_standing(pool)} SELECT coalesce(sum(weight), 0)::bigint FROM standing"  # noqa: S608
        " WHERE creator_id = :creator AND moment_id = :moment AND evidence_id = :evidence"
    )
    named = {"creator": creator_id, "moment": moment_id, "evidence": evidence_id}
    return await session.scalar(text(query), _bounds(pool) | named) or 0


async def views(
    session: AsyncSession, pool: Pool, creator_id: UUID, moment_id: UUID | None, after: UUID | None, limit: int
) -> list[View]:
    """What was counted for a creator, one by one, in the order of ids; by moment if one is given."""
    query = (
        f"{_standing(pool)} SELECT evidence_id, at, sum(weight)::bigint FROM standing"  # noqa: S608
        " WHERE creator_id = :creator AND (CAST(:moment AS uuid) IS NULL OR moment_id = :moment)"
        " AND (CAST(:last AS uuid) IS NULL OR evidence_id > :last)"
        " GROUP BY 1, 2 HAVING sum(weight) > 0 ORDER BY 1 LIMIT :limit"
    )
    named = {"creator": creator_id, "moment": moment_id, "last": after, "limit": limit}
    rows = await session.execute(text(query), _bounds(pool) | named)
    return [View(*row) for row in rows]
