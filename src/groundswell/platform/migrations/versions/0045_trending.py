"""Trending by country, what is decided of scenes, forecasts and alerts; a counter of moments that nobody reads goes.

Revision ID: 0045
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.create_table(
        "scene_local_days",
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("votes", sa.BigInteger(), nullable=False),
        sa.Column("quick_units", sa.Numeric(), nullable=False),
        sa.Column("middle_units", sa.Numeric(), nullable=False),
        sa.Column("slow_units", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("scene_id", "territory", "day", name=op.f("pk_scene_local_days")),
    )
    op.create_index("ix_scene_local_days_day", "scene_local_days", ["day"], unique=False, postgresql_using="brin")
    op.create_table(
        "scene_locals",
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("territory", sa.String(), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("quick_log", sa.Double(), nullable=False),
        sa.Column("middle_log", sa.Double(), nullable=False),
        sa.Column("slow_log", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scene_id", "territory", name=op.f("pk_scene_locals")),
    )
    op.create_index(
        "ix_scene_locals_middle",
        "scene_locals",
        ["territory", sa.literal_column("middle_log DESC"), "scene_id"],
        unique=False,
    )
    op.create_index(
        "ix_scene_locals_quick",
        "scene_locals",
        ["territory", sa.literal_column("quick_log DESC"), "scene_id"],
        unique=False,
    )
    op.create_index(
        "ix_scene_locals_slow",
        "scene_locals",
        ["territory", sa.literal_column("slow_log DESC"), "scene_id"],
        unique=False,
    )
    op.create_index("ix_scene_locals_title", "scene_locals", ["title_id"], unique=False)
    op.create_table(
        "unfound_phrases",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "words", name=op.f("pk_unfound_phrases")),
    )
    op.create_table(
        "scene_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "action IN ('wait', 'release', 'hold', 'feature', 'unfeature')", name=op.f("ck_scene_decisions_action")
        ),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_scene_decisions_title_id_titles")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scene_decisions")),
    )
    op.create_index("ix_scene_decisions_scene", "scene_decisions", ["scene_id", "id"], unique=False)
    op.create_table(
        "scene_forecasts",
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("low", sa.BigInteger(), nullable=True),
        sa.Column("high", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_scene_forecasts_title_id_titles")),
        sa.PrimaryKeyConstraint("scene_id", name=op.f("pk_scene_forecasts")),
    )
    op.create_table(
        "scene_standings",
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("featured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'waiting') = (due_at IS NOT NULL)", name=op.f("ck_scene_standings_due")),
        sa.CheckConstraint("state IN ('waiting', 'released', 'held')", name=op.f("ck_scene_standings_state")),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_scene_standings_title_id_titles")),
        sa.PrimaryKeyConstraint("scene_id", name=op.f("pk_scene_standings")),
    )
    op.create_index(
        "ix_scene_standings_due",
        "scene_standings",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_scene_standings_featured",
        "scene_standings",
        ["featured_at"],
        unique=False,
        postgresql_where=sa.text("featured_at IS NOT NULL"),
    )
    op.create_table(
        "trend_alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("threshold > 0", name=op.f("ck_trend_alerts_threshold")),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_trend_alerts_title_id_titles")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_alerts")),
    )
    op.create_table(
        "trend_alert_hits",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("scene_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["trend_alerts.id"], name=op.f("fk_trend_alert_hits_alert_id_trend_alerts")
        ),
        sa.PrimaryKeyConstraint("alert_id", "scene_id", name=op.f("pk_trend_alert_hits")),
    )
    op.drop_column("heat_days", "quick_units")
    op.drop_column("heat_days", "quick_log")
    op.add_column("heat_votes", sa.Column("territory", sa.String(), nullable=True))
    op.add_column("scene_ballots", sa.Column("territory", sa.String(), nullable=True))
    op.drop_column("scene_votes", "quick_log")
    op.add_column("title_heat", sa.Column("people", sa.BigInteger(), server_default="0", nullable=False))
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
