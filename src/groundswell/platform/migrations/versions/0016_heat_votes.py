"""The votes that heat counts, one by one, so that a day is added to and not counted again.

What was counted is counted anew from the log, where the log still has the day.

Revision ID: 0016
"""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLE = """
CREATE TABLE heat_votes (
    moment_id UUID NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL,
    voter BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    event_id UUID NOT NULL,
    CONSTRAINT pk_heat_votes PRIMARY KEY (moment_id, day, kind, voter, at, event_id)
)
"""

AGAIN = """
UPDATE heat_days SET clicks = 0, plays = 0
WHERE to_regclass('events_' || to_char(day, 'YYYYMMDD')) IS NOT NULL
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_heat_votes_day ON heat_votes USING brin (day)")
    for column in ("votes", "heat_units", "quick_units"):
        op.execute(f"ALTER TABLE heat_days ADD COLUMN {column} BIGINT NOT NULL DEFAULT 0")
        op.execute(f"ALTER TABLE heat_days ALTER COLUMN {column} DROP DEFAULT")
    op.execute(AGAIN)
    op.execute("UPDATE heat_marks SET snapshot = '1:1:'")
