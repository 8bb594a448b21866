"""Votes counted by moment and UTC day: what is new in the event log is added, what is judged otherwise taken out.

A vote is the first event of one person, of one kind, for one moment on one day: each counts once a day, as much as
``person_weight`` has it. (In the heat of a scene each counts once for all its moments: ``ballots``.) Every event that
counts is noted (``HeatVote``), and a day's row (``HeatDay``) is the sum over the first of each person. It
changes by what these change, and so costs as much as there is news, however much has been counted; noting an event
twice changes nothing. Sums are whole numbers of ``UNIT``: taking out gives back exactly what was put in, and counting
the log from scratch comes to the same.

How far the log has been read is a snapshot in positions: what it could not see is new, however late it committed. An
event is new, and so is a later verdict on one.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.positions import EMPTY_SNAPSHOT

from . import heat
from .person_weight import NETWORK, VOTER, WEIGHT, ballot, weights
from .scratch_tables import emptied, temporary_tables
from .tables import HeatMark

WINDOW_DAYS = 60
UNIT = 2.0**-32
"""Heat is summed in these, relative to the day's end, where no term overflows or vanishes: exponents are 0 to -4."""

NEW = """
    WITH touched AS (
        SELECT e.at, e.id FROM published_events e
        WHERE e.xid >= pg_snapshot_xmin(CAST(:after AS pg_snapshot))
            AND NOT pg_visible_in_snapshot(e.xid, CAST(:after AS pg_snapshot))
            AND pg_visible_in_snapshot(e.xid, CAST(:snapshot AS pg_snapshot))
            AND e.at >= :since AND e.moment_id IS NOT NULL AND e.kind = ANY(:kinds)
        UNION
        SELECT v.at, v.event_id FROM published_verdicts v
        WHERE v.xid >= pg_snapshot_xmin(CAST(:after AS pg_snapshot))
            AND NOT pg_visible_in_snapshot(v.xid, CAST(:after AS pg_snapshot))
            AND pg_visible_in_snapshot(v.xid, CAST(:snapshot AS pg_snapshot))
            AND v.at >= :since
    )
"""
COUNTS = """(
    (e.verdict = 'human' OR (e.verdict IS NULL AND e.kind IN ('clip', 'share')))
    AND (e.kind IN ('clip', 'share') OR e.viewer_id IS NULL OR e.viewer_id <> m.viewer_id)
)"""
ROW = f"""
    SELECT e.moment_id, m.title_id, (e.at AT TIME ZONE 'UTC')::date AS day, e.kind, {VOTER} AS voter, e.at,
        e.id AS event_id, {COUNTS} AS counts, {WEIGHT} AS weight, {NETWORK} AS network, e.territory
    FROM judged_events e JOIN published_moments m ON m.id = e.moment_id
    LEFT JOIN published_viewers who ON who.id = e.viewer_id
"""  # noqa: S608 - constants of ours

STAGE = temporary_tables(
    heat_news="moment_id uuid, title_id uuid, day date, kind varchar, voter bigint, at timestamptz, event_id uuid,"
    " counts boolean, weight float8, network bigint, territory varchar, ballot bigint",
    heat_firsts="moment_id uuid, title_id uuid, day date, kind varchar, voter bigint, at timestamptz, weight float8,"
    " sign int",
)
UNSTAGE = emptied("heat_news", "heat_firsts")
READ = text(
    f"""{NEW} INSERT INTO heat_news SELECT news.*, {ballot("voter", "weight", "network")} FROM (
        {ROW} JOIN touched ON touched.at = e.at AND touched.id = e.id WHERE e.kind = ANY(:kinds) AND e.at >= :since
    ) news"""  # noqa: S608 - constants of ours
)
FORGOTTEN = text(
    """
    DELETE FROM heat_votes v USING heat_news n
    WHERE NOT n.counts AND v.moment_id = n.moment_id AND v.day = n.day AND v.kind = n.kind AND v.voter = n.voter
        AND v.at = n.at AND v.event_id = n.event_id
    """
)
NOTED = text(
    """
    INSERT INTO heat_votes (moment_id, day, kind, voter, at, event_id, weight, ballot, network, territory, scene_id)
    SELECT n.moment_id, day, kind, voter, at, event_id, weight, ballot, network, territory, s.scene_id
    FROM heat_news n LEFT JOIN scene_votes s ON s.moment_id = n.moment_id WHERE counts
    ON CONFLICT DO NOTHING
    """
)
FIRSTS = """
    SELECT n.moment_id, n.title_id, n.day, n.kind, n.voter, first.at, first.weight
    FROM (SELECT DISTINCT moment_id, title_id, day, kind, voter FROM heat_news) n
    CROSS JOIN LATERAL (
        SELECT v.at, v.weight FROM heat_votes v
        WHERE v.moment_id = n.moment_id AND v.day = n.day AND v.kind = n.kind AND v.voter = n.voter
        ORDER BY v.at, v.event_id LIMIT 1
    ) first
"""
BEFORE = text(f"INSERT INTO heat_firsts SELECT f.*, -1 FROM ({FIRSTS}) f")  # noqa: S608
AFTER = text(f"INSERT INTO heat_firsts SELECT f.*, 1 FROM ({FIRSTS}) f")  # noqa: S608

