"""Trending over HTTP, for staff: what is decided of scenes, what is expected of them, and alerts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from groundswell.accounts.access import Caller, staff
from groundswell.catalog.titles import find_title
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import alerts, forecasts, reviews
from .schemas import AlertIn, AlertOut, ForecastOut, SceneDecisionIn, SceneDecisionOut

router = APIRouter(prefix="/v1", tags=["discovery"], route_class=TransactionalRoute)

Trends = Annotated[Caller, Depends(staff("trending.manage"))]


@router.post("/scenes/{scene}/decisions", status_code=201)
async def decide_scene(scene: UUID, body: SceneDecisionIn, caller: Trends, session: DbSession) -> SceneDecisionOut:
    """Let a scene into public lists, hold it back, put it above them, or take it from there; with the reason."""
    made = await reviews.decide_scene(session, scene, body.action, body.reason, caller.actor)
    return SceneDecisionOut.model_validate(made)


@router.get("/scenes/{scene}/decisions")
async def list_scene_decisions(
    scene: UUID, caller: Trends, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[SceneDecisionOut]:
    """What was decided of a scene, by whom and why, newest first."""
    rows = await reviews.decisions_of(session, scene, limit, decode_cursor(cursor))
    return Page(items=[SceneDecisionOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@router.get("/scenes/{scene}/forecast")
async def read_forecast(scene: UUID, caller: Trends, session: DbSession) -> ForecastOut:
    """How many votes a scene's wave has, and will have had in the end, as far as that can be said now."""
    return ForecastOut.of(await forecasts.of_scene(session, scene))


@router.post("/trend-alerts", status_code=201)
async def make_alert(body: AlertIn, caller: Trends, session: DbSession) -> AlertOut:
    """Be told when a scene, of any title or of one, is expected to have more votes in the end than `threshold`."""
    title = await find_title(session, body.title) if body.title is not None else None
    made = await alerts.make(session, body.threshold, title.id if title else None, caller.actor)
    return AlertOut.model_validate(made)


@router.get("/trend-alerts")
async def list_alerts(caller: Trends, session: DbSession, cursor: Cursor = None, limit: Limit = 50) -> Page[AlertOut]:
    """Alerts that have not been ended, newest first."""
    rows = await alerts.standing(session, limit, decode_cursor(cursor))
    return Page(items=[AlertOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@router.delete("/trend-alerts/{alert}", status_code=204)
async def end_alert(alert: UUID, caller: Trends, session: DbSession) -> None:
    """End an alert. What it was raised for stays."""
    await alerts.end(session, alert)
