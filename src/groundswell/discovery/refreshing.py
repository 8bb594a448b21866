"""Reading what is new in the event log into heat, and gathering scenes where something changed.

How far the log has been read is a snapshot of the database: what it could not see is new, however late it committed.
Of what is new only the moment and the day matter; that day of that moment is then counted from the log afresh.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line
from groundswell.events.standing import STANDING
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.shares.tables import Share
from groundswell.trust.decisions import active, active_among

from . import heat
from .scenes import Scene, Vote, gather
from .tables import HeatDay, HeatMark, SceneRow, StaleTitle

WINDOW_DAYS = 60
SCENES_MAX = 200  # of one title
LOCK = 0x68656174  # "heat": one refresh at a time
SCENE = UUID("0f0f5f2c-2a0e-5b7e-8d55-6a5c8f0b7c10")
EMPTY_SNAPSHOT = "1:1:"

CHANGED = text(
    """
    SELECT DISTINCT e.moment_id, (e.at AT TIME ZONE 'UTC')::date AS day
    FROM events e
    WHERE e.xid >= pg_snapshot_xmin(CAST(:after AS pg_snapshot))
        AND NOT pg_visible_in_snapshot(e.xid, CAST(:after AS pg_snapshot))
        AND pg_visible_in_snapshot(e.xid, CAST(:snapshot AS pg_snapshot))
        AND e.at >= :since AND e.moment_id IS NOT NULL AND e.kind = ANY(:kinds)
    """
)

# Heat is summed relative to the day's end, where no term overflows or vanishes: exponents are 0 to -4.
COUNTED = text(
    f"""
    SELECT moment_id, title_id,
        sum(weight * power(2::float8, -(:end - at) / :half_life)) AS heat,
        sum(weight * power(2::float8, -(:end - at) / :quick_half_life)) AS quick,
        count(*) FILTER (WHERE kind = 'click') AS clicks,
        count(*) FILTER (WHERE kind = 'play') AS plays
    FROM (
        SELECT e.moment_id, m.title_id, e.kind, w.weight, extract(epoch FROM min(e.at))::float8 AS at
        FROM events e
        JOIN moments m ON m.id = e.moment_id
        JOIN unnest(CAST(:kinds AS text[]), CAST(:weights AS int[])) AS w (kind, weight) ON w.kind = e.kind
        WHERE e.at >= :day AND e.at < CAST(:day AS timestamptz) + interval '1 day' AND e.moment_id = ANY(:moments)
            AND ({STANDING} = 'human' OR (e.verdict IS NULL AND e.kind IN ('clip', 'share')))
            AND (e.kind IN ('clip', 'share') OR e.viewer_id IS NULL OR e.viewer_id <> m.viewer_id)
        GROUP BY e.moment_id, m.title_id, e.kind, w.weight, coalesce(e.visitor, e.viewer_id::text, e.id::text)
    ) votes
    GROUP BY moment_id, title_id
    """  # noqa: S608 - constants of ours
)


async def refresh(session: AsyncSession) -> int:
    """Bring heat and scenes up to date, in the caller's transaction; returns how many titles were gathered."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    changed = await _read_log(session)
    titles = await _recount(session, changed)
    stale = await session.scalars(delete(StaleTitle).returning(StaleTitle.title_id))
    titles |= set(stale)
    for title_id in sorted(titles):
        await _gather_title(session, title_id)
    return len(titles)


async def mark_stale(session: AsyncSession, *title_ids: UUID) -> None:
    """Have the next refresh gather these titles' scenes again."""
    if title_ids:
        rows = [{"title_id": title_id} for title_id in sorted(set(title_ids))]
        await session.execute(upsert(StaleTitle).on_conflict_do_nothing(), rows)


async def _read_log(session: AsyncSession) -> list[tuple[UUID, date]]:
    """The moments and days of which something new was logged since the last refresh; moves the mark."""
    after = await session.scalar(select(HeatMark.snapshot).filter_by(name="events")) or EMPTY_SNAPSHOT
    snapshot = await session.scalar(text("SELECT pg_current_snapshot()::text"))
    since = utc_now() - timedelta(days=WINDOW_DAYS)
    named = {"after": after, "snapshot": snapshot, "since": since, "kinds": list(heat.WEIGHTS)}
    changed = [(moment, day) for moment, day in await session.execute(CHANGED, named)]
    mark = upsert(HeatMark).values(name="events", snapshot=snapshot)
    await session.execute(mark.on_conflict_do_update(index_elements=["name"], set_={"snapshot": snapshot}))
    return changed


async def _recount(session: AsyncSession, changed: Sequence[tuple[UUID, date]]) -> set[UUID]:
    """Count the changed days of the changed moments; returns their titles."""
    titles: set[UUID] = set()
    for day in sorted({day for _, day in changed}):
        moments = [moment for moment, on in changed if on == day]
        rows = await _count_day(session, day, moments)
        titles |= {row["title_id"] for row in rows}
        await session.execute(delete(HeatDay).where(HeatDay.day == day, HeatDay.moment_id.in_(moments)))
        if rows:
            await session.execute(insert(HeatDay), rows)
    return titles


