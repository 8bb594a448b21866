"""What campaigns ask of creators and promise them: briefs with terms, who takes part, and what they submitted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class CampaignEnd(Base):
    """That a campaign is over, and when that was noticed and told (``CampaignEnded``)."""

    __tablename__ = "campaign_ends"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    noticed_at: Mapped[datetime]


class CampaignBrief(Base):
    """What a campaign asks for and what it pays. Published once; only ``paused_at`` ever changes (trigger), so that no
    terms change for work that has been begun.

    ``entry`` is ``open`` (whoever applies may be accepted) or ``invited``. ``scenes`` are spans that are cleared and
    suggested: ``{"title", "start_us", "end_us", "note"}``. ``terms`` are ``terms.CampaignTerm`` as JSON, in the
    campaign's currency. A submission that nobody has decided after ``review_hours`` is accepted.
    """

    __tablename__ = "campaign_briefs"
    __table_args__ = (
        CheckConstraint("entry IN ('open', 'invited')", name="entry"),
        CheckConstraint("creator_cap_minor > 0 AND day_cap_minor > 0", name="caps"),
        CheckConstraint("hold_days BETWEEN 0 AND 365 AND review_hours BETWEEN 1 AND 720", name="clocks"),
    )

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    entry: Mapped[str]
    about: Mapped[str]
    dos: Mapped[list[Any]]
    donts: Mapped[list[Any]]
    captions: Mapped[list[Any]]
    scenes: Mapped[list[Any]]
    terms: Mapped[list[Any]]
    creator_cap_minor: Mapped[int | None]
    day_cap_minor: Mapped[int | None]
    hold_days: Mapped[int]
    review_hours: Mapped[int]
    published_by: Mapped[str]
    published_at: Mapped[CreatedAt]
    paused_at: Mapped[datetime | None]


class CampaignMember(Base):
    """A creator's part in a campaign. ``status`` is ``invited``, ``applied``, ``accepted``, ``refused`` (with a
    ``reason``), ``declined`` (an invitation), ``withdrawn`` (an application, by who made it) or ``left``. Whoever
    applies or takes an invitation agrees to the brief as it is (``agreed_at``)."""

    __tablename__ = "campaign_members"
    __table_args__ = (
        UniqueConstraint("campaign_id", "creator_id"),
        CheckConstraint(
            "status IN ('invited', 'applied', 'accepted', 'refused', 'declined', 'withdrawn', 'left')", name="status"
        ),
        CheckConstraint("status <> 'refused' OR reason <> ''", name="reason"),
    )

    id: Mapped[Id]
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"), index=True)
    status: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]
    agreed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]


class CampaignSubmission(Base):
    """A post for a campaign: the moment that was clipped, and where it was posted.

    ``mark`` is the code that the post has to carry, unless it carries the moment's link. ``due_at`` is when it is
    accepted if nobody has decided by then (``decided_by`` is then ``clock``). ``check_code`` is what was found at the
    address: ``link``, ``code``, ``absent``, or why it could not be looked at.
    """

    __tablename__ = "campaign_submissions"
    __table_args__ = (
        UniqueConstraint("campaign_id", "url"),
        CheckConstraint("status IN ('waiting', 'accepted', 'refused', 'withdrawn')", name="status"),
        CheckConstraint("status <> 'refused' OR reason <> ''", name="reason"),
        Index("ix_campaign_submissions_queue", "status", "due_at"),
        Index("ix_campaign_submissions_theirs", "creator_id", "campaign_id"),
        Index("ix_campaign_submissions_moment", "moment_id"),
    )

    id: Mapped[Id]
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    creator_id: Mapped[UUID] = mapped_column(ForeignKey("creators.id"))
    moment_id: Mapped[UUID] = mapped_column(ForeignKey("moments.id"))
    url: Mapped[str]
    mark: Mapped[str]
    checked_at: Mapped[datetime | None]
    check_code: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]


BRIEFS_STAY = """
CREATE OR REPLACE FUNCTION campaign_briefs_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'paused_at' = to_jsonb(OLD) - 'paused_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a brief is fixed when it is published; it can only be paused' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON campaign_briefs
    FOR EACH ROW EXECUTE FUNCTION campaign_briefs_stay();
"""
briefs = CampaignBrief.__table__
assert isinstance(briefs, Table)
event.listen(briefs, "after_create", DDL(BRIEFS_STAY))  # type: ignore[no-untyped-call]

PUBLISHED = """
CREATE OR REPLACE VIEW published_briefs AS SELECT campaign_id, creator_cap_minor, day_cap_minor FROM campaign_briefs;
"""
event.listen(Base.metadata, "after_create", DDL(PUBLISHED))  # type: ignore[no-untyped-call]
