"""Which campaigns are known to be over. Those that are over already are not news.

Revision ID: 0013
"""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLE = """
CREATE TABLE campaign_ends (
    campaign_id UUID NOT NULL,
    noticed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_campaign_ends PRIMARY KEY (campaign_id),
    CONSTRAINT fk_campaign_ends_campaign_id_campaigns FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
)
"""

OVER = """
INSERT INTO campaign_ends (campaign_id, noticed_at)
SELECT id, now() FROM campaigns WHERE least(ends_at, ended_at) <= now()
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(OVER)
