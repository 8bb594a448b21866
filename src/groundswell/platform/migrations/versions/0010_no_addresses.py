"""Answers stored for visitors no longer name their address; who moved money stands by number.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("DELETE FROM idempotency_keys WHERE principal LIKE 'visitor:%' OR created_at < now() - interval '1 day'")
    for table, column in (("pools", "created_by"), ("payouts", "paid_by")):
        op.execute(f"UPDATE {table} SET {column} = 'viewer:' || v.id FROM viewers v WHERE v.subject = {column}")  # noqa: S608
