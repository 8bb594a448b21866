"""A saved view is its owner's: names are unique for each, so that nobody overwrites another's.

Revision ID: 0018
"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("ALTER TABLE saved_views ADD CONSTRAINT uq_saved_views_made_by_name UNIQUE (made_by, name)")
    op.execute("ALTER TABLE saved_views DROP CONSTRAINT uq_saved_views_name")
