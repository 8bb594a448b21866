"""What becomes of what discovery keeps of an erased viewer: what was served to them in For you goes, and where their
moments were posted.

Votes know a viewer by a hash alone, and go with the days that they count for.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

from .bluesky.posts import drop_of_viewer
from .for_you.impressions import forget_viewer


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Let go of what was served to the viewer, and of posts of theirs."""
    await forget_viewer(session, erased.viewer_id)
    await drop_of_viewer(session, erased.viewer_id)
