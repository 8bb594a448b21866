"""What Stripe's facts come to, in whatever order they were told. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from .stripe_events import FIRST, LATER, PaidInvoice

Sale = Literal["trial", "subscription", "renewal"]


class Back(Protocol):
    """What went back, as in ``stripe_events.GivenBack``."""

    id: str
    kind: str
    payment: str | None
    amount_minor: int
    currency: str


class Undecided(Exception):
    """Another invoice must be known first."""


def sale_of(invoice: PaidInvoice, others: Sequence[PaidInvoice], *, subscribed: bool, late: bool) -> Sale | None:
    """What a paid invoice is; None: nothing that counts.

    The first invoice is a trial when nothing was asked for, and else a subscription, if of nothing for a coupon. A
    later one that was paid for what follows a trial is the subscription; any other is a renewal, a change of plan too.

    Args:
        others: of the same subscription, as far as they are known.
        subscribed: another of them is known to be the subscription, or to have been paid after it.
        late: what is not known by now is from before we were told.

    Raises:
        Undecided: the first invoice is not known yet.
    """
    if invoice.reason == FIRST:
        return "trial" if invoice.free and not invoice.paid_minor else "subscription"
    if invoice.reason not in LATER or not invoice.paid_minor:
        return None
    if invoice.subscription is None or subscribed:
        return "renewal"
    first = next((other for other in others if other.reason == FIRST), None)
    if first is None:
        if late:
            return "renewal"
        raise Undecided
    if sale_of(first, [], subscribed=False, late=False) != "trial":
        return "renewal"
    return "subscription" if _follows(invoice, first, others) else "renewal"


def _follows(invoice: PaidInvoice, trial: PaidInvoice, others: Iterable[PaidInvoice]) -> bool:
    """Whether an invoice is for what comes right after the trial (or ends it early)."""
    if invoice.starts is not None and trial.ends is not None:
        return invoice.starts <= trial.ends
    earlier = (other for other in others if other.paid_minor and (other.at, other.id) < (invoice.at, invoice.id))
    return next(earlier, None) is None


def given_back(invoice: PaidInvoice, facts: Iterable[Back]) -> int:
    """How much of what was paid went back, in minor units: never more than it.

    Of one payment, what its charge says was refunded and what its refunds sum to are the same money, told twice. Of a
    dispute that was lost in another currency, the bank's own, the invoice's part cannot be told: all of it is taken as
    lost, so that nothing is paid for money that is not there.
    """
    charges, refunds, others = defaultdict[str, int](int), defaultdict[str, int](int), 0
    for fact in facts:
        if fact.currency != invoice.currency:
            others += invoice.paid_minor if fact.kind == "dispute" else 0
        elif fact.kind == "charge":
            charges[fact.payment or ""] = max(charges[fact.payment or ""], fact.amount_minor)
        elif fact.kind == "refund":
            refunds[fact.payment or ""] += fact.amount_minor
        else:
            others += fact.amount_minor
    refunded = sum(max(charges[payment], refunds[payment]) for payment in charges.keys() | refunds.keys())
    return min(refunded + others, invoice.paid_minor)
