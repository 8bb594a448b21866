"""What campaigns pay, reckoned by difference: what a source is worth now, less what it was worth when last looked at.

So a conversion that is reported twice, late, refunded in parts, or judged anew any number of times comes to the same.
One transaction at a time spends of a campaign: it holds the budget's account; the database refuses to overdraw it, and
to cross a cap, whoever writes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Text, Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY as PG_ARRAY
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from groundswell.campaigns.terms import CampaignTerm, change
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among

from .campaign_budgets import Funded
from .ledger import Posting, account_id, hold_balance, open_accounts, post_all, posting_id
from .receivables import Repayment, pay_off, take_back
from .rules import period_of
from .tables import CampaignEarning, CampaignSpending

EARNED = "campaign_earned"
TAKEN = "campaign_taken_back"

# One statement for a batch, each column as one array: so what counts up the caps is triggered once, too.
COLUMNS: dict[str, TypeEngine[Any]] = {
    "id": Uuid(),
    "campaign_id": Uuid(),
    "creator_id": Uuid(),
    "term": Text(),
    "source": Text(),
    "number": BigInteger(),
    "conversion_id": Uuid(),
    "at": DateTime(timezone=True),
    "day": Date(),
    "counted": BigInteger(),
    "wanted_minor": BigInteger(),
    "amount_minor": BigInteger(),
    "currency": Text(),
    "cut_by": Text(),
    "held_until": DateTime(timezone=True),
}
INSERT = text(
    f"INSERT INTO campaign_earnings ({', '.join(COLUMNS)}) SELECT * FROM unnest(:{', :'.join(COLUMNS)})"  # noqa: S608
).bindparams(*(bindparam(name, type_=ARRAY(type_)) for name, type_ in COLUMNS.items()))

Key = tuple[UUID, str, str]
"""Creator, kind of term, source."""


@dataclass(frozen=True)
class Worth:
    """What a source is worth to a creator by one term now.

    Args:
        counted: the creator's part of a conversion in millionths, or their plays.
        held_from: when the hold begins.
    """

    creator_id: UUID
    term: CampaignTerm
    source: str
    wanted_minor: int
    counted: int
    at: datetime
    held_from: datetime
    conversion_id: UUID | None = None

    @property
    def key(self) -> Key:
        return self.creator_id, self.term.kind, self.source

    @property
    def leads_to_more(self) -> bool:
        """Whether renewals may be whose this is, so that it is kept whose it is even where it is worth nothing: a first
        month for nothing, or for less than comes to a minor unit."""
        return self.term.months > 0


@dataclass
class _Room:
    """What budget and caps leave while a batch is reckoned."""

    budget: int
    caps: Mapping[str, int | None]
    spent: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def least(self, creator_id: UUID, day: str) -> tuple[int, str]:
        """The room, and what bounds it."""
        rooms = [(self.budget, "budget")]
        for scope, cut in ((f"creator/{creator_id}", "creator_cap"), (f"day/{day}", "day_cap")):
            cap = self.caps[cut]
            if cap is not None:
                rooms.append((cap - self.spent[scope], cut))
        return min(rooms)

    def spend(self, creator_id: UUID, day: str, amount: int) -> None:
        self.budget -= amount
        self.spent[f"creator/{creator_id}"] += amount
        self.spent[f"day/{day}"] += amount


async def hold(session: AsyncSession, campaigns: Iterable[Funded]) -> None:
    """Let nobody else spend of ``campaigns`` until this transaction ends; in order of id, so that none waits for one
    that waits for it."""
    for each in sorted(campaigns, key=lambda each: each.campaign.id):
        await hold_balance(session, each.account)


async def accrue(session: AsyncSession, funded: Funded, worths: Sequence[Worth]) -> int:
    """Pay, or take back, what ``worths`` differ from what was reckoned before; returns how many did.

    Args:
        worths: in the order in which they find room. Nothing of them is paid by a campaign that was settled.
    """
    before = await _before(session, funded, {worth.source for worth in worths})
    room = await _room(session, funded, worths)
    rows = []
    for worth in worths:
        wanted, paid, number, counted = before.get(worth.key, (0, 0, 0, 0))
        if worth.wanted_minor != wanted or (worth.leads_to_more and worth.counted != counted):
            rows.append(_change(funded, worth, wanted, paid, number + 1, room))
    if rows:
        await session.execute(INSERT, {name: [row[name] for row in rows] for name in rows[0]})
        await _post(session, funded, rows)
    return len(rows)


def _change(funded: Funded, worth: Worth, wanted: int, paid: int, number: int, room: _Room) -> dict[str, Any]:
    day = f"{worth.at.astimezone(UTC):%Y-%m-%d}"
    left, bound = room.least(worth.creator_id, day)
    amount = change(worth.wanted_minor, wanted, paid, left)
    room.spend(worth.creator_id, day, amount)
    more = worth.wanted_minor - wanted
    return {
        "id": posting_id("campaign", funded.campaign.id, *worth.key, number),
        "campaign_id": funded.campaign.id,
        "creator_id": worth.creator_id,
        "term": worth.term.kind,
        "source": worth.source,
        "number": number,
        "conversion_id": worth.conversion_id,
        "at": worth.at,
        "day": worth.at.astimezone(UTC).date(),
        "counted": worth.counted,
        "wanted_minor": more,
        "amount_minor": amount,
        "currency": funded.budget.currency,
        "cut_by": bound if more > 0 and amount < more else "",
        "held_until": worth.held_from + timedelta(days=funded.brief.hold_days),
    }


Before = tuple[int, int, int, int]
"""What a source was worth when it was last looked at, what has been paid for it, how often that changed, and what was
counted then."""


async def _before(session: AsyncSession, funded: Funded, sources: Iterable[str]) -> Mapping[Key, Before]:
    newest = aggregate_order_by(CampaignEarning.counted, CampaignEarning.number.desc())
    query = select(
        CampaignEarning.creator_id,
        CampaignEarning.term,
        CampaignEarning.source,
        func.sum(CampaignEarning.wanted_minor),
        func.sum(CampaignEarning.amount_minor),
        func.max(CampaignEarning.number),
        func.array_agg(newest, type_=PG_ARRAY(BigInteger()))[1],
    ).where(CampaignEarning.campaign_id == funded.campaign.id, among(CampaignEarning.source, sources))
    rows = await session.execute(
        query.group_by(CampaignEarning.creator_id, CampaignEarning.term, CampaignEarning.source)
    )
    return {(creator, term, source): (int(w), int(p), int(n), int(c)) for creator, term, source, w, p, n, c in rows}


async def _room(session: AsyncSession, funded: Funded, worths: Iterable[Worth]) -> _Room:
    left = 0 if funded.budget.settled_at else await hold_balance(session, funded.account)
    caps = {"creator_cap": funded.brief.creator_cap_minor, "day_cap": funded.brief.day_cap_minor}
    room = _Room(left, caps)
    scopes = {f"creator/{worth.creator_id}" for worth in worths}
    scopes |= {f"day/{worth.at.astimezone(UTC):%Y-%m-%d}" for worth in worths}
    query = select(CampaignSpending.scope, CampaignSpending.spent_minor)
    query = query.where(CampaignSpending.campaign_id == funded.campaign.id, among(CampaignSpending.scope, scopes))
    for scope, spent in await session.execute(query):
        room.spent[scope] = spent
    return room


async def _post(session: AsyncSession, funded: Funded, rows: Sequence[Mapping[str, Any]]) -> None:
    """What goes back is posted first: it may be what others are paid from."""
    currency, period = funded.budget.currency, period_of(utc_now())
    giver = None if funded.budget.settled_at else funded.account
    for row in sorted(rows, key=lambda row: account_id("creator", row["creator_id"], currency)):
        if row["amount_minor"] < 0:
            back = -row["amount_minor"]
            creator, told, identity = row["creator_id"], _evidence(row), row["id"]
            await take_back(session, creator, back, currency, period, told, identity, TAKEN, giver)
    given = [row for row in rows if row["amount_minor"] > 0]
    earners = sorted({row["creator_id"] for row in given})
    await open_accounts(session, "creator", earners, currency)
    await post_all(
        session,
        [
            Posting(
                row["id"],
                funded.account,
                account_id("creator", row["creator_id"], currency),
                row["amount_minor"],
                currency,
                period,
                EARNED,
                _evidence(row),
            )
            for row in given
        ],
    )
    await _pay_debts(session, funded, earners, period, given)


def _evidence(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {"campaign": str(row["campaign_id"]), "creator": str(row["creator_id"]), "earning": str(row["id"])}
    return told | {name: row[name] for name in ("term", "source", "number", "counted")}


async def _pay_debts(
    session: AsyncSession, funded: Funded, earners: Sequence[UUID], period: str, given: Sequence[Mapping[str, Any]]
) -> None:
    """Pay what earners owe from what they have just been given."""
    last = {row["creator_id"]: row for row in given}
    repayments = [
        Repayment(creator, _evidence(last[creator]), posting_id("recovery", last[creator]["id"])) for creator in earners
    ]
    await pay_off(session, funded.budget.currency, period, repayments)
