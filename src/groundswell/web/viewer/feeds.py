"""Feeds for readers elsewhere, RSS and Atom: of what is trending, of a creator, a title, a collection; and a sitemap of
scenes.

Off unless the settings say otherwise. Whoever reads them is nobody we know, mostly: they hold what a visitor may see,
nothing that spoils, and of a moment no more than its page does. A viewer who opens one finds no more than in Discover.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response
from feedgen.feed import FeedGenerator
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.titles import find_title
from groundswell.community.collection_views import shown_parts
from groundswell.community.collections import CollectionUnknown, find_collection
from groundswell.community.people import by_id
from groundswell.creators import profiles
from groundswell.creators.profiles import newest_public
from groundswell.discovery.feed import discover, veil
from groundswell.discovery.ranking import Gate
from groundswell.discovery.schemas import SceneOut
from groundswell.moments.availability import Audience
from groundswell.moments.lookup import created_among
from groundswell.moments.showable import showable, with_source
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute

router = APIRouter(route_class=PageRoute)

Form = Literal["rss", "atom"]
MEDIA = {"rss": "application/rss+xml", "atom": "application/atom+xml"}
ITEMS = 50
SCENES = 1_000
"""Addresses of the sitemap at most."""

NEVER = datetime(2000, 1, 1, tzinfo=UTC)
MINUTES = 5
"""For which a reader need not ask again."""


@dataclass(frozen=True)
class FeedEntry:
    """A moment in a feed: the address of its page, what is said there, who made it, since when."""

    code: str
    name: str
    about: str
    by: str | None
    at: datetime


@router.get("/feeds/{form}/trending")
async def trending(request: Request, form: Form, session: DbSession, caller: MaybeViewer) -> Response:
    """The scenes that are catching on."""
    settings = opened(request)
    entries = await _scenes(session, request, caller)
    name = f"Trending on {settings.service_name}"
    return feed(request, settings, form, "/discover", name, "Scenes that people keep clipping and passing on.", entries)


@router.get("/feeds/{form}/titles/{slug}")
async def of_title(request: Request, form: Form, slug: str, session: DbSession, caller: MaybeViewer) -> Response:
    """The scenes of a title that people clip."""
    settings = opened(request)
    title = await find_title(session, slug)
    entries = await _scenes(session, request, caller, title.id)
    about = f"Scenes of {title.name} that people clip."
    return feed(request, settings, form, f"/discover?title={title.slug}", title.name, about, entries)


@router.get("/feeds/{form}/creators/{handle}")
async def of_creator(request: Request, form: Form, handle: str, session: DbSession, caller: MaybeViewer) -> Response:
    """What a creator clipped in public, newest first."""
    settings = opened(request)
    creator = await profiles.named(session, handle, caller.id if caller else None)
    rows = await with_source(session, await newest_public(session, creator.viewer_id, ITEMS))
    shown = await showable(session, rows, Audience.of(caller, request))
    seen = await seen_by(session, caller, {row.title.id: row.title for row in rows}.values())
    entries = [
        FeedEntry(
            moment.code,
            moment.caption or title.name,
            f"A clip of {title.name}.",
            creator.display_name,
            moment.created_at,
        )
        for moment, title, _ in rows
        if moment.id in shown and not spoils(seen, title, moment.start_us, marked=moment.spoiler)
    ]
    name = creator.display_name or f"@{creator.handle}"
    return feed(request, settings, form, f"/creators/{creator.handle}", name, f"Clips by {name}.", entries)


@router.get("/feeds/{form}/collections/{collection}")
async def of_collection(
    request: Request, form: Form, collection: str, session: DbSession, caller: MaybeViewer
) -> Response:
    """What is in a public collection, put there last first. One that only its address opens has no feed: a reader
    would pass it on."""
    settings = opened(request)
    found = await find_collection(session, collection, caller)
    if found.visibility != "public":
        raise CollectionUnknown()
    shown = [
        each for each in await shown_parts(session, found, caller, Audience.of(caller, request)) if not each.spoiled
    ]
    shown = sorted(shown, key=lambda each: each.part.added_at, reverse=True)[:ITEMS]
    makers = await by_id(session, [each.row.moment.viewer_id for each in shown if each.row.moment.credit_me])
    entries = [
        FeedEntry(
            row.moment.code,
            row.moment.caption or row.title.name,
            f"A clip of {row.title.name}.",
            makers[row.moment.viewer_id].name if row.moment.viewer_id in makers and row.moment.credit_me else None,
            part.added_at,
        )
        for part, row in ((each.part, each.row) for each in shown)
    ]
    about = found.about or f"A collection on {settings.service_name}."
    return feed(request, settings, form, f"/c/{found.code}", found.name, about, entries)


@router.get("/sitemap.xml")
async def sitemap(request: Request, session: DbSession, caller: MaybeViewer) -> Response:
    """The pages of public scenes, for search engines."""
    settings = opened(request)
    scenes = await _listed(session, request, caller, SCENES)
    home = settings.base_url.rstrip("/")
    at = await created_among(session, [scene.best.id for scene in scenes])
    urls = "".join(
        f"<url><loc>{escape(home + scene.best.url)}</loc><lastmod>{at[scene.best.id]:%Y-%m-%d}</lastmod></url>"
        for scene in scenes
        if scene.best.id in at
    )
    opening = '<?xml version="1.0" encoding="UTF-8"?>'
    body = f'{opening}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    return answer(request, body.encode(), "application/xml")


def opened(request: Request) -> Settings:
    """The settings, where they let feeds be read.

    Raises:
        NotFound: they do not.
    """
    settings = services_of(request).settings
    if not settings.outward_feeds:
        raise NotFound("This service has no feeds.")
    return settings


async def _listed(
    session: AsyncSession, request: Request, caller: Caller | None, most: int, title_id: UUID | None = None
) -> list[SceneOut]:
    """Scenes as whoever asks finds them in Discover, but those that spoil something for them."""
    found: list[SceneOut] = []
    cursor: str | None = None
    audience, gate = Audience.of(caller, request), Gate.of(services_of(request).settings)
    while len(found) < most:
        more = {"cursor": cursor, "limit": 100}
        page = await discover(session, gate=gate, audience=audience, title_id=title_id, **more)  # type: ignore[arg-type]
        await veil(session, caller, page.items)
        found += [scene for scene in page.items if not scene.spoils]
        cursor = page.next
        if cursor is None:
            break
    return found[:most]


async def _scenes(
    session: AsyncSession, request: Request, caller: Caller | None, title_id: UUID | None = None
) -> list[FeedEntry]:
    scenes = await _listed(session, request, caller, ITEMS, title_id)
    at = await created_among(session, [scene.best.id for scene in scenes])
    return [
        FeedEntry(
            scene.best.code,
            f"{scene.best.caption or scene.quote or 'A scene'} · {scene.title.name}",
            scene.quote or f"A scene of {scene.title.name}.",
            scene.best.by,
            at[scene.best.id],
        )
        for scene in scenes
        if scene.best.id in at
    ]


def feed(
    request: Request, settings: Settings, form: Form, page: str, name: str, about: str, entries: list[FeedEntry]
) -> Response:
    """``entries`` in one of the two forms; the same as long as they are."""
    home = settings.base_url.rstrip("/")
    made = FeedGenerator()
    made.id(home + page)
    made.title(name)
    made.description(about)
    made.link(href=home + request.url.path, rel="self")
    made.link(href=home + page, rel="alternate")  # last: RSS has but one
    newest = max((entry.at for entry in entries), default=NEVER)
    made.updated(newest)
    made.lastBuildDate(newest)
    made.ttl(MINUTES)
    for entry in entries:
        item = made.add_entry(order="append")
        address = f"{home}/m/{entry.code}"
        item.id(address)
        item.guid(address, permalink=True)
        item.title(entry.name)
        item.link(href=address)
        item.summary(entry.about)
        item.published(entry.at)
        item.updated(entry.at)
        item.enclosure(f"{address}/poster.jpg", "0", "image/jpeg")
        if entry.by is not None:
            item.author(name=entry.by)
    body = made.rss_str(pretty=True) if form == "rss" else made.atom_str(pretty=True)
    return answer(request, body, MEDIA[form])


def answer(request: Request, body: bytes, media: str) -> Response:
    """``body`` with its tag, or that nothing has changed."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"private, max-age={60 * MINUTES}", "Vary": "Accept-Encoding"}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers | {"Content-Type": f"{media}; charset=utf-8"})
