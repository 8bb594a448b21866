"""The media of moments, at public addresses. Every request is judged anew: what is taken down is not served.

These routes hold no transaction while they wait for a render or send bytes.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import claims_of, viewer_of
from groundswell.accounts.tokens import TokenExpired, TokenInvalid
from groundswell.catalog.tables import Title
from groundswell.media import PROFILES
from groundswell.platform.database import Database
from groundswell.platform.files import ranged_response
from groundswell.platform.problems import NotFound, Problem

from .availability import Audience, check_available
from .dressing import dressed, has_room_for_card, lines_of, webvtt
from .finding import find_moment
from .following import Followers
from .keeping import note_asked
from .recipes import POSTER, PREVIEW, Recipe
from .renditions import lost
from .tables import Moment, Rendition
from .tiers import recipe_of

WAIT_S = 15.0
RETRY_AFTER_S = 2

router = APIRouter(tags=["media"])


class ProfileUnknown(Problem):
    status, code, title = 404, "profile_unknown", "There is no such rendition of a moment."


class Rendering(Problem):
    status, code, title = 503, "rendering", "This clip is being made; it will be there in a moment."


class RenderFailed(Problem):
    """``code`` is the clip engine's own reason."""

    status, code, title = 500, "render_failed", "This clip could not be made."

    def __init__(self, rendition: Rendition) -> None:
        super().__init__(rendition.failure_words)
        self._reason = rendition.failure_code or self.code

    def reason(self) -> str:
        return self._reason


async def audience_of(request: Request) -> Audience:
    """Who asks for the media. A stale sign-in counts as none: a clip that is public plays for everybody."""
    try:
        claims = await claims_of(request)
    except (TokenExpired, TokenInvalid):
        claims = None
    if claims is None:
        return Audience.of(None, request)
    async with _database(request).transaction() as session:
        return Audience.of_viewer(await viewer_of(session, claims), request)


Asking = Annotated[Audience, Depends(audience_of)]


@router.head("/m/{code}/poster.jpg", include_in_schema=False)
@router.get("/m/{code}/poster.jpg", operation_id="moment_poster")
async def poster(code: str, request: Request, audience: Asking) -> Response:
    """A frame of the moment, 1200×630, for cards and as the player's poster."""
    return await _media(request, code, POSTER, audience)


@router.head("/m/{code}/{profile}.mp4", include_in_schema=False)
@router.get("/m/{code}/{profile}.mp4", operation_id="moment_mp4")
async def video(
    code: str,
    profile: str,
    request: Request,
    audience: Asking,
    purpose: Annotated[Literal["play", "download"], Query(description="`download`: offered for saving.")] = "play",
    captions: Annotated[
        str | None, Query(max_length=35, description="Draw the subtitles in this language (BCP 47) into the picture.")
    ] = None,
    card: Annotated[
        bool, Query(description="Add two seconds with a code that leads to the moment; not to `source` and `clean`.")
    ] = False,
) -> Response:
    """The clip as MP4 (byte ranges). Made when first asked for: one that takes longer is answered with 503
    ``rendering`` and Retry-After. ``preview`` is a short silent one, ``stories`` the first 20 seconds. Saving it is a
    right of its own; what is saved ends with the card, where its profile takes one and has room for it."""
    if profile not in PROFILES and profile != PREVIEW:
        raise ProfileUnknown(f"There is {', '.join([*PROFILES, PREVIEW])}.")
    if profile == PREVIEW:
        captions, card = None, False
    return await _media(request, code, profile, audience, purpose, captions, card)


@router.get("/m/{code}/captions.vtt", operation_id="moment_captions")
async def captions(
    code: str, request: Request, audience: Asking, language: Annotated[str | None, Query(max_length=35)] = None
) -> Response:
    """The lines spoken in the moment as WebVTT, in ``language`` (BCP 47) or the first there is."""
    async with _database(request).transaction() as session:
        moment = await _available(session, code, audience)
        lines = await lines_of(session, moment, language)
    content = webvtt(lines, moment.start_us, moment.end_us)
    return Response(content, headers={"Cache-Control": "no-cache"}, media_type="text/vtt; charset=utf-8")


async def _media(
    request: Request,
    code: str,
    profile: str,
    audience: Audience,
    purpose: Literal["play", "download"] = "play",
    captions: str | None = None,
    card: bool = False,
) -> Response:
    async with _database(request).transaction() as session:
        moment = await _available(session, code, audience, purpose)
        settings = request.app.state.runtime.settings
        recipe = recipe_of(moment, profile)
        card = card or (purpose == "download" and has_room_for_card(recipe))
        recipe = await dressed(session, settings, moment, recipe, captions, card)
        rendition = await session.get(Rendition, recipe.hash)
        if rendition is not None:
            note_asked(rendition)
    if rendition is None or rendition.status != "ready":
        rendition = await _when_made(request, recipe)
        async with _database(request).transaction() as session:
            await _available(session, code, audience, purpose)  # what was so before the wait may not be so now
    key, media_type = str(rendition.storage_key), str(rendition.media_type)
    filename = f"{code}-{profile}.mp4" if purpose == "download" else None
    try:
        return await ranged_response(request.app.state.runtime.store, key, request, media_type, filename=filename)
    except NotFound:
        async with _database(request).transaction() as session:
            await lost(session, recipe)
        raise come_back() from None


async def _when_made(request: Request, recipe: Recipe) -> Rendition:
    followers: Followers = request.app.state.followers
    last: Rendition | None = None
    try:
        async with asyncio.timeout(WAIT_S):
            async for rendition in followers.follow(recipe):
                last = rendition
    except TimeoutError:
        raise come_back(last) from None
    assert last is not None
    if last.status == "failed":
        raise RenderFailed(last)
    return last


def come_back(rendition: Rendition | None = None) -> Rendering:
    """The refusal that says when to ask again."""
    progress = 0.0 if rendition is None else rendition.progress / 1000
    return Rendering(headers={"Retry-After": str(RETRY_AFTER_S)}, progress=progress)


async def _available(
    session: AsyncSession, code: str, audience: Audience, purpose: Literal["play", "download"] = "play"
) -> Moment:
    moment = await find_moment(session, code)
    await check_available(session, moment, await session.get_one(Title, moment.title_id), audience, purpose=purpose)
    return moment


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database
