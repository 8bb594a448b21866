"""What becomes of an erased creator's campaigns: what they wrote and where they posted goes; their part stays."""

from sqlalchemy import String, case, cast, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.creators.tables import Creator
from groundswell.platform import signals

from .tables import CampaignMember, CampaignSubmission

GONE = "erased"


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite notes, reasons, addresses and codes; what waits for review is withdrawn."""
    theirs = select(Creator.id).where(Creator.viewer_id == erased.viewer_id).scalar_subquery()
    parts = update(CampaignMember).where(CampaignMember.creator_id == theirs)
    await session.execute(parts.values(note="", reason=GONE))
    posts = update(CampaignSubmission).where(CampaignSubmission.creator_id == theirs)
    address = literal(f"{GONE}:").concat(cast(CampaignSubmission.id, String))
    waits = CampaignSubmission.status == "waiting"
    status = case((waits, "withdrawn"), else_=CampaignSubmission.status)
    await session.execute(posts.values(url=address, mark="", reason=GONE, status=status))
