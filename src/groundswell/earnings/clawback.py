"""What earned a creator money and turns out not to have been earned is taken back: a sale that is refunded, a play
or a sale whose visit was no person's.

The lines of the pools that counted it are looked up again, and its part of each line is reversed by a posting;
fractions of a minor unit are left with the creator. Of one sale or play no more is ever taken than its part of the
line, however many reasons come together. Every reversal is an adjustment, too: a negative line of the next statement,
with its reason.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.signals import Credited, Rejudged
from groundswell.attribution.tables import Conversion, Credit, Touch
from groundswell.creators.tables import Creator
from groundswell.events.tables import JudgedEvent, LoggedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.locks import Lock, lock
from groundswell.platform.signals import on
from groundswell.trust.cases import CaseEvidence, suspect

from . import campaign_recounts, eligible_views
from .ledger import posting_id
from .receivables import take_back
from .rules import period_of
from .tables import Adjustment, Pool, Statement, StatementLine

DAY = timedelta(days=1)
APPEAL = "Write to us within 30 days and name this line; somebody who did not decide it looks at it again."
REASONS = {"refund": "A sale that was counted was refunded.", "verdict": "What was counted was no person's: {reason}."}

HEARD_BEFORE = (campaign_recounts.note_conversion, campaign_recounts.note_rejudged)
"""What hears of refunds and verdicts before this module does: it may wait for whoever reckons the same sale for a
campaign, and must not while this holds a creator's account that they wait for."""

Earned = tuple[Pool, Statement, StatementLine]


async def wait_for_reversals(session: AsyncSession) -> None:
    """Let reversals under way finish, and later ones wait: a pool sees a reversal, or the reversal sees the pool."""
    await lock(session, Lock.REVERSALS)


async def _look_for_pools(session: AsyncSession) -> None:
    await lock(session, Lock.REVERSALS, shared=True)


@on(Credited)
async def reverse_refunded(session: AsyncSession, credited: Credited) -> None:
    """Take back what a refunded sale earned; nothing when no pool had counted it."""
    refund = credited.conversion
    if refund.kind != "refund" or not refund.original_id or not refund.amount_minor:
        return
    await _look_for_pools(session)
    sale = await session.get_one(Conversion, refund.original_id)
    for pool, statement, line in await _lines(session, sale):
        weight = await _weight(session, (pool, statement, line), sale.id)
        standing = (sale.amount_minor or 0) - await _refunded_before(session, sale.id, pool)
        if weight and standing > 0:
            # In one division, so that only the last fraction is dropped.
            amount = line.amount_minor * weight * min(refund.amount_minor, standing) // (line.weight * standing)
            evidence = {"refund": str(refund.id), "conversion": str(sale.id)}
            identity = posting_id("clawback", refund.id, statement.id, line.moment_id)
            most = line.amount_minor * weight // line.weight
            await _reverse(session, (pool, statement, line), identity, amount, most, evidence, "refund")


@on(Rejudged)
async def reverse_rejudged(session: AsyncSession, rejudged: Rejudged) -> None:
    """Take back what a play, or the sales that a visit led to, had earned when it turns out to be no person's."""
    if rejudged.kind == "human":
        return
    await _look_for_pools(session)
    event = await session.get(LoggedEvent, (rejudged.at, rejudged.event_id))
    if event is not None and event.kind == "play":
        await _reverse_play(session, event, rejudged.reason)
    sold = select(Conversion, Credit.moment_id, Touch.id).join(Credit, Credit.conversion_id == Conversion.id)
    sold = sold.join(Touch, Touch.id == Credit.touch_id).where(Touch.event_id == rejudged.event_id)
    sold = sold.where(Credit.model == DEFAULT_MODEL, Credit.model_version == MODELS_VERSION)
    for sale, moment_id, touch_id in (await session.execute(sold.where(Conversion.kind != "refund"))).all():
        await _reverse_sale(session, sale, moment_id, touch_id, rejudged)


