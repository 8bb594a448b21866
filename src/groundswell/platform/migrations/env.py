"""Alembic's entry: runs migrations on one connection, in one transaction."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

config = context.config
engine = create_engine(config.get_main_option("sqlalchemy.url") or "", poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=config.attributes.get("metadata"))
    with context.begin_transaction():
        context.run_migrations()
