"""The rows behind a number: events or credits that are of one channel, scene, sharer … in PostgreSQL itself."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.tables import Campaign, Conversion, Credit
from groundswell.events.tables import LoggedEvent
from groundswell.moments.questions import scenes_of_moments
from groundswell.moments.tables import Moment
from groundswell.shares.tables import Share

from .breakdown import UNKNOWN

Conditions = list[ColumnElement[bool]]


async def conditions(
    session: AsyncSession, table: type[LoggedEvent] | type[Credit], where: Mapping[str, str]
) -> Conditions:
    """What makes a row of ``table`` one of those that a report's row counts: dimension → its key.

    A key that names nothing matches nothing.
    """
    found: Conditions = []
    for dimension, key in where.items():
        found.append(await _condition(session, table, dimension, None if key == UNKNOWN else key))
    return found


async def _condition(session: AsyncSession, table: Any, dimension: str, key: str | None) -> ColumnElement[bool]:
    if dimension == "channel":
        return _is(table.channel, key)
    if dimension in ("title", "moment"):
        return _is(getattr(table, f"{dimension}_id"), _id(key))
    if dimension == "day":
        return _on_day(table, key)
    if dimension == "territory":
        return _in_territory(table, key)
    if dimension == "campaign":
        return await _in_campaign(session, table, key or "")
    if dimension in ("scene", "maker"):
        return await _of_moments(session, table, dimension, key)
    return _of_shares(table, dimension, key)


def _is(column: Any, value: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return condition


def _id(key: str | None) -> UUID | None:
    try:
        return None if key is None else UUID(key)
    except ValueError:
        return UUID(int=0)


def _on_day(table: Any, key: str | None) -> ColumnElement[bool]:
    try:
        begin = datetime.combine(date.fromisoformat(key or ""), time(), UTC)
    except ValueError:
        return table.at.is_(None)  # type: ignore[no-any-return]
    return (table.at >= begin) & (table.at < begin + timedelta(days=1))  # type: ignore[no-any-return]


def _in_territory(table: Any, key: str | None) -> ColumnElement[bool]:
    if table is LoggedEvent:
        return _is(table.territory, key)
    there = select(Conversion.id).join(Viewer, Viewer.id == Conversion.viewer_id).where(_is(Viewer.territory, key))
    return table.conversion_id.in_(there)  # type: ignore[no-any-return]


async def _in_campaign(session: AsyncSession, table: Any, key: str) -> ColumnElement[bool]:
    """What belongs to a campaign (of events: a campaign's credit is reckoned by its own rule, not looked up)."""
    campaign = await session.scalar(select(Campaign).filter_by(key=key))
    if campaign is None or table is not LoggedEvent:
        return table.at.is_(None)  # type: ignore[no-any-return]
    found: Conditions = [table.at >= campaign.begins_at, table.at < campaign.until]
    if campaign.titles is not None:
        found.append(table.title_id.in_(campaign.titles))
    if campaign.creators is not None:
        found.append(table.moment_id.in_(select(Moment.id).where(Moment.viewer_id.in_(campaign.creators))))
    if campaign.territories is not None:
        found.append(table.territory.in_(campaign.territories))
    return and_(*found)


async def _of_moments(session: AsyncSession, table: Any, dimension: str, key: str | None) -> ColumnElement[bool]:
    if key is None:
        return table.moment_id.is_(None)  # type: ignore[no-any-return]
    if dimension == "maker":
        return table.moment_id.in_(select(Moment.id).where(Moment.viewer_id == _id(key)))  # type: ignore[no-any-return]
    members = await scenes_of_moments(session)
    wanted = _id(key)
    ids = [id for id, scene in members.items() if scene == wanted]
    return table.moment_id.in_(ids if wanted is None or wanted in members.values() else [wanted])  # type: ignore[no-any-return]


def _of_shares(table: Any, dimension: str, key: str | None) -> ColumnElement[bool]:
    week = func.to_char(func.date_trunc("week", func.timezone("UTC", Share.created_at)), "YYYY-MM-DD")
    column = {"sharer": Share.viewer_id, "generation": Share.generation, "cohort": week}[dimension]
    if key is None:
        nameless = table.share_id.in_(select(Share.id).where(column.is_(None)))
        return table.share_id.is_(None) | nameless  # type: ignore[no-any-return]
    value: Any = _id(key) if dimension == "sharer" else key
    if dimension == "generation":
        value = int(key) if key.isdigit() and len(key) < 6 else -1
    return table.share_id.in_(select(Share.id).where(column == value))  # type: ignore[no-any-return]