async def _reverse_play(session: AsyncSession, event: LoggedEvent, reason: str) -> None:
    plays = await same_view(session, event)
    if any(play.verdict == "human" for play in plays):
        return
    period = period_of(event.at)
    for pool, statement, line in await _earned(session, period, ("plays",), [event.moment_id]):
        for play in plays:  # one of them was counted for all
            weight = await _weight(session, (pool, statement, line), play.id)
            amount = line.amount_minor * weight // line.weight
            identity = posting_id("verdict", play.id, statement.id, line.moment_id)
            evidence = {"event": str(play.id), "verdict": reason}
            await _reverse(session, (pool, statement, line), identity, amount, amount, evidence, "verdict")


async def same_view(session: AsyncSession, event: LoggedEvent) -> Sequence[JudgedEvent]:
    """What counts as one view with ``event``: plays of the moment by the same visitor on the same day."""
    day = event.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    same = select(JudgedEvent).where(
        JudgedEvent.at >= day,
        JudgedEvent.at < day + DAY,
        JudgedEvent.kind == "play",
        JudgedEvent.moment_id == event.moment_id,
        JudgedEvent.visitor.is_not_distinct_from(event.visitor),
    )
    if event.visitor is None:
        same = same.where(JudgedEvent.viewer_id.is_not_distinct_from(event.viewer_id))
    return (await session.scalars(same.order_by(JudgedEvent.at, JudgedEvent.id))).all()


async def _reverse_sale(
    session: AsyncSession, sale: Conversion, moment_id: UUID | None, touch_id: UUID, rejudged: Rejudged
) -> None:
    event_id, reason = rejudged.event_id, rejudged.reason
    for pool, statement, line in await _earned(session, period_of(sale.at), ("conversions", "revenue"), [moment_id]):
        weight = await _weight(session, (pool, statement, line), sale.id)
        part, whole = await _part_of(session, sale.id, moment_id, touch_id)
        most = line.amount_minor * weight // line.weight
        amount = line.amount_minor * weight * part // (line.weight * whole) if whole else 0
        identity = posting_id("verdict", sale.id, touch_id, statement.id, line.moment_id)
        evidence = {"conversion": str(sale.id), "event": str(event_id), "verdict": reason}
        await _reverse(session, (pool, statement, line), identity, amount, most, evidence, "verdict")


async def _part_of(session: AsyncSession, sale_id: UUID, moment_id: UUID | None, touch_id: UUID) -> tuple[int, int]:
    """What one touch was credited with of a sale for a moment, and what all of them were, in millionths."""
    given = select(Credit.touch_id, Credit.weight_ppm).where(
        Credit.conversion_id == sale_id,
        Credit.moment_id.is_not_distinct_from(moment_id),
        Credit.model == DEFAULT_MODEL,
        Credit.model_version == MODELS_VERSION,
    )
    rows: dict[UUID, int] = {touch: ppm for touch, ppm in await session.execute(given)}  # noqa: C416 - rows are no pairs
    return rows.get(touch_id, 0), sum(rows.values())


async def _weight(session: AsyncSession, earned: Earned, evidence_id: UUID) -> int:
    """What one play or sale weighed in a line."""
    pool, statement, line = earned
    of = statement.creator_id, line.moment_id, evidence_id, line.period
    return await eligible_views.weight_of(session, pool, *of)


async def _lines(session: AsyncSession, sale: Conversion) -> list[Earned]:
    """The statement lines in which a sale may have been counted."""
    credited = await session.scalars(select(Credit.moment_id).where(Credit.conversion_id == sale.id).distinct())
    return await _earned(session, period_of(sale.at), ("conversions", "revenue"), credited.all())


