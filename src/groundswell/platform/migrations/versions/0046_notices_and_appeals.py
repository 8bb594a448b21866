"""Notices and appeals.

Revision ID: 0046
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.create_table(
        "saved_replies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_replies")),
        sa.UniqueConstraint("name", name=op.f("uq_saved_replies_name")),
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("appellant_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.CheckConstraint("outcome IN ('confirmed', 'reversed')", name=op.f("ck_appeals_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_appeals_decided")),
        sa.ForeignKeyConstraint(["appellant_id"], ["viewers.id"], name=op.f("fk_appeals_appellant_id_viewers")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_appeals_decision_id_decisions")),
        sa.ForeignKeyConstraint(["verdict_id"], ["decisions.id"], name=op.f("fk_appeals_verdict_id_decisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_appeals_decision_id")),
    )
    op.create_index(op.f("ix_appeals_appellant_id"), "appeals", ["appellant_id"], unique=False)
    op.create_index(
        "ix_appeals_due", "appeals", ["due_at", "id"], unique=False, postgresql_where=sa.text("decided_at IS NULL")
    )
    op.create_table(
        "counter_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("restore_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restore_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("court_action", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'stopped', 'restored')", name=op.f("ck_counter_notices_state")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_counter_notices_decision_id_decisions")
        ),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_counter_notices_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_notices")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_counter_notices_decision_id")),
    )
    op.create_index(
        "ix_counter_notices_due",
        "counter_notices",
        ["restore_from"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_counter_notices_viewer_id"), "counter_notices", ["viewer_id"], unique=False)
    op.create_table(
        "preserved",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_preserved_decision_id_decisions")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_preserved")),
    )
    op.create_index(op.f("ix_preserved_keep_until"), "preserved", ["keep_until"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_to", sa.String(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.CheckConstraint("lane IN ('severe', 'law', 'held', 'community')", name=op.f("ck_reviews_lane")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_reviews_closed")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_reviews_decision_id_decisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(
        "ix_reviews_due", "reviews", ["due_at", "id"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("ix_reviews_subject", "reviews", ["subject_kind", "subject_id"], unique=False)
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["subject_kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.add_column("decisions", sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("decisions", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.add_column("decisions", sa.Column("source", sa.String(), server_default="own", nullable=False))
    op.add_column("decisions", sa.Column("about_id", sa.Uuid(), nullable=True))
    op.create_index("ix_decisions_made", "decisions", ["created_at"], unique=False)
    op.create_index(
        "ix_decisions_person",
        "decisions",
        ["person_id", "id"],
        unique=False,
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_decisions_about_id_decisions"), "decisions", "decisions", ["about_id"], ["id"])
    op.add_column("reports", sa.Column("review_id", sa.Uuid(), nullable=True))
    op.add_column("reports", sa.Column("collection_id", sa.Uuid(), nullable=True))
    op.add_column("reports", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.add_column("reports", sa.Column("kind", sa.String(), server_default="report", nullable=False))
    op.add_column("reports", sa.Column("url", sa.String(), nullable=True))
    op.add_column("reports", sa.Column("law", sa.String(), nullable=True))
    op.add_column("reports", sa.Column("work", sa.String(), nullable=True))
    op.add_column("reports", sa.Column("name", sa.String(), nullable=True))
    op.add_column("reports", sa.Column("email", sa.String(), nullable=True))
    op.add_column("reports", sa.Column("sworn", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("reports", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reports", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("reports", "moment_id", existing_type=sa.UUID(), nullable=True)
    op.drop_index(
        op.f("uq_reports_open"),
        table_name="reports",
        postgresql_where="(closed_at IS NULL)",
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "uq_reports_open",
        "reports",
        ["moment_id", "comment_id", "collection_id", "person_id", "kind", "reporter"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_reports_collection",
        "reports",
        ["collection_id"],
        unique=False,
        postgresql_where=sa.text("collection_id IS NOT NULL"),
    )
    op.create_index(
        "ix_reports_decision",
        "reports",
        ["decision_id"],
        unique=False,
        postgresql_where=sa.text("decision_id IS NOT NULL"),
    )
    op.create_index(
        "ix_reports_person", "reports", ["person_id"], unique=False, postgresql_where=sa.text("person_id IS NOT NULL")
    )
    op.create_index("ix_reports_review", "reports", ["review_id"], unique=False)
    op.create_foreign_key(op.f("fk_reports_review_id_reviews"), "reports", "reviews", ["review_id"], ["id"])
    op.add_column("comments", sa.Column("collapsed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "collections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("cover_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("visibility IN ('private', 'unlisted', 'public')", name=op.f("ck_collections_visibility")),
        sa.ForeignKeyConstraint(["cover_id"], ["moments.id"], name=op.f("fk_collections_cover_id_moments")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_collections_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("code", name=op.f("uq_collections_code")),
    )
    op.create_index(
        "ix_collections_public",
        "collections",
        ["viewer_id", "id"],
        unique=False,
        postgresql_where=sa.text("visibility = 'public' AND deleted_at IS NULL"),
    )
    op.create_index("ix_collections_viewer", "collections", ["viewer_id", "id"], unique=False)
    op.create_table(
        "collection_parts",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("place >= 0", name=op.f("ck_collection_parts_place")),
        sa.ForeignKeyConstraint(["added_by"], ["viewers.id"], name=op.f("fk_collection_parts_added_by_viewers")),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_collection_parts_collection_id_collections")
        ),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_collection_parts_moment_id_moments")),
        sa.PrimaryKeyConstraint("collection_id", "moment_id", name=op.f("pk_collection_parts")),
    )
    op.create_index("ix_collection_parts_added_by", "collection_parts", ["added_by"], unique=False)
    op.create_index("ix_collection_parts_moment", "collection_parts", ["moment_id"], unique=False)
    op.create_table(
        "collaborators",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'joined')", name=op.f("ck_collaborators_state")),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_collaborators_collection_id_collections")
        ),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_collaborators_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("collection_id", "viewer_id", name=op.f("pk_collaborators")),
    )
    op.create_index("ix_collaborators_viewer", "collaborators", ["viewer_id"], unique=False)
    op.create_table(
        "reposts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_reposts_moment_id_moments")),
        sa.ForeignKeyConstraint(["share_id"], ["shares.id"], name=op.f("fk_reposts_share_id_shares")),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_reposts_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reposts")),
    )
    op.create_index("ix_reposts_viewer", "reposts", ["viewer_id", "id"], unique=False)
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
