"""Viewers as the service names them, and the service's own keys."""

from datetime import datetime

from sqlalchemy import ARRAY, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Viewer(Base):
    """A person known to the service; a row is made when their token is first seen.

    ``kids``: a child's profile; ``ad_tier``: on the plan with advertising. Both as their token last said.
    """

    __tablename__ = "viewers"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Id]
    issuer: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    handle: Mapped[str] = mapped_column(unique=True)
    territory: Mapped[str | None] = mapped_column(String(2))
    kids: Mapped[bool] = mapped_column(default=False)
    ad_tier: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]


class ServiceKey(Base):
    """A key with which the service's back end calls us; only its hash is kept."""

    __tablename__ = "service_keys"

    id: Mapped[Id]
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]
