"""The demo service's own customers: who has an account with Lumen, and what they pay for.

They are no part of the product: a schema of their own, made when a demo starts (revision 0008 of the product's tables
moves there what an older demo wrote). To change them, raise ``start.EDITION`` and let ``create_tables`` alter them.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateSchema

from groundswell.platform.database import NAMING, Base, CreatedAt, Database, Id
from groundswell.platform.locks import Lock, until_the_end

SCHEMA = "demo"


class DemoBase(DeclarativeBase):
    """Every table of the demo service."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = Base.type_annotation_map


class Account(DemoBase):
    """A customer of the demo service; ``subject`` is what its tokens call them."""

    __tablename__ = "demo_accounts"

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class Subscription(DemoBase):
    """One paid membership. Its id is the id of the conversion that reported it; a customer has one at a time."""

    __tablename__ = "demo_subscriptions"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price"),
        Index("uq_demo_subscriptions_live", "account_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.demo_accounts.id"))
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    started_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]


class AudienceMark(DemoBase):
    """That the synthetic audience's history is written, and up to which instant it was imagined."""

    __tablename__ = "demo_audience"

    seed: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime]


async def create_tables(database: Database) -> None:
    """Make the tables that are not there yet; demos that start together take turns."""
    async with database.engine.begin() as connection:
        await connection.execute(until_the_end(Lock.DEMO_TABLES))
        await connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
        await connection.run_sync(DemoBase.metadata.create_all)