SUMS = """
    SELECT f.moment_id, f.title_id, f.day, sum(f.sign) AS votes,
        sum(f.sign * units.heat)::bigint AS heat_units,
        coalesce(sum(f.sign) FILTER (WHERE f.kind = 'click'), 0) AS clicks,
        coalesce(sum(f.sign) FILTER (WHERE f.kind = 'play'), 0) AS plays
    FROM heat_firsts f
    JOIN unnest(CAST(:kinds AS text[]), CAST(:weights AS int[])) AS w (kind, weight) ON w.kind = f.kind
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM (f.day + 1)::timestamp AT TIME ZONE 'UTC' - f.at)::float8 AS left_s
    ) until
    CROSS JOIN LATERAL (
        SELECT round(w.weight * f.weight * power(2::float8, -left_s / :half_life) / :unit)::bigint AS heat
    ) units
    GROUP BY f.moment_id, f.title_id, f.day
"""
ADDED = text(
    f"""
    INSERT INTO heat_days AS d
        (moment_id, day, title_id, votes, heat_units, clicks, plays, log_heat)
    SELECT moment_id, day, title_id, votes, heat_units, clicks, plays, 0 FROM ({SUMS}) sums
    ON CONFLICT (moment_id, day) DO UPDATE SET votes = d.votes + excluded.votes,
        heat_units = d.heat_units + excluded.heat_units, clicks = d.clicks + excluded.clicks,
        plays = d.plays + excluded.plays
    """  # noqa: S608 - constants of ours
)
EMPTIED = text(
    "DELETE FROM heat_days d USING (SELECT DISTINCT moment_id, day FROM heat_news) n "
    "WHERE d.moment_id = n.moment_id AND d.day = n.day AND d.votes <= 0"
)
LOGGED = text(
    """
    UPDATE heat_days d SET log_heat = ln(d.heat_units * :unit) / ln(2::float8) + day_end / :half_life
    FROM (
        SELECT DISTINCT moment_id, day,
            extract(epoch FROM (day + 1)::timestamp AT TIME ZONE 'UTC')::float8 AS day_end FROM heat_news
    ) n
    WHERE d.moment_id = n.moment_id AND d.day = n.day
    """
)
MARKED = text("INSERT INTO stale_moments (title_id, moment_id) SELECT DISTINCT title_id, moment_id FROM heat_news")
MARKED_VOTES = text(
    """
    INSERT INTO stale_votes (title_id, moment_id, day, kind, voter, ballot)
    SELECT DISTINCT title_id, moment_id, day, kind, voter, ballot FROM heat_news
    """
)
OLD = tuple(
    text(f"DELETE FROM {table} WHERE day < :before")  # noqa: S608 - names of ours
    for table in ("heat_votes", "scene_ballots", "scene_days", "scene_local_days")
)


async def tally(session: AsyncSession) -> None:
    """Count what was logged and judged since the last time, and mark the moments that it is about (``StaleMoment``).

    The caller holds ``Lock.HEAT``.
    """
    after = await session.scalar(select(HeatMark.snapshot).filter_by(name="events")) or EMPTY_SNAPSHOT
    snapshot = await session.scalar(text("SELECT log_snapshot()::text"))
    since = utc_now() - timedelta(days=WINDOW_DAYS)
    named = {"after": after, "snapshot": snapshot, "since": since, "kinds": list(heat.WEIGHTS)} | weights()
    await session.execute(STAGE)
    await session.execute(READ, named)
    await session.execute(BEFORE)
    await session.execute(FORGOTTEN)
    await session.execute(NOTED)
    await session.execute(AFTER)
    await session.execute(ADDED, _scale())
    await session.execute(EMPTIED)
    await session.execute(LOGGED, _scale())
    await session.execute(MARKED)
    await session.execute(MARKED_VOTES)
    await session.execute(UNSTAGE)
    mark = insert(HeatMark).values(name="events", snapshot=snapshot)
    await session.execute(mark.on_conflict_do_update(index_elements=["name"], set_={"snapshot": snapshot}))


def _scale() -> dict[str, Any]:
    return {
        "kinds": list(heat.WEIGHTS),
        "weights": list(heat.WEIGHTS.values()),
        "half_life": float(heat.HALF_LIFE_S),
        "unit": UNIT,
    }


async def forget_votes(session: AsyncSession, today: date) -> None:
    """Let go of the single votes and ballots of days that no longer count, and of their sums by scene."""
    for old in OLD:
        await session.execute(old, {"before": today - timedelta(days=WINDOW_DAYS + 1)})
