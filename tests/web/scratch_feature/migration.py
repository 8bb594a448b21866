"""Notes.

Revision ID: 9999
"""

from alembic import op

revision = "9999"
down_revision = "HEAD"

NOTES = """
CREATE TABLE notes (
    id UUID NOT NULL,
    text VARCHAR NOT NULL,
    words BIGINT,
    heard BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_notes PRIMARY KEY (id)
)
"""


def upgrade() -> None:
    op.execute(NOTES)
