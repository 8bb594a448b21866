"""How much of a title itself one may look at: what its rights leave, and what does not spoil it for a viewer.

The lines, the storyboard, the loudness and the heat of a title are of the title, not of a moment: no visitor gets the
script of a film, and nobody what its rights keep back.
"""

from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, territory_of
from groundswell.platform.services import services_of

from .providers import Look, TitleView, title_view
from .spoilers import seen_by, spoiled_from
from .tables import Title
from .titles import ready_source

AHEAD_US = 120_000_000
"""How far beyond what a viewer has seen is not yet a spoiler: players report progress late, and people jump."""

FOR_EVER_US = 10**15

AtUs = Annotated[
    int | None,
    Query(
        ge=0, le=FOR_EVER_US, description="Where the viewer is in the title, when that is not yet in their progress."
    ),
]


async def view_for(
    request: Request, session: AsyncSession, title: Title, caller: Caller | None, look: Look, at_us: int | None = None
) -> TitleView:
    """How much of ``title`` whoever asks may look at.

    Args:
        at_us: where they are in it, as their player says.

    Raises:
        TitleNotReady: it has no media yet.
        the refusal of the view: nothing at all may be looked at.
    """
    view = await view_or_refusal(request, session, title, caller, look, at_us)
    if view.refusal is not None:
        raise view.refusal
    return view


async def view_or_refusal(
    request: Request, session: AsyncSession, title: Title, caller: Caller | None, look: Look, at_us: int | None = None
) -> TitleView:
    """As ``view_for``, with a refusal in the view instead of raised."""
    viewer = None if caller is None else caller.viewer
    here = territory_of(services_of(request).settings, request.headers)
    territory = here if viewer is None else viewer.territory or here
    view = await title_view(session, title, await ready_source(session, title), viewer, territory, look)
    ahead = spoiled_from(await seen_by(session, caller, [title]), title)
    if ahead is None:
        return view
    unseen = max(ahead, at_us or 0) + AHEAD_US
    return TitleView(view.refusal, (*view.withheld, (unseen, FOR_EVER_US)))
