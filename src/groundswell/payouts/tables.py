"""Whom we pay and where, the runs that do it, and what the bank said. The database keeps the promises that matter:
two people make a run, a creator is in one that waits at a time, and a line of one is never another amount."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, String, event, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Payee(Base):
    """Where a creator is paid, encrypted: ``sealed`` under a key of its own, ``data_key`` (see ``payee_vault``).

    In clear is only what says nothing of anybody: ``missing``, the codes of what was missing when it was entered, and
    ``good_until``, the last day on which its tax form holds. ``version`` counts changes; ``returned_version`` is the
    one whose payment came back. ``account_tag`` is a keyed hash of the account, to see one that several share.
    """

    __tablename__ = "payees"

    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"), primary_key=True)
    data_key: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int]
    account_tag: Mapped[str] = mapped_column(index=True)
    missing: Mapped[list[Any]]
    good_until: Mapped[date | None]
    returned_version: Mapped[int | None]
    changed_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]


class StripeAccount(Base):
    """A creator's account at Stripe, of which Stripe keeps what it knows of them. ``ready``: it may be paid, as Stripe
    said last."""

    __tablename__ = "stripe_accounts"

    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"), primary_key=True)
    account: Mapped[str] = mapped_column(unique=True)
    ready: Mapped[bool]
    made_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]


class PayoutRun(Base):
    """Payouts of one currency that leave together. What was due as of ``drafted_at`` is in it.

    ``status`` is ``draft``, ``approved`` (by somebody else), ``filed`` (posted, and its file made) or ``cancelled``;
    ``filing_by`` is who asked for the file, before it is there. ``file`` is encrypted under ``file_key``; it is dropped
    when somebody in it is erased, and ``file_sha256`` stays.
    """

    __tablename__ = "payout_runs"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'approved', 'filed', 'cancelled')", name="status"),
        CheckConstraint("rail IN ('pain.001', 'csv', 'stripe')", name="rail"),
        CheckConstraint("approved_by <> drafted_by", name="two_people"),
        CheckConstraint("status NOT IN ('approved', 'filed') OR approved_by IS NOT NULL", name="approved"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    currency: Mapped[str] = mapped_column(String(3))
    rail: Mapped[str]
    execution_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="draft")
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    filing_by: Mapped[str | None]
    filed_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    file_key: Mapped[str | None]
    file: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_sha256: Mapped[str | None]


class PayoutItem(Base):
    """One creator's line of a run. Its id is the payout's, and, in hexadecimal, the bank's end-to-end id.

    ``status`` is ``waiting``, ``held_out`` (not paid by this run; ``code`` says why), ``sent`` (posted and in the
    file), ``confirmed`` (the bank booked it), ``returned`` or ``cancelled`` (with its run).
    """

    __tablename__ = "payout_items"
    __table_args__ = (
        CheckConstraint(
            "status IN ('waiting', 'held_out', 'sent', 'confirmed', 'returned', 'cancelled')", name="status"
        ),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(status IN ('sent', 'confirmed', 'returned')) = (payout_id IS NOT NULL)", name="paid"),
        CheckConstraint("payout_id = id", name="same_id"),
        Index(
            "uq_payout_items_waiting",
            *("creator_id", "currency"),
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_payout_items_run", "run_id", "creator_id"),
        Index("ix_payout_items_creator", "creator_id", "id"),
    )

    id: Mapped[Id]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("payout_runs.id"))
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    payee_version: Mapped[int]
    status: Mapped[str] = mapped_column(default="waiting")
    code: Mapped[str] = mapped_column(default="")
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payouts.id"))
    bank_reference: Mapped[str | None] = mapped_column(index=True)
    settled_on: Mapped[date | None]
    changed_at: Mapped[datetime]


class BankFile(Base):
    """A file of the bank's that was read: ``kind`` is its message, such as camt.053. The same bytes are one."""

    __tablename__ = "bank_files"

    id: Mapped[Id]
    sha256: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    message_id: Mapped[str]
    read_by: Mapped[str]
    read_at: Mapped[CreatedAt]


class BankLine(Base):
    """What one line of a bank's file said, and what became of it. Nothing of whoever else it names is kept.

    ``said`` is ``booked``, ``returned``, ``rejected``, ``accepted`` or ``other``; ``outcome`` is ``done``, ``again``
    (known before), ``noted`` (nothing follows) or ``exception``: somebody has to look, ``problem`` says why, until
    ``resolved_at``.
    """

    __tablename__ = "bank_lines"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'again', 'noted', 'exception')", name="outcome"),
        CheckConstraint("(outcome = 'exception') = (problem <> '')", name="problem"),
        Index("ix_bank_lines_file", "file_id", "number"),
        Index("ix_bank_lines_item", "item_id"),
        Index("ix_bank_lines_open", "id", postgresql_where=text("outcome = 'exception' AND resolved_at IS NULL")),
    )

    id: Mapped[Id]
    file_id: Mapped[UUID] = mapped_column(ForeignKey("bank_files.id"))
    number: Mapped[int]
    said: Mapped[str]
    end_to_end_id: Mapped[str]
    bank_reference: Mapped[str]
    amount_minor: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3))
    booked_on: Mapped[date | None]
    bank_code: Mapped[str]
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("payout_items.id"))
    outcome: Mapped[str]
    problem: Mapped[str] = mapped_column(default="")
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]


ITEMS_STAY = """
    CREATE OR REPLACE FUNCTION payout_items_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        may_change constant text[] :=
            ARRAY['status', 'code', 'payout_id', 'bank_reference', 'settled_on', 'changed_at'];
    BEGIN
        IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - may_change = to_jsonb(OLD) - may_change
           AND (NEW.status = OLD.status OR OLD.status || '>' || NEW.status IN (
               'waiting>held_out', 'waiting>sent', 'waiting>cancelled',
               'sent>confirmed', 'sent>returned', 'confirmed>returned'))
           AND (OLD.payout_id IS NULL OR NEW.payout_id = OLD.payout_id) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a line of a payout run stays what was approved' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER payout_items_stay BEFORE UPDATE OR DELETE ON payout_items
        FOR EACH ROW EXECUTE FUNCTION payout_items_stay();
"""

event.listen(PayoutItem.__table__, "after_create", DDL(ITEMS_STAY))  # type: ignore[no-untyped-call]
