"""Counting eligible views for a pool, so that the count can be repeated exactly, row by row, at any later time.

A pool counts its own month, and each earlier month of its stream (same basis and currency) that has been divided.
Of each it counts what its snapshot of the database sees, and what none of the pools that counted the month before did:
each counted what its own snapshot saw that was a person's as of then, and had a rate. So what arrives after a month was
divided is counted by the next month's pool, on lines of its own, and so is what was kept back for a verdict that did
not last, or for want of a rate: nothing is counted twice and nothing is skipped.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.events.ingest.parser import WATCHED_LEAST_MS
from groundswell.events.traffic.current_verdict import once_human_as_of, verdict_as_of
from groundswell.platform.clock import utc_now
from groundswell.platform.positions import EMPTY_SNAPSHOT

from .rules import RULES_BY_ANY_VERDICT, period_bounds
from .tables import Pool

# Whether a pool before counted a row. By the older rules, a pool had counted whatever it could see of sales, and of
# plays all that any verdict ever took for a person's.
COUNTED_BEFORE = """EXISTS (
    SELECT FROM unnest(CAST(:snapshots_before AS text[]), CAST(:counted_before AS timestamptz[])) AS b (snapshot, at)
    WHERE pg_visible_in_snapshot({row}.xid, CAST(b.snapshot AS pg_snapshot)) AND CASE
        WHEN :by_any_verdict THEN {by_older_rules} ELSE {stood} END
)"""

# One row for each view: the first event of a visitor for a moment on a day, unless a pool before counted it. An event
# is what its current verdict was when a pool was counted.
COUNTED_PLAY = COUNTED_BEFORE.format(
    row="e", by_older_rules=once_human_as_of("b.snapshot"), stood=f"{verdict_as_of('b.snapshot')} = 'human'"
)
PLAYS = f"""
    SELECT c.id AS creator_id, e.moment_id, 1 AS weight, coalesce(e.visitor, e.viewer_id::text) AS person,
        (array_agg(e.id ORDER BY e.at, e.id) FILTER (WHERE verdict.now = 'human'))[1] AS evidence_id,
        min(e.at) FILTER (WHERE verdict.now = 'human') AS at
    FROM published_events e
    JOIN published_moments m ON m.id = e.moment_id
    JOIN published_creators c ON c.viewer_id = m.viewer_id
    CROSS JOIN LATERAL (
        SELECT {verdict_as_of(":snapshot")} AS now, {COUNTED_PLAY} AS counted_before
    ) verdict
    WHERE e.at >= :begin AND e.at < :end AND e.kind = 'play'
        AND (e.viewer_id IS NULL OR e.viewer_id <> m.viewer_id)
        AND coalesce(e.visitor, e.viewer_id::text) IS NOT NULL
        AND (e.inputs ->> 'watched_ms')::bigint >= :watched_least
        AND pg_visible_in_snapshot(e.xid, CAST(:snapshot AS pg_snapshot))
    GROUP BY c.id, e.moment_id, (e.at AT TIME ZONE 'UTC')::date, coalesce(e.visitor, e.viewer_id::text)
    HAVING bool_or(verdict.now = 'human') AND bool_or(verdict.counted_before) IS NOT TRUE
"""  # noqa: S608 - constants of ours

# One row for each credited sale of which something is left: its credit, less the part that had been refunded. It is the
# moment's maker's, or (a creator's code) the creator's whose code it was, and stands while its visit is a person's.
# ``counted`` is its weight.
CREDITED = f"""
    SELECT c.id AS creator_id, cr.moment_id, {{weight}} AS weight, sale.viewer_id::text AS person,
        cr.conversion_id AS evidence_id, cr.at
    FROM published_credits cr
    JOIN published_conversions sale ON sale.id = cr.conversion_id
    JOIN published_touches t ON t.id = cr.touch_id
    LEFT JOIN published_moments m ON m.id = cr.moment_id
    JOIN published_creators c ON c.viewer_id = coalesce(m.viewer_id, cr.sharer_id)
    CROSS JOIN LATERAL (SELECT t.at, t.event_id AS id, CAST('human' AS text) AS verdict) visit
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount_minor), 0)::bigint AS amount_minor
        FROM published_credits r JOIN published_conversions refund ON refund.id = r.conversion_id
        WHERE refund.original_id = cr.conversion_id AND r.touch_id = cr.touch_id
            AND r.model = cr.model AND r.model_version = cr.model_version
            AND pg_visible_in_snapshot(r.xid, CAST(:snapshot AS pg_snapshot))
    ) back
    CROSS JOIN LATERAL (
        SELECT CASE WHEN cr.currency = CAST(:currency AS text) THEN CAST(1 AS numeric) ELSE (
            SELECT x.rate * power(CAST(10 AS numeric), x.exponent) FROM exchange_rates x
            WHERE x.currency = cr.currency AND x."into" = CAST(:currency AS text)
                AND x.valid_from <= (cr.at AT TIME ZONE 'UTC')::date AND x.created_at <= :counted_at
            ORDER BY x.valid_from DESC LIMIT 1
        ) END AS factor
    ) rate
    WHERE cr.at >= :begin AND cr.at < :end AND cr.kind IN ('subscription', 'renewal')
        AND cr.model = :model AND cr.model_version = :model_version
        AND cr.amount_minor > 0 AND {{counts}}
        AND sale.viewer_id <> c.viewer_id
        AND {verdict_as_of(":snapshot", "visit")} = 'human'
        AND pg_visible_in_snapshot(cr.xid, CAST(:snapshot AS pg_snapshot))
        AND NOT {{counted_before}}
