"""What staff see of scenes that catch on: the reason, what votes they are, robots, what is expected and was decided."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.discovery.feed import candidates_among
from groundswell.discovery.ranking import Gate, ranked
from groundswell.discovery.rate import rate
from groundswell.discovery.tables import SceneRow
from groundswell.discovery.threshold import Ranked
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among

from . import clusters, forecasts, reasons, reviews
from .clusters import VoteCluster
from .forecasts import ForecastNow
from .reasons import Rise
from .tables import SceneStanding

LATELY = timedelta(days=7)

ROBOTS = text(
    """
    SELECT v.scene_id, count(*) FILTER (WHERE e.verdict = 'robot') AS robots, count(*) AS visits
    FROM scene_votes v JOIN judged_events e ON e.moment_id = v.moment_id
    WHERE v.scene_id = ANY(:scenes) AND e.kind IN ('click', 'play') AND e.at >= :since
    GROUP BY v.scene_id
    """
)
KINDS = text(
    """
    SELECT scene_id, kind, count(*) FROM scene_ballots
    WHERE scene_id = ANY(:scenes) AND day >= :since GROUP BY scene_id, kind ORDER BY count(*) DESC, kind
    """
)
TERRITORIES = text(
    """
    SELECT territory FROM scene_local_days WHERE day >= :since
    GROUP BY territory ORDER BY sum(votes) DESC, territory LIMIT 60
    """
)


@dataclass(frozen=True)
class TrendingScene:
    """One scene on the board. ``passes``: it has the people and networks that public lists ask for; ``robots`` is the
    part of clicks and plays of the last 7 days that were no people's (None: there were none); ``kinds`` are the votes
    of those days by kind."""

    scene: SceneRow
    moment: Moment
    title: Title
    rate: float
    rise: Rise
    forecast: ForecastNow
    standing: SceneStanding | None
    passes: bool
    robots: float | None
    kinds: dict[str, int]
    cluster: VoteCluster | None


async def leading(
    session: AsyncSession, gate: Gate, limit: int, territory: str | None = None, title_id: UUID | None = None
) -> list[TrendingScene]:
    """The scenes that lead, whether or not they stand in public lists; in one country, or of one title."""
    now_s, found = utc_now().timestamp(), list[Ranked]()

    def scope(query: Select[Any]) -> Select[Any]:
        return query if title_id is None else query.where(SceneRow.title_id == title_id)

    async for each in ranked(session, scope, now_s, territory):
        found.append(each)
        if len(found) == limit:
            break
    return await _described(session, gate, found)


async def these(session: AsyncSession, gate: Gate, scene_ids: Sequence[UUID]) -> list[TrendingScene]:
    """Scenes by their ids, in their order; those for which nobody votes any more are left out."""
    now_s = utc_now().timestamp()
    rows = {row.id: row for row in await session.scalars(select(SceneRow).where(among(SceneRow.id, scene_ids)))}
    found = [
        Ranked(rate((row.quick_log, row.middle_log, row.slow_log), now_s - row.begun_at.timestamp(), now_s), id)
        for id in scene_ids
        if (row := rows.get(id)) is not None
    ]
    return await _described(session, gate, found)


async def _described(session: AsyncSession, gate: Gate, found: Sequence[Ranked]) -> list[TrendingScene]:
    now, ids = utc_now(), [each.id for each in found]
    candidates = await candidates_among(session, found)
    rises = await reasons.rises_among(session, ids, now)
    standings = await reviews.standings_among(session, ids)
    robots = await robots_among(session, ids)
    kinds = await kinds_among(session, ids)
    suspected = {each.scene_id: each for each in await clusters.find(session, ids)} if ids else {}
    return [
        TrendingScene(
            scene=row[0],
            moment=row[1],
            title=row[2],
            rate=each.rate,
            rise=rises[each.id],
            forecast=await forecasts.of_scene(session, each.id),
            standing=standings.get(each.id),
            passes=row[0].people >= gate.people and row[0].networks >= gate.networks,
            robots=robots.get(each.id),
            kinds=kinds.get(each.id, {}),
            cluster=suspected.get(each.id),
        )
        for each, row in candidates
    ]


async def robots_among(session: AsyncSession, scene_ids: Collection[UUID]) -> dict[UUID, float]:
    """The part of the last days' clicks and plays of scenes that robots made."""
    rows = await session.execute(ROBOTS, {"scenes": list(scene_ids), "since": utc_now() - LATELY})
    return {row.scene_id: row.robots / row.visits for row in rows}


async def kinds_among(session: AsyncSession, scene_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """The last days' votes for scenes by kind, the most first."""
    found: dict[UUID, dict[str, int]] = {}
    for scene_id, kind, count in await session.execute(
        KINDS, {"scenes": list(scene_ids), "since": (utc_now() - LATELY).date()}
    ):
        found.setdefault(scene_id, {})[kind] = count
    return found


async def territories(session: AsyncSession) -> list[str]:
    """The countries that votes of the last days came from, those of most first."""
    return list(await session.scalars(TERRITORIES, {"since": (utc_now() - LATELY).date()}))
