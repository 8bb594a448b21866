"""Search: one box for what is said, titles, people, and what people have clipped."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from fastapi import APIRouter, Query, Request, Response

from groundswell.catalog.titles import find_title
from groundswell.creators.profiles import creators_named
from groundswell.discovery.feed import Only
from groundswell.discovery.ranking import Gate
from groundswell.discovery.search.findings import Asker, Narrowed, Search, search
from groundswell.discovery.search.query import READ_MAX
from groundswell.discovery.search.schemas import LineFound
from groundswell.moments.availability import Audience
from groundswell.platform.pages import Cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.languages import marked
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page, page_language

from .scenes import scenes

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24
SCENES, PEOPLE = 8, 8
HINTS = {
    "no_words": marked("There is no word in that. Try some of what was said."),
    "one_letter": marked("One letter is said everywhere. Type a little more."),
}
LIKENESSES = {
    "forms": marked("Other forms of your words"),
    "words": marked("All of your words, in another order"),
    "slip": marked("Words like yours"),
    "meaning": marked("Says something like it"),
}


@dataclass(frozen=True)
class LineView:
    """A line on the page; ``spoken`` is the name of its language where that is not the page's own."""

    out: LineFound
    spoken: str | None

    @property
    def still(self) -> str:
        """A picture for it: of what people clip there, else of the title."""
        return f"{self.out.scene.url}/poster.jpg" if self.out.scene else f"/titles/{self.out.title.slug}/backdrop.jpg"


@router.get("/search")
async def search_page(
    request: Request,
    session: DbSession,
    caller: MaybeViewer,
    q: str = "",
    title: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Response:
    """What was found for ``q``; in one title, if one is named."""
    typed, language = q[: READ_MAX + 1].replace("\0", " "), page_language(request, caller)
    audience, by = Audience.of(caller, request), services_of(request).get(Search)
    try:
        named = await find_title(session, title) if title else None
    except Problem:
        named = None
    narrowed = Narrowed(named.id if named else None)
    asker = Asker(audience, language)
    found = await search(session, by, typed, asker, narrowed, cursor=cursor, limit=PAGE_SIZE)
    first = cursor is None and named is None and found.hint is None
    only, gate = Only(typed.strip()[:100]), Gate.of(by.settings)
    clipped = (await scenes(session, caller, audience, gate, limit=SCENES, only=only)).items if first else []
    on = {"q": typed, "title": named.slug if named else "", "cursor": found.next or ""}
    return page(
        request,
        "viewer/search.html",
        caller=caller,
        q=typed[:READ_MAX],
        found=found,
        lines=[LineView(each, _spoken(each.language, language)) for each in found.items],
        scenes=clipped,
        people=await creators_named(session, typed.strip()[:100], PEOPLE) if first else [],
        named=named,
        first=cursor is None,
        hints=HINTS,
        likenesses=LIKENESSES,
        next=f"/search?{urlencode({name: value for name, value in on.items() if value})}" if found.next else None,
    )


def _spoken(tag: str, language: str) -> str | None:
    """The name of a language (BCP 47) in the page's; None where they are the same."""
    if tag.partition("-")[0].lower() == language:
        return None
    try:
        return Locale.parse(tag, sep="-").get_display_name(language)
    except (UnknownLocaleError, ValueError):
        return tag
