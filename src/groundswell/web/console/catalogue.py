"""The catalogue: what is in it, which rules cannot bind for want of a fact, what cannot be cut, where it came from."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import Caller
from groundswell.catalog.entry import FACTS as GIVEN
from groundswell.catalog.entry import Fact
from groundswell.catalog.feeds.sync import latest_syncs
from groundswell.catalog.listing import Shown, listed, totals
from groundswell.catalog.titles import label_of
from groundswell.catalog.watch_address import watch_address
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.trust.catalogue_health import health_of
from groundswell.web.templating import page

from .filters import one_of
from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/catalogue", route_class=ConsoleRoute)

Rights = Annotated[Caller, Depends(staff_page("rights.manage"))]

PAGE = 50
SYNCS = 10
SHOWN: dict[Shown, str] = {
    "all": "Every title",
    "facts": "Facts are missing",
    "media": "Without media",
    "withdrawn": "Withdrawn",
}
FACTS: dict[Fact, str] = {
    "rating": "No rating",
    "released_on": "No release date",
    "live": "Nobody says whether it is live",
}
assert set(FACTS) == set(GIVEN)
MEANWHILE = {
    "rating_unknown": "nothing of it is shared",
    "live_unknown": "nothing of it is shared",
    "kids_rating_unknown": "children’s profiles do not see it",
    "release_unknown": "its ending is held back",
}
"""What is refused while a fact is missing, by reason code."""

SOURCES = {"waiting": "Not looked at yet", "used": "Cut from", "spare": "Not needed", "refused": "Refused"}

WORDS: dict[str, Any] = {
    "source_words": SOURCES,
    "shown_words": SHOWN,
    "fact_words": FACTS,
    "meanwhile": MEANWHILE,
    "label_of": label_of,
}


@router.get("")
async def list_catalogue(
    request: Request,
    session: DbSession,
    caller: Rights,
    shown: str | None = None,
    search: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
) -> Response:
    """Titles, newest first; what each lacks, and what is refused meanwhile."""
    chosen: Shown = next(each for each in SHOWN if each == one_of("shown", shown, SHOWN, "all"))
    rows = await listed(session, PAGE, decode_cursor(cursor), shown=chosen, search=search)
    settings = services_of(request).settings
    return page(
        request,
        "console/catalogue.html",
        caller=caller,
        titles=await health_of(session, rows),
        totals=await totals(session),
        chosen=chosen,
        search=search,
        next=next_cursor(rows, PAGE),
        syncs=await latest_syncs(session, SYNCS),
        watch={row.id: watch_address(settings, row.title) for row in rows},
        **WORDS,
    )
