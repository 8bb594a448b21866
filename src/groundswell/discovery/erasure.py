"""What becomes of what discovery keeps of an erased viewer: what was served to them in For you goes.

Votes know a viewer by a hash alone, and go with the days that they count for.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .for_you.impressions import forget_viewer


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Let go of what was served to the viewer."""
    await forget_viewer(session, erased.viewer_id)
