"""What a customer of the demo service can do about money: join, subscribe, cancel, be refunded."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.problems import Conflict, Invalid

from .people import BY_SUBJECT, live_subscription
from .reporter import Reporter
from .tables import Account, Subscription

PRICE_MINOR, CURRENCY = 799, "EUR"
NAME_MAX, EMAIL_MAX = 60, 200


class EmailTaken(Conflict):
    code, title = "email_taken", "There is an account with this email already. Sign in instead."


class NothingToPay(Conflict):
    code, title = "no_membership", "There is no membership to change."


def new_account(name: str, email: str) -> Account:
    """An account that is not stored yet.

    Raises:
        Invalid: the name or the email will not do; the detail says which.
    """
    name, email = " ".join(name.split()), email.strip().lower()
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise Invalid(f"Tell us what to call you, in {NAME_MAX} characters or fewer.")
    local, at, domain = email.partition("@")
    if not (local and at and "." in domain.strip(".")) or len(email) > EMAIL_MAX or not email.isprintable():
        raise Invalid("That does not look like an email address.")
    return Account(id=uuid7(), subject=f"lumen-{random_code(10).lower()}", name=name, email=email)


@dataclass(frozen=True)
class LedBy:
    """What a new customer came by: a visit's touch token; a creator's code, typed or in the link."""

    touch: str | None = None
    code: str | None = None


async def join(session: AsyncSession, account: Account, token: str, led: LedBy, reporter: Reporter) -> None:
    """Store a new customer and report the sign-up, naming what led here.

    Raises:
        EmailTaken: somebody joined with this email before.
        CodeRefused: no creator has the code.
    """
    if await session.scalar(select(Account.id).filter_by(email=account.email)) or account.email in BY_SUBJECT:
        raise EmailTaken()
    session.add(account)
    await session.flush()
    await reporter.introduce(token)
    await reporter.report(conversion(str(account.id), "sign_up", account, touch=led.touch, code=led.code))


async def subscribe(session: AsyncSession, account: Account, touch: str | None, reporter: Reporter) -> Subscription:
    """Begin a membership; the one that runs already, when there is one."""
    running = await live_subscription(session, account)
    if running is not None:
        return running
    subscription = Subscription(id=uuid7(), account_id=account.id, price_minor=PRICE_MINOR, currency=CURRENCY)
    session.add(subscription)
    await session.flush()
    price = {"minor": PRICE_MINOR, "currency": CURRENCY}
    await reporter.report(conversion(str(subscription.id), "subscription", account, touch=touch, amount=price))
    return subscription


async def cancel(session: AsyncSession, account: Account, reporter: Reporter) -> None:
    """End the membership that runs.

    Raises:
        NothingToPay: none does.
    """
    subscription = await live_subscription(session, account)
    if subscription is None:
        raise NothingToPay()
    subscription.ended_at = utc_now()
    report = conversion(f"{subscription.id}-cancel", "cancellation", account, original=str(subscription.id))
    await reporter.report(report)


async def refund(session: AsyncSession, account: Account, reporter: Reporter) -> None:
    """Give back the money of the latest membership, and end it.

    Raises:
        NothingToPay: there is none, or it was refunded before.
    """
    query = select(Subscription).filter_by(account_id=account.id, refunded_at=None)
    subscription = await session.scalar(query.order_by(Subscription.id.desc()).limit(1))
    if subscription is None:
        raise NothingToPay()
    subscription.refunded_at = utc_now()
    subscription.ended_at = subscription.ended_at or subscription.refunded_at
    amount = {"minor": subscription.price_minor, "currency": subscription.currency}
    report = conversion(f"{subscription.id}-refund", "refund", account, original=str(subscription.id), amount=amount)
    await reporter.report(report)


def conversion(id: str, kind: str, account: Account, **fields: Any) -> dict[str, Any]:
    """A conversion as the API takes it; fields that are None are left out."""
    report = {"id": id, "kind": kind, "viewer": account.subject, "at": utc_now().isoformat()}
    return report | {name: value for name, value in fields.items() if value is not None}
