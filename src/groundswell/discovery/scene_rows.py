"""The rows that Discover shows, written anew for the scenes of a title that changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Row, Uuid, delete, func, insert, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.signals import send
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.tables import Share

from .ballots import measures
from .rises import Gathered, newly_rising
from .scenes import SPAN_VOTERS, Span
from .signals import SceneRising
from .tables import SceneLocal, SceneRow, SceneVote


class Support(NamedTuple):
    """What is counted of a scene apart from its heat, and when it was."""

    sharers: int
    people: int
    networks: int
    sharers_at: datetime | None


LARGE = 1_000
"""Moments of a scene above which its sharers are not counted for every vote."""

LARGE_COUNTED_EVERY = timedelta(hours=1)

MEASURED = text(
    """
    SELECT s.scene_id AS id, s.first_id, best.moment_id AS best_moment_id, span.start_us, span.end_us, s.moments,
        s.clicks, s.plays, s.begun_at, counters.quick_log, counters.middle_log, counters.slow_log
    FROM (
        SELECT first_id, scene_id, max(log_heat) AS top, count(*) AS moments, min(begun_at) AS begun_at,
            sum(clicks)::bigint AS clicks, sum(plays)::bigint AS plays
        FROM scene_votes WHERE first_id = ANY(:firsts) GROUP BY first_id, scene_id
    ) s
    CROSS JOIN LATERAL (
        SELECT moment_id FROM scene_votes WHERE first_id = s.first_id AND public
        ORDER BY log_heat DESC, moment_id LIMIT 1
    ) best
    CROSS JOIN LATERAL (
        SELECT min(start_us) FILTER (WHERE starts >= whole / 2) AS start_us,
            min(end_us) FILTER (WHERE ends >= whole / 2) AS end_us
        FROM (
            SELECT start_us, end_us, sum(weight) OVER (ORDER BY start_us) AS starts,
                sum(weight) OVER (ORDER BY end_us) AS ends, sum(weight) OVER () AS whole
            FROM (
                SELECT start_us, end_us, power(2::float8, log_heat - s.top) AS weight FROM scene_votes
                WHERE first_id = s.first_id ORDER BY log_heat DESC, moment_id LIMIT :voters
            ) hottest
        ) reached
    ) span
    JOIN LATERAL (
        SELECT ln(sum(quick_units::float8 * power(2::float8, greatest((day_s - last_s) / :quick, -1000)))
                * :quick_unit) / ln(2::float8) + max(last_s) / :quick AS quick_log,
            ln(sum(middle_units::float8 * power(2::float8, greatest((day_s - last_s) / :middle, -1000)))
                * :unit) / ln(2::float8) + max(last_s) / :middle AS middle_log,
            ln(sum(slow_units::float8 * power(2::float8, greatest((day_s - last_s) / :slow, -1000)))
                * :unit) / ln(2::float8) + max(last_s) / :slow AS slow_log
        FROM (
            SELECT *, extract(epoch FROM day::timestamp AT TIME ZONE 'UTC')::float8 AS day_s,
                max(extract(epoch FROM day::timestamp AT TIME ZONE 'UTC')::float8) OVER () AS last_s
            FROM scene_days WHERE scene_id = s.scene_id
        ) days
    ) counters ON counters.slow_log IS NOT NULL
    """
)
"""The counters are put together relative to the beginning of the last day, before which nothing overflows."""

LOCALS = text(
    """
    INSERT INTO scene_locals (scene_id, territory, title_id, quick_log, middle_log, slow_log)
    SELECT scene_id, territory, :title,
        ln(sum(quick_units::float8 * power(2::float8, greatest((day_s - last_s) / :quick, -1000)))
            * :quick_unit) / ln(2::float8) + max(last_s) / :quick,
        ln(sum(middle_units::float8 * power(2::float8, greatest((day_s - last_s) / :middle, -1000)))
            * :unit) / ln(2::float8) + max(last_s) / :middle,
        ln(sum(slow_units::float8 * power(2::float8, greatest((day_s - last_s) / :slow, -1000)))
            * :unit) / ln(2::float8) + max(last_s) / :slow
    FROM (
        SELECT *, extract(epoch FROM day::timestamp AT TIME ZONE 'UTC')::float8 AS day_s,
            max(extract(epoch FROM day::timestamp AT TIME ZONE 'UTC')::float8)
                OVER (PARTITION BY scene_id, territory) AS last_s
        FROM scene_local_days WHERE scene_id = ANY(:scenes)
    ) days
    GROUP BY scene_id, territory
    """
)

SUPPORT = text(
    """
    SELECT scene_id, count(DISTINCT ballot) AS people, count(DISTINCT network) AS networks FROM scene_ballots
    WHERE scene_id = ANY(:scenes) AND established GROUP BY scene_id
    """
)


async def rewrite(session: AsyncSession, title_id: UUID, changed: Collection[UUID]) -> int:
    """Write the rows of the scenes that begin with ``changed`` anew; a scene that is gone, or for which nothing counts,
    has none. Tells of those that begin to rise (``SceneRising``). Returns how many rows there are of them."""
    named = {"firsts": list(changed), "voters": SPAN_VOTERS} | measures()
    measured = (await session.execute(MEASURED, named)).all()
    around = await _near(session, title_id, [(row.start_us, row.end_us) for row in measured])
    counted = await _let_go(session, title_id, changed, [row.id for row in measured])
    rows = await _rows(session, title_id, measured, counted) if measured else []
    if rows:
        await session.execute(insert(SceneRow), rows)
        local = {"title": title_id, "scenes": [row["id"] for row in rows]} | measures()
        await session.execute(LOCALS, local)
    for row in newly_rising(around, [SceneRow(**row) for row in rows]):
        await send(session, SceneRising(row))
    return len(rows)


async def _let_go(
    session: AsyncSession, title_id: UUID, changed: Collection[UUID], ids: Collection[UUID]
) -> dict[UUID, Support]:
    """Delete the rows of scenes; returns what was counted of each."""
    theirs = or_(among(SceneRow.first_id, changed), among(SceneRow.id, ids))
    gone = delete(SceneRow).where(SceneRow.title_id == title_id, theirs)
    columns = SceneRow.id, SceneRow.sharers, SceneRow.people, SceneRow.networks, SceneRow.sharers_at
    rows = await session.execute(gone.returning(*columns), execution_options={"synchronize_session": False})
    found = {id: Support(sharers, people, networks, at) for id, sharers, people, networks, at in rows}
    await session.execute(delete(SceneLocal).where(among(SceneLocal.scene_id, found)))
    return found


async def _near(session: AsyncSession, title_id: UUID, spans: Sequence[Span]) -> list[Gathered]:
    """The title's scenes, as gathered before, that lie between the first and the last of ``spans`` at most."""
    if not spans:
        return []
    columns = [getattr(SceneRow, field.name) for field in fields(Gathered)]
    until, since = max(end for _, end in spans), min(start for start, _ in spans)
    query = select(*columns).where(SceneRow.title_id == title_id, SceneRow.start_us < until, SceneRow.end_us > since)
    return [Gathered(*row) for row in await session.execute(query)]


