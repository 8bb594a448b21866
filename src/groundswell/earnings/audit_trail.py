"""From anything that finance has in hand to everything before and behind it, recomputed now.

A payout is what its account held, by the postings before it, less what was still held. A statement is its part of its
pool, divided over what is counted again from the events. What a campaign paid is what the sale is worth again.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.tables import Conversion, Credit, Touch
from groundswell.catalog.titles import as_uuid
from groundswell.creators.tables import Creator
from groundswell.events.tables import JudgedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.database import among
from groundswell.platform.problems import NotFound

from . import eligible_views
from .campaign_budgets import funded
from .campaign_sources import worths_of
from .division import divide
from .ledger import account_id
from .providers import payout_of_reference, run_line_of
from .rules import BASES, period_of
from .tables import (
    Adjustment,
    CampaignEarning,
    Payout,
    Pool,
    PostingRow,
    Statement,
    StatementDocument,
    StatementLine,
)

Kind = Literal["run", "payout", "statement", "posting", "earning", "conversion", "event"]
MOST = 50


class TrailUnknown(NotFound):
    code, title = "trail_unknown", "Nothing here has this number, reference or id."


@dataclass(frozen=True)
class TrailStep:
    """One thing on the way. Amounts in minor units; ``again_minor`` is what it comes to now (None: nothing to reckon).

    Args:
        weight: what was counted, in the unit of ``words``.
    """

    kind: Kind
    id: UUID
    words: str
    at: datetime | None = None
    minor: int | None = None
    again_minor: int | None = None
    currency: str | None = None
    weight: int | None = None

    @property
    def difference_minor(self) -> int | None:
        return None if self.minor is None or self.again_minor is None else self.minor - self.again_minor


@dataclass(frozen=True)
class Trail:
    """What was found: ``behind`` is what it was made of, ``before`` is what came of it."""

    this: TrailStep
    behind: Sequence[TrailStep] = field(default_factory=list)
    before: Sequence[TrailStep] = field(default_factory=list)

    @property
    def difference_minor(self) -> int:
        """Of all steps, without sign: 0 when every amount comes to the same again."""
        return sum(abs(step.difference_minor or 0) for step in (self.this, *self.behind, *self.before))


async def trail(session: AsyncSession, asked: str) -> Trail:
    """Everything before and behind what ``asked`` names: an id of anything, the number of a statement or posting, the
    reference of a payout, the service's id of a conversion.

    Raises:
        TrailUnknown.
    """
    asked = asked.strip()[:200].replace("\0", "")
    if not asked:
        raise TrailUnknown()
    id = as_uuid(asked)
    found = (None if id is None else await _by_id(session, id)) or await _by_name(session, asked)
    if found is not None:
        return await TRAILS[type(found)](session, found)
    if id is not None and (event := await _event(session, id)) is not None:
        return event
    raise TrailUnknown()


async def _by_id(session: AsyncSession, id: UUID) -> Any:
    for table in (Payout, Statement, CampaignEarning, Conversion, PostingRow):
        found = await session.get(table, id)
        if found is not None:
            return found
    return None


async def _by_name(session: AsyncSession, name: str) -> Any:
    number = name.removeprefix("#")
    named: list[tuple[Any, ColumnElement[bool]]] = [
        (Statement, Statement.id.in_(select(StatementDocument.statement_id).where(StatementDocument.number == name))),
        (Payout, Payout.reference == name),
        (Conversion, Conversion.external_id == name),
    ]
    if (payout := await payout_of_reference(session, name)) is not None:
        return await session.get(Payout, payout)
    if number.isascii() and number.isdigit() and len(number) < 19:
        named.append((PostingRow, PostingRow.number == int(number)))
    for table, condition in named:
        found = await session.scalar(select(table).where(condition).order_by(table.id.desc()).limit(1))
        if found is not None:
            return found
    return None


async def _of_payout(session: AsyncSession, payout: Payout) -> Trail:
    posting = await session.get_one(PostingRow, payout.id)
    statements = [await _statement(session, UUID(id)) for id in posting.evidence["statements"][:MOST]]
    brought = select(CampaignEarning).where(CampaignEarning.payout_id == payout.id)
    rows = await session.scalars(brought.order_by(CampaignEarning.at, CampaignEarning.id).limit(MOST))
    line = await run_line_of(session, payout.id)
    left_by = [] if line is None else [TrailStep("run", line.id, line.words, line.at, line.minor, payout.amount_minor,
                                                 line.currency)]  # fmt: skip
    made_of = [*statements, *[await _earning(session, row) for row in rows]]
    return Trail(await _payout(session, payout), made_of, left_by)


async def _payout(session: AsyncSession, payout: Payout) -> TrailStep:
    """The payout, and what was payable just before it: the account's postings, less what was held then."""
    posting, account = await session.get_one(PostingRow, payout.id), _account(payout)
    into = select(func.coalesce(func.sum(PostingRow.amount_minor), 0)).where(PostingRow.number < posting.number)
    credits = await session.scalar(into.where(PostingRow.credit_account_id == account)) or 0
    debits = await session.scalar(into.where(PostingRow.debit_account_id == account)) or 0
    back = select(func.coalesce(func.sum(Adjustment.amount_minor), 0)).where(
        Adjustment.statement_id == Statement.id, Adjustment.created_at <= payout.created_at
    )
    left = func.greatest(Statement.amount_minor + back.scalar_subquery(), 0)
    still = or_(Statement.cancelled_at.is_(None), Statement.cancelled_at > payout.created_at)
    held = select(func.coalesce(func.sum(left), 0)).join(Pool, Pool.id == Statement.pool_id)
    held = held.where(Statement.creator_id == payout.creator_id, Pool.currency == payout.currency, still)
    held = held.where(Statement.posted_at <= payout.created_at, Statement.held_until > payout.created_at)
    brought = select(func.coalesce(func.sum(CampaignEarning.amount_minor), 0)).where(
        CampaignEarning.creator_id == payout.creator_id,
        CampaignEarning.currency == payout.currency,
        CampaignEarning.created_at <= payout.created_at,
        CampaignEarning.held_until > payout.created_at,
    )
    kept = int(await session.scalar(held) or 0) + max(int(await session.scalar(brought) or 0), 0)
    words = f"Paid to {await _called(session, payout.creator_id)}" + (", came back" if payout.returned_at else "")
    return TrailStep(
        "payout", payout.id, words, payout.created_at, payout.amount_minor, int(credits) - int(debits) - kept,
        payout.currency,
    )  # fmt: skip