"""  # noqa: S608 - constants of ours
WAS_A_PERSONS = f"{verdict_as_of('b.snapshot', 'visit')} = 'human'"
HAD_A_RATE = """(
    cr.currency = CAST(:currency AS text) OR EXISTS (
        SELECT FROM exchange_rates x WHERE x.currency = cr.currency AND x."into" = CAST(:currency AS text)
            AND x.valid_from <= (cr.at AT TIME ZONE 'UTC')::date AND x.created_at <= b.at
    )
)"""
CONVERSIONS = CREDITED.format(
    weight="cr.weight_ppm * greatest(cr.amount_minor + back.amount_minor, 0) / cr.amount_minor",
    counts="true",
    counted_before=COUNTED_BEFORE.format(row="cr", by_older_rules="true", stood=WAS_A_PERSONS),
)
REVENUE = CREDITED.format(
    weight="floor(greatest(cr.amount_minor + back.amount_minor, 0) * rate.factor * (1000000 - :tax_ppm) / 1000000)"
    "::bigint",
    counts="rate.factor IS NOT NULL",
    counted_before=COUNTED_BEFORE.format(row="cr", by_older_rules="true", stood=f"{WAS_A_PERSONS} AND {HAD_A_RATE}"),
)

VIEWS = {"plays": PLAYS, "conversions": CONVERSIONS, "revenue": REVENUE}

# What staff had hidden when the pool was counted does not earn.
UNHIDDEN = """
    SELECT v.* FROM views v
    JOIN published_creators c ON c.id = v.creator_id
    LEFT JOIN published_moments m ON m.id = v.moment_id
    WHERE NOT EXISTS (
        SELECT FROM published_decisions d
        WHERE d.action = 'hide' AND d.created_at <= :counted_at
            AND (d.lifted_at IS NULL OR d.lifted_at > :counted_at)
            AND (d.subject_kind, d.subject_id) IN
                (('moment', m.id), ('title', m.title_id), ('viewer', c.viewer_id))
    )
"""

# The most that one person counts for one creator, the earliest first.
CAPPED = """
    SELECT creator_id, moment_id, evidence_id, at,
        greatest(least(weight, CAST(:person_cap AS bigint) - (sum(weight) OVER theirs - weight)), 0) AS weight
    FROM unhidden
    WINDOW theirs AS (PARTITION BY creator_id, person ORDER BY at, evidence_id, moment_id ROWS UNBOUNDED PRECEDING)
"""

WITHOUT_MOMENT = UUID(int=0)
"""Stands among a creator's moments for none: what their code brought."""


@dataclass(frozen=True)
class EligibleView:
    """One thing that earned: the event or conversion ``id`` at an instant, and its weight."""

    id: UUID
    at: datetime
    weight: int


Line = tuple[UUID, str]
"""What a line is about: a moment (``WITHOUT_MOMENT``: a code) and the month that it happened in."""


def _counted(pool: Pool) -> str:
    return f"WITH views AS ({VIEWS[pool.basis]}), unhidden AS ({UNHIDDEN}), capped AS ({CAPPED})"


def spans(pool: Pool) -> dict[str, str]:
    """The months that a pool counts, its own first, each with the snapshot of the pool that last counted it before."""
    return {pool.period: pool.after_snapshot or EMPTY_SNAPSHOT} | pool.carried


