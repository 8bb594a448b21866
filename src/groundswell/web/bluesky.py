"""A feed generator for Bluesky (the AT Protocol): who we are, which feed we have, and what stands in it.

Off unless the settings name the account in whose repository the feed is published. Answers and errors are the
protocol's own (app.bsky.feed.getFeedSkeleton, app.bsky.feed.describeFeedGenerator, did:web).
"""

from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from groundswell.discovery.bluesky.skeleton import skeleton
from groundswell.discovery.ranking import Gate
from groundswell.platform.pages import CursorInvalid
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

router = APIRouter(route_class=TransactionalRoute)

FEED = "trending"
LIMIT, LIMIT_MAX = 50, 100
A_MINUTE = {"Cache-Control": "public, max-age=60"}


def opened(request: Request) -> tuple[Settings, str]:
    """The settings and the feed's own address, where there is one.

    Raises:
        NotFound: this service has no feed on Bluesky.
    """
    settings = services_of(request).settings
    if settings.bluesky_publisher is None:
        raise NotFound("This service has no feed on Bluesky.")
    return settings, f"at://{settings.bluesky_publisher}/app.bsky.feed.generator/{FEED}"


def did_of(settings: Settings) -> str:
    """Our own identity: ``did:web`` of the host that we are at."""
    return f"did:web:{quote(urlsplit(settings.base_url).netloc, safe='.-')}"


@router.get("/.well-known/did.json")
async def did_document(request: Request) -> dict[str, Any]:
    """Who we are, and where our feeds are asked for."""
    settings, _ = opened(request)
    endpoint = {"id": "#bsky_fg", "type": "BskyFeedGenerator", "serviceEndpoint": settings.base_url.rstrip("/")}
    return {"@context": ["https://www.w3.org/ns/did/v1"], "id": did_of(settings), "service": [endpoint]}


@router.get("/xrpc/app.bsky.feed.describeFeedGenerator")
async def describe(request: Request) -> dict[str, Any]:
    """Which feeds we have."""
    settings, uri = opened(request)
    return {"did": did_of(settings), "feeds": [{"uri": uri}]}


@router.get("/xrpc/app.bsky.feed.getFeedSkeleton")
async def get_skeleton(
    request: Request,
    session: DbSession,
    feed: Annotated[str, Query(max_length=2_000)] = "",
    limit: str = str(LIMIT),
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """A page of the feed, as the addresses of posts."""
    settings, uri = opened(request)
    if feed != uri:
        return error("UnknownFeed", f"The feed here is {uri}.")
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= LIMIT_MAX):
        return error("InvalidRequest", f"limit is a number from 1 to {LIMIT_MAX}.")
    try:
        found = await skeleton(session, Gate.of(settings), cursor or None, int(limit))
    except CursorInvalid:
        return error("InvalidRequest", "cursor is none that was given here.")
    page: dict[str, Any] = {"feed": [{"post": post} for post in found.posts]}
    return JSONResponse(page | ({"cursor": found.cursor} if found.cursor else {}), headers=A_MINUTE)


def error(name: str, message: str) -> Response:
    """A refusal, as the protocol has it."""
    return JSONResponse({"error": name, "message": message}, 400)
