"""The rows behind a number: events or credits that are of one channel, scene, sharer … in PostgreSQL itself."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.tables import Campaign, Conversion, JudgedCredit
from groundswell.events.tables import JudgedEvent
from groundswell.moments.providers import members_of_scenes
from groundswell.moments.tables import Moment
from groundswell.platform.clock import day_begin, day_end, parse_day
from groundswell.platform.database import among
from groundswell.shares.tables import Share

from .breakdown import UNKNOWN
from .dimensions import week_of_share

Conditions = list[ColumnElement[bool]]


async def conditions(
    session: AsyncSession,
    table: type[JudgedEvent] | type[JudgedCredit],
    where: Mapping[str, str],
    zone: str = "UTC",
) -> Conditions:
    """What makes a row of ``table`` one of those that a report's row counts: dimension → its key. Days and weeks are
    of ``zone``.

    A key that names nothing matches nothing.
    """
    found: Conditions = []
    for dimension, key in where.items():
        found.append(await _condition(session, table, dimension, None if key == UNKNOWN else key, zone))
    return found


async def _condition(
    session: AsyncSession, table: Any, dimension: str, key: str | None, zone: str
) -> ColumnElement[bool]:
    if dimension == "channel":
        return _is(table.channel, key)
    if dimension in ("title", "moment"):
        return _is(getattr(table, f"{dimension}_id"), _id(key))
    if dimension == "day":
        return _on_day(table, key, zone)
    if dimension == "territory":
        return _in_territory(table, key)
    if dimension == "campaign":
        return await _in_campaign(session, table, key or "")
    if dimension in ("scene", "maker"):
        return await _of_moments(table, dimension, key)
    return _of_shares(table, dimension, key, zone)


def _is(column: Any, value: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return condition


def _id(key: str | None) -> UUID | None:
    try:
        return None if key is None else UUID(key)
    except ValueError:
        return UUID(int=0)


def _on_day(table: Any, key: str | None, zone: str) -> ColumnElement[bool]:
    day = parse_day(key)
    if day is None:
        return table.at.is_(None)  # type: ignore[no-any-return]
    return (table.at >= day_begin(day, zone)) & (table.at < day_end(day, zone))  # type: ignore[no-any-return]


def _in_territory(table: Any, key: str | None) -> ColumnElement[bool]:
    if table is JudgedEvent:
        return _is(table.territory, key)
    there = select(Conversion.id).join(Viewer, Viewer.id == Conversion.viewer_id).where(_is(Viewer.territory, key))
    return table.conversion_id.in_(there)  # type: ignore[no-any-return]


async def _in_campaign(session: AsyncSession, table: Any, key: str) -> ColumnElement[bool]:
    """What belongs to a campaign (of events: a campaign's credit is reckoned by its own rule, not looked up)."""
    campaign = await session.scalar(select(Campaign).filter_by(key=key))
    if campaign is None or table is not JudgedEvent:
        return table.at.is_(None)  # type: ignore[no-any-return]
    found: Conditions = [table.at >= campaign.begins_at, table.at < campaign.until]
    if campaign.titles is not None:
        found.append(among(table.title_id, campaign.titles))
    if campaign.creators is not None:
        found.append(table.moment_id.in_(select(Moment.id).where(among(Moment.viewer_id, campaign.creators))))
    if campaign.territories is not None:
        found.append(among(table.territory, campaign.territories))
    return and_(*found)


async def _of_moments(table: Any, dimension: str, key: str | None) -> ColumnElement[bool]:
    if key is None:
        return table.moment_id.is_(None)  # type: ignore[no-any-return]
    if dimension == "maker":
        return table.moment_id.in_(select(Moment.id).where(Moment.viewer_id == _id(key)))  # type: ignore[no-any-return]
    itself: ColumnElement[bool] = table.moment_id == _id(key)
    members = await members_of_scenes([UUID(int=0) if (wanted := _id(key)) is None else wanted])
    return itself if members is None else itself | table.moment_id.in_(select(members.subquery().c.moment_id))


def _of_shares(table: Any, dimension: str, key: str | None, zone: str) -> ColumnElement[bool]:
    column = {"sharer": Share.viewer_id, "generation": Share.generation, "cohort": week_of_share(zone)}[dimension]
    if key is None:
        nameless = table.share_id.in_(select(Share.id).where(column.is_(None)))
        return table.share_id.is_(None) | nameless  # type: ignore[no-any-return]
    value: Any = _id(key) if dimension == "sharer" else key
    if dimension == "generation":
        value = int(key) if key.isdecimal() and len(key) < 6 else -1
    return table.share_id.in_(select(Share.id).where(column == value))  # type: ignore[no-any-return]