async def counted_before(session: AsyncSession, pool: Pool, period: str) -> list[tuple[str, datetime]]:
    """When a month was counted before ``pool`` did, the oldest first: snapshots, and instants for what has none."""
    stream = select(Pool).filter_by(basis=pool.basis, currency=pool.currency).where(Pool.snapshot.is_not(None))
    others = {other.snapshot: other for other in await session.scalars(stream) if other is not pool}
    found: list[tuple[str, datetime]] = []
    before = spans(pool)[period]
    while before != EMPTY_SNAPSHOT:
        other = others.pop(before, None)
        at = other.counted_at if other is not None and other.counted_at is not None else utc_now()
        found.insert(0, (before, at))
        of_other = {} if other is None or pool.rules == RULES_BY_ANY_VERDICT else spans(other)
        before = of_other.get(period, EMPTY_SNAPSHOT)
    return found


async def follower(session: AsyncSession, pool: Pool) -> UUID | None:
    """A pool that counted only what ``pool`` had not, of a month that both counted; None when none did."""
    stream = select(Pool).filter_by(basis=pool.basis, currency=pool.currency).where(Pool.id != pool.id)
    divided = stream.where(Pool.status.in_(["dividing", "divided"]), Pool.counted_at >= pool.counted_at)
    for other in await session.scalars(divided.order_by(Pool.counted_at, Pool.id)):
        if pool.snapshot in spans(other).values():
            return other.id
    return None


async def _bounds(session: AsyncSession, pool: Pool, period: str) -> dict[str, Any]:
    begin, end = period_bounds(period)
    before = await counted_before(session, pool, period)
    return {
        "begin": begin,
        "end": end,
        "snapshot": pool.snapshot,
        "snapshots_before": [snapshot for snapshot, _ in before],
        "counted_before": [at for _, at in before],
        "by_any_verdict": pool.rules == RULES_BY_ANY_VERDICT,
        "counted_at": pool.counted_at,
        "person_cap": pool.person_cap,
        "model": DEFAULT_MODEL,
        "model_version": MODELS_VERSION,
        "currency": pool.currency,
        "tax_ppm": pool.tax_ppm,
        "watched_least": WATCHED_LEAST_MS,
    }


async def weights(session: AsyncSession, pool: Pool) -> dict[UUID, dict[Line, int]]:
    """The weight of each line of each creator, by creator; only those that have any."""
    query = (
        f"{_counted(pool)} SELECT creator_id, moment_id, sum(weight)::bigint FROM capped"  # noqa: S608
        " GROUP BY 1, 2 HAVING sum(weight) > 0"
    )
    found: dict[UUID, dict[Line, int]] = defaultdict(dict)
    for period in spans(pool):
        for creator, moment, weight in await session.execute(text(query), await _bounds(session, pool, period)):
            found[creator][moment or WITHOUT_MOMENT, period] = weight
    return dict(found)


async def weight_of(
    session: AsyncSession,
    pool: Pool,
    creator_id: UUID,
    moment_id: UUID | None,
    evidence_id: UUID,
    period: str | None = None,
) -> int:
    """What one event or conversion weighed in the pool for a moment (None: their code); 0 when it was not counted.

    Args:
        period: the month that it happened in, where that is not the pool's.
    """
    query = (
        f"{_counted(pool)} SELECT coalesce(sum(weight), 0)::bigint FROM capped"  # noqa: S608
        " WHERE creator_id = :creator AND evidence_id = :evidence"
        " AND moment_id IS NOT DISTINCT FROM CAST(:moment AS uuid)"
    )
    named = {"creator": creator_id, "moment": moment_id, "evidence": evidence_id}
    return await session.scalar(text(query), await _bounds(session, pool, period or pool.period) | named) or 0


async def views(
    session: AsyncSession,
    pool: Pool,
    creator_id: UUID,
    moment_id: UUID | None,
    after: UUID | None,
    limit: int,
    period: str | None = None,
) -> list[EligibleView]:
    """What was counted for a creator, one by one, in the order of ids; by moment and by month if one is given."""
    query = (
        f"{_counted(pool)} SELECT evidence_id, at, sum(weight)::bigint FROM capped"  # noqa: S608
        " WHERE creator_id = :creator AND (CAST(:moment AS uuid) IS NULL"
        " OR coalesce(moment_id, CAST(:without AS uuid)) = CAST(:moment AS uuid))"
        " AND (CAST(:last AS uuid) IS NULL OR evidence_id > :last)"
        " GROUP BY 1, 2 HAVING sum(weight) > 0 ORDER BY 1 LIMIT :limit"
    )
    named = {"creator": creator_id, "moment": moment_id, "last": after, "limit": limit, "without": WITHOUT_MOMENT}
    found: list[EligibleView] = []
    for each in spans(pool) if period is None else {period} & spans(pool).keys():
        rows = await session.execute(text(query), await _bounds(session, pool, each) | named)
        found += [EligibleView(*row) for row in rows]
    return sorted(found, key=lambda view: view.id)[:limit]