async def _count_day(session: AsyncSession, day: date, moments: Sequence[UUID]) -> list[dict[str, Any]]:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = (begin + timedelta(days=1)).timestamp()
    named = {
        "day": begin,
        "end": end,
        "moments": list(moments),
        "kinds": list(heat.WEIGHTS),
        "weights": list(heat.WEIGHTS.values()),
        "half_life": heat.HALF_LIFE_S,
        "quick_half_life": heat.QUICK_HALF_LIFE_S,
    }
    return [
        {
            "moment_id": row.moment_id,
            "title_id": row.title_id,
            "day": day,
            "log_heat": heat.vote(row.heat, end),
            "quick_log": heat.vote(row.quick, end, heat.QUICK_HALF_LIFE_S),
            "clicks": row.clicks,
            "plays": row.plays,
        }
        for row in await session.execute(COUNTED, named)
    ]


async def votes_of(session: AsyncSession, title_id: UUID) -> list[Vote]:
    """The moments of a title as votes: live, not private, not taken down; demoted ones for a tenth."""
    if await active(session, "title", title_id) is not None:
        return []
    days = await _days(session, title_id)
    query = select(Moment).where(Moment.id.in_(days), Moment.deleted_at.is_(None), Moment.visibility != "private")
    moments = (await session.scalars(query)).all()
    hidden = await active_among(session, "moment", [moment.id for moment in moments])
    demoted = await active_among(session, "moment", [moment.id for moment in moments], ("demote",))
    banned = await active_among(session, "viewer", list({moment.viewer_id for moment in moments}))
    return [
        Vote(
            id=moment.id,
            start_us=moment.start_us,
            end_us=moment.end_us,
            log_heat=heat.scaled(days[moment.id][0], heat.DEMOTED if moment.id in demoted else 1),
            quick_log=heat.scaled(days[moment.id][1], heat.DEMOTED if moment.id in demoted else 1),
            public=moment.visibility == "public",
        )
        for moment in moments
        if moment.id not in hidden and moment.viewer_id not in banned
    ]


async def _days(session: AsyncSession, title_id: UUID) -> dict[UUID, tuple[float, float]]:
    """Heat (slow, quick) of each moment of a title over the window."""
    since = utc_now().date() - timedelta(days=WINDOW_DAYS)
    query = select(HeatDay).filter_by(title_id=title_id).where(HeatDay.day >= since).order_by(HeatDay.day)
    found: dict[UUID, list[HeatDay]] = defaultdict(list)
    for row in await session.scalars(query):
        found[row.moment_id].append(row)
    return {
        id: (heat.add(*(row.log_heat for row in rows)), heat.add(*(row.quick_log for row in rows)))
        for id, rows in found.items()
    }


async def _gather_title(session: AsyncSession, title_id: UUID) -> None:
    await session.execute(delete(SceneRow).filter_by(title_id=title_id))
    scenes = [scene for scene in gather(await votes_of(session, title_id)) if scene.best is not None]
    for scene in scenes[:SCENES_MAX]:
        session.add(await _row(session, title_id, scene))
    await session.flush()


async def _row(session: AsyncSession, title_id: UUID, scene: Scene) -> SceneRow:
    assert scene.best is not None
    members = [vote.id for vote in scene.members]
    clicks, plays = (
        await session.execute(
            select(func.sum(HeatDay.clicks), func.sum(HeatDay.plays)).where(HeatDay.moment_id.in_(members))
        )
    ).one()
    return SceneRow(
        id=uuid5(SCENE, str(scene.best.id)),
        title_id=title_id,
        best_moment_id=scene.best.id,
        start_us=scene.start_us,
        end_us=scene.end_us,
        log_heat=scene.log_heat,
        quick_log=scene.quick_log,
        moments=len(members),
        sharers=await _sharers(session, members),
        clicks=int(clicks or 0),
        plays=int(plays or 0),
        quote=await _quote(session, title_id, scene),
        refreshed_at=utc_now(),
    )


async def _sharers(session: AsyncSession, moments: Sequence[UUID]) -> int:
    """How many people sent one of ``moments``; each share by somebody without an account counts as one more."""
    query = select(func.count(func.coalesce(Share.viewer_id, Share.id).distinct())).where(Share.moment_id.in_(moments))
    return await session.scalar(query) or 0


async def _quote(session: AsyncSession, title_id: UUID, scene: Scene) -> str | None:
    """The line of dialogue that fills most of the scene."""
    shared = func.least(Line.end_us, scene.end_us) - func.greatest(Line.start_us, scene.start_us)
    query = select(Line.text).where(
        Line.title_id == title_id, Line.start_us < scene.end_us, Line.end_us > scene.start_us
    )
    return await session.scalar(query.order_by(shared.desc(), Line.language, Line.number).limit(1))