def _account(payout: Payout) -> UUID:
    return account_id("creator", payout.creator_id, payout.currency)


async def _called(session: AsyncSession, creator_id: UUID) -> str:
    return f"@{(await session.get_one(Creator, creator_id)).handle}"


async def _of_statement(session: AsyncSession, statement: Statement) -> Trail:
    pool = await session.get_one(Pool, statement.pool_id)
    views = await eligible_views.views(session, pool, statement.creator_id, None, None, MOST)
    kind: Kind = "event" if BASES[pool.basis].evidence == "event" else "conversion"
    seen = await _seen(session, {(view.at, view.id) for view in views}) if kind == "event" else {}
    counted = [
        TrailStep(kind, view.id, seen.get(view.id, BASES[pool.basis].unit), view.at, weight=view.weight)
        for view in views
    ]
    payout = await session.get(Payout, statement.payout_id) if statement.payout_id else None
    before = [] if payout is None else [await _payout(session, payout)]
    return Trail(await _statement(session, statement.id), counted, before)


async def _statement(session: AsyncSession, statement_id: UUID) -> TrailStep:
    """The statement, and its part when its pool is counted and divided again."""
    statement = await session.get_one(Statement, statement_id)
    pool = await session.get_one(Pool, statement.pool_id)
    found = await eligible_views.weights(session, pool)
    totals = {creator: sum(lines.values()) for creator, lines in found.items()}
    again = divide(pool.amount_minor, totals).get(statement.creator_id, 0) if totals else 0
    document = await session.get(StatementDocument, statement_id)
    words = f"Statement {document.number}" if document else "Statement"
    return TrailStep(
        "statement", statement.id, f"{words}, {pool.period}", statement.created_at, statement.amount_minor,
        min(again, pool.creator_cap_minor or pool.amount_minor), pool.currency, statement.weight,
    )  # fmt: skip


async def _of_earning(session: AsyncSession, earning: CampaignEarning) -> Trail:
    sale = await session.get(Conversion, earning.conversion_id) if earning.conversion_id else None
    behind = [] if sale is None else [_conversion(sale), *await _touches(session, sale)]
    payout = await session.get(Payout, earning.payout_id) if earning.payout_id else None
    return Trail(await _earning(session, earning), behind, [] if payout is None else [await _payout(session, payout)])


async def _earning(session: AsyncSession, earning: CampaignEarning) -> TrailStep:
    """A change of what a source is worth: all its changes together, against what it is worth now by the terms. What
    found no room is not part of either."""
    same = select(CampaignEarning).filter_by(
        campaign_id=earning.campaign_id, creator_id=earning.creator_id, term=earning.term, source=earning.source
    )
    rows = (await session.scalars(same)).all()
    wanted = sum(row.wanted_minor for row in rows)
    now = wanted
    for each in await funded(session, earning.campaign_id) if earning.conversion_id else []:
        worths = await worths_of(session, each, [earning.conversion_id] if earning.conversion_id else [])
        keys = {worth.key: worth.wanted_minor for worth in worths}
        now = keys.get((earning.creator_id, earning.term, earning.source), 0)
    words = f"Campaign, {earning.term}, for {await _called(session, earning.creator_id)}"
    if earning.cut_by:
        words += f" (no room in {earning.cut_by})"
    again = earning.amount_minor + now - wanted
    return TrailStep("earning", earning.id, words, earning.at, earning.amount_minor, again, earning.currency,
                     earning.counted)  # fmt: skip


def _conversion(sale: Conversion) -> TrailStep:
    return TrailStep("conversion", sale.id, sale.kind, sale.at, sale.amount_minor, sale.amount_minor, sale.currency)


