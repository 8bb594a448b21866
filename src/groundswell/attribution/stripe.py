"""Stripe's webhooks as conversions: what is told is kept, and an invoice is reported once enough is known of it.

Facts are kept as they are told (``tables.StripeInvoice``, ``StripePayment``, ``StripeReturn``), each once. Whatever
arrives, the invoices that it is about are settled: a sale is reported when it is known what it is, and refunds until as
much is reported as the facts come to. So any order, repetition or delay ends in the same money.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .conversions import report
from .credits import credits_of
from .schemas import Money, NewConversion
from .stripe_events import Ended, Fact, GivenBack, PaidInvoice, PaymentOf
from .stripe_sales import Sale, Undecided, given_back, sale_of
from .tables import Conversion, Credit, StripeInvoice, StripePayment, StripeReturn

log = structlog.get_logger(__name__)

Reported = tuple[Conversion, Sequence[Credit], bool]
TOLD_WITHIN = timedelta(days=3)
"""For so long Stripe sends an event again that was not taken (docs.stripe.com/webhooks, "Retry behavior")."""


async def take(session: AsyncSession, settings: Settings, facts: Sequence[Fact], now: datetime) -> list[Reported]:
    """Keep ``facts`` and report what follows from them; of an invoice that was reported before, that.

    Raises:
        Problem: a refusal of ``conversions.report``. Nothing is kept then; Stripe sends the event again.
    """
    await lock(session, Lock.STRIPE)  # one at a time: each sees all that the ones before were told
    reported: list[Reported] = []
    for fact in facts:
        if isinstance(fact, Ended):
            ended = NewConversion(id=f"stripe:{fact.id}", kind="cancellation", viewer=fact.viewer, at=fact.at)
            reported.append(await report(session, settings, ended))
        else:
            await _keep(session, fact)
    for invoice in await _about(session, facts):
        reported += await settle(session, settings, invoice, now)
    return reported


async def _keep(session: AsyncSession, fact: PaidInvoice | PaymentOf | GivenBack) -> None:
    table = {PaidInvoice: StripeInvoice, PaymentOf: StripePayment, GivenBack: StripeReturn}[type(fact)]
    new = insert(table).values(asdict(fact))
    if isinstance(fact, GivenBack):
        most = func.greatest(StripeReturn.amount_minor, new.excluded.amount_minor)
        latest = func.greatest(StripeReturn.at, new.excluded.at)
        told = {"amount_minor": most, "at": latest}
        await session.execute(new.on_conflict_do_update(index_elements=["id", "kind"], set_=told))
    else:
        await session.execute(new.on_conflict_do_nothing())


async def _about(session: AsyncSession, facts: Sequence[Fact]) -> list[StripeInvoice]:
    """The invoices that ``facts`` may have changed something about, the oldest first."""
    ids = {fact.invoice for fact in facts if isinstance(fact, PaymentOf | GivenBack)}
    ids |= {fact.id for fact in facts if isinstance(fact, PaidInvoice)}
    payments = {fact.payment for fact in facts if isinstance(fact, GivenBack) and fact.payment}
    paid_by = select(StripePayment.invoice).where(StripePayment.payment.in_(payments))
    named = or_(StripeInvoice.id.in_([id for id in ids if id]), StripeInvoice.id.in_(paid_by))
    firsts = [fact.subscription for fact in facts if isinstance(fact, PaidInvoice) and fact.subscription]
    waiting = StripeInvoice.subscription.in_(firsts) & StripeInvoice.settled_as.is_(None)
    query = select(StripeInvoice).where(or_(named, waiting)).order_by(StripeInvoice.at, StripeInvoice.id)
    return list(await session.scalars(query))


async def settle(session: AsyncSession, settings: Settings, invoice: StripeInvoice, now: datetime) -> list[Reported]:
    """Report what an invoice is, if that is known, and what went back of it, as far as that was not reported yet."""
    sale = await _sale(session, settings, invoice, now)
    if sale is None:
        return []
    back = await _refund(session, settings, invoice, sale[0])
    return [sale, *back]


async def _sale(session: AsyncSession, settings: Settings, invoice: StripeInvoice, now: datetime) -> Reported | None:
    id = f"stripe:{invoice.id}"
    if invoice.settled_as is not None:
        known = await session.scalar(select(Conversion).filter_by(external_id=id))
        return None if known is None else (known, await credits_of(session, known.id), False)
    try:
        kind = await _kind(session, invoice, now)
    except Undecided:
        log.info("stripe_invoice_waits", invoice=invoice.id, subscription=invoice.subscription)
        return None
    invoice.settled_as = kind or "nothing"
    if kind is None:
        return None
    led = kind != "renewal"  # what comes later was won already
    return await report(
        session,
        settings,
        NewConversion(
            id=id,
            kind=kind,
            viewer=invoice.viewer,
            at=invoice.at,
            amount=Money(minor=invoice.paid_minor, currency=invoice.currency),
            touch=invoice.touch if led else None,
            code=invoice.code if led else None,
        ),
    )


async def _kind(session: AsyncSession, invoice: StripeInvoice, now: datetime) -> Sale | None:
    query = select(StripeInvoice).filter_by(subscription=invoice.subscription).where(StripeInvoice.id != invoice.id)
    others = [] if invoice.subscription is None else list(await session.scalars(query))
    settled = {other.settled_as for other in others}
    late = invoice.told_at < now - TOLD_WITHIN or "renewal" in settled
    known = [_fact(other) for other in others]
    return sale_of(_fact(invoice), known, subscribed="subscription" in settled, late=late)


def _fact(row: StripeInvoice) -> PaidInvoice:
    values: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(PaidInvoice)}
    return PaidInvoice(**values)


async def _refund(
    session: AsyncSession, settings: Settings, invoice: StripeInvoice, sale: Conversion
) -> list[Reported]:
    paid_by = select(StripePayment.payment).filter_by(invoice=invoice.id)
    query = select(StripeReturn).where(or_(StripeReturn.payment.in_(paid_by), StripeReturn.invoice == invoice.id))
    facts = list(await session.scalars(query))
    target = given_back(_fact(invoice), facts)
    before = select(func.coalesce(func.sum(Conversion.amount_minor), 0)).filter_by(original_id=sale.id, kind="refund")
    rest = target - int(await session.scalar(before) or 0)
    if rest <= 0:
        return []
    refund = NewConversion(
        id=f"stripe:{invoice.id}:refund:{target}",
        kind="refund",
        viewer=invoice.viewer,
        at=max(sale.at, *(fact.at for fact in facts)),
        amount=Money(minor=rest, currency=invoice.currency),
        original=sale.external_id,
    )
    return [await report(session, settings, refund)]


async def settle_late(session: AsyncSession, settings: Settings, now: datetime, limit: int = 500) -> int:
    """Settle invoices that have waited for a first one that Stripe would have sent by now; returns how many.

    One that is refused (of a viewer whose sign-up nobody reported) is nothing from then on, as it would have been when
    Stripe gave up: it holds up no other.
    """
    await lock(session, Lock.STRIPE)
    told = StripeInvoice.told_at < now - TOLD_WITHIN
    waiting = select(StripeInvoice.id).where(StripeInvoice.settled_as.is_(None), told)
    ids = list(await session.scalars(waiting.order_by(StripeInvoice.at, StripeInvoice.id).limit(limit)))
    for id in ids:
        try:
            async with session.begin_nested():
                await settle(session, settings, await session.get_one(StripeInvoice, id), now)
        except Problem as refused:
            log.error("stripe_invoice_refused", invoice=id, code=refused.reason(), detail=refused.detail)
            await session.execute(update(StripeInvoice).filter_by(id=id).values(settled_as="nothing"))
    return len(ids)
