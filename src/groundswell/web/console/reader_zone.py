"""The time zone in which a page of the console is shown."""

from typing import Annotated

from fastapi import Depends, Request

from groundswell.accounts.preferences import chosen_zone
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import MaybeViewer


async def zone_of_reader(request: Request, caller: MaybeViewer, session: DbSession) -> str:
    """The time zone in which the page is shown: the reader's own, or the service's."""
    own = None if caller is None else await chosen_zone(session, caller.id)
    zone: str = own or services_of(request).settings.time_zone
    request.state.zone = zone
    return zone


ReaderZone = Annotated[str, Depends(zone_of_reader)]
