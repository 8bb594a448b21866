"""Forgetting a viewer: what leads to the person goes, what is counted stays.

Their subject, name and handle, the service's ids of what they bought, and the tokens and codes that came with it are
overwritten. Events, touches, conversions and credits keep a number that names nobody any more, so that every figure and
every payout still adds up. Rooms above drop what they hold when they hear ``ViewerErased``.
"""

from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform import signals
from groundswell.platform.ids import random_code
from groundswell.platform.problems import NotFound
from groundswell.shares.tables import Reminder

from .signals import ViewerErased
from .tables import Conversion

ERASED = "erased:"


class ViewerNotKnown(NotFound):
    code, title = "viewer_not_known", "There is no such viewer, or none any more."


async def erase_viewer(session: AsyncSession, issuer: str, subject: str) -> UUID:
    """Forget the viewer whom ``issuer`` calls ``subject``; returns the number that is left.

    Raises:
        ViewerNotKnown: nobody of that name.
    """
    viewer = await session.scalar(select(Viewer).filter_by(issuer=issuer, subject=subject))
    if viewer is None or subject.startswith(ERASED):
        raise ViewerNotKnown()
    viewer.subject = f"{ERASED}{viewer.id}"
    viewer.name, viewer.handle, viewer.territory = "", f"erased_{random_code(16).lower()}", None
    theirs = update(Conversion).where(Conversion.viewer_id == viewer.id)
    await session.execute(theirs.values(external_id=func.concat(ERASED, Conversion.id), touch=None, code=None))
    await session.execute(delete(Reminder).filter_by(viewer_id=viewer.id))
    await session.execute(text("DELETE FROM idempotency_keys WHERE principal LIKE :who"), {"who": f"%{viewer.id}%"})
    await session.flush()
    await signals.send(session, ViewerErased(viewer.id))
    return viewer.id
