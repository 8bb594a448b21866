"""Which campaigns are known to be over."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base


class CampaignEnd(Base):
    """That a campaign is over, and when that was noticed and told (``CampaignEnded``)."""

    __tablename__ = "campaign_ends"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    noticed_at: Mapped[datetime]
