"""The credits behind a number: pages of them, and what they add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import EVERY_NAME, PersonNames
from groundswell.accounts.tables import Viewer
from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.tables import CONVERSION_KINDS, Conversion, JudgedCredit, Touch
from groundswell.catalog.tables import Title
from groundswell.platform.database import among

from .drilldown import Conditions, conditions


@dataclass(frozen=True)
class CreditQuery:
    """Which credits: from ``begin`` until ``end``, by one model, of one kind of conversion ('' for any), and what they
    are narrowed to (dimension → key)."""

    begin: datetime
    end: datetime
    model: str
    kind: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"

    async def conditions(self, session: AsyncSession) -> Conditions:
        found: Conditions = [JudgedCredit.at >= self.begin, JudgedCredit.at < self.end, JudgedCredit.weight_ppm > 0]
        found += [JudgedCredit.model == self.model, JudgedCredit.model_version == MODELS_VERSION]
        if self.kind in CONVERSION_KINDS:
            found.append(JudgedCredit.kind == self.kind)
        return found + await conditions(session, JudgedCredit, self.where, self.zone)


async def page_of_credits(
    session: AsyncSession, asked: CreditQuery, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[Row[JudgedCredit, str, str, Touch, UUID]]:
    """Credits, newest conversions first, each with the converted viewer's name, the title's, its touch, the viewer."""
    query = (
        select(JudgedCredit, Viewer.name, Title.name, Touch, Viewer.id)
        .join(Conversion, Conversion.id == JudgedCredit.conversion_id)
        .join(Viewer, Viewer.id == Conversion.viewer_id)
        .outerjoin(Title, Title.id == JudgedCredit.title_id)
        .join(Touch, Touch.id == JudgedCredit.touch_id)
        .where(*await asked.conditions(session))
        .order_by(JudgedCredit.at.desc(), JudgedCredit.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(JudgedCredit.at, JudgedCredit.id) < before)
    return (await session.execute(query)).all()


async def totals(session: AsyncSession, asked: CreditQuery) -> tuple[int, int]:
    """The sum of the credits' weights in millionths, and of how many conversions they are parts."""
    columns = func.sum(JudgedCredit.weight_ppm), func.count(JudgedCredit.conversion_id.distinct())
    weight, conversions = (await session.execute(select(*columns).where(*await asked.conditions(session)))).one()
    return int(weight or 0), conversions


async def columns_of_credits(
    session: AsyncSession, asked: CreditQuery, names: Sequence[str], limit: int
) -> Sequence[tuple[Any, ...]]:
    """Some columns of the newest credits, as files hold them."""
    query = select(*(getattr(JudgedCredit, name) for name in names)).where(*await asked.conditions(session))
    rows = await session.execute(query.order_by(JudgedCredit.at.desc(), JudgedCredit.id.desc()).limit(limit))
    return [tuple(row) for row in rows]


async def converted_names(
    session: AsyncSession, conversions: set[UUID], names: PersonNames = EVERY_NAME
) -> dict[UUID, str]:
    """The names of the viewers who converted, by conversion."""
    query = select(Conversion.id, Viewer.name, Conversion.viewer_id).join(Viewer, Viewer.id == Conversion.viewer_id)
    rows = await session.execute(query.where(among(Conversion.id, conversions)))
    return {row.id: names.of(row.viewer_id, row.name) or "" for row in rows}


async def find_conversion(session: AsyncSession, conversion_id: UUID) -> Conversion | None:
    """The conversion of that id; None when there is none."""
    return await session.get(Conversion, conversion_id)
