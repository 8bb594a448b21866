"""Campaigns that pay.

Revision ID: 0036
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_table(
        "campaign_briefs",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("dos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("donts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("captions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scenes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("creator_cap_minor", sa.BigInteger(), nullable=True),
        sa.Column("day_cap_minor", sa.BigInteger(), nullable=True),
        sa.Column("hold_days", sa.BigInteger(), nullable=False),
        sa.Column("review_hours", sa.BigInteger(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("entry IN ('open', 'invited')", name=op.f("ck_campaign_briefs_entry")),
        sa.CheckConstraint("creator_cap_minor > 0 AND day_cap_minor > 0", name=op.f("ck_campaign_briefs_caps")),
        sa.CheckConstraint(
            "hold_days BETWEEN 0 AND 365 AND review_hours BETWEEN 1 AND 720", name=op.f("ck_campaign_briefs_clocks")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_briefs_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_briefs")),
    )
    op.create_table(
        "campaign_budgets",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("funded_by", sa.String(), nullable=False),
        sa.Column("funded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settle_reason", sa.String(), nullable=True),
        sa.CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name=op.f("ck_campaign_budgets_settled")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_campaign_budgets_amount")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_budgets_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_budgets")),
    )
    op.create_table(
        "campaign_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.CheckConstraint("status <> 'refused' OR reason <> ''", name=op.f("ck_campaign_members_reason")),
        sa.CheckConstraint(
            "status IN ('invited', 'applied', 'accepted', 'refused', 'left')", name=op.f("ck_campaign_members_status")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_members_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_campaign_members_creator_id_creators")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_members")),
        sa.UniqueConstraint("campaign_id", "creator_id", name=op.f("uq_campaign_members_campaign_id_creator_id")),
    )
    op.create_index(op.f("ix_campaign_members_creator_id"), "campaign_members", ["creator_id"], unique=False)
    op.create_table(
        "campaign_recounts",
        sa.Column("conversion_id", sa.Uuid(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversion_id"], ["conversions.id"], name=op.f("fk_campaign_recounts_conversion_id_conversions")
        ),
        sa.PrimaryKeyConstraint("conversion_id", name=op.f("pk_campaign_recounts")),
    )
    op.create_table(
        "campaign_spending",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("spent_minor", sa.BigInteger(), nullable=False),
        sa.Column("cap_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("cap_minor IS NULL OR spent_minor <= cap_minor", name=op.f("ck_campaign_spending_cap")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_spending_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "scope", name=op.f("pk_campaign_spending")),
    )
    op.create_table(
        "campaign_earnings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("conversion_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("wanted_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cut_by", sa.String(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cut_by IN ('', 'budget', 'creator_cap', 'day_cap')", name=op.f("ck_campaign_earnings_cut_by")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_earnings_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["conversion_id"], ["conversions.id"], name=op.f("fk_campaign_earnings_conversion_id_conversions")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_campaign_earnings_creator_id_creators")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_campaign_earnings_payout_id_payouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_earnings")),
        sa.UniqueConstraint(
            "campaign_id",
            "source",
            "creator_id",
            "term",
            "number",
            name=op.f("uq_campaign_earnings_campaign_id_source_creator_id_term_number"),
        ),
    )
    op.create_index("ix_campaign_earnings_conversion", "campaign_earnings", ["conversion_id"], unique=False)
    op.create_index(
        "ix_campaign_earnings_creator", "campaign_earnings", ["creator_id", "currency", "payout_id"], unique=False
    )
    op.create_index("ix_campaign_earnings_newest", "campaign_earnings", ["campaign_id", "id"], unique=False)
    op.create_index(op.f("ix_campaign_earnings_payout_id"), "campaign_earnings", ["payout_id"], unique=False)
    op.create_table(
        "campaign_submissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_code", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.CheckConstraint("status <> 'refused' OR reason <> ''", name=op.f("ck_campaign_submissions_reason")),
        sa.CheckConstraint(
            "status IN ('waiting', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_campaign_submissions_status")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_submissions_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["creators.id"], name=op.f("fk_campaign_submissions_creator_id_creators")
        ),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_campaign_submissions_moment_id_moments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_submissions")),
        sa.UniqueConstraint("campaign_id", "url", name=op.f("uq_campaign_submissions_campaign_id_url")),
    )
    op.create_index("ix_campaign_submissions_moment", "campaign_submissions", ["moment_id"], unique=False)
    op.create_index("ix_campaign_submissions_queue", "campaign_submissions", ["status", "due_at"], unique=False)
    op.create_index(
        "ix_campaign_submissions_theirs", "campaign_submissions", ["creator_id", "campaign_id"], unique=False
    )
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