async def _touches(session: AsyncSession, sale: Conversion) -> list[TrailStep]:
    """The visits that led to a conversion."""
    given = select(Credit.touch_id).where(Credit.conversion_id == sale.id)
    query = select(Touch).where(Touch.id.in_(given)).order_by(Touch.at, Touch.event_id).limit(MOST)
    rows = (await session.scalars(query)).all()
    seen = await _seen(session, {(row.at, row.event_id) for row in rows})
    typed = {row.event_id: "their code, typed" for row in rows if row.matched_by == "code"}
    return [TrailStep("event", row.event_id, (seen | typed).get(row.event_id, "visit"), row.at) for row in rows]


async def _seen(session: AsyncSession, places: Collection[tuple[datetime, UUID]]) -> dict[UUID, str]:
    """What events were, in words: of which moment, by which channel, from where, and what they are judged to be."""
    query = select(JudgedEvent, Moment.caption).outerjoin(Moment, Moment.id == JudgedEvent.moment_id)
    if not places:
        return {}
    rows = await session.execute(query.where(tuple_(JudgedEvent.at, JudgedEvent.id).in_(places)))
    return {event.id: _said(event, caption) for event, caption in rows}


def _said(event: JudgedEvent, caption: str | None) -> str:
    of = f"{event.kind} of “{caption[:60]}”" if caption else event.kind
    return ", ".join(each for each in (of, event.channel, event.territory, event.verdict) if each)


async def _of_conversion(session: AsyncSession, sale: Conversion) -> Trail:
    earned = select(CampaignEarning).filter_by(conversion_id=sale.id).order_by(CampaignEarning.number)
    brought = [await _earning(session, row) for row in await session.scalars(earned.limit(MOST))]
    credited = select(Credit.moment_id).where(Credit.conversion_id == sale.id).distinct()
    moments = (await session.scalars(credited)).all()
    counted = await _lines(session, period_of(sale.at), ("conversions", "revenue"), moments, sale.id)
    return Trail(_conversion(sale), await _touches(session, sale), [*brought, *counted])


async def _lines(
    session: AsyncSession, period: str, bases: Sequence[str], moments: Sequence[UUID | None], evidence: UUID
) -> list[TrailStep]:
    """The statements in which a play or sale was counted."""
    query = select(Pool, Statement, StatementLine).join(Statement, Statement.pool_id == Pool.id)
    query = query.join(StatementLine, StatementLine.statement_id == Statement.id)
    those = among(StatementLine.moment_id, [each for each in moments if each is not None])
    query = query.where(among(Pool.basis, bases), StatementLine.period == period)
    query = query.where(or_(those, StatementLine.moment_id.is_(None)) if None in moments else those)
    found = []
    for pool, statement, line in (await session.execute(query.limit(MOST))).all():
        of = statement.creator_id, line.moment_id, evidence, line.period
        if await eligible_views.weight_of(session, pool, *of):
            found.append(await _statement(session, statement.id))
    return found


async def _of_posting(session: AsyncSession, posting: PostingRow) -> Trail:
    """A posting leads to what it was for."""
    for name, table in (("earning", CampaignEarning), ("payout", Payout), ("statement", Statement)):
        found = await session.get(table, UUID(posting.evidence[name])) if name in posting.evidence else None
        if found is not None:
            behind = await TRAILS[type(found)](session, found)
            return Trail(_posting(posting), [behind.this, *behind.behind], behind.before)
    return Trail(_posting(posting))


def _posting(posting: PostingRow) -> TrailStep:
    words, amount = f"Posting {posting.number}: {posting.reason}", posting.amount_minor
    return TrailStep("posting", posting.id, words, posting.created_at, amount, amount, posting.currency)


EVENT = text("SELECT at, kind, moment_id FROM published_events WHERE id = :id LIMIT 1")


async def _event(session: AsyncSession, id: UUID) -> Trail | None:
    """A visit or play: what it led to, and where it was counted."""
    row = (await session.execute(EVENT, {"id": id})).one_or_none()
    if row is None:
        touch = (await session.scalars(select(Touch).filter_by(event_id=id).limit(1))).one_or_none()
        if touch is None:
            return None
    at, kind, moment = (row.at, row.kind, row.moment_id) if row else (touch.at, "visit", None)  # type: ignore[union-attr]
    led = select(Conversion).join(Credit, Credit.conversion_id == Conversion.id)
    led = led.join(Touch, Touch.id == Credit.touch_id).where(Touch.event_id == id).distinct().limit(MOST)
    before = [_conversion(sale) for sale in await session.scalars(led)]
    if kind == "play":
        before += await _lines(session, period_of(at.astimezone(UTC)), ("plays",), [moment], id)
    return Trail(TrailStep("event", id, kind, at), [], before)


TRAILS: dict[type, Callable[[AsyncSession, Any], Awaitable[Trail]]] = {
    Payout: _of_payout,
    Statement: _of_statement,
    CampaignEarning: _of_earning,
    Conversion: _of_conversion,
    PostingRow: _of_posting,
}
