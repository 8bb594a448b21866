"""The ledger, and what is divided through it. The database itself keeps the ledger's promises.

- A posting is one row with a debit side and a credit side, so debits equal credits by its shape.
- A posting and both its accounts have one currency: foreign keys over (account, currency).
- Postings cannot be changed, removed or truncated; account balances change only by posting: triggers.
- An account with a limit cannot cross it: CHECK constraints on the running balances, which a trigger keeps.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    Table,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id

from . import guards


class LedgerAccount(Base):
    """Where money is: what has been debited and credited, ever. The balance is the difference.

    ``kind`` is ``funding`` (the service's own money), ``pool``, ``creator`` (what is owed to one), ``receivable``
    (what a creator owes back) or ``paid`` (what has left). ``limit`` is ``none``, ``credit`` (debits may not exceed
    credits: nobody spends what is not there) or ``debit`` (credits may not exceed debits).
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
    posted), ``divided``, or ``nothing_eligible`` (counted, nobody had a view; may be run again). What it counts is
    fixed by two snapshots of the database, so it can be counted again exactly (see ``counting``).
    """

    __tablename__ = "pools"
    __table_args__ = (
        CheckConstraint("status IN ('funded', 'dividing', 'divided', 'nothing_eligible')", name="status"),
        CheckConstraint("amount_minor > 0", name="amount"),
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
    snapshot: Mapped[str | None]
    after_snapshot: Mapped[str | None]
    weight: Mapped[int | None]
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    divided_at: Mapped[datetime | None]


class Payout(Base):
    """Money that left for a creator; its posting has the same id."""

    __tablename__ = "payouts"

    id: Mapped[Id]
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"), index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str] = mapped_column(default="")
    paid_by: Mapped[str]
    created_at: Mapped[CreatedAt]


class Statement(Base):
    """A creator's part of one pool. ``posted_at`` is set with its posting, whose id is the statement's.

    ``weight`` of the pool's whole weight is theirs; ``amount_minor`` is what that came to.
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


class StatementLine(Base):
    """What one moment brought: its part of the statement, and what was counted for it."""

    __tablename__ = "statement_lines"

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statements.id"), primary_key=True)
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    weight: Mapped[int]
    amount_minor: Mapped[int]


for table in (LedgerAccount.__table__, PostingRow.__table__):
    assert isinstance(table, Table)
    event.listen(table, "after_create", guards.GUARDS[table.name])
