"""What becomes of an erased creator's profile: how they named and described themselves goes; what they earned stays."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals
from groundswell.platform.ids import random_code

from .tables import (
    Creator,
    CreatorAgreement,
    CreatorApplication,
    CreatorChannel,
    CreatorInvitation,
    ImportedPartner,
)


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite handle, code, name and words; drop channels, agreements and what they applied with."""
    theirs = CreatorApplication.viewer_id == erased.viewer_id
    gone: dict[str, Any] = {
        "handle": "",
        "display_name": "",
        "bio": "",
        "code": None,
        "note": "",
        "reason": "erased",
        "languages": [],
    }
    await session.execute(update(CreatorApplication).where(theirs).values(**gone, country="ZZ"))
    waits = update(CreatorApplication).where(theirs, CreatorApplication.status == "waiting")
    await session.execute(waits.values(status="withdrawn"))
    await session.execute(delete(CreatorInvitation).where(CreatorInvitation.viewer_id == erased.viewer_id))
    await session.execute(delete(CreatorAgreement).where(CreatorAgreement.viewer_id == erased.viewer_id))
    of = select(Creator.id).filter_by(viewer_id=erased.viewer_id).scalar_subquery()
    await session.execute(delete(CreatorChannel).where(CreatorChannel.creator_id == of))
    brought = update(ImportedPartner).where(ImportedPartner.creator_id == of)
    await session.execute(
        brought.values(name="", code=None, email_tag=None)
    )  # the key: so that no file brings them back
    creator = await session.scalar(select(Creator).filter_by(viewer_id=erased.viewer_id))
    if creator is not None:
        creator.handle = f"erased_{random_code(16).lower()}"
        creator.code = random_code(16).upper()
        creator.display_name, creator.bio = "", ""
