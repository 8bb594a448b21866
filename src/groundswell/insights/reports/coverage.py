"""How much of what the service reported could be matched to a visit, and how surely."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.tables import CERTAIN, Conversion, JudgedCredit, Touch
from groundswell.insights.schemas import Coverage

from .report_filter import Slice
from .wording import LABELS


async def coverage(session: AsyncSession, slice: Slice) -> list[Coverage]:
    """Per kind of conversion in the slice's period: matched for certain, probably, or not at all.

    A conversion is as sure as the touch that the last-touch model credits. Not narrowed to a title or channel: what is
    unmatched belongs to none.
    """
    matched = (
        select(JudgedCredit.conversion_id, func.bool_or(Touch.matched_by.in_(CERTAIN)).label("certain"))
        .join(Touch, Touch.id == JudgedCredit.touch_id)
        .where(
            JudgedCredit.model == DEFAULT_MODEL,
            JudgedCredit.model_version == MODELS_VERSION,
            JudgedCredit.weight_ppm > 0,
        )
        .where(JudgedCredit.at >= slice.begin, JudgedCredit.at < slice.end)
        .group_by(JudgedCredit.conversion_id)
        .subquery()
    )
    query = (
        select(Conversion.kind, matched.c.certain, func.count())
        .outerjoin(matched, matched.c.conversion_id == Conversion.id)
        .where(Conversion.at >= slice.begin, Conversion.at < slice.end)
        .group_by(Conversion.kind, matched.c.certain)
    )
    counted: dict[str, dict[bool | None, int]] = {}
    for kind, certain, number in await session.execute(query):
        counted.setdefault(kind, {})[certain] = number
    return [
        Coverage(
            kind=kind,
            certain=counted[kind].get(True, 0),
            probable=counted[kind].get(False, 0),
            unmatched=counted[kind].get(None, 0),
        )
        for kind in LABELS
        if kind in counted
    ]
