"""From what a request names to the moment that people meet around: by its own address, or by a link to it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.tables import Title
from groundswell.events.log.lookups import EventPlace, place
from groundswell.moments.availability import Audience
from groundswell.moments.doors import CodeDoor
from groundswell.moments.lookup import MomentUnknown
from groundswell.moments.tables import Moment
from groundswell.platform.services import services_of
from groundswell.shares.links import resolve

from .people import KidsApart

ByShare = Annotated[
    str | None, Query(max_length=64, description="Token of the link by which one came: it opens an unlisted moment.")
]


@dataclass(frozen=True)
class Meeting:
    """A moment that whoever asks may see, its title, and where in the loop what they do there happens."""

    moment: Moment
    title: Title
    place: EventPlace


async def meet(session: AsyncSession, request: Request, caller: Caller | None, name: str, share: str | None) -> Meeting:
    """The moment ``name`` (id or code), for whoever came by the link ``share``, or by none.

    Raises:
        KidsApart: a child's profile asks.
        Problem: they may not see it; the refusal says why.
    """
    if caller is not None and caller.viewer.kids:
        raise KidsApart()
    audience = Audience.of(caller, request)
    if not share:
        moment, title = await CodeDoor(name).open(session, audience)
        return Meeting(moment, title, place(None, moment.id, title.id))
    found = await resolve(session, services_of(request).settings, share, audience)
    if name not in {found.moment.code, str(found.moment.id)}:
        raise MomentUnknown()
    return Meeting(
        found.moment, found.title, place(found.share.id, found.moment.id, found.title.id, found.share.channel)
    )
