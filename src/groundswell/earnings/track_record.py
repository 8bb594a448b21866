"""How somebody stands by what their links brought: what the fraud desk shows before anything is done."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import String, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.campaigns.providers import earned_so_far
from groundswell.creators.results import of_viewer
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.trust.providers import Standing, standing_of

from .payables import payable_of, why_unpayable
from .payouts import due
from .receivables import owed_back
from .tables import LedgerAccount, Payout

WINDOW = timedelta(days=60)

RANK = text("""
WITH theirs AS (SELECT DISTINCT title_id FROM published_moments WHERE viewer_id = :viewer),
votes AS (
    SELECT m.title_id, m.viewer_id, m.id, count(e.id) AS votes
    FROM published_moments m
    LEFT JOIN judged_events e ON e.moment_id = m.id AND e.kind IN ('click', 'play') AND e.verdict = 'human'
        AND e.at >= :since
    WHERE m.title_id IN (SELECT title_id FROM theirs)
    GROUP BY m.title_id, m.viewer_id, m.id
)
SELECT min(place) FROM (
    SELECT viewer_id, rank() OVER (PARTITION BY title_id ORDER BY votes DESC) AS place FROM votes
) ranked WHERE viewer_id = :viewer
""")


@standing_of.answer
async def standing(session: AsyncSession, viewer_id: UUID) -> Standing:
    """Counted from the events, credits and postings that there are now."""
    now = utc_now()
    brought = (await of_viewer(session, viewer_id, now - WINDOW, now + timedelta(minutes=5))).total
    money, payable = await _money(session, viewer_id)
    return Standing(
        clicks=brought.clicks,
        plays=brought.plays,
        sign_ups_millionths=brought.sign_ups_millionths,
        subscriptions_millionths=brought.subscriptions_millionths,
        revenue={each.currency: each.amount_minor for each in brought.revenue if each.amount_minor},
        money=money,
        payable=payable,
        rank=await session.scalar(RANK, {"viewer": viewer_id, "since": now - WINDOW}),
    )


async def _money(session: AsyncSession, viewer_id: UUID) -> tuple[dict[str, int], dict[str, int]]:
    creator = await session.scalar(select(Creator.id).filter_by(viewer_id=viewer_id))
    if creator is None:
        return {}, {}
    money: dict[str, int] = {}
    payable: dict[str, int] = {}
    for currency, amount in (await due(session, creator)).items():
        money[currency] = amount - await owed_back(session, creator, currency)
        may = await payable_of(session, creator, currency, amount)
        refused = await why_unpayable(session, creator, currency, may)
        payable[currency] = 0 if refused else may.payable_minor
    return money, payable


@earned_so_far.answer
async def earned(session: AsyncSession, creators: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """What the ledger holds for them less what they owe, and what was paid out and has not come back."""
    owners = {str(id): id for id in creators}
    held = select(LedgerAccount.owner, LedgerAccount.currency, LedgerAccount.credits_minor - LedgerAccount.debits_minor)
    held = held.where(LedgerAccount.kind.in_(["creator", "receivable"]), among(LedgerAccount.owner, owners))
    paid = select(cast(Payout.creator_id, String), Payout.currency, func.sum(Payout.amount_minor))
    paid = paid.where(among(Payout.creator_id, owners.values()), Payout.returned_at.is_(None))
    found: dict[UUID, dict[str, int]] = {}
    for query in (held, paid.group_by(Payout.creator_id, Payout.currency)):
        for owner, currency, minor in await session.execute(query):
            of = found.setdefault(owners[owner], {})
            of[currency] = of.get(currency, 0) + int(minor)
    return found
