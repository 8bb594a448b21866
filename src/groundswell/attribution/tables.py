"""Touches bound to viewers, conversions as the service reports them, the credit given for them, and campaigns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, Uuid, event, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.events.tables import TransactionId
from groundswell.platform.database import Base, CreatedAt, Id

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


class Credit(Base):
    """A part of one conversion, given to one touch by one model. Appended, never changed.

    Over one conversion and model, ``weight_ppm`` (millionths) sums to exactly 1,000,000 and ``amount_minor`` to
    exactly what the conversion brought (a refund's are negative). ``at`` and ``kind`` are the conversion's;
    ``sharer_id`` is who made the share, null for a visitor without an account. Credit for a creator's code has that
    creator as its sharer, the channel ``code``, and no share, moment or title.
    """

    __tablename__ = "credits"
    __table_args__ = (
        UniqueConstraint("conversion_id", "model", "model_version", "touch_id"),
        CheckConstraint("weight_ppm BETWEEN 0 AND 1000000", name="weight"),
        Index("ix_credits_sharer_at", "sharer_id", "at"),
        Index("ix_credits_moment", "moment_id"),
        Index("ix_credits_at", "at"),
    )

    id: Mapped[Id]
    conversion_id: Mapped[UUID] = mapped_column(ForeignKey("conversions.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    model: Mapped[str]
    model_version: Mapped[int]
    touch_id: Mapped[UUID] = mapped_column(ForeignKey("touches.id"))
    share_id: Mapped[UUID | None] = mapped_column(ForeignKey("shares.id"), index=True)
    moment_id: Mapped[UUID | None] = mapped_column(ForeignKey("moments.id"))
    title_id: Mapped[UUID | None] = mapped_column(ForeignKey("titles.id"))
    sharer_id: Mapped[UUID | None] = mapped_column(ForeignKey("viewers.id"))
    channel: Mapped[str]
    weight_ppm: Mapped[int]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    created_at: Mapped[CreatedAt]
    xid: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"), index=True)


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
