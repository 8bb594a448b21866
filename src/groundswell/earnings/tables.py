"""The ledger, and what is divided through it. The database itself keeps the ledger's promises.

- A posting is one row with a debit side and a credit side, so debits equal credits by its shape.
- A posting and both its accounts have one currency: foreign keys over (account, currency).
- Postings cannot be changed, removed or truncated; account balances change only by posting: triggers.
- An account with a limit cannot cross it: CHECK constraints on the running balances, which a trigger keeps.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id
from groundswell.platform.positions import KEPT_SNAPSHOT

from . import ledger_triggers


class LedgerAccount(Base):
    """Where money is: what has been debited and credited, ever. The balance is the difference.

    ``kind`` is ``funding`` (the service's own money), ``pool``, ``campaign`` (its budget), ``creator`` (what is owed to
    one), ``receivable`` (what a creator owes back) or ``paid`` (what has left). ``limit`` is ``none``, ``credit``
    (debits may not exceed credits: nobody spends what is not there) or ``debit`` (credits may not exceed debits).
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("id", "currency"),
        UniqueConstraint("kind", "owner", "currency"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("debits_minor >= 0 AND credits_minor >= 0", name="totals"),
        CheckConstraint("balance_limit IN ('none', 'credit', 'debit')", name="balance_limit"),
        CheckConstraint("balance_limit <> 'credit' OR debits_minor <= credits_minor", name="funds"),
        CheckConstraint("balance_limit <> 'debit' OR credits_minor <= debits_minor", name="debt"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    owner: Mapped[str]
    currency: Mapped[str] = mapped_column(String(3))
    balance_limit: Mapped[str]
    debits_minor: Mapped[int] = mapped_column(default=0)
    credits_minor: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[CreatedAt]


class PostingRow(Base):
    """One immutable transfer of ``amount_minor`` from the debit account to the credit account.

    ``id`` is chosen by whoever posts, so that the same transfer is never made twice. ``period`` is ``YYYY-MM``.
    """

    __tablename__ = "postings"
    __table_args__ = (
        ForeignKeyConstraint(["debit_account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]),
        ForeignKeyConstraint(["credit_account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="sides"),
        CheckConstraint("period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="period"),
        Index("ix_postings_debit", "debit_account_id", "number"),
        Index("ix_postings_credit", "credit_account_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    debit_account_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str] = mapped_column(String(7), index=True)
    reason: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]


class Pool(Base):
    """Revenue set aside for a month, divided over eligible views.

    ``basis`` is what is counted (``rules.BASES``). ``status`` is ``funded``, ``dividing`` (counted and drawn up, being
    posted), ``divided``, ``nothing_eligible`` (counted, nobody had a view; may be run again) or ``cancelled``. What it
    counts is fixed by snapshots of the database, in positions (``log_snapshot()``), so it can be counted again exactly,
    also where the database was moved to (see ``eligible_views``): ``carried`` has, for each earlier month whose late
    items are counted here, the snapshot that they are later than.

    A month has one pool of a basis and currency that is not cancelled. ``supplement`` is 0, and more for those that
    were made when a month could have several. The terms (``rules.PoolTerms``) are fixed when it is funded.
    """

    __tablename__ = "pools"
    __table_args__ = (
        CheckConstraint("status IN ('funded', 'dividing', 'divided', 'nothing_eligible', 'cancelled')", name="status"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("tax_ppm BETWEEN 0 AND 999999 AND hold_days >= 0", name="terms"),
        CheckConstraint("floor_minor >= 0 AND creator_cap_minor > 0 AND person_cap > 0", name="limits"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        Index(
            "uq_pools_month",
            *("period", "basis", "currency", "supplement"),
            unique=True,
            postgresql_where=text("status <> 'cancelled'"),
        ),
        Index("ix_pools_stream", "period", "basis", "currency"),
    )

    id: Mapped[Id]
    period: Mapped[str] = mapped_column(String(7))
    basis: Mapped[str]
    rules: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(default="funded")
    counted_at: Mapped[datetime | None]
    snapshot: Mapped[str | None] = mapped_column(info=KEPT_SNAPSHOT)
    after_snapshot: Mapped[str | None] = mapped_column(info=KEPT_SNAPSHOT)
    weight: Mapped[int | None]
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    divided_at: Mapped[datetime | None]
    run_by: Mapped[str | None]
    supplement: Mapped[int] = mapped_column(default=0)
    hold_days: Mapped[int] = mapped_column(default=0)
    floor_minor: Mapped[int | None]
    creator_cap_minor: Mapped[int | None]
    person_cap: Mapped[int | None]
    tax_ppm: Mapped[int] = mapped_column(default=0)
    carried: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancel_reason: Mapped[str | None]


class Payout(Base):
    """Money that left for a creator; its posting has the same id. ``returned_at`` is set when it came back."""

    __tablename__ = "payouts"

    id: Mapped[Id]
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"), index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str] = mapped_column(default="")
    paid_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    returned_at: Mapped[datetime | None]
    returned_by: Mapped[str | None]
    return_reason: Mapped[str | None]


class PayoutThreshold(Base):
    """From how many minor units of a currency on a creator wants to be paid."""

    __tablename__ = "payout_thresholds"
    __table_args__ = (CheckConstraint("least_minor > 0", name="least"),)

    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    least_minor: Mapped[int]
    changed_at: Mapped[datetime]


class Statement(Base):
    """A creator's part of one pool. ``posted_at`` is set with its posting, whose id is the statement's.

    ``weight`` of the pool's whole weight is theirs; ``amount_minor`` is what that came to. It is not paid before
    ``held_until``, nor by whoever funded or ran the pool; nothing else of it ever changes (triggers).
    """

    __tablename__ = "statements"
    __table_args__ = (
        UniqueConstraint("pool_id", "creator_id"),
        Index("ix_statements_creator", "creator_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pools.id"))
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"))
    weight: Mapped[int]
    amount_minor: Mapped[int]
    created_at: Mapped[CreatedAt]
    posted_at: Mapped[datetime | None]
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payouts.id"))
    held_until: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class StatementLine(Base):
    """What one moment brought (or, without a moment, the creator's code) in a month: its part of the statement, and
    what was counted for it. ``period`` is the pool's month, or an earlier one whose late items were carried over."""

    __tablename__ = "statement_lines"
    __table_args__ = (
        Index(
            "uq_statement_lines_moment",
            *("statement_id", "moment_id", "period"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[Id]
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.id"))
    moment_id: Mapped[UUID | None] = mapped_column(ForeignKey("moments.id"))
    period: Mapped[str] = mapped_column(String(7))
    weight: Mapped[int]
    amount_minor: Mapped[int]


class StatementDocument(Base):
    """A statement as it was issued: numbered without gaps in its year, and never changed.

    ``document`` is all that it says (see ``documents``); ``pdf`` is made when it is first asked for, and kept. When its
    creator is erased, names and captions go from both; numbers and amounts stay.
    """

    __tablename__ = "statement_documents"

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.id"), primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    document: Mapped[dict[str, Any]]
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class ExchangeRate(Base):
    """What one unit of ``currency`` was worth in ``into``, from a day on: entered by finance, never changed.

    ``exponent`` turns the rate of units into one of minor units: the digits of ``into`` less those of ``currency``.
    """

    __tablename__ = "exchange_rates"
    __table_args__ = (
        UniqueConstraint("currency", "into", "valid_from"),
        CheckConstraint('rate > 0 AND currency <> "into"', name="rate"),
    )

    id: Mapped[Id]
    currency: Mapped[str] = mapped_column(String(3))
    into: Mapped[str] = mapped_column(String(3))
    valid_from: Mapped[date]
    rate: Mapped[Decimal] = mapped_column(Numeric)
    exponent: Mapped[int]
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]


class Adjustment(Base):
    """What was taken back of a statement after it was drawn up (or, positive, given back), and why: a line of the
    creator's next one.

    ``id`` identifies the reversal; ``shown_on`` is the statement that has the line, null until there is one.
    """

    __tablename__ = "adjustments"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        Index("ix_adjustments_creator", "creator_id", "currency", "shown_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"))
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.id"), index=True)
    moment_id: Mapped[UUID | None] = mapped_column(ForeignKey("moments.id"))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason_code: Mapped[str]
    explanation: Mapped[str]
    appeal: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
    shown_on: Mapped[UUID | None] = mapped_column(ForeignKey("statements.id"))


class CampaignBudget(Base):
    """A campaign's budget once finance has funded it: the ledger account ``campaign`` of that id, which cannot be
    overdrawn. ``settled_at`` is when what was left of it went back."""

    __tablename__ = "campaign_budgets"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled"),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int]
    funded_by: Mapped[str]
    funded_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    settle_reason: Mapped[str | None]


class CampaignEarning(Base):
    """A change of what one source brought a creator by one term of a campaign; its posting has the same id.

    ``source`` is ``conversion/<id>``, ``plays`` or ``post``; its changes are numbered, and their sums are what it is
    worth (``wanted_minor``) and what was paid for it (``amount_minor``): less where ``cut_by`` says what left no room.
    ``counted`` is the creator's part of the conversion in millionths, or plays so far. Only ``payout_id`` ever changes,
    by a payout and by its return (trigger).
    """

    __tablename__ = "campaign_earnings"
    __table_args__ = (
        UniqueConstraint("campaign_id", "source", "creator_id", "term", "number"),
        CheckConstraint("cut_by IN ('', 'budget', 'creator_cap', 'day_cap')", name="cut_by"),
        Index("ix_campaign_earnings_creator", "creator_id", "currency", "payout_id"),
        Index("ix_campaign_earnings_conversion", "conversion_id"),
        Index("ix_campaign_earnings_newest", "campaign_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"))
    term: Mapped[str]
    source: Mapped[str]
    number: Mapped[int]
    conversion_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversions.id"))
    at: Mapped[datetime]
    day: Mapped[date]
    counted: Mapped[int]
    wanted_minor: Mapped[int]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    cut_by: Mapped[str] = mapped_column(default="")
    held_until: Mapped[datetime]
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payouts.id"), index=True)
    created_at: Mapped[CreatedAt]


class CampaignSpending(Base):
    """What was spent of a cap: ``scope`` is ``creator/<id>`` or ``day/<YYYY-MM-DD>``. Kept by a trigger from
    ``campaign_earnings``; a CHECK holds the cap."""

    __tablename__ = "campaign_spending"
    __table_args__ = (CheckConstraint("cap_minor IS NULL OR spent_minor <= cap_minor", name="cap"),)

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    spent_minor: Mapped[int]
    cap_minor: Mapped[int | None]


class CampaignRecount(Base):
    """A conversion that campaigns are to look at (again): it was reported, refunded, or its visits judged anew."""

    __tablename__ = "campaign_recounts"

    conversion_id: Mapped[UUID] = mapped_column(ForeignKey("conversions.id"), primary_key=True)
    queued_at: Mapped[CreatedAt]


class MonthClosing(Base):
    """That a month was asked to be closed (``close``) or opened again (``reopen``), and what became of it: ``done`` by
    somebody else than who asked, or ``withdrawn``. A month is as the newest that was done says. ``figures`` are what
    had been posted into it by then. ``without_pool``: it is closed although it has sales and no pool, because nothing
    of it is shared. Nothing is ever changed but that it is decided, once (trigger)."""

    __tablename__ = "month_closings"
    __table_args__ = (
        CheckConstraint("period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="period"),
        CheckConstraint("act IN ('close', 'reopen')", name="act"),
        CheckConstraint("outcome IN ('done', 'withdrawn')", name="outcome"),
        CheckConstraint("num_nulls(outcome, decided_by, decided_at) IN (0, 3)", name="decided"),
        CheckConstraint("outcome <> 'done' OR decided_by <> asked_by AND figures IS NOT NULL", name="two_people"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("uq_month_closings_waiting", "period", unique=True, postgresql_where=text("outcome IS NULL")),
        Index("ix_month_closings_done", "period", "decided_at", postgresql_where=text("outcome = 'done'")),
    )

    id: Mapped[Id]
    period: Mapped[str] = mapped_column(String(7))
    act: Mapped[str]
    without_pool: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    outcome: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any] | None]


for table in (LedgerAccount.__table__, PostingRow.__table__):
    assert isinstance(table, Table)
    event.listen(table, "after_create", ledger_triggers.GUARDS[table.name])
event.listen(Base.metadata, "after_create", ledger_triggers.STATEMENTS)
event.listen(Base.metadata, "after_create", ledger_triggers.CAMPAIGNS)
event.listen(Base.metadata, "after_create", ledger_triggers.MONTHS)
