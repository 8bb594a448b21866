"""${message}.

Revision ID: ${up_revision}
"""
<% sql = config.attributes.get("sql") %>
% if sql:
from pathlib import Path

% endif
% if upgrades and "sa." in upgrades:
import sqlalchemy as sa
% endif
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
% if upgrades and upgrades.strip() != "pass":
    ${upgrades}
% endif
% if sql:
    op.get_bind().connection.cursor().execute(Path(__file__).with_suffix(".sql").read_text())
% endif
