"""Views: a player shown elsewhere than on a landing page, so that plays can be held against them.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"

KINDS = (
    "clip", "share", "unfurl", "click", "continue", "view", "play",
    "sign_up", "trial", "subscription", "renewal", "refund", "cancellation", "churn",
)  # fmt: skip


def upgrade() -> None:
    op.execute("ALTER TABLE events DROP CONSTRAINT ck_events_kind")
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    op.execute(f"ALTER TABLE events ADD CONSTRAINT ck_events_kind CHECK (kind IN ({listed}))")
