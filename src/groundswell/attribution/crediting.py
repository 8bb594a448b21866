"""Giving credit: the rows that say which touch earned what part of a conversion, under which model."""

from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.ids import uuid7

from .credit import MODELS, MODELS_VERSION, PPM, divide
from .learning import learned_effects
from .tables import Conversion, Credit, Touch
from .touches import EligibleTouch, eligible, path_of


async def credit_touches(session: AsyncSession, conversion: Conversion, window_days: int) -> Sequence[Credit]:
    """Divide ``conversion`` over the touches in its window by every model; nothing when there are none."""
    touches = await eligible(session, conversion.viewer_id, conversion.at, window_days)
    if not touches:
        return []
    path = path_of(touches, conversion.at, await learned_effects(session))
    credits = [
        credit
        for model, weigh in sorted(MODELS.items())
        for credit in _divided(conversion, touches, model, weigh(path))
        if credit.weight_ppm
    ]
    session.add_all(credits)
    await session.flush()
    return credits


def _divided(
    conversion: Conversion, touches: Sequence[EligibleTouch], model: str, weights: Sequence[Fraction]
) -> list[Credit]:
    amounts = _amounts(conversion.amount_minor, weights)
    return [
        Credit(
            id=uuid7(),
            conversion_id=conversion.id,
            kind=conversion.kind,
            at=conversion.at,
            model=model,
            model_version=MODELS_VERSION,
            touch_id=found.touch.id,
            share_id=found.share.id if found.share else None,
            moment_id=found.moment.id if found.moment else None,
            title_id=found.moment.title_id if found.moment else None,
            sharer_id=found.sharer_id,
            channel=found.channel,
            weight_ppm=ppm,
            amount_minor=amount,
            currency=conversion.currency,
        )
        for found, ppm, amount in zip(touches, divide(PPM, weights), amounts, strict=True)
    ]


def _amounts(total: int | None, weights: Sequence[Fraction]) -> Sequence[int | None]:
    return [None] * len(weights) if total is None else divide(total, weights)


async def credit_refund(session: AsyncSession, refund: Conversion, sale: Conversion) -> Sequence[Credit]:
    """Take back from each touch of ``sale`` its part of what was refunded, under the models that gave it.

    What is taken over all refunds of a sale is divided as the sale was, so that a full refund, in however many
    parts, leaves nothing with anybody.
    """
    given = await credits_of(session, sale.id)
    taken = await _taken_before(session, sale)
    rows: list[Credit] = []
    for key in sorted({(credit.model, credit.model_version) for credit in given}):
        credits = [credit for credit in given if (credit.model, credit.model_version) == key]
        before = [taken.get((*key, credit.touch_id), 0) for credit in credits]
        target = divide(sum(before) - (refund.amount_minor or 0), _as_divided(credits))
        rows += [_mirrored(c, refund, now - then) for c, now, then in zip(credits, target, before, strict=True)]
    session.add_all(rows)
    await session.flush()
    return rows


def _as_divided(credits: Sequence[Credit]) -> list[Fraction]:
    amounts = [credit.amount_minor or 0 for credit in credits]
    total = sum(amounts)
    if total:
        return [Fraction(amount, total) for amount in amounts]
    return [Fraction(credit.weight_ppm, PPM) for credit in credits]


async def _taken_before(session: AsyncSession, sale: Conversion) -> dict[tuple[str, int, UUID], int]:
    """What earlier refunds of ``sale`` took (negative), by model, version and touch."""
    query = (
        select(Credit.model, Credit.model_version, Credit.touch_id, func.sum(Credit.amount_minor))
        .join(Conversion, Conversion.id == Credit.conversion_id)
        .where(Conversion.original_id == sale.id)
        .group_by(Credit.model, Credit.model_version, Credit.touch_id)
    )
    return {(model, version, touch): int(total or 0) for model, version, touch, total in await session.execute(query)}


async def credits_of(session: AsyncSession, conversion_id: UUID) -> Sequence[Credit]:
    """Every credit given for a conversion: by model, oldest touch first."""
    query = select(Credit).join(Touch, Touch.id == Credit.touch_id).filter(Credit.conversion_id == conversion_id)
    return (await session.scalars(query.order_by(Credit.model, Touch.at, Touch.event_id))).all()


def _mirrored(credit: Credit, refund: Conversion, amount: int) -> Credit:
    same = ("model", "model_version", "touch_id", "share_id", "moment_id", "title_id", "sharer_id", "channel")
    return Credit(
        id=uuid7(),
        conversion_id=refund.id,
        kind=refund.kind,
        at=refund.at,
        weight_ppm=credit.weight_ppm,
        amount_minor=amount,
        currency=refund.currency,
        **{name: getattr(credit, name) for name in same},
    )
