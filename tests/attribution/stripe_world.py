"""Stripe's side of a few subscriptions, as two versions of its API tell it (shapes from docs.stripe.com/api)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

OLD, NEW = "2024-06-20", "2025-03-31.basil"
MONTH = timedelta(days=30)


@dataclass
class Teller:
    """Tells the events of one customer, one second after another where no time is given."""

    version: str
    name: str
    at: datetime
    events: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, type: str, object: dict[str, Any], at: datetime, **data: Any) -> None:
        self.events.append(
            {
                "id": f"evt_{self.name}_{len(self.events)}",
                "object": "event",
                "api_version": self.version,
                "type": type,
                "created": int(at.timestamp()),
                "livemode": False,
                "data": {"object": object, **data},
            }
        )

    def invoice(
        self, number: int, at: datetime, *, reason: str = "subscription_cycle", paid: int = 1299, subtotal: int = 1299
    ) -> None:
        id, metadata = f"in_{self.name}_{number}", {"groundswell_viewer": self.name}
        period = {"start": int(at.timestamp()), "end": int((at + MONTH).timestamp())}
        object: dict[str, Any] = {
            "id": id,
            "object": "invoice",
            "billing_reason": reason,
            "amount_paid": paid,
            "subtotal": subtotal,
            "currency": "eur",
            "status_transitions": {"paid_at": int(at.timestamp())},
            "lines": {"object": "list", "data": [{"object": "line_item", "period": period}]},
        }
        subscription = f"sub_{self.name}"
        if self.version == OLD:
            object |= {"subscription": subscription, "subscription_details": {"metadata": metadata}}
            object |= {"payment_intent": f"pi_{id}", "charge": f"ch_{id}"} if paid else {}
        else:
            details = {"metadata": metadata, "subscription": subscription}
            object["parent"] = {"type": "subscription_details", "subscription_details": details}
            if paid:
                payment = {"type": "payment_intent", "payment_intent": f"pi_{id}"}
                told = {"id": f"inpay_{id}", "object": "invoice_payment", "invoice": id, "payment": payment}
                self.tell("invoice_payment.paid", told, at)
        self.tell("invoice.paid", object, at)

    def refund(self, number: int, minor: int, total: int, at: datetime, *, both: bool = True) -> None:
        """A refund of ``minor`` that makes it ``total`` all in all; told by the charge and by itself, or by itself."""
        id = f"in_{self.name}_{number}"
        of = {"charge": f"ch_{id}", "payment_intent": f"pi_{id}"}
        refund = {"id": f"re_{id}_{total}", "object": "refund", "amount": minor, "currency": "eur", **of}
        self.tell("refund.created", refund | {"status": "pending"}, at)
        self.tell("refund.updated", refund | {"status": "succeeded"}, at + timedelta(seconds=1))
        if both:
            charge = {"id": of["charge"], "object": "charge", "payment_intent": of["payment_intent"]}
            charge |= {"amount_refunded": total, "currency": "eur"}
            charge |= {"invoice": id} if self.version == OLD else {}
            self.tell("charge.refunded", charge, at, previous_attributes={"amount_refunded": total - minor})

    def refund_fails(self, number: int, minor: int, total: int, at: datetime) -> None:
        """One that had succeeded comes back: whoever sold is to give it back in another way."""
        id = f"in_{self.name}_{number}"
        of = {"charge": f"ch_{id}", "payment_intent": f"pi_{id}", "failure_reason": "expired_or_canceled_card"}
        refund = {"id": f"re_{id}_{total}", "object": "refund", "amount": minor, "currency": "eur", **of}
        for kind in ("refund.updated", "refund.failed"):
            self.tell(kind, refund | {"status": "failed"}, at)

    def dispute(self, number: int, minor: int, at: datetime, ends: str, currency: str = "eur") -> None:
        id = f"in_{self.name}_{number}"
        of = {"charge": f"ch_{id}", "payment_intent": f"pi_{id}", "amount": minor, "currency": currency}
        dispute = {"id": f"dp_{id}", "object": "dispute", **of}
        self.tell("charge.dispute.created", dispute | {"status": "needs_response"}, at)
        self.tell("charge.dispute.closed", dispute | {"status": ends}, at + timedelta(seconds=1))

    def credit_note(self, number: int, *, beside: int, credited: int, at: datetime) -> None:
        note = {"id": f"cn_{self.name}_{number}", "object": "credit_note", "invoice": f"in_{self.name}_{number}"}
        note |= {"out_of_band_amount": beside, "amount": beside + credited, "currency": "eur", "status": "issued"}
        self.tell("credit_note.created", note, at)
