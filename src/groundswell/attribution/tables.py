"""Touches bound to viewers, conversions as the service reports them, the credit given for them, and campaigns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    MetaData,
    String,
    UniqueConstraint,
    Uuid,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id
from groundswell.platform.positions import Position

CONVERSION_KINDS = ("sign_up", "trial", "subscription", "renewal", "refund", "cancellation", "churn")
MATCHES = ("login", "token", "referrer", "cookie", "code")
"""How it is told whose a touch is, the surest first."""

CERTAIN = frozenset({"login", "token", "referrer"})
"""Those that leave no doubt; the others are probable."""


class Touch(Base):
    """A human visit by way of a share, or a creator's code that was typed in, known to be one viewer's.

    ``event_id`` and ``at`` name the visit in the event log (a code's are its own id and when it was typed).
    ``matched_by`` says how it was told whose it is: ``login`` (they were signed in), ``token`` (the service passed on
    the visit's token), ``referrer`` (the app was installed from the visit, whose token the store passed on),
    ``cookie`` (an earlier visit of the browser that the token came from) or ``code``. A code has no share: then
    ``sharer_id`` is whose code it is.
    """

    __tablename__ = "touches"
    __table_args__ = (
        UniqueConstraint("viewer_id", "event_id"),
        CheckConstraint(f"matched_by IN ({', '.join(map(repr, MATCHES))})", name="matched_by"),
        CheckConstraint("(share_id IS NULL) = (matched_by = 'code')", name="code"),
        CheckConstraint("(sharer_id IS NOT NULL) = (matched_by = 'code')", name="sharer"),
        Index("ix_touches_viewer_at", "viewer_id", "at"),
        Index("ix_touches_event", "event_id"),  # whose a visit is, and what earned by it
    )

    id: Mapped[Id]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    event_id: Mapped[UUID]
    at: Mapped[datetime]
    share_id: Mapped[UUID | None] = mapped_column(ForeignKey("shares.id"), index=True)
    sharer_id: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    matched_by: Mapped[str]
    bound_at: Mapped[CreatedAt]


class Conversion(Base):
    """Something a viewer did that the service cares for, reported once under the service's own id.

    ``amount_minor`` is what was paid, or for a refund given back: never negative. ``original_id`` is the sale that
    a refund undoes or (when the service says so) a cancellation or churn ends. ``touch`` is the token that came with
    it, ``code`` the creator's code. ``day`` is 30 or 90: the day of the subscription on which churn was found.
    """

    __tablename__ = "conversions"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in CONVERSION_KINDS)})", name="kind"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL) AND amount_minor >= 0", name="money"),
        CheckConstraint(
            "kind = 'cancellation' OR (kind IN ('refund', 'churn')) = (original_id IS NOT NULL)", name="original"
        ),
        CheckConstraint("(kind = 'churn') = (day IS NOT NULL) AND day IN (30, 90)", name="day"),
        Index("ix_conversions_viewer_at", "viewer_id", "at"),
        Index("ix_conversions_at", "at", "id"),
    )

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    viewer_id: Mapped[UUID] = mapped_column(ForeignKey("viewers.id"))
    at: Mapped[datetime]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    original_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversions.id"), index=True)
    touch: Mapped[str | None]
    code: Mapped[str | None]
    day: Mapped[int | None]
    received_at: Mapped[CreatedAt]


class StripeInvoice(Base):
    """An invoice that Stripe told was paid (``stripe_events.PaidInvoice``). ``settled_as`` is what it was reported as,
    or ``nothing``; null while that is not known."""

    __tablename__ = "stripe_invoices"
    __table_args__ = (
        Index("ix_stripe_invoices_waiting", "told_at", postgresql_where=text("settled_as IS NULL")),
        CheckConstraint("settled_as IN ('trial', 'subscription', 'renewal', 'nothing')", name="settled_as"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    subscription: Mapped[str | None] = mapped_column(index=True)
    viewer: Mapped[str] = mapped_column(index=True)
    touch: Mapped[str | None]
    code: Mapped[str | None]
    at: Mapped[datetime]
    reason: Mapped[str]
    paid_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    free: Mapped[bool]
    starts: Mapped[datetime | None]
    ends: Mapped[datetime | None]
    settled_as: Mapped[str | None]
    told_at: Mapped[CreatedAt]


class StripePayment(Base):
    """Which invoice a payment paid (``stripe_events.PaymentOf``)."""

    __tablename__ = "stripe_payments"

    payment: Mapped[str] = mapped_column(primary_key=True)
    invoice: Mapped[str] = mapped_column(index=True)


class StripeReturn(Base):
    """Money that Stripe told went back (``stripe_events.GivenBack``): the most that was told."""

    __tablename__ = "stripe_returns"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    payment: Mapped[str | None] = mapped_column(index=True)
    invoice: Mapped[str | None] = mapped_column(index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]


class CreditColumns:
    """What is known of a credit. Types are given, since the view's table knows no other that would tell them."""

    id: Mapped[Id]
    conversion_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("conversions.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    model: Mapped[str]
    model_version: Mapped[int]
    touch_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("touches.id"))
    share_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("shares.id"), index=True)
    moment_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("moments.id"))
    title_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("titles.id"))
    sharer_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("viewers.id"))
    channel: Mapped[str]
    weight_ppm: Mapped[int]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    created_at: Mapped[CreatedAt]
    xid: Mapped[Position]


