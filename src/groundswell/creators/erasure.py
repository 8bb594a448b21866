"""What becomes of an erased creator's profile: how they named and described themselves goes; what they earned stays."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals
from groundswell.platform.ids import random_code

from .tables import Creator


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite handle, code, name and words."""
    creator = await session.scalar(select(Creator).filter_by(viewer_id=erased.viewer_id))
    if creator is not None:
        creator.handle = f"erased_{random_code(16).lower()}"
        creator.code = random_code(16).upper()
        creator.display_name, creator.bio = "", ""
