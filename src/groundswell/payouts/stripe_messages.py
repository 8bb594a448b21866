"""What Stripe's webhooks say of transfers and accounts, as a bank would say it. Pure.

A transfer that was made is booked, one that was reversed whole has come back; both name the payout that they stand for
in their metadata. The same event is told again for days, and events come in any order, also before the answer to what
they are of: what they say is carried out by the state of the line that they name (``bank_files``).
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import stripe

from groundswell.attribution.stripe_events import StripeEventUnreadable

from .bank_messages import BankMessage, BankNotice, Said

PAYOUT = "groundswell_payout"
KINDS: dict[str, Said] = {"transfer.created": "booked", "transfer.reversed": "returned"}
_OURS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class AccountHeard:
    """Whether Stripe may pay an account."""

    account: str
    ready: bool


def read_event(body: bytes) -> BankMessage | AccountHeard | None:
    """What an event says; None for those that say nothing of payouts.

    Raises:
        StripeEventUnreadable: not an event, or one without what it must have.
    """
    try:
        event = stripe.Event.construct_from(json.loads(body), None)
        about: dict[str, Any] = event.data.to_dict()["object"]
        if event.type == "account.updated":
            return AccountHeard(str(about["id"]), bool(about["payouts_enabled"]))
        said = KINDS.get(event.type)
        if said is None or (said == "returned" and not about["reversed"]):
            return None
        return BankMessage(f"stripe.{event.type}", str(event.id)[:100], [notice(about, said, int(event.created))])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise StripeEventUnreadable(f"{type(error).__name__}: {error}"[:300]) from None


def notice(transfer: Any, said: Said, at: int) -> BankNotice:
    """What a transfer is, as a line of a bank's."""
    named = str((transfer.get("metadata") or {}).get(PAYOUT) or "")
    return BankNotice(
        said,
        named if _OURS.fullmatch(named) else "",
        "",
        str(transfer["id"])[:100],
        _amount(transfer["amount"]),
        str(transfer["currency"]).upper()[:3],
        _day(at),
    )


def _amount(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= 10**15 else None


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date()
