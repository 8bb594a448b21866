"""The demo service's tables leave the product: into a schema of their own where a demo wrote something, else away.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision = "0011"

MOVE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM demo_accounts) OR EXISTS (SELECT FROM demo_audience) THEN
        CREATE SCHEMA demo;
        ALTER TABLE demo_accounts SET SCHEMA demo;
        ALTER TABLE demo_subscriptions SET SCHEMA demo;
        ALTER TABLE demo_audience SET SCHEMA demo;
    ELSE
        DROP TABLE demo_subscriptions, demo_accounts, demo_audience;
    END IF;
END
$$
"""


def upgrade() -> None:
    op.execute(MOVE)
