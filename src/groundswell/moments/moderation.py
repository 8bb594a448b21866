"""Moments as those who moderate them see them: with title, maker, and the reports about them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.platform.database import among
from groundswell.trust.reports import newest_open
from groundswell.trust.tables import Report

from .lookup import MomentUnknown
from .tables import Moment

Described = tuple[Moment, Title, Viewer]


@dataclass(frozen=True)
class ReportedMoment:
    """A moment and the open reports about it."""

    moment: Moment
    title: Title
    maker: Viewer
    reports: list[Report]


async def open_reports(session: AsyncSession, limit: int) -> list[ReportedMoment]:
    """Moments with open reports, those reported most first; of the newest ``limit`` reports."""
    by_moment: dict[UUID, list[Report]] = defaultdict(list)
    for report in await newest_open(session, limit):
        if report.moment_id is not None:
            by_moment[report.moment_id].append(report)
    rows = await described(session, by_moment)
    found = [ReportedMoment(moment, title, maker, by_moment[moment.id]) for moment, title, maker in rows]
    return sorted(found, key=lambda each: (-len(each.reports), each.reports[0].created_at))


async def described(session: AsyncSession, moment_ids: Iterable[UUID]) -> list[Described]:
    """Those of the moments that there are, with title and maker."""
    rows = await session.execute(_moments().where(among(Moment.id, set(moment_ids))))
    return [(moment, title, maker) for moment, title, maker in rows]


async def described_by_code(session: AsyncSession, code: str) -> Described:
    """One moment with title and maker.

    Raises:
        MomentUnknown: there is none.
    """
    row = (await session.execute(_moments().where(Moment.code == code))).one_or_none()
    if row is None:
        raise MomentUnknown()
    return row[0], row[1], row[2]


def _moments() -> Any:
    return (
        select(Moment, Title, Viewer)
        .join(Title, Title.id == Moment.title_id)
        .join(Viewer, Viewer.id == Moment.viewer_id)
    )
