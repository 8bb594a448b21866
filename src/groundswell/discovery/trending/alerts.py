"""Alerts: staff are told, once a scene, that it is expected to have more votes in the end than they said."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.discovery.signals import AlertRaised
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound
from groundswell.platform.signals import send

from .forecasts import ForecastNow
from .tables import TrendAlert, TrendAlertHit

MOST = 200


class AlertUnknown(NotFound):
    code, title = "alert_unknown", "There is no such alert."


class AlertsTooMany(Conflict):
    code, title = "alerts_too_many", f"There can be {MOST} alerts; end one first."


async def make(session: AsyncSession, threshold: int, title_id: UUID | None, made_by: str) -> TrendAlert:
    """Set an alert.

    Raises:
        AlertsTooMany: as it says.
    """
    count = select(func.count()).select_from(TrendAlert).where(TrendAlert.ended_at.is_(None))
    if (await session.scalar(count) or 0) >= MOST:
        raise AlertsTooMany()
    alert = TrendAlert(id=uuid7(), threshold=threshold, title_id=title_id, made_by=made_by)
    session.add(alert)
    await session.flush()
    await session.refresh(alert)
    return alert


async def end(session: AsyncSession, alert_id: UUID) -> None:
    """End an alert. Ending it twice is ending it once.

    Raises:
        AlertUnknown: there is none.
    """
    alert = await session.get(TrendAlert, alert_id, with_for_update=True)
    if alert is None:
        raise AlertUnknown()
    alert.ended_at = alert.ended_at or utc_now()


async def standing(session: AsyncSession, limit: int, after: UUID | None = None) -> Sequence[TrendAlert]:
    """The alerts that were not ended, newest first; ``after`` is the last one of the page before."""
    query = select(TrendAlert).where(TrendAlert.ended_at.is_(None)).order_by(TrendAlert.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(TrendAlert.id < after))).all()


async def raised(session: AsyncSession, limit: int) -> list[tuple[TrendAlertHit, TrendAlert]]:
    """What alerts were raised for, newest first."""
    query = select(TrendAlertHit, TrendAlert).join(TrendAlert, TrendAlert.id == TrendAlertHit.alert_id)
    rows = await session.execute(query.order_by(TrendAlertHit.at.desc(), TrendAlertHit.scene_id).limit(limit))
    return [(hit, alert) for hit, alert in rows]


async def raise_due(session: AsyncSession, forecasts: Sequence[ForecastNow]) -> int:
    """Raise the alerts whose number is passed, or is expected to be, that were not raised for the scene before, and
    tell the features above (``AlertRaised``). Returns how many."""
    alerts = await standing(session, MOST)
    count = 0
    for now in forecasts:
        for alert in alerts:
            if _passes(now, alert):
                count += await _raise(session, now, alert)
    return count


def _passes(now: ForecastNow, alert: TrendAlert) -> bool:
    expected = now.estimate.expected
    of_it = alert.title_id is None or alert.title_id == now.title_id
    return of_it and expected is not None and max(expected, now.estimate.seen) > alert.threshold


async def _raise(session: AsyncSession, now: ForecastNow, alert: TrendAlert) -> bool:
    found = now.estimate
    numbers = {name: round(getattr(found, name) or 0) for name in ("seen", "expected", "low", "high")}
    row = {"alert_id": alert.id, "scene_id": now.scene_id, "at": now.at} | numbers
    made = insert(TrendAlertHit).values(row).on_conflict_do_nothing().returning(TrendAlertHit)
    hit = (await session.scalars(made)).one_or_none()
    if hit is not None:
        await send(session, AlertRaised(alert, hit, now.title_id))
    return hit is not None
