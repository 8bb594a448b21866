"""Search over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from groundswell.accounts.access import MaybeCaller
from groundswell.catalog.titles import find_series, find_title
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor, Limit
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from .findings import Asker, Narrowed, Search, search
from .schemas import SearchResults

router = APIRouter(prefix="/v1", tags=["discovery"], route_class=TransactionalRoute)

Typed = Annotated[
    str,
    Query(
        description="Words as somebody typed them, the first 12 of at most 400 characters. In quotation marks: as they "
        "stand. Nothing else in it is an operator."
    ),
]


@router.get("/search")
async def find_lines(
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
    q: Typed = "",
    title: Annotated[str | None, Query(description="Only in this title (slug or id).")] = None,
    series: Annotated[str | None, Query(description="Only in the episodes of this series (slug or id).")] = None,
    language: Annotated[str | None, Query(description="Only lines in this language (BCP 47).")] = None,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> SearchResults:
    """What is said in titles: a quote, the beginning of a word, one with a slip in it, in any script; each as a span of
    whole sentences, ready to play or to clip. What rights keep back and what would spoil it for whoever asks is not
    found. Titles whose names have the words come with the first page."""
    narrowed = Narrowed(
        (await find_title(session, title)).id if title is not None else None,
        (await find_series(session, series)).id if series is not None else None,
        language,
    )
    asker = Asker(Audience.of(caller, request), caller.language if caller else None)
    by = services_of(request).get(Search)
    return await search(session, by, q, asker, narrowed, cursor=cursor, limit=limit)