async def _rows(
    session: AsyncSession, title_id: UUID, scenes: Sequence[Row[Any]], before: Mapping[UUID, Support]
) -> list[dict[str, Any]]:
    now = utc_now()
    supports = await _supports(session, scenes, before, now)
    quotes = await _quotes(session, title_id, scenes)
    return [
        {
            "title_id": title_id,
            **scene._mapping,
            **supports[scene.id]._asdict(),
            "quote": quotes.get(scene.id),
            "refreshed_at": now,
        }
        for scene in scenes
    ]


async def _supports(
    session: AsyncSession, scenes: Sequence[Row[Any]], before: Mapping[UUID, Support], now: datetime
) -> dict[UUID, Support]:
    """How many people sent one of a scene's moments (each share by somebody without an account counts as one more),
    how many established ones voted for it, from how many networks; and when that was counted."""
    kept = {scene.id: before[scene.id] for scene in scenes if _holds_still(scene, before.get(scene.id), now)}
    fresh = [scene for scene in scenes if scene.id not in kept]
    query = (
        select(SceneVote.first_id, func.count(func.coalesce(Share.viewer_id, Share.id).distinct()))
        .join(Share, Share.moment_id == SceneVote.moment_id)
        .where(among(SceneVote.first_id, [scene.first_id for scene in fresh]), Share.channel != OWN_PAGE)
        .group_by(SceneVote.first_id)
    )
    sharers: dict[UUID | None, int] = {row[0]: row[1] for row in await session.execute(query)}
    voters = {row.scene_id: row for row in await session.execute(SUPPORT, {"scenes": [scene.id for scene in fresh]})}
    found = {
        scene.id: Support(
            sharers.get(scene.first_id, 0),
            voters[scene.id].people if scene.id in voters else 0,
            voters[scene.id].networks if scene.id in voters else 0,
            now,
        )
        for scene in fresh
    }
    return kept | found


def _holds_still(scene: Row[Any], before: Support | None, now: datetime) -> bool:
    """Whether what was counted of a large scene a while ago will do."""
    counted_at = before.sharers_at if before is not None else None
    return counted_at is not None and scene.moments > LARGE and now - counted_at < LARGE_COUNTED_EVERY


async def _quotes(session: AsyncSession, title_id: UUID, scenes: Sequence[Row[Any]]) -> dict[UUID, str]:
    """The line of dialogue that fills most of each scene."""
    arrays = [
        literal([getattr(scene, name) for scene in scenes], ARRAY(kind))
        for name, kind in (("id", Uuid), ("start_us", BigInteger), ("end_us", BigInteger))
    ]
    given = func.unnest(*arrays).table_valued("id", "start_us", "end_us").render_derived(name="given")
    shared = func.least(Line.end_us, given.c.end_us) - func.greatest(Line.start_us, given.c.start_us)
    line = select(Line.text).where(Line.title_id == title_id)
    line = line.where(Line.start_us < given.c.end_us, Line.end_us > given.c.start_us)
    line = line.order_by(shared.desc(), Line.language, Line.number).limit(1)
    quote = line.correlate(given).scalar_subquery()
    return {id: text for id, text in await session.execute(select(given.c.id, quote)) if text is not None}
