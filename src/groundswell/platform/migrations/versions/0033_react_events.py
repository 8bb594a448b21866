"""Reactions are logged as events.

Revision ID: 0033
"""

from alembic import op

revision = "0033"
down_revision = "0032"

KINDS = (
    "clip", "share", "unfurl", "click", "continue", "view", "play", "react",
    "sign_up", "trial", "subscription", "renewal", "refund", "cancellation", "churn",
)  # fmt: skip


def upgrade() -> None:
    op.execute("ALTER TABLE events DROP CONSTRAINT ck_events_kind")
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    op.execute(f"ALTER TABLE events ADD CONSTRAINT ck_events_kind CHECK (kind IN ({listed}))")
