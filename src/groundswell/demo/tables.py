"""The demo service's own customers: who has an account with Lumen, and what they pay for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Account(Base):
    """A customer of the demo service; ``subject`` is what its tokens call them."""

    __tablename__ = "demo_accounts"

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class Subscription(Base):
    """One paid membership. Its id is the id of the conversion that reported it; a customer has one at a time."""

    __tablename__ = "demo_subscriptions"
    __table_args__ = (
        CheckConstraint("price_minor > 0", name="price"),
        Index("uq_demo_subscriptions_live", "account_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("demo_accounts.id"))
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    started_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]


class AudienceMark(Base):
    """That the synthetic audience's history is written, and up to which instant it was imagined."""

    __tablename__ = "demo_audience"

    seed: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[datetime]
