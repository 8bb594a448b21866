"""Conversions as a list, newest first, each with the share that it is credited to."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import EVERY_NAME, PersonNames
from groundswell.accounts.tables import Viewer
from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.tables import CERTAIN, Conversion, JudgedCredit, Touch
from groundswell.catalog.tables import Title
from groundswell.insights.schemas import ConversionRow
from groundswell.platform.problems import NotFound
from groundswell.shares.tables import Share

from .report_filter import Slice


async def recent(
    session: AsyncSession,
    slice: Slice,
    limit: int = 50,
    after: UUID | None = None,
    names: PersonNames = EVERY_NAME,
) -> list[ConversionRow]:
    """Conversions of ``slice``, newest first (by time, then id).

    Args:
        after: the conversion after which the page begins.
        names: what people are called for whoever reads it.

    Raises:
        PeriodInvalid.
    """
    slice.check()
    query = _rows().where(Conversion.at >= slice.begin, Conversion.at < slice.end)
    if slice.title_id is not None:
        query = query.where(JudgedCredit.title_id == slice.title_id)
    if slice.channel is not None:
        query = query.where(JudgedCredit.channel == slice.channel)
    if after is not None:
        last = select(Conversion.at, Conversion.id).where(Conversion.id == after)
        query = query.where(tuple_(Conversion.at, Conversion.id) < last.scalar_subquery())
    query = query.order_by(Conversion.at.desc(), Conversion.id.desc()).limit(limit)
    return [_shown(row, names) for row in await session.execute(query)]


async def one(session: AsyncSession, id: UUID) -> ConversionRow:
    """One conversion.

    Raises:
        NotFound: there is none of this id.
    """
    row = (await session.execute(_rows().where(Conversion.id == id))).first()
    if row is None:
        raise NotFound("There is no such conversion.")
    return _shown(row)


def _rows() -> Select[*tuple[Any, ...]]:
    """Conversions with the one credit of the last-touch model, where there is one."""
    credited = and_(
        JudgedCredit.conversion_id == Conversion.id,
        JudgedCredit.model == DEFAULT_MODEL,
        JudgedCredit.model_version == MODELS_VERSION,
    )
    return (
        select(Conversion, Viewer.name, JudgedCredit, Share.generation, Title.name.label("title"), Touch.matched_by)
        .join(Viewer, Viewer.id == Conversion.viewer_id)
        .outerjoin(JudgedCredit, credited)
        .outerjoin(Share, Share.id == JudgedCredit.share_id)
        .outerjoin(Title, Title.id == JudgedCredit.title_id)
        .outerjoin(Touch, Touch.id == JudgedCredit.touch_id)
    )


def _shown(row: Row[*tuple[Any, ...]], names: PersonNames = EVERY_NAME) -> ConversionRow:
    conversion, viewer, credit, generation, title, matched_by = row
    return ConversionRow(
        id=conversion.id,
        external_id=conversion.external_id,
        kind=conversion.kind,
        at=conversion.at,
        amount_minor=conversion.amount_minor,
        currency=conversion.currency,
        viewer=names.of(conversion.viewer_id, viewer) or "",
        share_id=credit.share_id if credit else None,
        channel=credit.channel if credit else None,
        generation=generation,
        title=title,
        title_id=credit.title_id if credit else None,
        certain=matched_by in CERTAIN if credit else None,
    )
