"""Notifications.

Revision ID: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "notification_marks",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("snapshot", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_marks")),
    )
    op.create_table(
        "notification_choices",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("changed", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("language", sa.String(length=35), server_default="en", nullable=False),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=True),
        sa.Column("quiet_to", sa.SmallInteger(), nullable=True),
        sa.Column("digest", sa.String(), server_default="daily", nullable=False),
        sa.Column("mail_to", sa.String(), nullable=True),
        sa.Column("mail_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("digest IN ('daily', 'weekly')", name=op.f("ck_notification_choices_digest")),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_notification_choices_quiet_both")
        ),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_to BETWEEN 0 AND 1439", name=op.f("ck_notification_choices_quiet")
        ),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_notification_choices_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", name=op.f("pk_notification_choices")),
    )
    op.create_index("ix_notification_choices_due", "notification_choices", ["digest_due_at"], unique=False)
    op.create_table(
        "notification_digests",
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("empty_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_notification_digests_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("viewer_id", "day", name=op.f("pk_notification_digests")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('catching_on', 'brought', 'comment', 'reply', 'follower', 'clip', 'statement', 'payout', "
            "'decision')",
            name=op.f("ck_notifications_kind"),
        ),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_notifications_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("viewer_id", "kind", "subject_id", name=op.f("uq_notifications_viewer_id_kind_subject_id")),
    )
    op.create_index("ix_notifications_at", "notifications", ["at"], unique=False)
    op.create_index("ix_notifications_inbox", "notifications", ["viewer_id", "place"], unique=False)
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("p256dh", sa.LargeBinary(), nullable=False),
        sa.Column("auth", sa.LargeBinary(), nullable=False),
        sa.Column("vapid_key", sa.String(length=100), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["viewer_id"], ["viewers.id"], name=op.f("fk_push_subscriptions_viewer_id_viewers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscriptions_endpoint")),
    )
    op.create_index("ix_push_subscriptions_viewer", "push_subscriptions", ["viewer_id", "id"], unique=False)
    op.create_table(
        "push_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("renewed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_push_deliveries_notification_id_notifications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["push_subscriptions.id"],
            name=op.f("fk_push_deliveries_subscription_id_push_subscriptions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_deliveries")),
        sa.UniqueConstraint(
            "notification_id", "subscription_id", name=op.f("uq_push_deliveries_notification_id_subscription_id")
        ),
    )
    op.create_index("ix_push_deliveries_due", "push_deliveries", ["due_at", "id"], unique=False)
    op.create_index("ix_push_deliveries_subscription", "push_deliveries", ["subscription_id"], unique=False)
