"""What a campaign is credited with, by the rule that was fixed when it was made.

Credit that is stored was given under the service's window, so it cannot say what a shorter or longer one would give.
Here each conversion is divided anew, over all touches within the campaign's window, by its model and version and by
what had been learned when it was made; those parts sum to exactly one. The campaign has the parts of its own touches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among

from .campaigns import converted_by, touches_of
from .credits import as_credit, as_divided, divided, mirrored
from .eligibility import eligible_for
from .markov_training import learned_effects
from .models import VERSIONS, take_further
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


class CreditTotals(NamedTuple):
    """What credits add up to: their parts in millionths, and of how many conversions (and refunds) they are."""

    weight_ppm: int
    conversions: int


Place = tuple[datetime, UUID]


async def totals_of(session: AsyncSession, campaign: Campaign, known_by: datetime, kind: str = "") -> CreditTotals:
    """What the campaign's credit adds up to, of one kind of conversion ('' for all); no more of it is held at a time
    than that of ``AT_ONCE`` conversions."""
    effects = await learned_effects(session, campaign.created_at)
    weight, conversions = 0, 0
    after = (campaign.begins_at, UUID(int=0))
    while page := await _page(session, campaign, after, known_by, kind):
        found = await _credit(session, campaign, page, effects, known_by)
        counted = [credit for credit in found if kind in {"", credit.kind}]
        weight += sum(credit.weight_ppm for credit in counted)
        conversions += len({credit.conversion_id for credit in counted})
        after = (page[-1].at, page[-1].id)
    return CreditTotals(weight, conversions)


async def newest_credit(
    session: AsyncSession, campaign: Campaign, known_by: datetime, limit: int, *, kind: str = "",
    before: Place | None = None,
) -> tuple[list[Credit], Place | None]:  # fmt: skip
    """The campaign's credit, newest conversions first, from ``before`` on: whole conversions until there are ``limit``
    rows or more; and the place after which older ones are, where there may be some."""
    effects = await learned_effects(session, campaign.created_at)
    found: list[Credit] = []
    while page := await _older(session, campaign, before, known_by, kind, limit):
        sales = await _sales_of(session, page)
        given: defaultdict[UUID, list[Credit]] = defaultdict(list)
        for credit in await _credit(session, campaign, sales, effects, known_by):
            given[credit.conversion_id].append(credit)
        for conversion in page:
            before = (conversion.at, conversion.id)
            found += sorted(given[conversion.id], key=lambda credit: credit.touch_id, reverse=True)
            if len(found) >= limit:
                return found, before
    return found, None


async def _older(
    session: AsyncSession, campaign: Campaign, before: Place | None, known_by: datetime, kind: str, limit: int
) -> Sequence[Conversion]:
    """Conversions that the campaign may be credited with, and refunds of such, newest first."""
    sale = aliased(Conversion)
    of_one = select(sale.id).where(*converted_by(campaign, sale), sale.id == Conversion.original_id).exists()
    mine = or_(and_(*converted_by(campaign)), and_(Conversion.kind == "refund", of_one))
    query = select(Conversion).where(mine, Conversion.received_at <= known_by)
    query = query if not kind else query.where(Conversion.kind == kind)
    query = query if before is None else query.where(tuple_(Conversion.at, Conversion.id) < before)
    return (await session.scalars(query.order_by(Conversion.at.desc(), Conversion.id.desc()).limit(limit))).all()


async def _sales_of(session: AsyncSession, page: Sequence[Conversion]) -> Sequence[Conversion]:
    """The conversions of a page, and those of which there are refunds in it."""
    refunded = {each.original_id for each in page if each.kind == "refund"}
    others = await session.scalars(select(Conversion).where(among(Conversion.id, refunded)))
    by_id = {each.id: each for each in (*page, *others) if each.kind != "refund"}
    return list(by_id.values())


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
    session: AsyncSession, campaign: Campaign, after: Place, known_by: datetime, kind: str = ""
) -> Sequence[Conversion]:
    """Conversions that the campaign may be credited with, oldest first: all that matter to credit of ``kind``."""
    place = tuple_(Conversion.at, Conversion.id)
    query = select(Conversion).where(*converted_by(campaign), place > after, Conversion.received_at <= known_by)
    query = query if kind in {"", "refund"} else query.where(Conversion.kind == kind)
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
        total += refund.amount_minor or 0
        now = take_further(total, parts, before)
        rows += [as_credit(mirrored(c, refund, b - n)) for c, n, b in zip(given, now, before, strict=True)]
        before = now
    return rows
