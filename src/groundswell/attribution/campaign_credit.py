"""What a campaign is credited with, by the rule that was fixed when it was made.

Credit that is stored was given under the service's window, so it cannot say what a shorter or longer one would give.
Here each conversion is divided anew, over all touches within the campaign's window, by its model and version and by
what had been learned when it was made; those parts sum to exactly one. The campaign has the parts of its own touches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among

from .campaigns import converted_by, touches_of
from .credits import as_credit, as_divided, divided, mirrored
from .eligibility import eligible_for
from .markov_training import learned_effects
from .models import VERSIONS, divide
from .tables import Campaign, Conversion, Credit

AT_ONCE = 1000


async def credit_of(session: AsyncSession, campaign: Campaign, known_by: datetime) -> list[Credit]:
    """The campaign's credit, oldest conversions first; rows that no session knows and none keeps.

    Args:
        known_by: conversions that were reported later are left out.
    """
    effects = await learned_effects(session, campaign.created_at)
    found: list[Credit] = []
    after = (campaign.begins_at, UUID(int=0))
    while page := await _page(session, campaign, after, known_by):
        found += await _credit(session, campaign, page, effects, known_by)
        after = (page[-1].at, page[-1].id)
    return sorted(found, key=lambda credit: (credit.at, credit.conversion_id, credit.touch_id))


async def credit_for(session: AsyncSession, campaign: Campaign, conversions: Iterable[UUID]) -> list[Credit]:
    """The campaign's credit of some conversions, as it stands now; of others than its own there is none.

    Refunds' rows are among it, as ``credit_of`` gives them.
    """
    query = select(Conversion).where(*converted_by(campaign), among(Conversion.id, set(conversions)))
    page = (await session.scalars(query.order_by(Conversion.at, Conversion.id))).all()
    if not page:
        return []
    effects = await learned_effects(session, campaign.created_at)
    return await _credit(session, campaign, page, effects, utc_now())


async def _page(
    session: AsyncSession, campaign: Campaign, after: tuple[datetime, UUID], known_by: datetime
) -> Sequence[Conversion]:
    place = tuple_(Conversion.at, Conversion.id)
    query = select(Conversion).where(*converted_by(campaign), place > after, Conversion.received_at <= known_by)
    return (await session.scalars(query.order_by(Conversion.at, Conversion.id).limit(AT_ONCE))).all()


async def _credit(
    session: AsyncSession,
    campaign: Campaign,
    page: Sequence[Conversion],
    effects: Mapping[str, int],
    known_by: datetime,
) -> list[Credit]:
    asked = [(conversion.viewer_id, conversion.at) for conversion in page]
    touches = await eligible_for(session, asked, campaign.attribution_window_days)
    own = await touches_of(session, campaign, (conversion.viewer_id for conversion in page))
    refunds = await _refunds(session, page, known_by)
    model, version = campaign.model, campaign.model_version
    rule = {model: VERSIONS[version][model]}
    found: list[Credit] = []
    for conversion, those in zip(page, touches, strict=True):
        if those:
            given = [as_credit(row) for row in divided(conversion, those, effects, rule, version)]
            found += given + taken_back(given, refunds[conversion.id])
    return [credit for credit in found if credit.touch_id in own]


async def _refunds(
    session: AsyncSession, sales: Sequence[Conversion], known_by: datetime
) -> Mapping[UUID | None, list[Conversion]]:
    """Sale → its refunds, in the order in which they were reported."""
    query = select(Conversion).where(among(Conversion.original_id, [sale.id for sale in sales]))
    query = query.where(Conversion.kind == "refund", Conversion.received_at <= known_by)
    found: defaultdict[UUID | None, list[Conversion]] = defaultdict(list)
    for refund in await session.scalars(query.order_by(Conversion.received_at, Conversion.id)):
        found[refund.original_id].append(refund)
    return found


def taken_back(given: Sequence[Credit], refunds: Sequence[Conversion]) -> list[Credit]:
    """What ``refunds`` of one sale take from its touches: all of them together divided as the sale was."""
    rows: list[Credit] = []
    parts, before, total = as_divided(given), [0] * len(given), 0
    for refund in refunds:
        total -= refund.amount_minor or 0
        now = divide(total, parts)
        rows += [as_credit(mirrored(c, refund, n - b)) for c, n, b in zip(given, now, before, strict=True)]
        before = now
    return rows
