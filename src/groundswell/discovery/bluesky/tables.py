"""Which posts on Bluesky show which moments."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt


class BlueskyPost(Base):
    """A post on Bluesky by which the service, or somebody for whom it answers, shows a moment. ``uri`` is its ``at://``
    address; ``noted_by`` is ``key:<id>``."""

    __tablename__ = "bluesky_posts"

    uri: Mapped[str] = mapped_column(primary_key=True)
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"), index=True)
    noted_by: Mapped[str]
    noted_at: Mapped[CreatedAt]
