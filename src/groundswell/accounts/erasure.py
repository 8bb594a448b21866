"""Forgetting a viewer: what leads to the person goes, what is counted stays.

Their subject, name and handle are overwritten here, and the answers stored for them; each room above does its own part
when it hears ``ViewerErased`` (its module ``erasure``). docs/explanation/privacy.md has the whole list, and a test
compares it with every column there is.
"""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform import signals
from groundswell.platform.ids import random_code
from groundswell.platform.jobs import forget_failures
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import forget_answers_to, forget_mentions

from .access import principal_of_viewer
from .signals import ViewerErased
from .tables import SignIn, StaffPreference, StaffStanding, Viewer

ERASED = "erased:"


class ViewerNotKnown(NotFound):
    code, title = "viewer_not_known", "There is no such viewer, or none any more."


async def erase_viewer(session: AsyncSession, issuer: str, subject: str) -> UUID:
    """Forget the viewer whom ``issuer`` calls ``subject``; returns the number that is left.

    Raises:
        ViewerNotKnown: there is none of that name.
    """
    # Locked whole: what is being written for them ends before, so that it is seen and goes as well.
    query = select(Viewer).filter_by(issuer=issuer, subject=subject).with_for_update()
    viewer = await session.scalar(query)
    if viewer is None or subject.startswith(ERASED):
        raise ViewerNotKnown()
    alias = f"{ERASED}{viewer.id}"
    await forget_answers_to(session, principal_of_viewer(issuer, subject))
    named = (str(viewer.id), subject, viewer.name, viewer.handle)
    await forget_mentions(session, *named)
    await forget_failures(session, *named)
    viewer.subject, viewer.name, viewer.handle = alias, "", f"erased_{random_code(16).lower()}"
    viewer.territory, viewer.kids, viewer.ad_tier = None, False, False
    for kept in (SignIn, StaffPreference, StaffStanding):
        await session.execute(delete(kept).filter_by(viewer_id=viewer.id))
    await session.flush()
    await signals.send(session, ViewerErased(viewer.id, subject, alias))
    return viewer.id
