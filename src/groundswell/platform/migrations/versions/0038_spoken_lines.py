"""Spoken lines.

Revision ID: 0038
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_table(
        "spoken_words",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name=op.f("pk_spoken_words")),
    )
    op.create_table(
        "spoken_languages",
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_spoken_languages_title_id_titles")),
        sa.PrimaryKeyConstraint("title_id", "language", name=op.f("pk_spoken_languages")),
    )
    op.create_index("ix_spoken_languages_language", "spoken_languages", ["language"], unique=False)
    op.create_table(
        "spoken_sentences",
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name=op.f("fk_spoken_sentences_title_id_titles")),
        sa.PrimaryKeyConstraint("title_id", "language", "number", name=op.f("pk_spoken_sentences")),
    )
    op.create_index(
        "ix_spoken_sentences_words",
        "spoken_sentences",
        ["words"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
