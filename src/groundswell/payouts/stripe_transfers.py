"""Sending what a run asks Stripe for: each transfer once, whatever is lost on the way.

A line that was posted and has no reference of Stripe's may have been sent or not. So Stripe is first asked which
transfers of the run there are (by their group), then for those that are missing, each under an idempotency key made
from its payout. An answer that does not come, a 409 or a 429 says nothing: the next turn looks again. A refusal that is
final gives the money back to what the creator is due. One sender at a time works on a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import stripe
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, held
from groundswell.platform.settings import Settings

from . import bank_files
from .bank_messages import BankMessage, BankNotice
from .stripe_accounts import connected
from .stripe_messages import PAYOUT, notice
from .tables import PayoutItem, PayoutRun, StripeAccount

log = structlog.get_logger(__name__)

BY = "stripe"
UNSURE = (stripe.APIConnectionError, stripe.RateLimitError, stripe.IdempotencyError)
"""Whether it was done is not known, or not yet."""
OUR_FAULT = frozenset({"balance_insufficient", "insufficient_funds"})
OUT_OF_FUNDS = "AM04"
"""Insufficient funds, as banks say it (ISO 20022): nothing against the payee's account."""


@dataclass(frozen=True)
class StripeTransfer:
    """``amount_minor`` of ``currency`` to an account at Stripe (None: it is gone, with its creator), for the payout of
    which ``id`` is the hexadecimal."""

    id: str
    account: str | None
    amount_minor: int
    currency: str


async def unsent_runs(session: AsyncSession, limit: int = 20) -> Sequence[UUID]:
    """Runs by Stripe of which something was posted and has no reference of Stripe's yet, the oldest first."""
    waiting = select(PayoutItem.id).where(PayoutItem.run_id == PayoutRun.id, PayoutItem.status == "sent")
    waiting = waiting.where(PayoutItem.bank_reference.is_(None))
    query = select(PayoutRun.id).where(PayoutRun.rail == "stripe", PayoutRun.status == "filed", waiting.exists())
    return (await session.scalars(query.order_by(PayoutRun.id).limit(limit))).all()


async def send_run(database: Database, settings: Settings, run_id: UUID) -> int:
    """Send what a run asks for and has not been sent; returns how many lines are not known of yet. Nothing while
    somebody else does.

    Raises:
        stripe.StripeError: Stripe does not say what there is, or does not know us.
    """
    async with await database.connect(autocommit=True) as connection:
        async with held(connection, Lock.STRIPE_RUN, run_id, wait=False) as alone:
            return await _send(database, settings, run_id) if alone else 0


async def _send(database: Database, settings: Settings, run_id: UUID) -> int:
    async with database.transaction() as session:
        wanted = await _wanted(session, run_id)
    if not wanted:
        return 0
    unsure = 0
    async with connected(settings) as client:
        there = await _made(client, run_id)
        for each in wanted:
            known = there.get(each.id) or await _create(client, run_id, each)
            if known is None:
                unsure += 1
                continue
            async with database.transaction() as session:
                await bank_files.carry_out(session, _message(known), BY)
    return unsure


async def _wanted(session: AsyncSession, run_id: UUID) -> list[StripeTransfer]:
    query = select(PayoutItem, StripeAccount.account)
    query = query.outerjoin(StripeAccount, StripeAccount.creator_id == PayoutItem.creator_id)
    query = query.where(PayoutItem.run_id == run_id, PayoutItem.status == "sent", PayoutItem.bank_reference.is_(None))
    rows = await session.execute(query.order_by(PayoutItem.id))
    return [StripeTransfer(item.id.hex, account, item.amount_minor, item.currency) for item, account in rows]


async def _made(client: stripe.StripeClient, run_id: UUID) -> Mapping[str, BankNotice]:
    """The transfers of a run that there are, by payout."""
    page = await client.v1.transfers.list_async({"transfer_group": run_id.hex, "limit": 100})
    found = {}
    async for transfer in page.auto_paging_iter():
        line = notice(transfer.to_dict(), "returned" if transfer.reversed else "booked", transfer.created)
        found[line.end_to_end_id] = line
    return found


async def _create(client: stripe.StripeClient, run_id: UUID, each: StripeTransfer) -> BankNotice | None:
    """Ask for one transfer; what came of it, or None while that is not known."""
    if each.account is None:
        return _back(each, "account_gone")
    try:
        made = await client.v1.transfers.create_async(
            {
                "amount": each.amount_minor,
                "currency": each.currency.lower(),
                "destination": each.account,
                "transfer_group": run_id.hex,
                "metadata": {PAYOUT: each.id},
            },
            {"idempotency_key": f"payout/{each.id}"},
        )
    except (stripe.AuthenticationError, stripe.PermissionError):
        raise  # of no line, but of our key
    except stripe.StripeError as error:
        return _refused(each, error)
    return notice(made.to_dict(), "booked", made.created)


def _refused(each: StripeTransfer, error: stripe.StripeError) -> BankNotice | None:
    status = error.http_status or 0
    if isinstance(error, UNSURE) or not 400 <= status < 500 or status in (409, 429):
        log.info("stripe_transfer_unsure", payout=each.id, error=type(error).__name__, status=status)
        return None
    code = OUT_OF_FUNDS if error.code in OUR_FAULT else str(error.code or "refused")[:35]
    return _back(each, code)


def _back(each: StripeTransfer, code: str) -> BankNotice:
    return BankNotice("rejected", each.id, "", "", each.amount_minor, each.currency, utc_now().date(), code)


def _message(line: BankNotice) -> BankMessage:
    return BankMessage("stripe.answer", f"{line.said}/{line.end_to_end_id}", [line])