async def _earned(
    session: AsyncSession, period: str, bases: Sequence[str], moments: Sequence[UUID | None]
) -> list[Earned]:
    those = among(StatementLine.moment_id, [moment for moment in moments if moment is not None])
    query = (
        select(Pool, Statement, StatementLine)
        .join(Statement, Statement.pool_id == Pool.id)
        .join(StatementLine, StatementLine.statement_id == Statement.id)
        .where(among(Pool.basis, bases), Pool.status != "cancelled", StatementLine.period == period)
        .where(or_(those, StatementLine.moment_id.is_(None)) if None in moments else those)
        .order_by(Statement.id, StatementLine.moment_id)
    )
    return [(pool, statement, line) for pool, statement, line in await session.execute(query)]


async def _reverse(
    session: AsyncSession,
    earned: Earned,
    identity: UUID,
    amount: int,
    most: int,
    evidence: Mapping[str, Any],
    reason: str,
) -> None:
    """Take ``amount`` back of a line, once, and never more than ``most`` for the same sale or play in all."""
    pool, statement, line = earned
    taken, given_back = await _taken(session, statement.id, line.moment_id, evidence)
    amount = min(amount, most - taken)
    if amount <= 0:
        return
    if given_back:  # a visit can be acquitted and judged again: that is another reversal
        identity = posting_id(identity, given_back)
    told = {**evidence, "statement": str(statement.id), "moment": str(line.moment_id) if line.moment_id else None}
    now = utc_now()
    if not await take_back(session, statement.creator_id, amount, pool.currency, period_of(now), told, identity):
        return
    session.add(
        Adjustment(
            id=identity,
            creator_id=statement.creator_id,
            statement_id=statement.id,
            moment_id=line.moment_id,
            amount_minor=-amount,
            currency=pool.currency,
            reason_code=evidence.get("verdict", "refund").partition(":")[0],
            explanation=REASONS[reason].format(reason=evidence.get("verdict", "")),
            appeal=APPEAL,
            evidence=told,
            created_at=now,
        )
    )
    await session.flush()
    if statement.payout_id is not None:
        facts = {**told, "amount_minor": -amount, "currency": pool.currency, "payout": str(statement.payout_id)}
        subject = (await session.get_one(Creator, statement.creator_id)).viewer_id
        found = CaseEvidence(identity, "adjustment", now, f"{reason} after it was paid out", facts)
        await suspect(session, f"{reason}_after_payout", subject, [found])


async def _taken(
    session: AsyncSession, statement_id: UUID, moment_id: UUID | None, evidence: Mapping[str, Any]
) -> tuple[int, int]:
    """What has been taken back of a line for the same sale or play, and how often it was given back."""
    name = "conversion" if "conversion" in evidence else "event"
    given_back = func.count().filter(Adjustment.amount_minor > 0)
    same = select(func.coalesce(func.sum(-Adjustment.amount_minor), 0), given_back).where(
        Adjustment.statement_id == statement_id,
        Adjustment.moment_id.is_not_distinct_from(moment_id),
        Adjustment.evidence[name].astext == evidence[name],
    )
    taken, times = (await session.execute(same)).one()
    return int(taken), int(times)


async def show_adjustments(session: AsyncSession, pool: Pool) -> None:
    """Put what was taken back of creators since their last statement on the statements of ``pool``."""
    waiting = update(Adjustment).where(
        Adjustment.shown_on.is_(None),
        Adjustment.currency == pool.currency,
        Statement.pool_id == pool.id,
        Statement.creator_id == Adjustment.creator_id,
    )
    await session.execute(waiting.values(shown_on=Statement.id).execution_options(synchronize_session=False))


async def _refunded_before(session: AsyncSession, sale_id: UUID, pool: Pool) -> int:
    """What had been refunded of a sale when the pool was counted, in minor units: by commit, not by any clock."""
    seen = select(Credit.id).where(
        Credit.conversion_id == Conversion.id,
        func.pg_visible_in_snapshot(Credit.xid, text("CAST(:snapshot AS pg_snapshot)")),
    )
    query = select(func.coalesce(func.sum(Conversion.amount_minor), 0)).where(
        Conversion.original_id == sale_id, seen.exists()
    )
    return int(await session.scalar(query, {"snapshot": pool.snapshot}) or 0)