class Credit(CreditColumns, Base):
    """A part of one conversion, given to one touch by one model. Appended, never changed.

    Over one conversion and model, ``weight_ppm`` (millionths) sums to exactly 1,000,000 and ``amount_minor`` to
    exactly what the conversion brought (a refund's are negative). ``at`` and ``kind`` are the conversion's;
    ``sharer_id`` is who made the share, null for a visitor without an account. Credit for a creator's code has that
    creator as its sharer, the channel ``code``, and no share, moment or title.

    These rows are what was given. What is counted, shown and paid is ``JudgedCredit``.
    """

    __tablename__ = "credits"
    __table_args__ = (
        UniqueConstraint("conversion_id", "model", "model_version", "touch_id"),
        CheckConstraint("weight_ppm BETWEEN 0 AND 1000000", name="weight"),
        Index("ix_credits_sharer_at", "sharer_id", "at"),
        Index("ix_credits_moment", "moment_id"),
        Index("ix_credits_at", "at"),
    )


class JudgedCredit(CreditColumns, Base):
    """Credit that stands: the visit behind it is a person's by its current verdict. A view: for reading only."""

    __tablename__ = "judged_credits"
    metadata = MetaData()  # not among the tables that are made


JUDGED_CREDITS = """
CREATE OR REPLACE VIEW judged_credits AS
SELECT c.id, c.conversion_id, c.kind, c.at, c.model, c.model_version, c.touch_id, c.share_id, c.moment_id, c.title_id,
    c.sharer_id, c.channel, c.weight_ppm, c.amount_minor, c.currency, c.created_at, c.xid
FROM credits c JOIN touches t ON t.id = c.touch_id
WHERE coalesce(
    (SELECT v.kind FROM current_verdicts v WHERE v.at = t.at AND v.event_id = t.event_id), 'human'
) = 'human';
"""
event.listen(Base.metadata, "after_create", DDL(JUDGED_CREDITS))  # type: ignore[no-untyped-call]


class LearnedEffects(Base):
    """What the ``markov`` model learned on a day: each channel's removal effect in millionths, from so many ``paths``.

    A conversion is divided by the newest that was there when its credit was given. Appended, never changed.
    """

    __tablename__ = "learned_effects"

    id: Mapped[Id]
    learned_at: Mapped[CreatedAt] = mapped_column(index=True)
    paths: Mapped[int]
    effects: Mapped[dict[str, Any]]


class Campaign(Base):
    """Titles, a window, territories, creators, terms and budget, and the rule by which its credit is reckoned.

    Null ``titles``, ``territories`` or ``creators`` (the ids of viewers) means all. Nothing of it ever changes, so that
    its credit is reckoned the same whatever becomes the default; only ``ended_at`` is set, once, when it ends early.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]{1,62}$'", name="key"),
        CheckConstraint("name ~ '\\S' AND length(name) <= 120", name="name"),
        CheckConstraint("begins_at < ends_at", name="window"),
        CheckConstraint("attribution_window_days BETWEEN 1 AND 365", name="attribution"),
        CheckConstraint("(budget_minor IS NULL) = (currency IS NULL) AND budget_minor >= 0", name="budget"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    titles: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    territories: Mapped[list[str] | None] = mapped_column(ARRAY(String(2)))
    creators: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    model: Mapped[str]
    model_version: Mapped[int]
    attribution_window_days: Mapped[int]
    budget_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    terms: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    created_at: Mapped[CreatedAt]

    @property
    def until(self) -> datetime:
        """When it ends (exclusive): as planned, or earlier when it was ended."""
        return max(self.begins_at, min(self.ends_at, self.ended_at or self.ends_at))


CAMPAIGNS_STAY = """
CREATE OR REPLACE FUNCTION campaigns_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND to_jsonb(NEW) - 'ended_at' = to_jsonb(OLD) - 'ended_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a campaign is fixed when it is made; it can only be ended, once'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON campaigns FOR EACH ROW EXECUTE FUNCTION campaigns_stay();
"""
event.listen(Campaign.__table__, "after_create", DDL(CAMPAIGNS_STAY))  # type: ignore[no-untyped-call]

CREDITS_STAY = """
CREATE OR REPLACE FUNCTION credits_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'credit is never changed; give it anew under another model version'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON credits FOR EACH ROW EXECUTE FUNCTION credits_stay();
"""
event.listen(Credit.__table__, "after_create", DDL(CREDITS_STAY))  # type: ignore[no-untyped-call]


PUBLISHED = """
CREATE OR REPLACE VIEW published_conversions AS SELECT id, viewer_id, original_id FROM conversions;
CREATE OR REPLACE VIEW published_touches AS SELECT id, at, event_id FROM touches;
CREATE OR REPLACE VIEW published_credits AS
    SELECT conversion_id, kind, at, model, model_version, touch_id, moment_id, sharer_id, weight_ppm, amount_minor,
        currency, xid
    FROM credits;
"""
"""What SQL of other rooms may name: it holds whatever becomes of the tables."""

event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
