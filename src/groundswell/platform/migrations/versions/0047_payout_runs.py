"""Payout runs.

Revision ID: 0047
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.create_table(
        "bank_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("read_by", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint("sha256", name=op.f("uq_bank_files_sha256")),
    )
    op.create_table(
        "payout_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("execution_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filing_by", sa.String(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("file_key", sa.String(), nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("file_sha256", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_payout_runs_cancelled")
        ),
        sa.CheckConstraint("rail IN ('pain.001', 'csv')", name=op.f("ck_payout_runs_rail")),
        sa.CheckConstraint("status IN ('draft', 'approved', 'filed', 'cancelled')", name=op.f("ck_payout_runs_status")),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'filed') OR approved_by IS NOT NULL", name=op.f("ck_payout_runs_approved")
        ),
        sa.CheckConstraint("approved_by <> drafted_by", name=op.f("ck_payout_runs_two_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_runs")),
        sa.UniqueConstraint("number", name=op.f("uq_payout_runs_number")),
    )
    op.create_table(
        "payees",
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("data_key", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("account_tag", sa.String(), nullable=False),
        sa.Column("missing", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("good_until", sa.Date(), nullable=True),
        sa.Column("returned_version", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_payees_creator_id_creators")),
        sa.PrimaryKeyConstraint("creator_id", name=op.f("pk_payees")),
    )
    op.create_index(op.f("ix_payees_account_tag"), "payees", ["account_tag"], unique=False)
    op.create_table(
        "payout_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payee_version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.Column("bank_reference", sa.String(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IN ('sent', 'confirmed', 'returned')) = (payout_id IS NOT NULL)", name=op.f("ck_payout_items_paid")
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'held_out', 'sent', 'confirmed', 'returned', 'cancelled')",
            name=op.f("ck_payout_items_status"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payout_items_amount")),
        sa.CheckConstraint("payout_id = id", name=op.f("ck_payout_items_same_id")),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_payout_items_creator_id_creators")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_payout_items_payout_id_payouts")),
        sa.ForeignKeyConstraint(["run_id"], ["payout_runs.id"], name=op.f("fk_payout_items_run_id_payout_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_items")),
    )
    op.create_index(op.f("ix_payout_items_bank_reference"), "payout_items", ["bank_reference"], unique=False)
    op.create_index("ix_payout_items_creator", "payout_items", ["creator_id", "id"], unique=False)
    op.create_index("ix_payout_items_run", "payout_items", ["run_id", "creator_id"], unique=False)
    op.create_index(
        "uq_payout_items_waiting",
        "payout_items",
        ["creator_id", "currency"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "bank_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("end_to_end_id", sa.String(), nullable=False),
        sa.Column("bank_reference", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.Column("bank_code", sa.String(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.CheckConstraint("(outcome = 'exception') = (problem <> '')", name=op.f("ck_bank_lines_problem")),
        sa.CheckConstraint("outcome IN ('done', 'again', 'noted', 'exception')", name=op.f("ck_bank_lines_outcome")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.id"], name=op.f("fk_bank_lines_file_id_bank_files")),
        sa.ForeignKeyConstraint(["item_id"], ["payout_items.id"], name=op.f("fk_bank_lines_item_id_payout_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_lines")),
    )
    op.create_index("ix_bank_lines_file", "bank_lines", ["file_id", "number"], unique=False)
    op.create_index("ix_bank_lines_item", "bank_lines", ["item_id"], unique=False)
    op.create_index(
        "ix_bank_lines_open",
        "bank_lines",
        ["id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'exception' AND resolved_at IS NULL"),
    )
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
