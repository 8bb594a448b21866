"""Dividing conversions anew: every one of a span that the present version of the models has not divided yet.

A thousand at a time: one question finds their touches, one COPY writes their credit, one transaction holds both, so
that a run that is ended half-way has done some and the next does the rest. What older versions gave stays beside it.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.platform.database import Database, among

from .credits import credit_refund, divided, write
from .eligibility import eligible_for
from .markov_training import learned_effects
from .models import MODELS_VERSION
from .tables import Conversion, Credit

AT_ONCE = 1000


async def credit_again(database: Database, since: datetime, until: datetime, window_days: int) -> AsyncIterator[int]:
    """Divide the conversions from ``since`` up to ``until`` that have no credit of this version.

    Yields, page by page, how many were looked at. Sales come before their refunds.
    """
    for refunds in (False, True):
        after = (since, UUID(int=0))
        while True:
            async with database.transaction() as session:
                page = list(await session.scalars(_undivided(after, until, refunds)))
                if refunds:
                    await _take_back(session, page)
                elif page:
                    await _divide(session, page, window_days)
            if not page:
                break
            yield len(page)
            after = (page[-1].at, page[-1].id)


def _undivided(after: tuple[datetime, UUID], until: datetime, refunds: bool) -> Select[Conversion]:
    given = exists().where(Credit.conversion_id == Conversion.id, Credit.model_version == MODELS_VERSION)
    of_kind = Conversion.kind == "refund" if refunds else Conversion.kind != "refund"
    place = tuple_(Conversion.at, Conversion.id)
    query = select(Conversion).where(place > after, Conversion.at < until, of_kind, ~given)
    return query.order_by(Conversion.at, Conversion.id).limit(AT_ONCE)


async def _divide(session: AsyncSession, page: list[Conversion], window_days: int) -> None:
    effects = await learned_effects(session)
    found = await eligible_for(session, [(each.viewer_id, each.at) for each in page], window_days)
    rows = [
        row
        for conversion, touches in zip(page, found, strict=True)
        if touches
        for row in divided(conversion, touches, effects)
    ]
    await write(session, rows)


async def _take_back(session: AsyncSession, page: list[Conversion]) -> None:
    sale = aliased(Conversion)
    ids = [each.original_id for each in page]
    sales = {each.id: each for each in await session.scalars(select(sale).where(among(sale.id, ids)))}
    for refund in page:
        if refund.original_id in sales:
            await credit_refund(session, refund, sales[refund.original_id], MODELS_VERSION)
