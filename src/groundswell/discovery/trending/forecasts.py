"""Forecasts of scenes, from the ballots that count for them: made when asked for, and kept for those that lead.

A scene's wave begins with the first vote after a day without any; a scene of years ago that is suddenly loved has a new
one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.discovery.ranking import Gate, ranked
from groundswell.discovery.tables import SceneBallot, SceneRow
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among

from .forecast import END_S, WaveEstimate, forecast
from .reviews import SceneUnknown
from .tables import SceneForecast

VOTES_MAX = 50_000
"""Of a wave that are looked at, the latest."""

QUIET_S = 86_400.0
"""Seconds without a vote after which the next begins a wave."""

LEADING = 100
"""Scenes whose forecasts are kept, those that lead."""

ACTIVE = timedelta(days=1)
"""Of those that got a vote within this."""

NOTABLE = 0.02
"""By what part an expectation must have changed to be written."""


@dataclass(frozen=True)
class ForecastNow:
    """A scene's wave: when it began, and what is expected of it ``at`` an instant."""

    scene_id: UUID
    title_id: UUID
    at: datetime
    begun_at: datetime | None
    estimate: WaveEstimate


async def of_scene(session: AsyncSession, scene_id: UUID) -> ForecastNow:
    """What is expected of a scene now.

    Raises:
        SceneUnknown: there is none.
    """
    title_id = await session.scalar(select(SceneRow.title_id).filter_by(id=scene_id))
    if title_id is None:
        raise SceneUnknown()
    return await _of(session, scene_id, title_id, utc_now())


async def _of(session: AsyncSession, scene_id: UUID, title_id: UUID, now: datetime) -> ForecastNow:
    since = (now - timedelta(seconds=END_S + QUIET_S)).date()
    query = select(SceneBallot.at).where(SceneBallot.scene_id == scene_id, SceneBallot.day >= since)
    query = query.where(SceneBallot.at <= now).order_by(SceneBallot.at.desc()).limit(VOTES_MAX)
    times = [at.timestamp() for at in await session.scalars(query)]
    wave = wave_of(times)
    if not wave:
        return ForecastNow(scene_id, title_id, now, None, WaveEstimate("too_early", 0))
    begun = wave[0]
    estimate = forecast([at - begun for at in wave], now.timestamp() - begun)
    return ForecastNow(scene_id, title_id, now, datetime.fromtimestamp(begun, now.tzinfo), estimate)


def wave_of(latest_first: Sequence[float]) -> list[float]:
    """The votes since the last day without any, ascending. Pure."""
    wave: list[float] = []
    for at in latest_first:
        if wave and wave[-1] - at > QUIET_S:
            break
        wave.append(at)
    return wave[::-1]


async def keep(session: AsyncSession, gate: Gate) -> list[ForecastNow]:
    """Make the forecasts of the scenes that lead, and keep what changed of them; returns all that were made."""
    now = utc_now()
    active = now - ACTIVE
    leading: list[UUID] = []
    scenes = ranked(session, lambda query: gate.passed(query).where(SceneRow.refreshed_at >= active), now.timestamp())
    async for each in scenes:
        leading.append(each.id)
        if len(leading) == LEADING:
            break
    titles = select(SceneRow.id, SceneRow.title_id).where(among(SceneRow.id, leading))
    made = [await _of(session, id, title_id, now) for id, title_id in (await session.execute(titles)).all()]
    kept = {row.scene_id: row for row in await kept_among(session, leading)}
    rows = [_row(each) for each in made if _differs(each, kept.get(each.scene_id))]
    if rows:
        put = upsert(SceneForecast).values(rows)
        columns = {name: getattr(put.excluded, name) for name in rows[0] if name != "scene_id"}
        await session.execute(put.on_conflict_do_update(index_elements=["scene_id"], set_=columns))
    return made


async def forget(session: AsyncSession, now: datetime) -> None:
    """Let go of the forecasts of waves that are over."""
    await session.execute(delete(SceneForecast).where(SceneForecast.at < now - timedelta(seconds=END_S)))


def _row(now: ForecastNow) -> dict[str, object]:
    found = now.estimate
    numbers = {
        name: None if (value := getattr(found, name)) is None else round(value) for name in ("expected", "low", "high")
    }
    about = {"scene_id": now.scene_id, "title_id": now.title_id, "at": now.at, "begun_at": now.begun_at}
    return about | {"state": found.state, "seen": found.seen, "error": found.error} | numbers


def _differs(now: ForecastNow, kept: SceneForecast | None) -> bool:
    if kept is None or (now.estimate.state, now.estimate.seen) != (kept.state, kept.seen):
        return True
    expected, before = now.estimate.expected or 0, kept.expected or 0
    return abs(expected - before) > NOTABLE * max(before, 1) + 0.5


async def kept_among(session: AsyncSession, scene_ids: Sequence[UUID]) -> Sequence[SceneForecast]:
    """The forecasts that are kept of scenes."""
    return (await session.scalars(select(SceneForecast).where(among(SceneForecast.scene_id, scene_ids)))).all()
